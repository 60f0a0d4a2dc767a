"""What a quote says, and what it gives away (pure)."""

from datetime import date
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

    @property
    def ends_on(self) -> date:
        """The local day on which the term is over."""
        return add_months(self.starts_on, self.term_months)


class State(StrEnum):
    """Where a quote stands; that it expired or was replaced is told by its date and its successor."""

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

    APPROVE = "approve"
    DECLINE = "decline"
    ACCEPT = "accept"


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.PENDING, Trigger.APPROVE): State.OPEN,
    (State.PENDING, Trigger.DECLINE): State.DECLINED,
    (State.OPEN, Trigger.DECLINE): State.DECLINED,
    (State.OPEN, Trigger.ACCEPT): State.ACCEPTED,
}
"""Every step that exists; whatever is not here is refused."""


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


def needs_approval(offered: QuoteTerms, listed: Money, discount: Decimal, limit: Decimal) -> bool:
    """Tell whether a quote is above what its maker may grant.

    Where nothing is known of the customer's use, what anything negotiated gives away is not known either.
    """
    if discount > limit:
        return True
    return not listed.amount_minor and list_terms(offered) != offered


def months_back(offered: QuoteTerms, today: date) -> int:
    """Return by how many months the first year must be moved back to lie in the past: as few as will do."""
    months = 0
    while add_months(offered.starts_on, min(offered.term_months, 12) - months) > today:
        months += 1
    return months


def moved(offered: QuoteTerms, months: int) -> QuoteTerms:
    """Return the first year of the contract so many months earlier, on which its price is simulated."""
    starts_on = add_months(offered.starts_on, -months)
    term = min(offered.term_months, 12)
    phases = tuple(
        msgspec.structs.replace(phase, starts_on=add_months(phase.starts_on, -months))
        for phase in offered.phases
        if add_months(phase.starts_on, -months) < add_months(starts_on, term)
    )
    return msgspec.structs.replace(offered, starts_on=starts_on, term_months=term, phases=phases)
