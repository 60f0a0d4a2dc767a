"""What a quote says, and what it gives away (pure)."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec

from core.money import Money, quantize_quantity
from core.periods import add_months
from plans.documents import PlanDocument
from plans.terms import Discount

__all__ = (
    "TRANSITIONS",
    "OfferPhase",
    "QuoteAddon",
    "QuoteTerms",
    "State",
    "Trigger",
    "advance",
    "begun_on",
    "first_year",
    "given_away",
    "list_terms",
    "months_back",
    "moved",
    "needs_approval",
)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Many = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manner of all parts of an offer."""


class QuoteAddon(_Part, frozen=True, kw_only=True):
    """An add-on and how many of it."""

    key: Key
    quantity: Many = 1
    version: Many | None = None


class OfferPhase(_Part, frozen=True, kw_only=True):
    """A later stretch of the contract; what is left out stays as before."""

    starts_on: date
    plan: Key | None = None
    version: Many | None = None
    quantity: Many | None = None
    terms: PlanDocument | None = None


class QuoteTerms(_Part, frozen=True, kw_only=True):
    """The contract that is offered: exactly what the subscription will be made of."""

    plan: Key
    version: Many | None = None
    starts_on: date
    """The first local day."""
    term_months: Annotated[int, msgspec.Meta(ge=1, le=120)] = 12
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] | None = None
    quantity: Many = 1
    addons: tuple[QuoteAddon, ...] = ()
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's."""
    trial_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    phases: tuple[OfferPhase, ...] = ()
    discounts: tuple[Discount, ...] = ()
    replaces: Key | None = None
    """The subscription, by its key, that ends as this one begins; None: it stands beside what is held."""

    @property
    def ends_on(self) -> date:
        """The local day on which the term is over."""
        return add_months(self.starts_on, self.term_months)


class State(StrEnum):
    """Where a quote stands; that it expired or was replaced is told by its date and its successor."""

    DRAFT = "draft"
    """Saved, and not sent: the seller's own affair."""
    PENDING = "pending"
    """It gives more away than its maker may: somebody else has to approve it."""
    OPEN = "open"
    """The customer may accept it."""
    DECLINED = "declined"
    """Not approved, or not wanted."""
    ACCEPTED = "accepted"
    """It is a contract."""


class Trigger(StrEnum):
    """What moves a quote on."""

    SEND = "send"
    """To the customer."""
    ASK = "ask"
    """Send it to whoever may approve it."""
    APPROVE = "approve"
    DECLINE = "decline"
    ACCEPT = "accept"


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.DRAFT, Trigger.SEND): State.OPEN,
    (State.DRAFT, Trigger.ASK): State.PENDING,
    (State.DRAFT, Trigger.DECLINE): State.DECLINED,
    (State.PENDING, Trigger.APPROVE): State.OPEN,
    (State.PENDING, Trigger.DECLINE): State.DECLINED,
    (State.OPEN, Trigger.APPROVE): State.OPEN,
    (State.OPEN, Trigger.DECLINE): State.DECLINED,
    (State.OPEN, Trigger.ACCEPT): State.ACCEPTED,
}
"""Every step that exists; whatever is not here is refused. An open one is approved where limits were lowered since."""


def advance(state: State, trigger: Trigger) -> State | None:
    """Return the state after that trigger, or None where the step does not exist.

    >>> advance(State.PENDING, Trigger.ACCEPT) is None
    True
    """
    return TRANSITIONS.get((state, trigger))


def list_terms(offered: QuoteTerms) -> QuoteTerms:
    """Return the same contract at list price: no discount, no negotiated terms, no trial."""
    phases = tuple(msgspec.structs.replace(phase, terms=None) for phase in offered.phases)
    return msgspec.structs.replace(offered, terms=None, discounts=(), trial_days=0, phases=phases)


def given_away(listed: Money, quoted: Money) -> Decimal:
    """Return what a quote gives away in per cent of the list price, to two decimals; below 0 it is dearer.

    >>> given_away(Money(20000, "EUR"), Money(17000, "EUR"))
    Decimal('15.00')
    """
    if not listed.amount_minor:
        return Decimal("0.00")
    share = 100 - 100 * Fraction(quoted.amount_minor, listed.amount_minor)
    return quantize_quantity(share).quantize(Decimal("0.01"))


def needs_approval(
    offered: QuoteTerms, listed: Money, discount: Decimal, limit: Decimal, *, assumed: bool
) -> bool:  # fmt: skip
    """Tell whether a quote is above what its maker may grant.

    Where nothing is known of the customer's use, or some of it is assumed by the seller, what anything negotiated
    gives away is not known either.
    """
    if discount > limit:
        return True
    return (assumed or not listed.amount_minor) and list_terms(offered) != offered


def months_back(offered: QuoteTerms, today: date) -> int:
    """Return by how many months the first year must be moved back to lie in the past: as few as will do."""
    months = 0
    while add_months(offered.starts_on, min(offered.term_months, 12) - months) > today:
        months += 1
    return months


def moved(offered: QuoteTerms, months: int) -> QuoteTerms:
    """Return the contract so many months earlier: its first year is simulated on the past."""
    return begun_on(offered, add_months(offered.starts_on, -months))


def begun_on(offered: QuoteTerms, first_day: date) -> QuoteTerms:
    """Return the contract from another day on; its phases keep their distance from it, in months and days."""
    phases = tuple(
        msgspec.structs.replace(phase, starts_on=_as_far(offered.starts_on, phase.starts_on, first_day))
        for phase in offered.phases
    )
    return msgspec.structs.replace(offered, starts_on=first_day, phases=phases)


def _as_far(start: date, later: date, first_day: date) -> date:
    """Return the day that is as far from `first_day` as `later` is from `start`: whole months, then days.

    A month that lacks those days gives its last one: the order of phases stays.
    """
    months = (later.year - start.year) * 12 + later.month - start.month
    if add_months(start, months) > later:
        months -= 1
    days = later - add_months(start, months)
    return min(add_months(first_day, months) + days, add_months(first_day, months + 1) - timedelta(days=1))


def first_year(offered: QuoteTerms) -> QuoteTerms:
    """Return the first twelve months of the contract, without what begins after them."""
    term = min(offered.term_months, 12)
    ends_on = add_months(offered.starts_on, term)
    phases = tuple(phase for phase in offered.phases if phase.starts_on < ends_on)
    return msgspec.structs.replace(offered, term_months=term, phases=phases)
