"""What can be asked (pure). A question is stored with its answer, so that it can be asked again."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from core.errors import InputError, InvalidInput
from metering.policies import CountingPolicies
from plans.charges import Charge
from plans.documents import PlanDocument

__all__ = (
    "AddonWish",
    "AssumedSeats",
    "BilledLine",
    "DefinitionQuestion",
    "MarginsQuestion",
    "ModelsQuestion",
    "NamedPolicies",
    "ParallelFile",
    "ParallelQuestion",
    "PlanWish",
    "Question",
    "SeatsQuestion",
    "SimulationQuestion",
    "TimeoutQuestion",
    "VersionQuestion",
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
    quantity: Many | None = None
    """How many of it are bought; None: one, and where a price goes by it the result is marked (`quantity_unsaid`)."""
    addons: tuple[AddonWish, ...] = ()


class AssumedSeats(_Asked, frozen=True, kw_only=True):
    """How many named seats a customer is taken to hold of whose seats nothing was counted: one of both."""

    like: Literal["registered", "peak_active"] | None = None
    """As many as registered members, or as were active in the most active period."""
    number: Many | None = None

    def refuse_vague(self) -> None:
        """Raise InvalidInput where it is not said how many (`assumption_invalid`)."""
        if (self.like is None) == (self.number is None):
            detail = "Assume as many seats as something else ('like'), or a number of them ('number'): one of both."
            raise InvalidInput(InputError("/assumed_seats", "assumption_invalid", detail))


class _Question(_Asked, frozen=True, kw_only=True, tag_field="kind"):
    """Every question is about days of stored facts, the first included, the last not."""

    starts_on: date
    ends_on: date
    currency: Currency | None = None
    """None: each customer's own."""


class SimulationQuestion(_Question, frozen=True, kw_only=True, tag="simulation"):
    """Which invoices would these plans and quotes have made for these customers?"""

    tenants: Annotated[tuple[Key, ...], msgspec.Meta(min_length=1, max_length=200)]
    plans: Annotated[tuple[PlanWish, ...], msgspec.Meta(max_length=20)] = ()
    quotes: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=20)] = ()
    """Versions of quotes by id, beside plans or instead of them: each as if its contract began with these days."""
    growth_percent: Percent = Decimal(0)
    """So much more usage, of everything."""
    assumed_seats: AssumedSeats | None = None
    """Where nothing was counted of seats; None: nothing is assumed."""


class ModelsQuestion(_Question, frozen=True, kw_only=True, tag="models"):
    """What would the customer's usage cost under each licence model?"""

    tenant: Key
    growth_percent: Percent = Decimal(20)
    charges: tuple[Charge, ...] = ()
    """Prices to compare instead of the catalogue's: one charge for each model."""
    assumed_seats: AssumedSeats | None = None
    """Where nothing was counted of seats; None: nothing is assumed."""


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


class VersionQuestion(_Question, frozen=True, kw_only=True, tag="version"):
    """What do all contracts on a version come to under another one? Each in its own currency."""

    plan: Key
    before: Many
    """The number of the version that is held."""
    after: Many | None = None
    """None: the draft."""


class MarginsQuestion(_Question, frozen=True, kw_only=True, tag="margins"):
    """What was left of customers' bills for these months after what serving them cost? Each in its own currency.

    Both days are first days of months.
    """


class BilledLine(_Asked, frozen=True, kw_only=True):
    """A line that another system billed: of the billing period that holds the day `period`, before tax."""

    period: date
    charge: Key
    """The charge key here; what has no charge of that key in the plan is told as such."""
    quantity: Decimal
    amount: Decimal


class NamedPolicies(_Asked, frozen=True, kw_only=True):
    """A definition that the other system may have counted by."""

    name: Key
    policies: CountingPolicies


class ParallelQuestion(_Question, frozen=True, kw_only=True, tag="parallel"):
    """Why does another system's bill differ from ours for the same months?"""

    tenant: Key
    plan: PlanWish
    lines: Annotated[tuple[BilledLine, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    definitions: Annotated[tuple[NamedPolicies, ...], msgspec.Meta(max_length=20)] = ()
    """Beside the usual ones, which are tried anyway."""
    billed_after_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 3
    """The other system billed what it knew so many days after a period's end: later facts are late."""


class ParallelFile(_Asked, frozen=True, kw_only=True):
    """The same question with the other system's lines as a CSV file."""

    tenant: Key
    plan: PlanWish
    starts_on: date
    ends_on: date
    currency: Currency | None = None
    csv: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000_000)]
    columns: dict[str, str] = {}
    """The file's names of `period`, `charge`, `quantity`, `amount` and `currency`, where they differ."""
    charges: dict[str, str] = {}
    """The file's line descriptions and the charge keys that they stand for."""
    definitions: Annotated[tuple[NamedPolicies, ...], msgspec.Meta(max_length=20)] = ()
    billed_after_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 3


Question = (
    SimulationQuestion
    | ModelsQuestion
    | SeatsQuestion
    | TimeoutQuestion
    | DefinitionQuestion
    | ParallelQuestion
    | VersionQuestion
    | MarginsQuestion
)


def tenants_of(question: Question) -> tuple[str, ...]:
    """Return the customers that a question names, by id or slug; those about all name none."""
    if isinstance(question, VersionQuestion | MarginsQuestion):
        return ()
    return question.tenants if isinstance(question, SimulationQuestion) else (question.tenant,)
