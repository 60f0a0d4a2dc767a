"""Take an import's rows through the hot lane, batch by batch; a worker that dies is gone on from."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.db import Database
from core.scope import TenantScope
from metering.actions.check_import import Checker
from metering.imports.batches import BadRow, Batch, batches
from metering.imports.faults import FileFault
from metering.imports.plan import Plan
from metering.imports.reading import FileRows
from metering.ingest.lane import IngestAnswer, IngestLane, ItemFault, Prepared
from metering.ingest.validation import Rules
from metering.reads.imports import ImportView, get_import, hold_import, import_pieces, import_plan, stored_at
from metering.store import (
    add_import_faults,
    advance_import,
    drop_import_faults,
    drop_import_parts,
    end_import,
    reopen_import,
)
from tenants.reads import TenantView, tenant_now

__all__ = ("fail_import", "run_import")

_COUNTS = ("rows_read", "rows_skipped", "accepted", "duplicate", "conflict", "rejected", "unmetered")


def run_import(
    database: Database, tenant: TenantView, job_id: UUID, *, go_on: Callable[[], bool] = lambda: True
) -> bool:
    """Take rows until the file ends or `go_on` says no; return whether the import is over.

    Safe to call at any time, by any number of workers: one has the file, the others return at once.
    Each batch is stored by the lane and then recorded with the row offset; a batch that was stored
    when the worker died is read once more, found stored, and counted as this import's own. A dry
    run stores nothing, and is not interrupted: one that was begins again.

    Args:
        database: transactions are opened here, one a batch.
        tenant: whose import.
        job_id: which.
        go_on: asked after each batch.

    Raises:
        DatabaseUnavailable: the database went away; to call again goes on (`database_unavailable`).
    """
    with database.begin(TenantScope(tenant.id)) as holder:
        if not hold_import(holder, tenant.id, job_id):
            return get_import(holder, tenant.id, job_id).is_over
        job = _begin(database, tenant, job_id)
        if job is not None:
            _take(database, tenant, job, holder, go_on)
    return _cleared(database, tenant, job_id)


def fail_import(database: Database, tenant: TenantView, job_id: UUID) -> None:
    """End an import that met a fault of ours; what was taken stays, the file sent again goes on."""
    detail = "Something went wrong on our side. What was taken stays; send the file again to go on, or tell support."
    _end(database, tenant, job_id, "failed", ("internal_error", detail))
    _cleared(database, tenant, job_id)


def _take(database: Database, tenant: TenantView, job: ImportView, holder: Session, go_on: Callable[[], bool]) -> None:
    try:
        with _reading(database, tenant.id, job) as rows:
            run = _Run(database, tenant, job, rows)
            whole = _check(run, holder) if job.dry_run else asyncio.run(run.take(go_on))
        if whole:
            _end(database, tenant, job.id, "done")
    except FileFault as fault:
        _end(database, tenant, job.id, "failed", (fault.code, fault.detail))


def _begin(database: Database, tenant: TenantView, job_id: UUID) -> ImportView | None:
    """Set an import running; return it, or None where it is over."""
    with database.begin(TenantScope(tenant.id)) as session:
        job = get_import(session, tenant.id, job_id)
        if job.is_over:
            return None
        changes: dict[str, object] = {"status": "running"}
        if job.started_at is None:
            changes["started_at"] = tenant_now(session, tenant)
        if job.dry_run and job.rows_read:
            changes |= dict.fromkeys(_COUNTS, 0)
            drop_import_faults(session, tenant.id, job_id)
        reopen_import(session, tenant.id, job_id, changes)
        return get_import(session, tenant.id, job_id)


def _end(database: Database, tenant: TenantView, job_id: UUID, status: str, error: tuple[str, str] = ("", "")) -> None:
    with database.begin(TenantScope(tenant.id)) as session:
        end_import(session, tenant.id, job_id, status, tenant_now(session, tenant), error)


def _cleared(database: Database, tenant: TenantView, job_id: UUID) -> bool:
    """Return whether the import is over; its file is not needed then."""
    with database.begin(TenantScope(tenant.id)) as session:
        over = get_import(session, tenant.id, job_id).is_over
        if over:
            drop_import_parts(session, tenant.id, job_id)
        return over


@contextmanager
def _reading(database: Database, tenant_id: UUID, job: ImportView) -> Iterator[FileRows]:
    """Give the file's rows; Parquet, whose directory stands at its end, is laid on the disk meanwhile."""
    with database.begin(TenantScope(tenant_id)) as session:
        plan = msgspec.convert(import_plan(session, tenant_id, job.id), Plan)
    pieces = import_pieces(database, tenant_id, job.id)
    if plan.format != "parquet":
        yield FileRows(plan, pieces)
        return
    with TemporaryDirectory(prefix="tollbook-import-") as folder:
        path = Path(folder) / "file.parquet"
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        yield FileRows(plan, path=path)


def _check(run: "_Run", holder: Session) -> bool:
    """Run a dry run: the same reading and validation, and a look at what is stored."""
    checker = Checker(holder, run.tenant.id)
    for batch in batches(run.rows.read()):
        if not run.record(batch, checker.check(batch.events, Rules(run.now(), version_required=False))):
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Flight:
    """A batch on its way: what the lane made of it, and when it counts as accepted."""

    batch: Batch
    prepared: Prepared
    accepted_at: datetime
    own: int
    """How many of its events were stored by a worker that died before it could say so."""


class _Run:
    """One worker's stretch of an import."""

    def __init__(self, database: Database, tenant: TenantView, job: ImportView, rows: FileRows) -> None:
        self.tenant, self.rows = tenant, rows
        self._database, self._job = database, job
        self._at = job.rows_read

    def now(self) -> datetime:
        """Return the tenant's time."""
        with self._database.begin(TenantScope(self.tenant.id)) as session:
            return tenant_now(session, self.tenant)

    async def take(self, go_on: Callable[[], bool]) -> bool:
        """Store batches from the offset on; while one is written the next is read. Return whether all are in."""
        lane = IngestLane(self._database.database_url)
        found = batches(self.rows.read(after=self._at))
        try:
            batch = await asyncio.to_thread(next, found, None)
            if batch is None:
                return True
            flight = await self._prepared(lane, batch, first=True)
            self._announce(flight)
            while True:
                storing = asyncio.create_task(lane.store(self.tenant.id, flight.prepared))
                batch = await asyncio.to_thread(next, found, None)
                wanted = batch is not None and go_on()
                following = await self._prepared(lane, batch) if batch is not None and wanted else None
                if not self._landed(flight, await storing, following):
                    return False
                if following is None:
                    return batch is None
                flight = following
        finally:
            await lane.close()

    async def _prepared(self, lane: IngestLane, batch: Batch, *, first: bool = False) -> _Flight:
        now = self.now()
        prepared = await lane.prepare(self.tenant.id, batch.events, Rules(now, version_required=False))
        return _Flight(batch, prepared, now, self._left_behind(prepared) if first else 0)

    def _left_behind(self, prepared: Prepared) -> int:
        """Return how many events of the next batch a worker stored that died before it could say so."""
        pending = self._job.pending_at
        if pending is None or not prepared.rows:
            return 0
        keys = [UUID(bytes=row.event_key) for row in prepared.rows]
        with self._database.begin(TenantScope(self.tenant.id)) as session:
            return stored_at(session, self.tenant.id, keys, pending)

    def _announce(self, flight: _Flight) -> None:
        if flight.own:  # what was left behind stays known by the time that was announced then
            return
        with self._database.begin(TenantScope(self.tenant.id)) as session:
            reopen_import(session, self.tenant.id, self._job.id, {"pending_at": flight.accepted_at})

    def _landed(self, flight: _Flight, answer: IngestAnswer, following: _Flight | None) -> bool:
        own = min(flight.own, answer.duplicate)
        settled = IngestAnswer(
            answer.accepted + own, answer.duplicate - own, answer.conflicts, answer.rejected, answer.unmetered
        )
        return self.record(flight.batch, settled, following.accepted_at if following else None)

    def record(self, batch: Batch, answer: IngestAnswer, pending_at: datetime | None = None) -> bool:
        """Write down a batch that is stored and announce the next; False where the import no longer runs."""
        told = [self._bad(batch, fault) for fault in (*answer.conflicts, *answer.rejected)]
        gained = {
            "rows_read": batch.rows,
            "rows_skipped": batch.skipped,
            "accepted": answer.accepted,
            "duplicate": answer.duplicate,
            "conflict": len(answer.conflicts),
            "rejected": len(answer.rejected) + len(batch.bad),
            "unmetered": answer.unmetered,
        }
        tenant_id, job_id = self.tenant.id, self._job.id
        with self._database.begin(TenantScope(tenant_id)) as session:
            if not advance_import(session, tenant_id, job_id, self._at, gained, pending_at=pending_at):
                return False
            add_import_faults(session, tenant_id, job_id, [_told(one) for one in (*batch.bad, *told)])
        self._at += batch.rows
        return True

    def _bad(self, batch: Batch, fault: ItemFault) -> BadRow:
        row, position, rule = batch.origins[fault.index]
        return BadRow(row, position, self.rows.column_of(rule, fault.detail), fault.code, fault.detail)


def _told(bad: BadRow) -> tuple[int, int, str, str, str]:
    return bad.row, bad.position, _clean(bad.column), str(bad.code), _clean(bad.detail)


def _clean(text: str) -> str:
    """Return a text that the database takes: no U+0000, no bytes that were not text."""
    return text.replace("\0", "").encode(errors="replace").decode()
