"""Refusals about facts that lie in archives."""

from collections.abc import Sequence

from core.errors import NotFound, Refused

__all__ = (
    "ArchiveDamaged",
    "ArchiveDirMissing",
    "ArchiveNotFound",
    "ArchiveUnready",
    "EventArchived",
    "FactsArchived",
)

_RESTORE = "python -m app.cli archive restore --tenant {tenant} --month {month} --reason …"


_NAMED = 12
"""So many months are named in a refusal."""


class FactsArchived(Refused):
    """The facts that this figure or list stands on are archived; the whole month's figures are told all the same."""

    code = "facts_archived"
    status = 409

    def __init__(self, tenant_id: object, months: Sequence[str]) -> None:
        more = " …" if len(months) > _NAMED else ""
        them = "each" if len(months) > 1 else "them"
        super().__init__(
            f"The facts of {', '.join(months[:_NAMED])}{more} are archived. Ask for whole archived months or days,"
            f" without groups, or have the operator bring back {them}:"
            f" {_RESTORE.format(tenant=tenant_id, month=months[0])}"
        )


class EventArchived(Refused):
    """The event is archived: it stays known and counted, and can be read and corrected once its month is restored."""

    code = "event_archived"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "This event is archived. Have the operator restore its month (python -m app.cli archive restore),"
            " then do it again. Its figures and its identity stay."
        )


class ArchiveDirMissing(Refused):
    """No directory for archives is set."""

    code = "archive_dir_missing"
    status = 409

    def __init__(self) -> None:
        super().__init__("Set TOLLBOOK_ARCHIVE_DIR to a directory that all workers share and that is backed up.")


class ArchiveNotFound(NotFound):
    """The month is not archived."""

    def __init__(self, month: str) -> None:
        super().__init__("archive of", month)


class ArchiveDamaged(Refused):
    """A file of an archive is missing or not what was written; nothing was changed."""

    code = "archive_damaged"
    status = 409

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}. Put the file back from its backup; nothing was changed.")


class ArchiveUnready(Refused):
    """The month may not be archived yet, or is being worked on."""

    code = "archive_unready"
    status = 409
