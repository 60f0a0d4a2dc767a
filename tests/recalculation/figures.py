"""What every naive meter works on and gives back."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.recalculation.facts import Fact
from tests.recalculation.people import Crowd, Organisation


@dataclass(frozen=True)
class Known:
    """What is known of a customer at some moment."""

    facts: list[Fact]
    crowd: Crowd
    organisation: Organisation
    tz: ZoneInfo
    holidays: frozenset


@dataclass
class Figure:
    """A figure, and how much of what drives it each cost centre carries (None: nobody)."""

    quantity: Fraction = Fraction(0)
    drivers: dict[str | None, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    people: set[str] = field(default_factory=set)

    def add_driver(self, known: Known, person: str, at: datetime, amount: Fraction, centre: str | None = None) -> None:
        """Give `amount` to the centre the fact names, or to those that carry the person that day."""
        if centre is not None:
            self.drivers[centre] += amount
            return
        for code, share in known.organisation.shares(person, at.astimezone(known.tz).date()).items():
            self.drivers[code] += amount * share
