"""What the API of imports answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from metering.imports.presets import Preset
from metering.reads.imports import FaultView, ImportView

__all__ = ("REPORT_HEADER", "ImportAnswer", "ImportPage", "PresetAnswer", "PresetPage", "report_line")


class ImportAnswer(msgspec.Struct, kw_only=True):
    """An import and how far it has come.

    `accepted`, `duplicate`, `conflict` and `rejected` count events: a row can become several, and one
    that could not be read is one that was rejected.
    """

    id: UUID
    status: str
    """queued, running, done, cancelled or failed."""
    dry_run: bool
    preset: str
    file_name: str
    format: str
    size_bytes: int
    sha256: str
    source: str
    """Under which source the events stand that name none."""
    assumed: list[str]
    """What was found out about the file, or taken for granted."""
    rows_read: int
    rows_expected: int
    """By the number of lines; exact for Parquet."""
    rows_skipped: int
    """Rows to which no rule of the mapping applies."""
    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    unmetered: int
    seconds_left: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: dict[str, str] | None
    """Why it failed: `code` and `detail`."""
    report: str | None
    """Where the list of bad rows is; null where there are none."""
    preview: list[Any] | None
    """The first rows as the events they become; null for those who may not see people."""

    @classmethod
    def of(cls, view: ImportView, now: datetime, *, named: bool) -> "ImportAnswer":
        """Render an import."""
        bad = view.conflict + view.rejected
        return cls(
            id=view.id,
            status=view.status,
            dry_run=view.dry_run,
            preset=view.preset,
            file_name=view.file_name,
            format=view.format,
            size_bytes=view.size_bytes,
            sha256=view.content_hash.hex(),
            source=view.source,
            assumed=list(view.assumed),
            rows_read=view.rows_read,
            rows_expected=max(view.rows_expected, view.rows_read),
            rows_skipped=view.rows_skipped,
            accepted=view.accepted,
            duplicate=view.duplicate,
            conflict=view.conflict,
            rejected=view.rejected,
            unmetered=view.unmetered,
            seconds_left=view.seconds_left(now),
            created_at=view.created_at,
            started_at=view.started_at,
            finished_at=view.finished_at,
            error={"code": view.error_code, "detail": view.error_detail} if view.error_code else None,
            report=f"/v1/imports/{view.id}/report.csv" if bad else None,
            preview=list(view.preview) if named else None,
        )


class ImportPage(msgspec.Struct):
    """Imports, newest first."""

    items: list[ImportAnswer]
    next_cursor: str | None


class PresetAnswer(msgspec.Struct):
    """A mapping that comes along."""

    key: str
    title: str
    text: str
    header: str
    """The columns of such a file; other names of theirs stand in `mapping`."""
    mapping: dict[str, Any] | None
    """As it can be sent, changed, as `mapping`; null where the columns are the fields of events."""

    @classmethod
    def of(cls, preset: Preset) -> "PresetAnswer":
        """Render a preset."""
        mapping = msgspec.to_builtins(preset.mapping) if preset.mapping is not None else None
        return cls(preset.key, preset.title, preset.text, preset.example, mapping)


class PresetPage(msgspec.Struct):
    """All presets."""

    items: list[PresetAnswer]
    next_cursor: str | None = None


REPORT_HEADER = ("row", "column", "code", "what to do")


def report_line(fault: FaultView) -> Sequence[str]:
    """Return a bad row as the cells of a line; what a spreadsheet would run gets an apostrophe in front."""
    return (str(fault.row_number), _harmless(fault.column), fault.code, _harmless(fault.detail))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
