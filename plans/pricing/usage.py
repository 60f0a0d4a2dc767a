"""What goes into rating and what comes out of it."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.money import Money
from plans.pricing.steps import Step

__all__ = ("Billable", "CurvePoint", "Off", "Rated", "UsageQuantity")


@dataclass(frozen=True, slots=True)
class UsageQuantity:
    """The measured quantity of one charge in one billing period.

    `total` may be any exact ratio: it is rounded to 12 decimals before anything is priced. The
    cumulative fields matter only to charges with `tier_period` or `included_per`.
    """

    total: Fraction
    by_key: tuple[tuple[str, Fraction], ...] = ()
    """`price_list`: the quantity by value of the dimension; sums to `total`."""
    cumulative_before: Fraction = Fraction(0)
    """The quantities of this charge's earlier bills in the contract year."""
    included_pool: Fraction = Fraction(0)
    """The pooled allowance: of the contract year up to the end of this period where the charge is
    cumulative, else of a full period."""
    included_pool_before: Fraction = Fraction(0)
    """The same up to the beginning of this period; 0 in the contract year's first."""
    banked: Fraction = Fraction(0)
    """Free units that earlier periods did not use (`rollover_months`)."""
    splits: bool | None = None
    """Whether figures of pieces of a period add up to the period's; None: as the charge's built-in meter does."""


@dataclass(frozen=True, slots=True)
class Billable:
    """What a model prices: the units left after the free ones, and the part of the period for fixed money."""

    quantity: Fraction
    by_key: tuple[tuple[str, Fraction], ...] = ()
    part: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Off:
    """What a discount takes off a line: a percentage of what it comes to, or an amount for a full period."""

    key: str
    percent: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Rated:
    """A charge's amount for a period, rounded once, with the quantity it is for and the steps to it."""

    amount: Money
    quantity: Decimal
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a price curve; `average` and `marginal` are exact to 12 decimals, per unit."""

    quantity: Decimal
    total: Money
    average: Decimal
    marginal: Decimal
