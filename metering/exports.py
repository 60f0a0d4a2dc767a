"""Rows as files, piece by piece: CSV and Parquet of exactly what the API says in JSON (pure).

Cells come in as they stand in JSON. In Parquet, decimals and instants get types of their own;
decimals have 12 places, as many as any quantity has.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ("CSV", "PARQUET", "ExportColumn", "Rows", "csv_pieces", "parquet_pieces")

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
Rows = Sequence[Sequence[Any]]
"""Rows of cells: text, true or false, or None."""

_TYPES = {
    "text": pa.string(),
    "flag": pa.bool_(),
    "instant": pa.timestamp("us", tz="UTC"),
    "decimal": pa.decimal128(38, 12),
}


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its name, and what its cells are."""

    name: str
    kind: Literal["text", "flag", "instant", "decimal"] = "text"


def csv_pieces(columns: Sequence[ExportColumn], parts: Iterable[Rows]) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8, a header; null is empty), a piece for each part."""
    yield _lines([[column.name for column in columns]])
    for part in parts:
        if part:
            yield _lines([[_plain(cell) for cell in row] for row in part])


def _plain(cell: Any) -> str:
    if cell is None:
        return ""
    return ("true" if cell else "false") if isinstance(cell, bool) else str(cell)


def _lines(rows: Rows) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


class _Sink(io.RawIOBase):
    """A file that is taken away as it is written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def parquet_pieces(columns: Sequence[ExportColumn], parts: Iterable[Rows]) -> Iterator[bytes]:
    """Yield a Parquet file (zstd), a row group for each part."""
    schema = pa.schema([(column.name, _TYPES[column.kind]) for column in columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for part in parts:
            if part:
                arrays = [
                    pa.array([_typed(row[at], column.kind) for row in part], schema.field(at).type)
                    for at, column in enumerate(columns)
                ]
                writer.write_table(pa.table(arrays, schema=schema))
                yield sink.taken()
    yield sink.taken()


def _typed(cell: Any, kind: str) -> Any:
    if cell is None or kind in ("text", "flag"):
        return cell
    return Decimal(cell) if kind == "decimal" else datetime.fromisoformat(cell)
