"""Do ingestion and usage keep their pace while the table grows?

The tables of a database of their own are filled to a tenth of the wanted rows, measured, filled to all
of them, and measured again. At each size: HTTP batches of 1,000 right after a checkpoint beside bare
COPY, and a month of usage of a tenant of constant size, so that only the table around it grows. It is
read as pages read it: kept, from folded days, and from the facts.
"""

from dataclasses import dataclass, replace
from statistics import median
from uuid import uuid4

import psycopg

from bench.facts_table import fill
from bench.figures import Figure, Goal
from bench.month import by_centre, month_of_usage, ways_to_read
from bench.rows.ingest import Run, copied, send
from bench.stand import Stand, beside
from bench.statements import server_ms
from core.db import conninfo

__all__ = ("ROW", "grown", "measure")

ROW = "growth"
_TENFOLD = 10
_MONTH = 20_000
"""Facts of the tenant whose usage is read, all in one month."""
_READS = 9
_EVENTS = 30_000


@dataclass(frozen=True, slots=True)
class _Pace:
    """What one size of the table showed: runs, what bare COPY made beside them, ms of each way to read."""

    runs: list[Run]
    copied: list[float]
    reads: dict[str, float]

    @property
    def rate(self) -> float:
        return median(run.rate for run in self.runs)

    @property
    def cpu(self) -> float:
        return median(run.web_us + run.postgres_us for run in self.runs)


def measure(stand: Stand) -> list[Figure]:
    """Let the tables grow tenfold to the wanted rows."""
    with beside(stand, replace(stand.options, events=min(stand.options.events, _EVENTS))) as place:
        return grown(place, stand.options.rows // _TENFOLD, stand.options.rows)


def grown(place: Stand, first: int, last: int) -> list[Figure]:
    """Fill the tables to `first` rows and on to `last`, tenfold each time; hold the last size against the first."""
    fill(place.database_url, place.tenant.id, first)
    rows, begin = first, _at(place, first)
    end = begin
    while rows < last:
        more = min(rows * _TENFOLD, last) - rows
        fill(place.database_url, uuid4(), more)
        rows += more
        end = _at(place, rows)
    name, since = f"growth {first:,} → {last:,}", "the same at the start"
    ingest = Figure(
        f"{name}: ingest", end.rate, "events/s", begin.rate, since, end.rate / begin.rate, Goal(0.7),
        [f"CPU an event {end.cpu:.1f} µs, at the start {begin.cpu:.1f} µs",
         f"bare COPY {median(end.copied):,.0f} rows/s, at the start {median(begin.copied):,.0f}"],
    )  # fmt: skip
    note = [
        f"by day and cost centre, all its statements in the server, best of {_READS}",
        f"{_MONTH:,} facts of 10,000 people in the month",
    ]
    return [ingest] + [
        Figure(f"{name}: usage {how}", ms, "ms", begin.reads[how], since, ms / begin.reads[how], Goal(at_most=2), note)
        for how, ms in end.reads.items()
    ]


def _at(place: Stand, rows: int) -> _Pace:
    with place.web() as web:
        send(place, web, events=min(20_000, place.options.events), batch=1_000, clients=4)
        pairs = [
            (copied(place)[0], send(place, web, events=place.options.events, batch=1_000, clients=16))
            for _ in range(place.options.repeats)
        ]
    pace = _Pace([run for _, run in pairs], [rate for rate, _ in pairs], _reads(place))
    told = ", ".join(f"{how} {ms:.1f} ms" for how, ms in pace.reads.items())
    print(f"{rows:>12,} rows: {pace.rate:,.0f} events/s, {pace.cpu:.1f} µs of CPU an event, usage {told}", flush=True)
    return pace


def _reads(place: Stand) -> dict[str, float]:
    month = month_of_usage(place, _MONTH)
    tenant, call = month[0], by_centre(month)
    with psycopg.connect(conninfo(place.database_url, None)) as connection:
        return {
            how: min(sum(server_ms(connection, *statement) for statement in sent) for _ in range(_READS))
            for how, sent in ways_to_read(place, tenant, call).items()
        }
