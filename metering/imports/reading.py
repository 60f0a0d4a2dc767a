"""A file's rows as what they become: the one way from a plan and bytes to events (pure but for Parquet's file)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from metering.imports.columns import locate, norm
from metering.imports.faults import RowCode, RowFault
from metering.imports.lines import csv_rows, undecodable
from metering.imports.objects import flat, json_rows
from metering.imports.parquet import ParquetRows
from metering.imports.plan import Plan
from metering.imports.rows import RowMapper
from metering.imports.text import Texture
from metering.ingest.validation import canonical_json

__all__ = ("Becomes", "FileRows", "Made")

Made: TypeAlias = tuple[int, Raw]
"""The index of the rule, and the event in JSON."""
Becomes: TypeAlias = tuple[int, list[Made] | RowFault]
"""A row's number, and its events (none: it is skipped) or why it has none."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where a file's bytes are: pieces in their order, or a path for Parquet."""

    pieces: Iterable[bytes] = ()
    path: Path | None = None


class FileRows:
    """The rows of one file."""

    def __init__(self, plan: Plan, pieces: Iterable[bytes] = (), path: Path | None = None) -> None:
        self._plan = plan
        self._stored = _Stored(pieces, path)
        self._mapper = RowMapper(plan.mapping, plan.header, plan.tz) if plan.mapping is not None else None

    def read(self, *, after: int = 0) -> Iterator[Becomes]:
        """Yield what each row becomes, the first `after` rows left out.

        Raises:
            FileFault: the file is damaged (`import_unreadable`).
        """
        plan = self._plan
        if plan.format == "csv":
            yield from self._csv(after)
        elif plan.format == "ndjson":
            yield from self._objects(after)
        else:
            assert self._stored.path is not None
            assert plan.mapping is not None
            places = sorted(set(locate(plan.mapping, plan.header).values()))
            for number, cells in ParquetRows(self._stored.path).rows(places, after=after):
                yield number, cells if isinstance(cells, RowFault) else self._mapped(cells)

    def column_of(self, rule: int, detail: str) -> str:
        """Return the column that an event's fault is about ('' where none can be told)."""
        if self._mapper is None:
            return detail.partition(":")[0].partition(" ")[0]
        return self._mapper.column_of(rule, detail)

    def _csv(self, after: int) -> Iterator[Becomes]:
        plan = self._plan
        rows = csv_rows(self._stored.pieces, Texture(plan.encoding, plan.delimiter, ()), plan.newline)
        next(rows, None)  # the header
        for skipped in range(after):
            del skipped
            next(rows, None)
        for number, cells in rows:
            yield number, cells if isinstance(cells, RowFault) else self._mapped(cells)

    def _objects(self, after: int) -> Iterator[Becomes]:
        keys = [norm(name) for name in self._plan.header]
        rows = json_rows(self._stored.pieces, self._plan.encoding)
        for skipped in range(after):
            del skipped
            next(rows, None)
        for number, found in rows:
            if isinstance(found, RowFault):
                yield number, found
            elif self._mapper is None:
                yield number, [(0, _event(*found, self._plan.source))]
            else:
                yield number, self._mapped(flat(found[1], keys))

    def _mapped(self, cells: list[str]) -> list[Made] | RowFault:
        assert self._mapper is not None
        try:
            return [(rule, Raw(_encode(event))) for rule, event in self._mapper.events(cells)]
        except RowFault as fault:
            at = undecodable(cells)
            return fault if at < 0 else self._undecodable(at)
        except UnicodeEncodeError:
            return self._undecodable(max(undecodable(cells), 0))

    def _undecodable(self, at: int) -> RowFault:
        detail = f"The cell has bytes that are not {self._plan.encoding}. Save the file as UTF-8."
        return RowFault(RowCode.TEXT_UNDECODABLE, self._plan.header[at].strip(), detail)


def _event(text: str, found: dict[str, Any], source: str) -> Raw:
    """Return a line that is an event itself; one without source or id gets them, the same in every file."""
    if "source" in found and "id" in found:
        return Raw(text.encode())
    found.setdefault("source", source)
    if "id" not in found:
        content = canonical_json({name: value for name, value in found.items() if name != "specversion"})
        found["id"] = f"line-{blake2b(content, digest_size=16).hexdigest()}"
    return Raw(canonical_json(found))
