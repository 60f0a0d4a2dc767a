"""Move a month of facts into a file, step by step; killed after any step, the next run goes on.

A month that is `writing` takes no new facts, while all of its facts are still here. It is `written`
when its file was read back and its figures stand beside it; only then rows are deleted, in slices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

from sqlalchemy.orm import Session

from core.db import Database
from core.ids import new_id
from core.periods import Period, days_of, local_date
from core.scope import StewardScope, TenantScope
from metering.archive.digests import measurement_sha256
from metering.archive.files import FACTS, ArchivedFact, read_facts, sha256_of, write_facts, write_manifest
from metering.archive.months import Behind, Reached, go_on, reach_of, unheard, window_of
from metering.archive.uses import SEAT_TYPES, FirstUses
from metering.errors import ArchiveDamaged
from metering.policies import policy_hash
from metering.reads import Measuring, Reading, load_facts
from metering.reads.archives import (
    ArchiveView,
    archive_of,
    archives,
    facts_between,
    hold_archives,
    last_accepted,
    retention_of,
    span_text,
    status_locked,
)
from metering.reads.facts import corrections
from metering.reads.leaving import leaving_months, specs_of, standing_of
from metering.reads.policies import all_policies, policies_at
from metering.store import begin_archive, delete_facts, hold_ingestion, move_archive
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, people, tenant_now

__all__ = ("archive_due", "archive_month", "due_for_archive")

ACTOR = "system:archive"


@dataclass(frozen=True, slots=True)
class _Work:
    """A month of a tenant, and where its files lie."""

    db: Database
    tenant: TenantView
    month: Period
    directory: Path

    @property
    def folder(self) -> Path:
        """Where the month's files lie."""
        return self.directory / str(self.tenant.id) / f"{local_date(self.month.starts_at, self.tenant.tz):%Y-%m}"


def due_for_archive(db: Database, tenant: TenantView, settled_until: datetime) -> list[Period]:
    """Return the months that a tenant's retention lets leave and that are not away yet, oldest first.

    Those that were begun and not finished come along; those that were restored stay.

    Args:
        db: the database.
        tenant: whose facts.
        settled_until: what ended before it will not be measured again, for bills or anything.
    """
    with db.begin(TenantScope(tenant.id)) as session:
        known = archives(session, tenant.id)
        begun = [found.month for found in known if found.status in ("writing", "written")]
        return sorted({*begun, *leaving_months(session, tenant, retention_of(session, tenant.id), settled_until)})


def archive_due(
    db: Database,
    tenant: TenantView,
    directory: Path,
    settled_until: datetime,
    behind: Behind = unheard,
) -> int:
    """Archive all that is due for a tenant, telling `behind` how many months are of how many; return how many."""
    months = due_for_archive(db, tenant, settled_until)
    for done, month in enumerate(months):
        behind(done, len(months))
        archive_month(db, tenant, month, directory)
    return len(months)


def archive_month(db: Database, tenant: TenantView, month: Period, directory: Path, reached: Reached = go_on) -> None:
    """Move a month's facts into a file and delete them here; keys and figures stay.

    Safe to repeat, to run twice at once and to kill: at every instant each fact is here or in a file
    that was read back, and no later state forgets an earlier one.

    Args:
        db: the database; every step is a transaction of its own.
        tenant: whose facts.
        month: a whole month that `due_for_archive` named, or that was restored.
        directory: where archives lie.
        reached: is told of each step.

    Raises:
        ArchiveDamaged: the file is not what was written; nothing (more) was deleted (`archive_damaged`).
    """
    work = _Work(db, tenant, month, directory)
    _begin(work)
    reached("begun")
    with db.begin(TenantScope(tenant.id)) as session:
        view = _view(session, work)
        if view.status == "writing" and hold_archives(session, tenant.id):
            written = _write(session, work, view, reached)
            # Before the hold ends: whoever looks for folders that no month names must not find this one.
            with db.begin(StewardScope()) as steward:
                move_archive(steward, (tenant.id, month.starts_at), (("writing",), "written"), **written)
            reached("written")
    _delete(work, reached)


def _begin(work: _Work) -> None:
    """Close the month to new facts, once all that are under way have landed."""
    with work.db.begin(StewardScope()) as session:
        hold_ingestion(session, work.tenant.id)
        now = tenant_now(session, work.tenant)
        before = [found for found in archives(session, work.tenant.id) if found.month.ends_at == work.month.starts_at]
        specs, readings = specs_of(session, work.tenant), all_policies(session, work.tenant.id)
        window = window_of(work.month, reach_of(specs, readings), before[0].window if before else None)
        cut = max(now, last_accepted(session, work.tenant.id) or now)
        begin_archive(session, {
            "tenant_id": work.tenant.id, "starts_at": work.month.starts_at, "ends_at": work.month.ends_at,
            "facts_from": window.starts_at, "facts_until": window.ends_at, "status": "writing", "folder": "",
            "row_count": 0, "file_sha256": "", "manifest_sha256": "", "types": {}, "figures": {},
            "measured_at": cut, "changed_at": now,
        })  # fmt: skip
        move_archive(
            session, (work.tenant.id, work.month.starts_at), (("restored",), "writing"), measured_at=cut, changed_at=now
        )


def _view(session: Session, work: _Work) -> ArchiveView:
    found = archive_of(session, work.tenant.id, work.month)
    assert found is not None, "it was begun"
    return found


def _write(session: Session, work: _Work, view: ArchiveView, reached: Reached) -> dict[str, Any]:
    """Write file and manifest; return what the database keeps of them."""
    if work.folder.exists():
        for left in work.folder.glob("*.partial"):
            rmtree(left)
    name = new_id().hex
    types: dict[str, int] = {}
    file = write_facts(work.folder / f"{name}.partial", _counted(_leaving(session, work, view), types))
    reached("copied")
    figures, told = _figures(session, work, view, types)
    kept = {
        "format": 1, "tenant_id": str(work.tenant.id), "month": work.folder.name, "time_zone": work.tenant.time_zone,
        "starts_at": work.month.starts_at, "ends_at": work.month.ends_at,
        "facts_from": view.window.starts_at, "facts_until": view.window.ends_at, "measured_at": view.measured_at,
        "file": {"name": FACTS, "rows": file.rows, "bytes": file.size_bytes, "sha256": file.sha256,
                 "rows_sha256": file.rows_sha256},
        "types": types, "meters": told,
    }  # fmt: skip
    hashed = write_manifest(work.folder / f"{name}.partial", work.folder / name, kept)
    reached("named")
    return {
        "folder": f"{work.folder.parent.name}/{work.folder.name}/{name}", "row_count": file.rows,
        "file_sha256": file.sha256, "manifest_sha256": hashed, "types": types, "figures": figures,
        "changed_at": tenant_now(session, work.tenant),
    }  # fmt: skip


def _leaving(session: Session, work: _Work, view: ArchiveView) -> Iterator[ArchivedFact]:
    """Yield the facts that leave: not corrected ones, and not those that seats are judged by."""
    tenant_id = work.tenant.id
    corrected = corrections(session, tenant_id, None).by_target
    seats = load_facts(session, tenant_id, SEAT_TYPES, since=None, until=None)
    uses = FirstUses(seats, people(session, tenant_id))
    for fact in facts_between(session, tenant_id, view.window, standing_of(session, work.tenant)):
        if fact.event_key not in corrected and not uses.is_first(fact.type, fact.identity_id, fact.occurred_at):
            yield fact


def _counted(facts: Iterator[ArchivedFact], types: dict[str, int]) -> Iterator[ArchivedFact]:
    for fact in facts:
        types[fact.type] = types.get(fact.type, 0) + 1
        yield fact


def _figures(
    session: Session, work: _Work, view: ArchiveView, types: dict[str, int]
) -> tuple[dict[str, dict[str, str]], list[dict[str, str]]]:
    """Return the figures of month and days by meter, and for the manifest each meter's with its hash."""
    measuring = Measuring(session, work.tenant, Reading(as_of=view.measured_at, now=view.measured_at))
    policies = policies_at(session, work.tenant.id, work.month.starts_at)
    figures: dict[str, dict[str, str]] = {}
    told = []
    for spec in specs_of(session, work.tenant):
        if types.keys().isdisjoint(spec.fact_types(policies)):
            continue
        periods = [work.month, *(day for _, day in days_of(work.month, work.tenant.tz))]
        measuring.prepare(spec, [work.month])
        figures[spec.name] = {span_text(period): str(measuring.figure(spec.name, period)) for period in periods}
        measured = measuring.measure(spec.name, work.month)
        told.append({
            "meter": spec.name, "unit": measured.unit, "figure": str(measured.quantity),
            "policy": policy_hash(policies), "sha256": measurement_sha256(work.tenant.id, measured),
        })  # fmt: skip
    return figures, told


def _delete(work: _Work, reached: Reached) -> None:
    """Delete what is in the file, slice by slice."""
    with work.db.begin(TenantScope(work.tenant.id)) as session:
        view = _view(session, work)
    if view.status != "written":
        return
    path = work.directory / view.folder / FACTS
    if sha256_of(path) != view.file_sha256:
        raise ArchiveDamaged(str(path), "it is not what was written")
    for some in read_facts(path):
        with work.db.begin(StewardScope()) as session:
            if status_locked(session, work.tenant.id, work.month) != "written":
                return
            delete_facts(session, work.tenant.id, [fact.event_key for fact in some])
        reached("slice")
    with work.db.begin(StewardScope()) as session:
        now = tenant_now(session, work.tenant)
        place = (work.tenant.id, work.month.starts_at)
        if move_archive(session, place, (("written",), "archived"), changed_at=now):
            detail = {"month": work.folder.name, "rows": view.rows, "sha256": view.file_sha256}
            record_audit(session, work.tenant.id, ACTOR, "archive_month", ("month", work.folder.name), detail)
    reached("archived")
