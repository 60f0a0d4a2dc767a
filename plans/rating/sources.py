"""Where rating gets its figures, and what it makes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core.periods import Period
from metering.measurement import Measurement
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Rated
from plans.subscriptions import HeldCharge

__all__ = ("Charged", "RatedCharge", "Sources")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where rating gets its figures."""

    measure: Callable[[str, Period], Measurement]
    """Meter and period → figure with its grounds; asked for whole contract years by pooled allowances."""
    earlier: Callable[[HeldCharge, Period], Fraction] = lambda _held, _period: Fraction(0)
    """A charge and the contract year before this bill → what its bills of that stretch counted, refunds
    not taken off. Asked for `tier_period` and `included_per` a year only."""


@dataclass(frozen=True, slots=True)
class RatedCharge:
    """One charge of one period: the line to be, with all that it stands on."""

    charge_key: str
    charge: Charge
    """Of a discount or a commitment a flat one of that name."""
    kind: Literal["usage", "advance", "refund"]
    period: Period
    """The service period; for a refund that of the transaction's origin."""
    part: Fraction
    """Of the full period."""
    rated: Rated
    measurement: Measurement | None
    """What was counted, narrowed to this charge; None for a fee."""

    @property
    def meter(self) -> str | None:
        """The meter, or None for a fee."""
        return self.charge.meter

    @property
    def quantity(self) -> Decimal:
        """The billed quantity, to 12 decimals."""
        return self.rated.quantity


@dataclass(frozen=True, slots=True)
class Charged:
    """What a contract's billing periods charge, each by its span, after line discounts."""

    arrears: Callable[[Span], Sequence[RatedCharge]]
    advances: Callable[[Span], Sequence[RatedCharge]]
