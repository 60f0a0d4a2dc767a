"""Rows gathered into batches, at the same borders in every run of a file (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Raw

from metering.imports.faults import RowFault
from metering.imports.reading import Becomes

__all__ = ("BadRow", "Batch", "batches")

_ROWS = 5_000
_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """Something in a row that was not taken; `position` tells several of one row apart."""

    row: int
    position: int
    column: str
    code: str
    detail: str


@dataclass(slots=True)
class Batch:
    """Some rows on end: their events, from which row and by which rule each is, and what is not taken."""

    rows: int = 0
    skipped: int = 0
    events: list[Raw] = field(default_factory=list)
    origins: list[tuple[int, int, int]] = field(default_factory=list)
    """Of each event its row's number, its position in the row, and its rule's index."""
    bad: list[BadRow] = field(default_factory=list)

    def take(self, row: int, made: "list[tuple[int, Raw]] | RowFault") -> None:
        """Add a row."""
        self.rows += 1
        if isinstance(made, RowFault):
            self.bad.append(BadRow(row, 0, made.column, made.code.value, made.detail))
            return
        self.skipped += not made
        for position, (rule, raw) in enumerate(made):
            self.events.append(raw)
            self.origins.append((row, position, rule))


def batches(rows: Iterator[Becomes]) -> Iterator[Batch]:
    """Yield the rows in batches of at most 5,000 rows or (but for the last row's) 5,000 events."""
    batch = Batch()
    for row, made in rows:
        batch.take(row, made)
        if batch.rows >= _ROWS or len(batch.events) >= _EVENTS:
            yield batch
            batch = Batch()
    if batch.rows:
        yield batch
