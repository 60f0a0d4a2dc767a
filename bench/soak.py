"""`python -m bench.soak [minutes] [rows]`: half of what the service takes at most, for long: does anything creep?

On a table of so many rows (default 20 million): an empty one grows a hundredfold meanwhile, and what a larger index
costs would pass for what creeps. First the most it takes (batches of 100, closed loop), then half of that in an
open loop, window by window of ten seconds (default 30 minutes). Memory and latency of the last quarter stand beside
those of the second (the first warms up); at the end the usage that the API tells is counted again from the facts,
and hours, folded days and kept figures are made anew and held against what stood there.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx
import psycopg

from bench.figures import Figure, Goal, machine_facts, print_table, write_results
from bench.rows.ingest import send
from bench.stand import Options, Stand, in_a_process, resident_mb, stand
from core.periods import Period
from core.scope import TenantScope
from metering.actions.rebuild_usage import rebuild_usage
from metering.reads.days import Folds
from tests.web_process import WebProcess

__all__ = ("main",)

_WINDOW_S = 10
_BATCH = 100
_FACTS = """
    select count(*) from fact where tenant_id = %(tenant)s and occurred_at >= %(since)s and occurred_at < %(until)s
      and type_id in (select id from symbol where tenant_id = %(tenant)s and value = 'contribution.created')
"""


def _usage_and_facts(place: Stand, web: WebProcess) -> tuple[int, int]:
    """Return the contributions of the last month as the API tells them and as the facts are counted."""
    until = datetime.now(UTC).date() + timedelta(days=1)
    since = until - timedelta(days=31)
    span = {"from": str(since), "to": str(until)}
    told = httpx.get(
        f"{web.url}/v1/usage",
        params={"meter": "contributions", "granularity": "period", **span},
        headers={"Authorization": f"Bearer {place.key}"},
        timeout=600,
    ).json()
    given = {
        "tenant": place.tenant.id,
        "since": datetime.combine(since, datetime.min.time(), UTC),
        "until": datetime.combine(until, datetime.min.time(), UTC),
    }
    with psycopg.connect(place.database_url) as connection:
        row = connection.execute(_FACTS, given).fetchone()
        assert row is not None
        return int(told["total"]), int(row[0])


def _fold(place: Stand) -> int:
    """Fold the ended days of the last month, as the worker does, and return how many there were."""
    now = datetime.now(UTC)
    with place.db.begin(TenantScope(place.tenant.id)) as session:
        return Folds(session, place.tenant, now).fold(("contribution.created",), Period(now - timedelta(days=31), now))


def _quarters(values: list[float]) -> tuple[float, float]:
    """Return the medians of the second and the last quarter."""
    size = max(1, len(values) // 4)
    return median(values[size : 2 * size] or values), median(values[-size:])


def _soak(place: Stand, web: WebProcess, minutes: float) -> list[Figure]:
    assert web.process is not None
    send(place, web, events=20_000, batch=1_000, clients=4)
    most = send(place, web, events=place.options.events, batch=_BATCH, clients=32).rate
    events = int(most / 2 * _WINDOW_S) // _BATCH * _BATCH
    memory, latency = [], []
    until, folded = time.monotonic() + minutes * 60, False
    while time.monotonic() < until:
        if not folded and time.monotonic() > until - minutes * 30:
            folded = bool(_fold(place))  # half way: what comes later must be seen by the folded days
        told = in_a_process(
            "bench.generator", port=web.port, key=place.key, events=events, batch=_BATCH, clients=32,
            repeated=0.02, pace=events / _BATCH / _WINDOW_S,
        )  # fmt: skip
        memory.append(resident_mb(web.process.pid))
        latency.append(told["p99_ms"])
        print(f"{datetime.now(UTC):%H:%M:%S} {memory[-1]:.0f} MB, p50 {told['p50_ms']:.1f} ms, p99 {told['p99_ms']:.1f} ms, {told['statuses']}", flush=True)  # fmt: skip  # noqa: E501
    begun = time.monotonic()
    usage, facts = _usage_and_facts(place, web)
    asked = f"asked and counted in {time.monotonic() - begun:.1f} s, {resident_mb(web.process.pid):,.0f} MB after it"
    _fold(place)
    rebuilt = rebuild_usage(place.db, place.tenant)
    wrong = len(rebuilt.hours) + len(rebuilt.wrong_days) + len(rebuilt.figures.differences)
    wrong += sum(found.wrong for found in rebuilt.values)
    early_mb, late_mb = _quarters(memory)
    early_ms, late_ms = _quarters(latency)
    before = "the second quarter"
    note = [f"{most:,.0f} events/s at most, {most / 2:,.0f} for {minutes:g} minutes"]
    return [
        Figure("soak: memory of the service", late_mb, "MB", early_mb, before,
               late_mb / early_mb, Goal(at_most=1.1), note),
        Figure("soak: p99 of a batch of 100", late_ms, "ms", early_ms, before, late_ms / early_ms, Goal(at_most=1.5)),
        Figure("soak: usage told", usage, "events", facts, "counted from the facts",
               usage / facts, Goal(1, 1), [asked]),
        Figure("soak: rollups unlike a rebuild", wrong, "rollups", None, "", wrong, Goal(at_most=0),
               [f"{rebuilt.days:,} folded days and the hours of {facts:,} facts were made anew"]),
    ]  # fmt: skip


def main() -> None:
    """Soak, print the table, and write a file into bench/results/."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000_000
    with stand(Options(rows=rows, events=40_000)) as place:
        held = place.filled
        with place.web() as web:
            figures = _soak(place, web, minutes)
        figures[0].notes.append(f"{held:,} rows in the table before")
        facts = machine_facts(place.postgresql_version())
    print_table(figures)
    print(f"\nwritten to {write_results(figures, facts, 'soak')}")


if __name__ == "__main__":
    main()
