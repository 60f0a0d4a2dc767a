"""Facts of old months go into files, and are proven from there: what metering and billing know, put together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import structlog
import zstandard

from billing.chargebacks.reads import first_unposted
from billing.evidence import evidence_rows, write_evidence
from billing.history import LOOK_BACK
from billing.reads import EvidenceView, evidence_since, first_unsettled
from core.db import Database
from core.errors import Refused
from core.periods import Period
from core.scope import StewardScope, TenantScope
from core.settings import archive_directory
from metering.actions.archive_month import archive_due, archive_month
from metering.actions.clear_orphans import clear_orphans
from metering.actions.note_archive import note_archive_check
from metering.actions.verify_archive import ArchiveProof, lay_over, verify_archive
from metering.archive.months import Behind, unheard
from metering.errors import ArchiveDamaged, ArchiveDirMissing, ArchiveUnready
from metering.measurement import Measurement
from metering.reads import Measuring, Reading, with_event_ids
from metering.reads.archives import archive_of
from metering.reads.leaving import SettledUntil
from plans.rating.stretches import measured_from
from plans.reads import subscriptions
from tenants.reads import TenantView, list_tenants, tenant_now

__all__ = (
    "ByBooks",
    "Verified",
    "archive_again",
    "archive_dir",
    "archive_facts",
    "provide_settled",
    "settled_until",
    "verify_month",
)

CONTRACT_YEAR = timedelta(days=366)
"""What is measured anew may look this far back: tiers and inclusions of a year."""
_log = structlog.get_logger("tollbook.archive")


def archive_dir() -> Path:
    """Return where archives lie.

    Raises:
        ArchiveDirMissing: nobody said (`archive_dir_missing`).
    """
    found = archive_directory()
    if found is None:
        raise ArchiveDirMissing
    return found


def settled_until(db: Database, tenant: TenantView) -> datetime:
    """Return the instant before which nothing of a tenant will be measured again.

    A contract year before the first period that a bill or a chargeback may still reckon: those of
    the last 400 days, what is not on an issued document, and bill lines that no posted run has taken; for a contract
    with longer intervals or terms, or unused units that are kept, before the first of those.
    """
    with db.begin(StewardScope()) as session:
        found = [
            tenant_now(session, tenant) - LOOK_BACK,
            first_unsettled(session, tenant.id),
            first_unposted(session, tenant.id),
        ]
        first = min(instant for instant in found if instant is not None)
        reached = [measured_from(held, first) for held in subscriptions(session, tenant.id) if held.starts_at < first]
    return min([first, *reached]) - CONTRACT_YEAR


@dataclass(frozen=True, slots=True)
class ByBooks(SettledUntil):
    """Looks into bills and chargebacks, which metering knows nothing of."""

    db: Database

    def until(self, tenant: TenantView) -> datetime:
        """Return the instant before which nothing of a tenant will be measured again."""
        return settled_until(self.db, tenant)


async def provide_settled(database: Database) -> SettledUntil:
    """Tell metering what is settled."""
    return ByBooks(database)


def archive_facts(db: Database, directory: Path, tenants: Iterable[TenantView] | None = None) -> tuple[int, int]:
    """Archive every month that its tenant's retention lets go, and remove folders that crashes left behind.

    One tenant's fault stops no other.

    Returns:
        How many months, and how many folders.
    """
    if tenants is None:
        with db.begin(StewardScope()) as session:
            tenants = list_tenants(session)
    done = cleared = 0
    for tenant in tenants:
        try:
            done += archive_due(db, tenant, directory, settled_until(db, tenant))
            cleared += clear_orphans(db, tenant, directory)
        except (Refused, OSError) as error:
            _log.error("archive_failed", tenant=str(tenant.id), error=str(error))
    return done, cleared


def archive_again(db: Database, tenant: TenantView, month: Period, directory: Path) -> None:
    """Move a month that was restored back into a file.

    Raises:
        ArchiveUnready: it was not restored, or something that is billed may still depend on it (`archive_unready`).
    """
    with db.begin(TenantScope(tenant.id)) as session:
        found = archive_of(session, tenant.id, month)
    if found is None or found.status == "restoring" or month.ends_at > settled_until(db, tenant):
        raise ArchiveUnready(
            "The month may not be archived by hand: name one that was archived and restored, that nothing which is"
            " billed depends on. Others leave by their tenant's retention (PUT /v1/retention)."
        )
    archive_month(db, tenant, month, directory)


@dataclass(frozen=True, slots=True)
class Verified:
    """A month proven from its files: its manifest, and the bills' lists of who was counted."""

    proof: ArchiveProof
    lists: int
    """Evidence files of bills that were made anew."""
    differing: tuple[str, ...]
    """Bills whose list came out otherwise."""

    @property
    def told(self) -> tuple[str, ...]:
        """Everything that came out otherwise, as sentences."""
        return (*self.proof.differences, *self.differing)


def verify_month(
    db: Database,
    tenant: TenantView,
    month: Period,
    directory: Path,
    behind: Behind = unheard,
) -> Verified:
    """Measure a month from its files, compare with its manifest, and with the evidence of the bills about it.

    What came of it is kept with the month, a damaged file too.

    Raises:
        ArchiveNotFound, ArchiveDamaged: see `verify_archive`.
    """
    try:
        verified = _verified(db, tenant, month, directory, behind)
    except ArchiveDamaged as damage:
        note_archive_check(db, tenant, month, (damage.detail,))
        raise
    note_archive_check(db, tenant, month, verified.told)
    return verified


def _verified(db: Database, tenant: TenantView, month: Period, directory: Path, behind: Behind) -> Verified:
    with db.begin(StewardScope()) as session:
        bills = [bill for bill in evidence_since(session, tenant.id, month.starts_at) if _about(bill, month)]
    with db.begin(TenantScope(tenant.id)) as session:
        proof = verify_archive(
            session, tenant, month, directory, lambda done, figures: behind(done, figures + len(bills))
        )
    differing = []
    for done, bill in enumerate(bills, proof.meters):
        behind(done, proof.meters + len(bills))
        if not _holds(db, tenant, bill, directory):
            differing.append(f"invoice {bill.invoice_id}: its list of {bill.sha256[:12]}… comes out otherwise")
    return Verified(proof, len(bills), tuple(differing))


def _rows(bill: EvidenceView) -> list[dict[str, Any]]:
    content = zstandard.decompress(bill.content)
    return [msgspec.json.decode(line) for line in content.splitlines()]


def _figures(bill: EvidenceView) -> set[tuple[str, Period]]:
    """Return which figures a list stands on: meter and period."""
    return {
        (row["meter"], Period(datetime.fromisoformat(row["from"]), datetime.fromisoformat(row["to"])))
        for row in _rows(bill)
    }


def _about(bill: EvidenceView, month: Period) -> bool:
    return any(month.clip(period.starts_at, period.ends_at) is not None for _, period in _figures(bill))


def _holds(db: Database, tenant: TenantView, bill: EvidenceView, directory: Path) -> bool:
    """Make a bill's list anew, as of when it was made, and return whether every byte is the same."""
    figures = _figures(bill)
    span = Period(min(p.starts_at for _, p in figures), max(p.ends_at for _, p in figures))
    with db.begin(TenantScope(tenant.id)) as session:
        lay_over(session, tenant, directory, span)
        measuring = Measuring(session, tenant, Reading(as_of=bill.created_at))
        rows: list[dict[str, Any]] = []
        for meter, period in figures:
            found = measuring.measure(meter, period)
            named = Measurement(
                found.meter, found.period, found.unit, found.quantity,
                with_event_ids(session, tenant.id, found.entries), with_event_ids(session, tenant.id, found.exclusions),
            )  # fmt: skip
            rows += evidence_rows(tenant.id, named)
    return write_evidence(rows).sha256 == bill.sha256
