"""A charge as data: what it counts, by which model, at which prices per currency.

The types are lax on purpose (a price has every model's fields, all optional): `plans.validation`
then names every fault at once, by pointer and code, instead of the decoder's first one.
"""

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

__all__ = (
    "Charge",
    "ChargeModel",
    "Frozen",
    "IncludedPer",
    "Price",
    "Proration",
    "Tier",
)

ChargeModel: TypeAlias = Literal[
    "flat", "per_unit", "graduated", "volume", "package", "stairstep", "percentage", "price_list"
]
Proration: TypeAlias = Literal["by_second", "by_day", "none"]


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The manner of all parts of a document: immutable, by name, defaults left out of the JSON."""


class Tier(Frozen, frozen=True):
    """One step of a tiered price, from the edge before it (exclusive) to `up_to` (inclusive)."""

    up_to: Decimal | None = None
    """The last quantity of the tier; None only in the last one, which is open."""
    unit: Decimal | None = None
    """Price of one unit."""
    flat: Decimal | None = None
    """Price of reaching the tier at all; the whole price of a stairstep."""


class Price(Frozen, frozen=True):
    """A charge's figures in one currency, in major units. Which fields a model reads: `plans.validation`."""

    amount: Decimal | None = None
    """`flat`: the amount. `package`: the price of one package."""
    unit: Decimal | None = None
    """`per_unit`: the price of one unit."""
    size: Decimal | None = None
    """`package`: how many units one package holds."""
    tiers: tuple[Tier, ...] = ()
    """`graduated`, `volume`, `stairstep`."""
    percent: Decimal | None = None
    """`percentage`: 7.5 means 7.5 % of the quantity, which is money here."""
    fixed: Decimal | None = None
    """`percentage`: always added, after `least` and `most`."""
    least: Decimal | None = None
    """`percentage`: the percentage is at least this."""
    most: Decimal | None = None
    """`percentage`: the percentage is at most this."""
    entries: dict[str, Decimal] = {}
    """`price_list`: price of one unit, by value of the charge's dimension; `*` in a value stands for any text."""
    default: Decimal | None = None
    """`price_list`: price of one unit of any other value."""
    minimum: Decimal | None = None
    """The bill's amount is at least this, at zero use too; prorated."""
    cap: Decimal | None = None
    """The bill's amount is at most this; prorated."""


class IncludedPer(Frozen, frozen=True):
    """A pooled allowance: `quantity` units for each unit of `meter`.

    Over the contract year so far (`year`), or of each billing period on its own (`period`): five
    registered people for each active one.
    """

    meter: str
    quantity: Decimal
    period: Literal["year", "period"] = "year"


class Charge(Frozen, frozen=True):
    """What is counted (a meter, or nothing) and what it costs."""

    key: str
    name: str
    model: ChargeModel
    prices: dict[str, Price]
    """By ISO 4217 code."""
    meter: str | None = None
    """None: nothing is counted, the quantity is that of the subscription item (1)."""
    where: dict[str, tuple[str, ...]] = {}
    """Count only entries whose key has one of these values, for instance `course_type`: `wbt`."""
    dimension: str | None = None
    """`price_list`: the entry's key that the list goes by."""
    list_order: tuple[str, ...] = ()
    """`price_list`: the order in which `included` is used up; by key where this is silent."""
    included: Decimal = Decimal(0)
    """Units free of charge, taken off first."""
    included_per_item: Decimal = Decimal(0)
    """Units free of charge for each unit of the item that is held: with 1, a true-up over the seats bought."""
    included_per: IncludedPer | None = None
    rollover_months: int | None = None
    """Free units that a period did not use may be used in the next ones, for so many months."""
    tier_period: Literal["year"] | None = None
    """Tiers over the contract year: a bill is the difference of the cumulative charge."""
    interval_months: int | None = None
    """The charge's own interval; None: the plan's. A multiple of the plan's."""
    fair_use: bool = False
    """Members who are idle (`policies.members.idle_days`, 28) are credited for their days, by a line of its own."""
    once: bool = False
    """A fee that is due one time, with the first period in which the plan is held; never prorated."""
    in_advance: bool = False
    proration: Proration = "by_second"
