"""What an allocation is made from: lines of cost pools, and drivers that were measured before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

__all__ = ("CENTRES", "HEADCOUNT", "HEADCOUNT_DECLARED", "Basis", "DriverKey", "Inputs", "Line")

HEADCOUNT = "headcount"
"""Source: people assigned to each centre at the end of the period, split people by their shares."""
HEADCOUNT_DECLARED = "headcount.declared"
"""Source: the headcount that is written at each cost centre."""
CENTRES = "cost_centres"
"""Source: 1 for each final cost centre (one that is no other's parent) at the end of the period."""


@dataclass(frozen=True, slots=True, order=True)
class DriverKey:
    """Names one set of drivers: what was counted, and when.

    Attributes:
        source: a meter's name, or one of the sources above.
        starts_at: start of the span, included.
        ends_at: end of the span, not included.
        line: key of the line that came with its own drivers (what the invoice counted for it); ''
            where the source is measured over the span.
    """

    source: str
    starts_at: datetime
    ends_at: datetime
    line: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cost pool.

    Attributes:
        key: unique in the run; ties in rounding never depend on it.
        kind: `usage`, `late`, `refund`, `carried` … as billing names it.
        meter: what the line charges for, or None for a flat charge.
        consumer: slug of the tenant that used it.
        own: the consumer is the payer, whose usage may be read.
        starts_at, ends_at: the span whose drivers divide the line.
        net_minor, tax_minor: what is divided, each for itself; may be negative.
        counted: the invoice came with what was counted for this very line.
        net_before_minor, tax_before_minor: what stood there before this line changed it: for a
            credit, what is left of the credited line; else 0.
    """

    key: str
    charge_key: str
    kind: str
    meter: str | None
    consumer: str
    own: bool
    starts_at: datetime
    ends_at: datetime
    currency: str
    net_minor: int
    tax_minor: int
    counted: bool = False
    net_before_minor: int = 0
    tax_before_minor: int = 0

    def drivers(self, source: str) -> DriverKey:
        """Return the name of a driver over this line's span."""
        return DriverKey(source, self.starts_at, self.ends_at)

    def causes(self) -> DriverKey | None:
        """Return the name of the drivers that caused the line, or None where nothing was counted."""
        if self.meter is None:
            return None
        return DriverKey(self.meter, self.starts_at, self.ends_at, self.key if self.counted else "")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Measured drivers, and the cost centres that exist.

    Attributes:
        drivers: quantities by cost-centre code (or `~unassigned`) per driver.
        centres: codes that rules may name.
        given: for rules of the second pass, exact net amounts that the first pass gave to centres.
    """

    drivers: Mapping[DriverKey, Mapping[str, Fraction]]
    centres: frozenset[str]
    given: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a method divides a line by: its name for people, and a quantity ≥ 0 per code."""

    driver: str
    quantities: Mapping[str, Fraction]
    total: Fraction = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", sum(self.quantities.values(), Fraction(0)))
