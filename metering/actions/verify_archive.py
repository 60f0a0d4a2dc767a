"""Measure an archived month from its files, by the very code that measures everything else.

In one transaction, tables of its own stand in front of those of facts: they show what is here
together with what is in the files. Nothing is written that outlives it.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.periods import Period, local_date
from metering.actions.restore_month import Shelf, checked_file
from metering.archive.digests import measurement_sha256
from metering.archive.files import MANIFEST, read_facts
from metering.archive.months import GONE, Behind, unheard
from metering.errors import ArchiveDamaged, ArchiveNotFound
from metering.reads import Measuring, Reading
from metering.reads.archives import ArchiveView, archive_of, archives
from tenants.reads import TenantView

__all__ = ("ArchiveProof", "lay_over", "verify_archive")


@dataclass(frozen=True, slots=True)
class ArchiveProof:
    """What was compared, and each thing that differed, as a sentence."""

    rows: int
    meters: int
    differences: tuple[str, ...]


class _Said(msgspec.Struct, frozen=True):
    meter: str
    figure: str
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    month: str
    meters: list[_Said]


def verify_archive(
    session: Session,
    tenant: TenantView,
    month: Period,
    directory: Path,
    behind: Behind = unheard,
) -> ArchiveProof:
    """Check a month's files against what the database recorded, and measure it anew from them.

    Args:
        session: scoped to the tenant; facts stay laid over until its transaction ends.
        tenant: whose month.
        month: an archived one.
        directory: where archives lie.
        behind: is told how many figures are measured, of how many.

    Raises:
        ArchiveNotFound: it is not archived (`not_found`).
        ArchiveDamaged: a file is missing or not what was written (`archive_damaged`).
    """
    view = archive_of(session, tenant.id, month)
    if view is None or view.status not in GONE:
        raise ArchiveNotFound(f"{local_date(month.starts_at, tenant.tz):%Y-%m}")
    manifest = _manifest(directory, view)
    lay_over(session, tenant, directory, month)
    measuring = Measuring(session, tenant, Reading(as_of=view.measured_at, now=view.measured_at))
    differences = []
    for done, said in enumerate(manifest.meters):
        behind(done, len(manifest.meters))
        measured = measuring.measure(said.meter, month)
        if str(measured.quantity) != said.figure:
            differences.append(f"{said.meter}: {said.figure} was recorded, {measured.quantity} is measured")
        elif measurement_sha256(tenant.id, measured) != said.sha256:
            differences.append(f"{said.meter}: the figure is the same, who was counted is not")
    return ArchiveProof(view.rows, len(manifest.meters), tuple(differences))


def _manifest(directory: Path, view: ArchiveView) -> _Manifest:
    path = directory / view.folder / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArchiveDamaged(str(path), type(error).__name__) from error
    if sha256(content).hexdigest() != view.manifest_sha256:
        raise ArchiveDamaged(str(path), "its SHA-256 is not the one that was recorded")
    return msgspec.json.decode(content, type=_Manifest)


_TABLES = ("fact", "fact_body", "meter_value")
_OWN_TABLE = "create temp table {0}{1} (like public.{1} including indexes) on commit drop"
# What is just being deleted or restored is in both: the file's row stands for it.
_IN_FRONT = """
    create temp view {0} as
    select * from public.{0} h where not exists (
        select 1 from archived_{0} a where a.tenant_id = h.tenant_id and a.{1} = h.{1} and a.event_key = h.event_key)
    union all select * from archived_{0}
"""
_AWAY = "create temp table archived_month (starts_at timestamptz) on commit drop"
_NONE_AWAY = """
    create temp view fact_archive as
    select * from public.fact_archive where starts_at not in (select starts_at from archived_month)
"""


def lay_over(session: Session, tenant: TenantView, directory: Path, span: Period) -> int:
    """Show this transaction the archived facts that figures of a span depend on, as if they were here.

    Returns:
        How many facts were laid over.

    Raises:
        ArchiveDamaged: a file is missing or not what was written (`archive_damaged`).
    """
    gone = [found for found in archives(session, tenant.id) if found.status in GONE]
    reach = max((found.month.ends_at - found.window.ends_at for found in gone), default=None)
    if reach is None:
        return 0
    wanted = [
        found for found in gone
        if found.window.starts_at < span.ends_at + reach and found.window.ends_at > span.starts_at - reach
    ]  # fmt: skip
    for table in _TABLES:
        session.execute(text(_OWN_TABLE.format("archived_", table)))
    # Days that were folded before are no proof: they are folded anew, and forgotten.
    for table in ("usage_fold", "usage_day"):
        session.execute(text(_OWN_TABLE.format("", table)))
    rows = 0
    shelf = Shelf(session, tenant.id, into="archived_")
    for found in wanted:
        for some in read_facts(checked_file(directory, found)):
            shelf.put(some)
            rows += len(some)
    for table in _TABLES:
        session.execute(text(f"analyze archived_{table}"))
        session.execute(text(_IN_FRONT.format(table, "meter_id" if table == "meter_value" else "accepted_at")))
    session.execute(text(_AWAY))
    for found in wanted:
        session.execute(text("insert into archived_month values (:starts_at)"), {"starts_at": found.month.starts_at})
    session.execute(text(_NONE_AWAY))
    # Statements that this connection prepared before still mean the tables behind.
    session.execute(text("discard plans"))
    return rows
