"""What the API takes and gives about quotes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec

from billing.answers.questions import AssumedSeats
from billing.answers.results import SimulatedInvoice
from billing.answers.uncounted import uncounted
from billing.quotes.actions.price_quote import PricedQuote
from billing.quotes.actions.reckon_ending import Ending
from billing.quotes.floors import below_floor, below_margin
from billing.quotes.offers import QuoteTerms
from billing.quotes.reads import LimitView, QuoteView, Why
from billing.schemas.amounts import MoneyAnswer

__all__ = (
    "CreditsLeftAnswer",
    "DeclineBody",
    "EndingAnswer",
    "LimitAnswer",
    "LimitBody",
    "LimitPage",
    "QuoteAnswer",
    "QuoteBody",
    "QuotePage",
    "QuotePreview",
    "WaitingAnswer",
    "WaitingPage",
)

Text = Annotated[str, msgspec.Meta(max_length=500)]
Name = Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[A-Za-z0-9._-]*$")]


class QuoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """A quote to be made; the same `key` again is its next version, which replaces the one before."""

    terms: QuoteTerms
    valid_until: date
    key: Name = ""
    note: Text = ""
    draft: bool = False
    """Save it without sending it; `POST /v1/quotes/{id}/send` does."""
    assumed_seats: AssumedSeats | None = None
    """How many named seats the simulation takes where nothing was counted of any; told on their lines (`assumed`)."""


class DeclineBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why not."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class QuoteAnswer(msgspec.Struct):
    """A version of a quote. What it gives away and who has to approve it is the vendor's affair."""

    id: UUID
    key: str
    version: int
    status: str
    terms: QuoteTerms
    valid_until: date
    note: str
    net: MoneyAnswer
    """The simulated first year before tax."""
    simulated_from: date
    simulated_until: date
    first_year: tuple[SimulatedInvoice, ...]
    uncounted: tuple[str, ...]
    """Meters of which nothing was counted in these days: the first year has nothing of them."""
    created_at: datetime
    sent_at: datetime | None
    accepted_at: datetime | None
    subscription_id: UUID | None
    listed: MoneyAnswer | None = None
    term_listed: MoneyAnswer | None = None
    """The whole term, each later year used as the first one is."""
    term_net: MoneyAnswer | None = None
    cost: MoneyAnswer | None = None
    """What the simulated first year costs the vendor; null: that was not known in this currency."""
    term_cost: MoneyAnswer | None = None
    margin_percent: str | None = None
    """What is left after costs, of the first year or of the whole term, whichever is less."""
    discount_percent: str | None = None
    needs_approval: bool | None = None
    created_by: str | None = None
    approved_by: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, view: QuoteView, today: date, *, vendor: bool) -> "QuoteAnswer":
        """Return the view as JSON shows it, to the vendor with what is the vendor's own."""
        answer = cls(
            id=view.id,
            key=view.key,
            version=view.version,
            status=view.told_status(today),
            terms=view.terms,
            valid_until=view.valid_until,
            note=view.note,
            net=MoneyAnswer.of(view.net),
            simulated_from=view.simulated_from,
            simulated_until=view.simulated_until,
            first_year=view.first_year,
            uncounted=tuple(uncounted(view.first_year)),
            created_at=view.created_at,
            sent_at=view.sent_at,
            accepted_at=view.accepted_at,
            subscription_id=view.subscription_id,
        )
        if vendor:
            answer.listed = MoneyAnswer.of(view.listed)
            answer.term_listed = MoneyAnswer.of(view.term_listed) if view.term_listed else None
            answer.term_net = MoneyAnswer.of(view.term_net) if view.term_net else None
            answer.cost = MoneyAnswer.of(view.cost) if view.cost else None
            answer.term_cost = MoneyAnswer.of(view.term_cost) if view.term_cost else None
            answer.margin_percent = None if view.margin_percent is None else f"{view.margin_percent:f}"
            answer.discount_percent = f"{view.discount_percent:f}"
            answer.needs_approval = view.needs_approval
            answer.created_by, answer.approved_by, answer.reason = view.created_by, view.approved_by, view.reason
        return answer


class CreditsLeftAnswer(msgspec.Struct):
    """Credits that came with a contract that is replaced: after its last bill they pay nothing any more."""

    name: str
    left: MoneyAnswer
    expires_at: datetime | None


class EndingAnswer(msgspec.Struct):
    """What a contract that is replaced still bills, use as far as it is known, and what is left of its credits."""

    key: str
    ends_at: datetime
    documents: tuple[SimulatedInvoice, ...]
    credits: list[CreditsLeftAnswer]

    @classmethod
    def of(cls, ending: Ending) -> "EndingAnswer":
        """Return the value as JSON shows it."""
        left = [CreditsLeftAnswer(one.name, MoneyAnswer.of(one.left), one.expires_at) for one in ending.credits]
        return cls(ending.key, ending.ends_at, ending.documents, left)


class QuotePreview(msgspec.Struct):
    """What a quote would come to; nothing is written."""

    terms: QuoteTerms
    """With the versions that are sold today."""
    listed: MoneyAnswer
    net: MoneyAnswer
    term_listed: MoneyAnswer
    term_net: MoneyAnswer
    discount_percent: str
    needs_approval: bool
    below_floor: bool
    """It would be refused."""
    cost: MoneyAnswer | None
    """What the first year costs the vendor; null: that is not known in this currency."""
    term_cost: MoneyAnswer | None
    margin_percent: str | None
    """What is left after costs, of the first year or of the whole term, whichever is less."""
    below_margin: bool
    """It would be refused."""
    limit: "LimitAnswer"
    simulated_from: date
    simulated_until: date
    first_year: tuple[SimulatedInvoice, ...]
    uncounted: tuple[str, ...]
    """Meters of which nothing was counted in these days: the first year has nothing of them."""
    ending: EndingAnswer | None
    """Of the contract that it replaces."""

    @classmethod
    def of(cls, priced: PricedQuote, limit: LimitView) -> "QuotePreview":
        """Return the value as JSON shows it."""
        return cls(
            priced.terms,
            MoneyAnswer.of(priced.listed),
            MoneyAnswer.of(priced.net),
            MoneyAnswer.of(priced.term_listed),
            MoneyAnswer.of(priced.term_net),
            f"{priced.discount_percent:f}",
            priced.needs_approval,
            below_floor(priced, limit),
            MoneyAnswer.of(priced.cost) if priced.cost else None,
            MoneyAnswer.of(priced.term_cost) if priced.term_cost else None,
            None if priced.margin_percent is None else f"{priced.margin_percent:f}",
            below_margin(priced, limit),
            LimitAnswer.of(limit),
            priced.simulated_from,
            priced.simulated_until,
            priced.first_year,
            tuple(uncounted(priced.first_year)),
            EndingAnswer.of(priced.ending) if priced.ending else None,
        )


class QuotePage(msgspec.Struct):
    """Quotes of a customer, newest first."""

    items: list[QuoteAnswer]
    next_cursor: str | None


class WaitingAnswer(msgspec.Struct):
    """A quote that waits for an approval, whose it is, and why it waits."""

    customer: str
    why: Why | None
    quote: QuoteAnswer


class WaitingPage(msgspec.Struct):
    """Quotes of all customers that wait for an approval, newest first."""

    items: list[WaitingAnswer]
    next_cursor: str | None


class LimitBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a seller may give away alone, the floor, both in per cent of list price, and what is left after costs."""

    discount_percent: Decimal
    floor_percent: Decimal = Decimal(0)
    margin_floor_percent: Decimal | None = None
    """In per cent of the price, by the sheet of costs; null: costs decide nothing."""


class LimitAnswer(msgspec.Struct):
    """A seller's limit; `*` is everybody not named."""

    seller: str
    discount_percent: str
    floor_percent: str
    margin_floor_percent: str | None

    @classmethod
    def of(cls, view: LimitView) -> "LimitAnswer":
        """Return the view as JSON shows it."""
        left = None if view.margin_floor_percent is None else f"{view.margin_floor_percent:f}"
        return cls(view.seller, f"{view.discount_percent:f}", f"{view.floor_percent:f}", left)


class LimitPage(msgspec.Struct):
    """All limits."""

    items: list[LimitAnswer]
    next_cursor: str | None = None
