"""A file imported, beside the lane fed directly with the same events in the same run.

`python -m bench imports --events 1000000` is the measure of the goal: a million rows in a minute and
in 500 MB, as a whole from the request on too.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx

from bench.figures import Figure, Goal, ratio_of
from bench.importing import write_file
from bench.stand import Stand, highest_mb, in_a_process

__all__ = ("ROW", "measure")

ROW = "imports"
MINUTE_ROWS = 1_000_000 / 60
PEAK_MB = 500
_WORKER_S = 5.0


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
        *_whole(stand, rows),
    ]  # fmt: skip


def _whole(stand: Stand, rows: int) -> list[Figure]:
    """Send a file to a web process and let a worker import it: from the request on until it is done, once."""
    tenant = stand.world.tenant("imports-whole", time_zone="UTC")
    headers = {"Authorization": f"Bearer {stand.world.key('tenant_admin', tenant)}", "Content-Type": "text/csv"}
    given = {"what": "worker", "url": stand.database_url, "tenant": tenant.id, "rows": 0, "offset": 0}
    stand.checkpoint()
    with stand.web() as web, tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        assert web.process is not None
        path = Path(folder) / "activity.csv"
        write_file(path, rows, 0)
        worker = pool.submit(in_a_process, "bench.importing", **given)
        time.sleep(_WORKER_S)  # it is there before the file is, as in service
        begun = time.time()
        with path.open("rb") as file:
            answer = httpx.post(
                f"{web.url}/v1/imports?preset=community-activity", content=file, headers=headers, timeout=600
            )
        answer.raise_for_status()
        accepted_s = time.time() - begun
        told = worker.result()
        web_mb = highest_mb(web.process.pid)
    seconds = told["ended"] - begun
    note = (
        f"{rows:,} rows by HTTP, {accepted_s:,.1f} s of it the request; a worker that looks every 50 ms, beat every 2 s"
    )
    peak = max(web_mb, told["peak_mb"])
    return [
        Figure("a file from its request until done", seconds, "s", rows / MINUTE_ROWS, "a million rows in a minute",
               seconds * MINUTE_ROWS / rows, Goal(at_most=1.0), [note]),
        Figure("memory of it, web process or worker", peak, "MB", None, "", peak / PEAK_MB, Goal(at_most=1.0),
               [f"at most {web_mb:,.0f} MB in the web process, {told['peak_mb']:,.0f} in the worker"]),
    ]  # fmt: skip


def _run(stand: Stand, what: str, rows: int, offset: int) -> dict[str, float]:
    stand.checkpoint()
    given = {"what": what, "url": stand.database_url, "tenant": stand.tenant.id, "rows": rows, "offset": offset}
    found: dict[str, float] = in_a_process("bench.importing", **given)
    return found
