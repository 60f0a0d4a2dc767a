"""Parquet files as rows of texts, batch by batch."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from metering.imports.faults import FileFault, RowCode, RowFault
from metering.imports.lines import Numbered

__all__ = ("ParquetRows",)

_BATCH = 2_000
_THRIFT_MAX = 16_000_000
_UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class ParquetRows:
    """One Parquet file.

    Cells become texts: whole floats lose their `.0` (columns of ids with gaps come as floats), NaN
    is empty, times are ISO 8601.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(
                path, thrift_string_size_limit=_THRIFT_MAX, thrift_container_size_limit=1_000_000, memory_map=False
            )
            schema = self._file.schema_arrow
        except _UNREADABLE as error:
            raise _unreadable(error) from error
        self.header = list(schema.names)
        self._types = list(schema.types)
        self.count: int = self._file.metadata.num_rows

    def check(self, places: Sequence[int]) -> None:
        """Refuse columns whose type has no text.

        Raises:
            FileFault: one of them is a list, a struct or the like (`import_column_type`).
        """
        for at in places:
            kind = self._types[at]
            if pa.types.is_nested(kind):
                detail = f"The column '{self.header[at]}' is of type {kind}: only single values can be mapped."
                raise FileFault("import_column_type", detail)

    def rows(self, places: Sequence[int], *, after: int = 0) -> Iterator[Numbered]:
        """Yield the rows after the first `after` ones, numbered from 1; columns not in `places` are ''.

        Raises:
            FileFault: the file breaks off or is damaged (`import_unreadable`).
        """
        names = [self.header[at] for at in places]
        width, number = len(self.header), 0
        batches = self._file.iter_batches(batch_size=_BATCH, columns=names, use_threads=False)
        while True:
            try:
                batch = next(batches, None)
            except _UNREADABLE as error:
                raise _unreadable(error) from error
            if batch is None:
                return
            if number + batch.num_rows <= after:
                number += batch.num_rows
                continue
            # The reader orders columns as the file does.
            columns = [_texts(batch.column(batch.schema.get_field_index(name))) for name in names]
            for values in zip(*columns, strict=True):
                number += 1
                if number > after:
                    yield number, _row(values, places, width)


def _row(values: Sequence[str | None], places: Sequence[int], width: int) -> list[str] | RowFault:
    cells = [""] * width
    for at, value in zip(places, values, strict=True):
        if value is None:
            return RowFault(RowCode.TEXT_UNDECODABLE, "", "A cell holds bytes that are not text in UTF-8.")
        cells[at] = value
    return cells


def _texts(column: "pa.Array[Any]") -> list[str | None]:
    try:
        values = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return [_alone(column, at) for at in range(len(column))]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return ["" if value is None else value for value in values]
    write = _writer(values)
    return ["" if value is None else write(value) for value in values]


def _alone(column: "pa.Array[Any]", at: int) -> str | None:
    try:
        value = column[at].as_py()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return None
    return "" if value is None else _text(value)


def _writer(values: Sequence[Any]) -> Callable[[Any], str | None]:
    kinds = {type(value) for value in values if value is not None}
    return str if kinds == {int} else _text


def _text(value: Any) -> str | None:
    write = _WRITERS.get(type(value), str)
    return write(value)


def _float(value: float) -> str:
    if not isfinite(value):
        return "" if isnan(value) else str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else repr(value)


def _bytes(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


_WRITERS: dict[type, Callable[[Any], str | None]] = {
    float: _float,
    bytes: _bytes,
    bool: lambda value: "true" if value else "false",
    datetime: lambda value: value.isoformat(),
    date: lambda value: value.isoformat(),
    Decimal: lambda value: f"{value:f}",
}


def _unreadable(error: BaseException) -> FileFault:
    text = str(error).split("\n", 1)[0][:160]
    return FileFault(
        "import_unreadable",
        f"The Parquet file can't be read ({text}). Was it cut off? Write it again and send it whole.",
    )
