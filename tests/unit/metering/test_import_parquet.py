"""Parquet files that take far more than their bytes: refused before they are read, or read within bounds."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metering.imports.faults import FileFault
from metering.imports.parquet import ParquetRows


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    # As others write them: Arrow's own types are not told.
    pq.write_table(pa.table(columns), out, compression="zstd", store_schema=False)
    return out.getvalue()


def of_columns(tmp_path: Path, data: bytes) -> list[Any]:
    path = tmp_path / "long.parquet"
    path.write_bytes(data)
    return [cells for _, cells in ParquetRows(path).rows([0, 1])]


def test_a_column_that_takes_too_much_unpacked_is_refused_before_it_is_read(tmp_path: Path) -> None:
    data = parquet(A=["a" * 65_000_000], B=["1"])
    assert len(data) < 100_000
    writing = pa.total_allocated_bytes()

    with pytest.raises(FileFault, match="Write the file with smaller row groups") as refused:
        of_columns(tmp_path, data)

    assert refused.value.code == "import_row_group_large"
    assert pa.total_allocated_bytes() - writing < 1_000_000


def test_a_column_that_nothing_is_taken_from_may_be_large(tmp_path: Path) -> None:
    assert of_columns(tmp_path, parquet(A=["x"], B=["1"], C=["a" * 65_000_000])) == [["x", "1", ""]]


def test_a_cell_that_is_longer_than_a_row_may_be_is_a_bad_row(tmp_path: Path) -> None:
    long, half = "a" * 1_000_001, "b" * 600_000

    found = of_columns(tmp_path, parquet(A=["x", long, half, half, None], B=["1", "2", "3", half, "5"]))

    assert [cells if isinstance(cells, list) else cells.code.value for cells in found] == [
        ["x", "1"], "row_too_large", [half, "3"], "row_too_large", ["", "5"],
    ]  # fmt: skip


def test_a_long_cell_that_many_rows_have_is_kept_once(tmp_path: Path) -> None:
    one_cell = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), pa.array(["a" * 900_000]))
    data = parquet(A=one_cell, B=[str(n) for n in range(2_000)])
    assert len(data) < 200_000
    before = pa.default_memory_pool().bytes_allocated()

    found = of_columns(tmp_path, data)

    # Each by itself they would be 1.8 GB.
    assert len({id(cells[0]) for cells in found}) == 1
    assert pa.default_memory_pool().bytes_allocated() == before


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
@pytest.mark.parametrize("dictionary", [True, False])
def test_texts_of_all_kinds_are_read_alike(tmp_path: Path, kind: Any, dictionary: bool) -> None:
    out = io.BytesIO()
    column = pa.array(["x", None, "y", "x"], pa.string()).cast(kind)
    pq.write_table(pa.table({"A": column, "B": ["1", "2", "3", "4"]}), out, use_dictionary=dictionary)

    assert of_columns(tmp_path, out.getvalue()) == [["x", "1"], ["", "2"], ["y", "3"], ["x", "4"]]
