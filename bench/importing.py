"""A file of a community's activity, imported; or its events, given to the lane directly: in a process of its own.

Reads `{"what": "file" | "lane" | "worker", "url", "tenant", "rows", "offset"}` and prints seconds, events and the
process's highest memory. The file has a mapping, derived ids and local times; `offset` makes its rows
others than those of another run.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from msgspec import Raw

from app.process import tune_collector
from core.clock import utc_now
from core.db import Database
from core.scope import GlobalScope, TenantScope
from metering.actions.accept_import import AcceptInput, accept_import
from metering.actions.run_import import run_import
from metering.imports.batches import batches
from metering.imports.opening import open_file
from metering.imports.plan import Options
from metering.imports.reading import FileRows
from metering.imports.text import Scan
from metering.ingest.lane import IngestLane
from metering.ingest.validation import Rules
from metering.reads.imports import imports_by_place
from metering.tasks import run_imports
from tenants.reads import TenantView, get_tenant

KINDS = ("Post", "Reply", "View", "Like", "Answer")
OPTIONS = Options(preset="community-activity", file_name="activity.csv")


def write_file(path: Path, rows: int, offset: int) -> None:
    with path.open("w") as file:
        file.write("Author,Kind,Object,Date,Community,Text\n")
        for n in range(rows):
            day = f"2025-11-{1 + n % 23:02d} 10:{n % 60:02d}:{n // 60 % 60:02d}"
            file.write(f'user-{n % 20_000},{KINDS[n % 5]},item-{offset + n},{day},c-{n % 40},"Nice, thanks"\n')


def scanned(path: Path) -> Scan:
    scan = Scan()
    for piece in pieces(path):
        scan.feed(piece)
    scan.end()
    return scan


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1_000_000):
            yield piece


def run_file(db: Database, tenant: TenantView, path: Path) -> tuple[float, int]:
    """Import the file whole: look at it, store it, read, map, and give the events to the lane."""
    started = time.perf_counter()
    job, _ = accept_import(db, tenant, AcceptInput(path, scanned(path), OPTIONS), "system:bench")
    assert run_import(db, tenant, job.id)
    return time.perf_counter() - started, job.rows_expected


def run_lane(db: Database, tenant: TenantView, path: Path) -> tuple[float, int]:
    """Give the lane the very events that the rows become, made before, one batch written while the next is prepared."""
    plan = open_file(scanned(path), path, OPTIONS, tenant.time_zone)
    ready = [batch.events for batch in batches(FileRows(plan, pieces(path)).read())]
    started = time.perf_counter()
    asyncio.run(_feed(db.database_url, tenant.id, ready))
    return time.perf_counter() - started, sum(map(len, ready))


async def _feed(url: str, tenant_id: UUID, ready: list[list[Raw]]) -> None:
    lane = IngestLane(url)
    rules, writing = Rules(utc_now(), version_required=False), None
    for events in ready:
        prepared = await lane.prepare(tenant_id, events, rules)
        if writing is not None:
            await writing
        writing = asyncio.create_task(lane.store(tenant_id, prepared))
    if writing is not None:
        await writing
    await lane.close()


def work_off(db: Database, tenant: TenantView) -> float:
    """Do what the worker does, until an import of the tenant is done; return when that was (`time.time`)."""
    while True:
        run_imports(db)
        with db.begin(TenantScope(tenant.id)) as session:
            jobs = imports_by_place(session, tenant.id, 0, 1)
        if jobs and jobs[0].status not in ("queued", "running"):
            assert jobs[0].status == "done", jobs[0].status
            return time.time()
        time.sleep(0.05)


def main() -> None:
    tune_collector()  # as the worker does
    given = json.load(sys.stdin)
    db = Database(given["url"])
    if given["what"] == "worker":
        with db.begin(GlobalScope()) as session:
            ended = work_off(db, get_tenant(session, UUID(given["tenant"])))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"ended": ended, "peak_mb": peak}))
        return
    with db.begin(GlobalScope()) as session:
        tenant = get_tenant(session, UUID(given["tenant"]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "activity.csv"
        write_file(path, given["rows"], given["offset"])
        run = run_file if given["what"] == "file" else run_lane
        seconds, events = run(db, tenant, path)
        size = path.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "events": events, "peak_mb": peak, "bytes": size}))


if __name__ == "__main__":
    main()
