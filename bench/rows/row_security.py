"""What row-level security costs reads: the very statements of the product, under the policies and without them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg

from bench.figures import Figure, Goal
from bench.month import by_centre, month_of_usage, ways_to_read
from bench.stand import Stand
from bench.statements import Statement, recorded, server_ms
from core.db import APP, conninfo
from metering.reads.event_log import EventFilter, find_event, list_events
from metering.reads.facts import load_facts
from tenants.reads import TenantView

__all__ = ("ROW", "measure")

ROW = "row_security"
_RUNS = 15
_MONTH = 20_000
"""Facts of the month whose usage is read."""


def measure(stand: Stand) -> list[Figure]:
    """Record what each read sends, then send it in turns as the serving role and as a superuser."""
    rows = stand.filled
    now = datetime.now(UTC)
    month = now - timedelta(days=32), now - timedelta(days=2)
    page = EventFilter(*month, None, None, None, None, 50)
    reads: dict[str, Callable[[Any], object]] = {
        "facts of a month": lambda s: load_facts(
            s, stand.tenant.id, ["activity.performed", "course.launched"], since=month[0], until=month[1]
        ),
        # The bodies that the table is filled with are none; the statement was sent by then.
        "a page of events": lambda s: _or_nothing(lambda: list_events(s, stand.tenant.id, page, named=False)),
        "one event": lambda s: _or_nothing(lambda: find_event(s, stand.tenant.id, "suite", "1", named=False)),
    }
    tenant = stand.tenant
    told = [_compared(stand, tenant, name, recorded(stand, tenant, read), rows) for name, read in reads.items()]
    return [*told, *_of_usage(stand)]


def _of_usage(stand: Stand) -> list[Figure]:
    """Compare a month's usage by day and cost centre as pages read it: from the facts, from folded days, kept."""
    rows = min(stand.options.rows, _MONTH)
    month = month_of_usage(stand, rows)
    tenant, call = month[0], by_centre(month)
    return [
        _compared(stand, tenant, f"usage of a month, {how}", sent, rows)
        for how, sent in ways_to_read(stand, tenant, call).items()
    ]


def _or_nothing(read: Callable[[], object]) -> object:
    try:
        return read()
    except Exception:  # noqa: BLE001 - that there is none is fine here: the statement was sent
        return None


def _compared(stand: Stand, tenant: TenantView, name: str, statements: list[Statement], rows: int) -> Figure:
    with (
        psycopg.connect(conninfo(stand.database_url, APP)) as bound,
        psycopg.connect(conninfo(stand.database_url, None)) as free,
    ):
        bound.execute(f"set app.tenant_id = '{tenant.id}'")
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(_RUNS):
            for connection, policies in ((free, False), (bound, True)):
                times[policies].append(sum(server_ms(connection, *statement) for statement in statements))
    with_policies, without = min(times[True][1:]), min(times[False][1:])
    return Figure(
        f"row-level security: {name}", with_policies, "ms", without, "the same statements as a superuser",
        with_policies / without, Goal(at_most=1.2),
        [f"best of {_RUNS} in the server; medians {median(times[True]):.3g} and {median(times[False]):.3g} ms",
         f"{len(statements)} statements", f"{rows:,} rows in the table"],
    )  # fmt: skip
