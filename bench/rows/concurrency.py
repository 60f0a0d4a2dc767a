"""How long the sweep over sessions takes beside a window function in SQL over the same intervals."""

from time import perf_counter

import numpy as np
import psycopg

from bench.figures import Figure, Goal, ratio_of
from bench.stand import Stand
from core.db import conninfo
from metering.concurrency import Intervals, average_level, bucket_maxima, minute_edges, nearest_rank, peak_level

__all__ = ("ROW", "measure")

ROW = "concurrency"
_MONTH_US = 30 * 86_400 * 1_000_000
_SQL = """
    with changes as (
        select starts as at, 1 as step from spans union all select ends, -1 from spans
    ), levels as (select at, sum(step) over (order by at, step rows unbounded preceding) as level from changes)
    select max(level) from levels
"""


def measure(stand: Stand) -> list[Figure]:
    """Sweep as many sessions as the tables have rows: peak, p95 and average against SQL's peak alone."""
    sessions = stand.options.rows
    random = np.random.default_rng(7)
    starts = random.integers(0, _MONTH_US, sessions)
    ends = starts + random.integers(60_000_000, 4 * 3_600_000_000, sessions)
    ours, theirs = [], []
    with psycopg.connect(conninfo(stand.database_url, None)) as connection:
        connection.execute("create temporary table spans (starts bigint, ends bigint)")
        with connection.cursor() as cursor, cursor.copy("copy spans from stdin") as copy:
            for row in zip(starts.tolist(), ends.tolist(), strict=True):
                copy.write_row(row)
        connection.execute("analyze spans")
        connection.execute("set work_mem = '1GB'")
        for _ in range(stand.options.repeats):
            begun = perf_counter()
            [(told,)] = connection.execute(_SQL).fetchall()
            theirs.append(perf_counter() - begun)
            begun = perf_counter()
            clipped = Intervals(starts, ends, np.ones(sessions, dtype=np.int64)).clipped(0, _MONTH_US)
            highest = peak_level(clipped)
            nearest_rank(bucket_maxima(clipped, minute_edges(0, _MONTH_US)), 95)
            average_level(clipped, _MONTH_US)
            ours.append(perf_counter() - begun)
            assert highest == told, "one peak, however it is found"
    return [
        Figure(
            f"peak, p95 and average of {sessions:,} sessions", min(ours) * 1e3, "ms", min(theirs) * 1e3,
            "the peak alone by a window function", ratio_of(theirs, ours), Goal(5),
            ["the sweep alone, intervals at hand: reading facts and pairing them is not in it"],
        )
    ]  # fmt: skip
