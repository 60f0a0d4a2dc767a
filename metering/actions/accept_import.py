"""Take a file for import: found out how it is read, stored in pieces, and queued, all or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from sqlalchemy.orm import Session

from core.db import Database
from core.ids import new_id
from core.scope import TenantScope
from metering.imports.faults import FileFault, RowFault
from metering.imports.opening import open_file
from metering.imports.parquet import ParquetRows
from metering.imports.plan import Options, Plan, as_refusal, fingerprint
from metering.imports.reading import FileRows
from metering.imports.text import Scan
from metering.reads.imports import ImportView, get_import, same_import
from metering.store import add_import, add_import_part, drop_import_faults, drop_import_parts, reopen_import
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, tenant_now

__all__ = ("PIECE_BYTES", "AcceptInput", "accept_import")

PIECE_BYTES = 1_000_000
"""How much of a file stands in one piece, before compression."""
_SHOWN = 10
"""How many rows a preview has."""
_COUNTS = ("rows_read", "rows_skipped", "accepted", "duplicate", "conflict", "rejected", "unmetered")


@dataclass(frozen=True, slots=True)
class AcceptInput:
    """A file that has come in whole: where it lies, what was seen of it, what the sender says."""

    path: Path
    scan: Scan
    options: Options
    dry_run: bool = False


def accept_import(database: Database, tenant: TenantView, given: AcceptInput, actor: str) -> tuple[ImportView, bool]:
    """Queue a file, or return the import that it already is.

    The same file (by its bytes) read the same way is the same import: one that is done or under way
    is only told again. One that was cancelled or has failed goes on where it stopped; a dry run that
    is over is made anew.

    Args:
        database: transactions are opened here, so that the caller needs none while a file comes in.
        tenant: whose facts.
        given: the file.
        actor: `Principal.actor`.

    Returns:
        The import, and whether this call put something in the queue.

    Raises:
        InvalidInput: the file can't be read, or not without guessing; every reason is named
            (`invalid_input`). Nothing was stored.
    """
    plan = open_file(given.scan, given.path, given.options, tenant.time_zone)
    preview = _preview(plan, given.path)
    hashes = given.scan.sha256, sha256(fingerprint(plan)).digest()
    with database.begin(TenantScope(tenant.id)) as session:
        now = tenant_now(session, tenant)
        job_id = new_id()
        row = _row(plan, given, hashes) | {"tenant_id": tenant.id, "id": job_id, "created_by": actor, "created_at": now}
        new = add_import(session, row | {"preview": preview, "rows_expected": _expected(plan, given)})
        if not new:
            known = same_import(session, tenant.id, hashes, dry_run=given.dry_run)
            if not known.is_over or (known.status == "done" and not given.dry_run):
                return known, False
            job_id = known.id
            _reopen(session, tenant.id, known, actor, now)
        for number, piece in enumerate(_pieces(given.path)):
            packed = zstandard.ZstdCompressor(level=3).compress(piece)
            add_import_part(session, tenant.id, job_id, number, packed)
        detail = {"sha256": hashes[0].hex(), "preset": given.options.preset, "dry_run": given.dry_run}
        record_audit(session, tenant.id, actor, "accept_import", ("import", str(job_id)), detail)
        return get_import(session, tenant.id, job_id), True


def _row(plan: Plan, given: AcceptInput, hashes: tuple[bytes, bytes]) -> dict[str, Any]:
    return dict.fromkeys(_COUNTS, 0) | {
        "file_name": given.options.file_name.replace("\0", "")[-200:],
        "size_bytes": given.scan.size,
        "content_hash": hashes[0],
        "plan_hash": hashes[1],
        "plan": _stored(plan),
        "preset": given.options.preset or ("" if given.options.mapping else "events"),
        "dry_run": given.dry_run,
        "status": "queued",
        "error_code": "",
        "error_detail": "",
    }


def _stored(plan: Plan) -> Any:
    """Return the plan as it is kept.

    Raises:
        InvalidInput: a column's name or the mapping has U+0000, which the database does not take (`invalid_input`).
    """
    if b"\\u0000" in msgspec.json.encode(plan):
        detail = "The header or the mapping has the character U+0000. Is it a text file? Take the character out."
        raise as_refusal(FileFault("import_header_unreadable", detail))
    return msgspec.to_builtins(plan)


def _reopen(session: Session, tenant_id: UUID, known: ImportView, actor: str, now: datetime) -> None:
    """Queue an import again: a real one goes on, a dry run begins anew. Its pieces come again."""
    changes: dict[str, Any] = {"status": "queued", "finished_at": None, "error_code": "", "error_detail": ""}
    if known.dry_run:
        changes |= dict.fromkeys(_COUNTS, 0) | {"started_at": None, "created_at": now, "created_by": actor}
        drop_import_faults(session, tenant_id, known.id)
    reopen_import(session, tenant_id, known.id, changes)
    drop_import_parts(session, tenant_id, known.id)


def _expected(plan: Plan, given: AcceptInput) -> int:
    """Return how many rows there will be: exact for Parquet, else the number of lines."""
    if plan.format == "parquet":
        return ParquetRows(given.path).count
    lines = max(given.scan.newlines, 1)
    return lines - 1 if plan.format == "csv" and given.scan.newlines else lines


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _preview(plan: Plan, path: Path) -> list[dict[str, Any]]:
    """Return the first rows as the events they become."""
    shown: list[dict[str, Any]] = []
    try:
        for number, made in islice(FileRows(plan, _pieces(path), path).read(), _SHOWN):
            if isinstance(made, RowFault):
                fault = {"column": made.column, "code": made.code.value, "detail": made.detail}
                shown.append({"row": number, "events": [], "fault": _storable(fault)})
            else:
                events = [_storable(_decoded(bytes(raw))) for _, raw in made]
                shown.append({"row": number, "events": events, "fault": None})
    except FileFault as fault:
        raise as_refusal(fault) from None
    return shown


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}


def _storable(value: Any) -> Any:
    """Return a value without U+0000, which PostgreSQL's JSON does not take."""
    return msgspec.json.decode(msgspec.json.encode(value).replace(b"\\u0000", b""))
