"""A file imported, beside the lane fed directly with the same events in the same run.

`python -m bench imports --events 1000000` is the measure of the goal: a million rows in a minute and
in 500 MB.
"""

from statistics import median

from bench.figures import Figure, Goal, ratio_of
from bench.stand import Stand, in_a_process

__all__ = ("ROW", "measure")

ROW = "imports"
MINUTE_ROWS = 1_000_000 / 60
PEAK_MB = 500


def measure(stand: Stand) -> list[Figure]:
    """Measure file and lane in turns, each right after a checkpoint."""
    rows = stand.options.events
    rates, lanes, peaks, size = [], [], [], 0.0
    for repeat in range(stand.options.repeats):
        lane = _run(stand, "lane", rows, 2 * repeat * rows)
        file = _run(stand, "file", rows, (2 * repeat + 1) * rows)
        rates.append(file["events"] / file["seconds"])
        lanes.append(lane["events"] / lane["seconds"])
        peaks.append(file["peak_mb"])
        size = file["bytes"] / 1e6
    note = f"{rows:,} rows, {size:,.1f} MB of CSV, derived ids; looking at it and storing it included"
    rate, peak = median(rates), max(peaks)
    return [
        Figure(
            "import of a CSV file", rate, "rows/s", median(lanes), "the lane, fed with the same events",
            ratio_of(rates, lanes), Goal(0.4), [note],
        ),
        Figure("a million rows in a minute", rate, "rows/s", None, "", rate / MINUTE_ROWS, Goal(1.0)),
        Figure("memory of an import, the highest", peak, "MB", None, "", peak / PEAK_MB, Goal(at_most=1.0)),
    ]  # fmt: skip


def _run(stand: Stand, what: str, rows: int, offset: int) -> dict[str, float]:
    stand.checkpoint()
    given = {"what": what, "url": stand.database_url, "tenant": stand.tenant.id, "rows": rows, "offset": offset}
    found: dict[str, float] = in_a_process("bench.importing", **given)
    return found
