"""Files as an import reads them, from bytes."""

import json
from pathlib import Path
from typing import Any

from metering.imports.faults import RowFault
from metering.imports.opening import open_file
from metering.imports.plan import Options, Plan
from metering.imports.reading import FileRows
from metering.imports.text import Scan

__all__ = ("events", "faults", "opened")


def opened(folder: Path, data: bytes, zone: str = "Europe/Berlin", **said: str) -> tuple[Plan, FileRows]:
    path = folder / "file"
    path.write_bytes(data)
    scan = Scan()
    for start in range(0, len(data), 1000):
        scan.feed(data[start : start + 1000])
    scan.end()
    plan = open_file(scan, path, Options(**said), zone)
    # In small pieces: borders fall into lines and characters.
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)] if len(data) < 100_000 else [data]
    return plan, FileRows(plan, pieces, path)


def events(rows: FileRows) -> list[dict[str, Any]]:
    found = []
    for _, made in rows.read():
        assert not isinstance(made, RowFault), made.detail
        found += [json.loads(bytes(raw)) for _, raw in made]
    return found


def faults(rows: FileRows) -> list[tuple[int, str, str]]:
    return [(number, made.code.value, made.column) for number, made in rows.read() if isinstance(made, RowFault)]
