"""What row-level security costs reads: the very statements of the product, under the policies and without them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.figures import Figure, Goal
from bench.stand import Stand
from core.db import APP, conninfo
from core.scope import TenantScope
from metering.reads.event_log import EventFilter, find_event, list_events
from metering.reads.facts import load_facts

__all__ = ("ROW", "measure")

ROW = "row_security"
_RUNS = 15

Statement = tuple[str, Any]


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
        "a page of events": lambda s: list_events(s, stand.tenant.id, page, named=False),
        "one event": lambda s: _or_nothing(lambda: find_event(s, stand.tenant.id, "suite", "1", named=False)),
    }
    return [_compared(stand, name, _recorded(stand, read), rows) for name, read in reads.items()]


def _or_nothing(read: Callable[[], object]) -> object:
    try:
        return read()
    except Exception:  # noqa: BLE001 - that there is none is fine here: the statement was sent
        return None


def _recorded(stand: Stand, read: Callable[[Any], object]) -> list[Statement]:
    """Return the statements that a read sends, longest text last."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            sent.append((statement, parameters))

    engine: Engine = stand.db.app
    event.listen(engine, "before_cursor_execute", note)
    try:
        with stand.db.begin(TenantScope(stand.tenant.id)) as session:
            _or_nothing(lambda: read(session))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sent


def _compared(stand: Stand, name: str, statements: list[Statement], rows: int) -> Figure:
    with (
        psycopg.connect(conninfo(stand.database_url, APP)) as bound,
        psycopg.connect(conninfo(stand.database_url, None)) as free,
    ):
        bound.execute(f"set app.tenant_id = '{stand.tenant.id}'")
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(_RUNS):
            for connection, policies in ((free, False), (bound, True)):
                times[policies].append(sum(_server_ms(connection, *statement) for statement in statements))
    with_policies, without = min(times[True][1:]), min(times[False][1:])
    return Figure(
        f"row-level security: {name}", with_policies, "ms", without, "the same statements as a superuser",
        with_policies / without, Goal(at_most=1.2),
        [f"best of {_RUNS} in the server; medians {median(times[True]):.3g} and {median(times[False]):.3g} ms",
         f"{len(statements)} statements", f"{rows:,} rows in the table"],
    )  # fmt: skip


def _server_ms(connection: psycopg.Connection[Any], statement: str, parameters: Any) -> float:
    """Return planning and execution as the server measures them."""
    cursor = connection.execute(f"explain (analyze, timing off, format json) {statement}", parameters)
    row = cursor.fetchone()
    assert row is not None
    (plan,) = row[0]
    return float(plan["Planning Time"] + plan["Execution Time"])
