"""What a document's number looks like, and which series it is drawn from.

The number itself comes from a locked counter row, in the transaction that finalises; the registry
row beside it points at the row before, so that the database refuses a gap and a date that goes back.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

__all__ = ("Numbered", "Series", "series_of")

INVOICE, CREDIT_NOTE = "invoice", "credit_note"


@dataclass(frozen=True, slots=True)
class Series:
    """A run of numbers: per legal entity, kind of document and year of issue."""

    legal_entity_id: UUID
    name: str
    """`INV` or `CN`; sandbox tenants draw from series of their own clock, `INV-T1a2b3c4d`."""
    year: int


@dataclass(frozen=True, slots=True)
class Numbered:
    """A place in a series."""

    series: Series
    number: int
    issued_on: date

    def text(self, prefix: str) -> str:
        """Return the number as printed: prefix, series unless plain invoices, year, six digits.

        >>> Numbered(Series(UUID(int=1), "CN", 2026), 7, date(2026, 11, 4)).text("TBE")
        'TBE-CN-2026-000007'
        """
        series = "" if self.series.name == "INV" else f"{self.series.name}-"
        return f"{prefix}-{series}{self.series.year}-{self.number:06d}"


def series_of(legal_entity_id: UUID, kind: str, issued_on: date, test_clock_id: UUID | None) -> Series:
    """Return the series that a document of that kind and date belongs to.

    A test clock runs ahead of the world: were its invoices in the real series, the next real one
    would have to carry a date in the past. So each clock has series of its own.
    """
    name = "CN" if kind == CREDIT_NOTE else "INV"
    if test_clock_id is not None:
        name += f"-T{test_clock_id.hex[-8:]}"
    return Series(legal_entity_id, name, issued_on.year)
