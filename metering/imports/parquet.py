"""Parquet files as rows of texts, batch by batch.

A few bytes of such a file can stand for very many: a page is unpacked whole, and a dictionary names a
long value in each of many rows. So what a column takes unpacked is looked up before it is read,
and texts stay in their dictionaries until their lengths are known.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from metering.imports.faults import FileFault, RowCode, RowFault
from metering.imports.lines import MAX_ROW, Numbered

__all__ = ("ParquetRows",)

_BATCH = 2_000
_COLUMN_MAX = 64_000_000
"""How many bytes a column may take in one row group, unpacked: so much is held in memory, two or three times."""
_THRIFT_MAX = 16_000_000
_UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class ParquetRows:
    """One Parquet file.

    Cells become texts: whole floats lose their `.0` (columns of ids with gaps come as floats), NaN
    is empty, times are ISO 8601.
    """

    def __init__(self, path: Path) -> None:
        try:
            schema = _opened(path).schema_arrow
            self._file = _opened(path, [field.name for field in schema if _is_text(field.type)])
        except _UNREADABLE as error:
            raise _unreadable(error) from error
        self.header = list(schema.names)
        self._types = list(schema.types)
        self.count: int = self._file.metadata.num_rows

    def check(self, places: Sequence[int]) -> None:
        """Refuse columns whose type has no text, or which are too large to be unpacked.

        Raises:
            FileFault: one of them is a list, a struct or the like (`import_column_type`), or takes more than
                64 MB in one row group (`import_row_group_large`).
        """
        for at in places:
            kind = self._types[at]
            if pa.types.is_nested(kind):
                detail = f"The column '{self.header[at]}' is of type {kind}: only single values can be mapped."
                raise FileFault("import_column_type", detail)
        self._refuse_large({self.header[at] for at in places})

    def _refuse_large(self, names: set[str]) -> None:
        metadata = self._file.metadata
        for group in range(metadata.num_row_groups):
            row_group = metadata.row_group(group)
            for at in range(row_group.num_columns):
                column = row_group.column(at)
                if column.path_in_schema in names and column.total_uncompressed_size > _COLUMN_MAX:
                    raise FileFault(
                        "import_row_group_large",
                        f"The column '{column.path_in_schema}' takes more than {_COLUMN_MAX:,} bytes in row group"
                        f" {group + 1}. Write the file with smaller row groups, of 100,000 rows for example.",
                    )

    def rows(self, places: Sequence[int], *, after: int = 0) -> Iterator[Numbered]:
        """Yield the rows after the first `after` ones, numbered from 1; columns not in `places` are ''.

        Raises:
            FileFault: the file breaks off or is damaged (`import_unreadable`), or a column is too large to be
                unpacked (`import_row_group_large`).
        """
        self._refuse_large({self.header[at] for at in places})
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


def _opened(path: Path, dictionaries: list[str] | None = None) -> pq.ParquetFile:
    return pq.ParquetFile(
        path, thrift_string_size_limit=_THRIFT_MAX, thrift_container_size_limit=1_000_000, memory_map=False,
        read_dictionary=dictionaries,
    )  # fmt: skip


def _is_text(kind: "pa.DataType") -> bool:
    """Tell whether cells of a type may be of any length."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    )  # fmt: skip


class _Large(str):
    """Stands for a cell that is longer than a row may be."""

    __slots__ = ()


_LARGE = _Large()


def _row(values: Sequence[str | None], places: Sequence[int], width: int) -> list[str] | RowFault:
    cells, length = [""] * width, 0
    for at, value in zip(places, values, strict=True):
        if value is None:
            return RowFault(RowCode.TEXT_UNDECODABLE, "", "A cell holds bytes that are not text in UTF-8.")
        length += MAX_ROW + 1 if value is _LARGE else len(value)
        cells[at] = value
    if length > MAX_ROW:
        return RowFault(RowCode.ROW_TOO_LARGE, "", f"The row has more than {MAX_ROW:,} characters. Shorten it.")
    return cells


def _texts(column: "pa.Array[Any]") -> list[str | None]:
    if isinstance(column, pa.DictionaryArray):
        return _texts_of_dictionary(column)
    if _is_text(column.type):
        lengths = pc.binary_length(column)
        if (pc.max(lengths).as_py() or 0) > MAX_ROW:
            found = enumerate(lengths.to_pylist())
            return [_LARGE if (length or 0) > MAX_ROW else _alone(column, at) for at, length in found]
    try:
        values = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return [_alone(column, at) for at in range(len(column))]
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return ["" if value is None else value for value in values]
    write = _writer(values)
    return ["" if value is None else write(value) for value in values]


def _texts_of_dictionary(column: "pa.DictionaryArray[Any]") -> list[str | None]:
    """Return the cells: a value that many rows have is one text."""
    used = pc.unique(column.indices.drop_null())
    known = _texts(column.dictionary.take(used))
    texts: dict[int | None, str | None] = {None: ""} | dict(zip(used.to_pylist(), known, strict=True))
    return [texts[index] for index in column.indices.to_pylist()]


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
