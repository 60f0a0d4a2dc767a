"""Bring an archived month's facts back, in slices; killed at any instant, it is simply begun again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.db import Database
from core.periods import Period, local_date
from core.scope import VENDOR_ID, StewardScope, TenantScope
from metering.archive.files import FACTS, ArchivedFact, read_facts, sha256_of
from metering.archive.months import Reached, go_on
from metering.bodies import packed_body
from metering.custom.extraction import Extractor, body_data
from metering.errors import ArchiveDamaged, ArchiveNotFound
from metering.reads.archives import ArchiveView, archive_of, status_locked
from metering.reads.custom_meters import custom_meters
from metering.reads.facts import symbols_of
from metering.store import move_archive, put_facts, share_ingestion
from tenants.actions.check_erasure import erase_names_again
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, tenant_now

__all__ = ("Shelf", "checked_file", "restore_month")


def restore_month(
    db: Database,
    tenant: TenantView,
    month: Period,
    directory: Path,
    why: tuple[str, str],
    reached: Reached = go_on,
) -> int:
    """Put a month's facts back where they were; it takes new facts and corrections again.

    Its figures are measured from the facts from then on, with whatever was recorded meanwhile about
    people. It stays until the operator archives it again; the file stays too.

    Args:
        db: the database; every slice is a transaction of its own.
        tenant: whose facts.
        month: an archived one.
        directory: where archives lie.
        why: who asks for it (`Principal.actor`), and the reason, for the audit trail.
        reached: is told of each step.

    Returns:
        How many facts came back.

    Raises:
        ArchiveNotFound: the month is not archived (`not_found`).
        ArchiveDamaged: its file is missing or not what was written (`archive_damaged`).
    """
    name = f"{local_date(month.starts_at, tenant.tz):%Y-%m}"
    place = (tenant.id, month.starts_at)
    with db.begin(TenantScope(tenant.id)) as session:
        view = archive_of(session, tenant.id, month)
    if view is None or view.status not in ("written", "archived", "restoring"):
        raise ArchiveNotFound(name)
    path = checked_file(directory, view)
    with db.begin(StewardScope()) as session:
        move_archive(session, place, (("written", "archived"), "restoring"), changed_at=tenant_now(session, tenant))
    reached("begun")
    for some in read_facts(path):
        with db.begin(StewardScope()) as session:
            if status_locked(session, tenant.id, month) != "restoring":
                return view.rows  # another restore has finished; the month may be leaving again by now
            # As ingestion does: whoever defines a meter now waits, and sees these facts.
            share_ingestion(session, tenant.id)
            share_ingestion(session, VENDOR_ID)
            Shelf(session, tenant.id).put(some)
            # The file has the names of who was erased since it was written.
            erase_names_again(session, tenant.id)
        reached("slice")
    with db.begin(StewardScope()) as session:
        now = tenant_now(session, tenant)
        if move_archive(session, place, (("restoring",), "restored"), figures={}, changed_at=now):
            actor, reason = why
            detail = {"month": name, "rows": view.rows, "reason": reason}
            record_audit(session, tenant.id, actor, "restore_month", ("month", name), detail)
    reached("restored")
    return view.rows


def checked_file(directory: Path, view: ArchiveView) -> Path:
    """Return the path of a month's file.

    Raises:
        ArchiveDamaged: it is missing or not what was written (`archive_damaged`).
    """
    path = directory / view.folder / FACTS
    if sha256_of(path) != view.file_sha256:
        raise ArchiveDamaged(str(path), "its SHA-256 is not the one that was recorded")
    return path


class Shelf:
    """Where archived facts are put: into the tables, or into others of the same columns."""

    def __init__(self, session: Session, tenant_id: UUID, into: str = "") -> None:
        self._session, self._tenant_id, self._into = session, tenant_id, into
        self._ids = {name: number for number, name in symbols_of(session, tenant_id).items()}
        self._meters = [(found.meter.id, Extractor(found.meter.definition))
                        for found in custom_meters(session, tenant_id)]  # fmt: skip

    def put(self, facts: Sequence[ArchivedFact]) -> None:
        """Put facts with their bodies, and what custom meters take of them."""
        keys, occurred, accepted, types, sources, identities, attributes, bodies = map(list, zip(*facts, strict=True))
        columns = {
            "keys": keys, "occurred": occurred, "accepted": accepted, "types": [self._ids[name] for name in types],
            "sources": [self._ids[name] for name in sources], "identities": identities, "attributes": attributes,
            "bodies": [None if body is None else packed_body(body.encode()) for body in bodies],
        }  # fmt: skip
        put_facts(self._session, self._tenant_id, columns, self._values(facts), into=self._into)

    def _values(self, facts: Sequence[ArchivedFact]) -> Mapping[str, list[Any]]:
        taken: dict[str, list[Any]] = {"meters": [], "keys": [], "values": [], "items": [], "dimensions": []}
        for meter_id, extractor in self._meters:
            for fact in facts:
                if fact.type not in extractor.types or fact.body is None:
                    continue
                extract = extractor.extract(fact.type, body_data(fact.body.encode()))
                if extract is None:
                    continue
                dimensions = msgspec.json.encode(extract.dimensions).decode() if extract.dimensions else None
                row = (meter_id, fact.event_key, extract.value, extract.item, dimensions)
                for column, value in zip(taken.values(), row, strict=True):
                    column.append(value)
        return taken
