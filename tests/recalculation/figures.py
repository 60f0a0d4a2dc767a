"""What every naive meter works on and gives back."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tests.recalculation.facts import Fact
from tests.recalculation.people import Crowd, Organisation

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What is known of a customer at some moment."""

    facts: list[Fact]
    crowd: Crowd
    organisation: Organisation
    tz: ZoneInfo
    holidays: frozenset
    memory: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, work: Callable[["Known"], T]) -> T:
        """Return what `work` makes of what is known; it is made once."""
        if name not in self.memory:
            self.memory[name] = work(self)
        return self.memory[name]


@dataclass
class Figure:
    """A figure, and who drives it by how much."""

    quantity: Fraction = Fraction(0)
    parts: list[tuple[Known, str, datetime, Fraction, str | None]] = field(default_factory=list)
    people: set[str] = field(default_factory=set)

    def add_driver(self, known: Known, person: str, at: datetime, amount: Fraction, centre: str | None = None) -> None:
        """Let `amount` be carried by the centre the fact names, or by those that carry the person that day."""
        self.parts.append((known, person, at, amount, centre))

    @property
    def drivers(self) -> dict[str | None, Fraction]:
        """How much each cost centre carries (None: nobody does)."""
        # Equal amounts are counted first and multiplied once: exact, and much quicker.
        counts: dict[str | None, dict[Fraction, int]] = defaultdict(lambda: defaultdict(int))
        for known, person, at, amount, centre in self.parts:
            if centre is not None:
                counts[centre][amount] += 1
                continue
            for code, share in known.organisation.shares(person, at.astimezone(known.tz).date()).items():
                counts[code][amount if share == 1 else amount * share] += 1
        return {
            code: sum((amount * number for amount, number in amounts.items()), Fraction(0))
            for code, amounts in counts.items()
        }
