"""What can be asked (pure). A question is stored with its answer, so that it can be asked again."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec

from metering.policies import CountingPolicies
from plans.charges import Charge
from plans.documents import PlanDocument

__all__ = (
    "AddonWish",
    "DefinitionQuestion",
    "ModelsQuestion",
    "PlanWish",
    "Question",
    "SeatsQuestion",
    "SimulationQuestion",
    "TimeoutQuestion",
    "tenants_of",
)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
Percent = Annotated[Decimal, msgspec.Meta(description="A decimal string; 25 is a quarter more.")]
Seconds = Annotated[int, msgspec.Meta(ge=60, le=86_400)]
Many = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manner of all parts of a question."""


class AddonWish(_Asked, frozen=True, kw_only=True):
    """An add-on and how many of it."""

    key: Key
    quantity: Many = 1


class PlanWish(_Asked, frozen=True, kw_only=True):
    """A plan in its newest version, in a certain one, as its draft stands, or with terms of its own."""

    plan: Key
    version: int | None = None
    draft: bool = False
    document: PlanDocument | None = None
    """Negotiated terms: they stand instead of the plan's."""
    addons: tuple[AddonWish, ...] = ()


class _Question(_Asked, frozen=True, kw_only=True, tag_field="kind"):
    """Every question is about days of stored facts, the first included, the last not."""

    starts_on: date
    ends_on: date
    currency: Currency | None = None
    """None: each customer's own."""


class SimulationQuestion(_Question, frozen=True, kw_only=True, tag="simulation"):
    """Which invoices would these plans have made for these customers?"""

    tenants: Annotated[tuple[Key, ...], msgspec.Meta(min_length=1, max_length=200)]
    plans: Annotated[tuple[PlanWish, ...], msgspec.Meta(min_length=1, max_length=20)]
    growth_percent: Percent = Decimal(0)
    """So much more usage, of everything."""


class ModelsQuestion(_Question, frozen=True, kw_only=True, tag="models"):
    """What would the customer's usage cost under each licence model?"""

    tenant: Key
    growth_percent: Percent = Decimal(20)
    charges: tuple[Charge, ...] = ()
    """Prices to compare instead of the catalogue's: one charge for each model."""


class SeatsQuestion(_Question, frozen=True, kw_only=True, tag="seats"):
    """How many concurrent licences does the customer need?"""

    tenant: Key
    pool: str | None = None
    limits: Annotated[tuple[Many, ...], msgspec.Meta(max_length=50)] = ()
    """None named: evenly spread up to the peak."""
    target_percent: Percent = Decimal("0.5")
    """True denials among requests that are acceptable."""
    charge: Charge | None = None
    """The price of concurrent licences; None: the catalogue's."""


class TimeoutQuestion(_Question, frozen=True, kw_only=True, tag="timeout"):
    """What does the idle time-out cost?"""

    tenant: Key
    plan: PlanWish
    timeouts_s: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1, max_length=20)] = (
        300, 600, 900, 1_200, 1_800, 2_700, 3_600, 5_400, 7_200,
    )  # fmt: skip


class DefinitionQuestion(_Question, frozen=True, kw_only=True, tag="definition"):
    """What changes if the meters are read in another way?"""

    tenant: Key
    plan: PlanWish
    policies: CountingPolicies


Question = SimulationQuestion | ModelsQuestion | SeatsQuestion | TimeoutQuestion | DefinitionQuestion


def tenants_of(question: Question) -> tuple[str, ...]:
    """Return the customers that a question is about, by id or slug."""
    return question.tenants if isinstance(question, SimulationQuestion) else (question.tenant,)
