"""Remove folders of archives that no month names: left by a crash before they were recorded, or overtaken since."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from core.db import Database
from core.scope import TenantScope
from metering.archive.files import FACTS, read_facts
from metering.errors import ArchiveDamaged
from metering.reads.archives import archives, are_here, hold_archives
from tenants.reads import TenantView

__all__ = ("clear_orphans",)

OLD_S = 24 * 3600
"""So long nobody touched a folder that is removed: whoever wrote it has recorded it, or never will."""
_log = structlog.get_logger("tollbook.archive")


def clear_orphans(db: Database, tenant: TenantView, directory: Path, *, older_than_s: float = OLD_S) -> int:
    """Remove a tenant's folders that no month names and without which nothing is lost; return how many.

    Every fact in such a folder must be in the database or in the file that its month names. One that
    holds anything else, or cannot be read, stays and is logged: somebody has to look at it. Nothing is
    removed while archives of the tenant are being written.

    Args:
        db: the database.
        tenant: whose folders.
        directory: where archives lie: of this database alone.
        older_than_s: seconds since a folder was last changed.
    """
    place = directory / str(tenant.id)
    if not place.is_dir():
        return 0
    cleared = 0
    with db.begin(TenantScope(tenant.id)) as session:
        if not hold_archives(session, tenant.id):
            return 0
        named = {found.folder for found in archives(session, tenant.id) if found.folder}
        for folder in sorted(place.glob("*/*")):
            if (
                not folder.is_dir()
                or folder.suffix == ".partial"
                or time.time() - folder.stat().st_mtime < older_than_s
            ):
                continue
            name = f"{tenant.id}/{folder.parent.name}/{folder.name}"
            if name in named:
                continue
            month = [directory / other / FACTS for other in named if Path(other).parent.name == folder.parent.name]
            if _spare(session, tenant.id, folder, month[0] if month else None):
                rmtree(folder)
                cleared += 1
                _log.info("archive_orphan_removed", folder=name)
            else:
                _log.error("archive_orphan_kept", folder=name, why="it holds facts that are nowhere else")
    return cleared


def _spare(session: Session, tenant_id: UUID, folder: Path, named: Path | None) -> bool:
    """Return whether all facts of a folder are in the month's own file, or here."""
    try:
        kept = _places(named)
        current = next(kept, None)
        for some in read_facts(folder / FACTS):
            elsewhere = []
            # Both files are in order of time and key.
            for fact in some:
                place = (fact.occurred_at, fact.event_key)
                while current is not None and current < place:
                    current = next(kept, None)
                if current != place:
                    elsewhere.append(fact.event_key)
            if not are_here(session, tenant_id, elsewhere):
                return False
    except ArchiveDamaged:
        return False
    return True


def _places(file: Path | None) -> Iterator[tuple[datetime, UUID]]:
    if file is None:
        return
    for some in read_facts(file):
        for fact in some:
            yield fact.occurred_at, fact.event_key
