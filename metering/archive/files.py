"""A month of facts as a Parquet file with a manifest beside it, in a directory.

A file that has its name is whole: it is written under another one, made durable, and renamed.
Columns are plain (JSON as text, types and sources by name), so that any reader of Parquet can use
it without this program. Personal data is in none of them: people are identity ids.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from metering.errors import ArchiveDamaged

__all__ = ("FACTS", "MANIFEST", "ArchivedFact", "Written", "read_facts", "sha256_of", "write_facts", "write_manifest")

FACTS = "facts.parquet"
MANIFEST = "manifest.json"
AT_ONCE = 5_000
"""Rows that are in memory at once."""
_GROUP = 50_000

_SCHEMA = pa.schema(
    [
        ("event_key", pa.binary(16)),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("accepted_at", pa.timestamp("us", tz="UTC")),
        ("type", pa.dictionary(pa.int32(), pa.string())),
        ("source", pa.dictionary(pa.int32(), pa.string())),
        ("identity_id", pa.int64()),
        ("attributes", pa.string()),
        ("body", pa.string()),
    ]
)


class ArchivedFact(NamedTuple):
    """A fact with its body: `attributes` and `body` are JSON, as the tables hold them."""

    event_key: UUID
    occurred_at: datetime
    accepted_at: datetime
    type: str
    source: str
    identity_id: int
    attributes: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A file: how many rows it has, its SHA-256, and that of the rows whatever their encoding."""

    rows: int
    size_bytes: int
    sha256: str
    rows_sha256: str


def write_facts(folder: Path, facts: Iterable[ArchivedFact]) -> Written:
    """Write the facts into a new folder, in their order, and read them back from the disk.

    Raises:
        ArchiveDamaged: what was read is not what was written (`archive_damaged`).
    """
    folder.mkdir(parents=True)
    path = folder / FACTS
    rows, told = 0, sha256()
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for some in _chunks(facts, _GROUP):
            rows += len(some)
            _digest(told, some)
            writer.write_table(_table(some))
    _durable(path)
    written = Written(rows, path.stat().st_size, sha256_of(path), told.hexdigest())
    read = sha256()
    for some in read_facts(path):
        _digest(read, some)
    if read.hexdigest() != written.rows_sha256:
        raise ArchiveDamaged(str(path), "it does not read as it was written")
    return written


def write_manifest(draft: Path, folder: Path, manifest: dict[str, Any]) -> str:
    """Write the manifest, give the folder its name, and return the manifest's SHA-256."""
    content = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2) + b"\n"
    (draft / MANIFEST).write_bytes(content)
    _durable(draft / MANIFEST)
    _durable(draft)
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)
    for parent in (folder.parent, folder.parent.parent, folder.parent.parent.parent):
        _durable(parent)
    return sha256(content).hexdigest()


def read_facts(path: Path) -> Iterator[list[ArchivedFact]]:
    """Yield the facts of a file, some thousands at a time.

    Raises:
        ArchiveDamaged: it is not there, or no such file (`archive_damaged`).
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=AT_ONCE):
                columns = [column.to_pylist() for column in batch.columns]
                yield [
                    ArchivedFact(UUID(bytes=key), *values) for key, *values in zip(*columns, strict=True)
                ]  # fmt: skip
    except (OSError, pa.ArrowException) as error:
        raise ArchiveDamaged(str(path), type(error).__name__) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex.

    Raises:
        ArchiveDamaged: it cannot be read (`archive_damaged`).
    """
    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1_000_000):
                digest.update(chunk)
    except OSError as error:
        raise ArchiveDamaged(str(path), type(error).__name__) from error
    return digest.hexdigest()


def _chunks(facts: Iterable[ArchivedFact], size: int) -> Iterator[list[ArchivedFact]]:
    some: list[ArchivedFact] = []
    for fact in facts:
        some.append(fact)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


def _table(facts: list[ArchivedFact]) -> pa.Table:
    keys, *columns = zip(*facts, strict=True)
    arrays = [pa.array([key.bytes for key in keys], pa.binary(16))]
    for values, field in zip(columns, list(_SCHEMA)[1:], strict=True):
        arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=_SCHEMA)


def _digest(digest: Any, facts: list[ArchivedFact]) -> None:
    for fact in facts:
        digest.update(msgspec.json.encode(fact))


def _durable(path: Path) -> None:
    """Make a file's content, or a directory's list of names, survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
