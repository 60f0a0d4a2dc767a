"""`python -m bench.growth [first] [last]`: do ingestion and reads keep their pace while the table grows?

The tables are filled to `first` rows (default 1 M), ten times as many, and so on up to `last`
(default 10 M; the goal is set for 100 M: about 65 GB of disk and an hour). At each size: HTTP
batches of 1,000 right after a checkpoint beside bare COPY, and the statements that a month of facts
of a tenant of constant size takes, so that only the table around it grows.
"""

import sys
from statistics import median
from uuid import uuid4

import psycopg

from bench.facts_table import fill
from bench.figures import RESULTS, Figure, Goal, machine_facts, print_table, write_results
from bench.rows.ingest import Run, copied, send
from bench.stand import Options, Stand, stand
from core.db import conninfo

__all__ = ("main",)

_MONTH = """
    explain (analyze, timing off, format json)
    select event_key, occurred_at, accepted_at, source_id, identity_id, attributes from fact
    where tenant_id = %(tenant)s
      and occurred_at >= now() - interval '32 days' and occurred_at < now() - interval '2 days'
      and type_id in (select id from symbol where tenant_id = %(tenant)s and kind = 'type')
"""


def _usage_ms(place: Stand) -> float:
    """Return the best of nine reads of a month of facts, in the server."""
    times = []
    with psycopg.connect(conninfo(place.database_url, None)) as connection:
        for _ in range(9):
            row = connection.execute(_MONTH, {"tenant": place.tenant.id}).fetchone()
            assert row is not None
            times.append(float(row[0][0]["Execution Time"]))
    return min(times)


def _at(place: Stand, rows: int) -> tuple[list[Run], list[float], float]:
    with place.web() as web:
        send(place, web, events=20_000, batch=1_000, clients=4)
        pairs = [
            (copied(place)[0], send(place, web, events=place.options.events, batch=1_000, clients=16)) for _ in range(3)
        ]
    usage = _usage_ms(place)
    runs = [run for _, run in pairs]
    rate, cpu = median(run.rate for run in runs), median(run.web_us + run.postgres_us for run in runs)
    print(f"{rows:>12,} rows: {rate:,.0f} events/s, {cpu:.1f} µs of CPU an event, usage {usage:.2f} ms", flush=True)
    return runs, [rate for rate, _ in pairs], usage


def main() -> None:
    """Print both figures at each size, and the last against the first."""
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    last = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    with stand(Options(rows=first)) as place:
        facts = machine_facts(place.postgresql_version()) | {"rows": last}
        rows = place.filled
        begin = _at(place, rows)
        end = begin
        while rows < last:
            more = min(rows * 10, last) - rows
            fill(place.database_url, uuid4(), more)
            rows += more
            end = _at(place, rows)
    cpu_begin, cpu_end = (median(run.web_us + run.postgres_us for run in runs) for runs, _, _ in (begin, end))
    rate_begin, rate_end = (median(run.rate for run in runs) for runs, _, _ in (begin, end))
    figures = [
        Figure(
            f"growth {first:,} → {rows:,}: ingest", rate_end, "events/s", rate_begin, "the same at the start",
            rate_end / rate_begin, Goal(0.7),
            [f"CPU an event {cpu_end:.1f} µs, at the start {cpu_begin:.1f} µs",
             f"bare COPY {median(end[1]):,.0f} rows/s, at the start {median(begin[1]):,.0f}"],
        ),
        Figure(
            f"growth {first:,} → {rows:,}: a month of usage", end[2], "ms", begin[2], "the same at the start",
            end[2] / begin[2], Goal(at_most=2),
        ),
    ]  # fmt: skip
    print_table(figures)
    write_results(figures, facts, RESULTS.with_name("growth.json"))


if __name__ == "__main__":
    main()
