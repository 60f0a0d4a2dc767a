"""What the API takes and gives about quotes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec

from billing.answers.results import SimulatedInvoice
from billing.quotes.offers import QuoteTerms
from billing.quotes.reads import LimitView, QuoteView
from billing.schemas.amounts import MoneyAnswer

__all__ = ("DeclineBody", "LimitAnswer", "LimitBody", "LimitPage", "QuoteAnswer", "QuoteBody", "QuotePage")

Text = Annotated[str, msgspec.Meta(max_length=500)]
Name = Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[A-Za-z0-9._-]*$")]


class QuoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """A quote to be made; the same `key` again is its next version, which replaces the one before."""

    terms: QuoteTerms
    valid_until: date
    key: Name = ""
    note: Text = ""


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
    created_at: datetime
    accepted_at: datetime | None
    subscription_id: UUID | None
    listed: MoneyAnswer | None = None
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
            created_at=view.created_at,
            accepted_at=view.accepted_at,
            subscription_id=view.subscription_id,
        )
        if vendor:
            answer.listed = MoneyAnswer.of(view.listed)
            answer.discount_percent = f"{view.discount_percent:f}"
            answer.needs_approval = view.needs_approval
            answer.created_by, answer.approved_by, answer.reason = view.created_by, view.approved_by, view.reason
        return answer


class QuotePage(msgspec.Struct):
    """Quotes of a customer, newest first."""

    items: list[QuoteAnswer]
    next_cursor: str | None


class LimitBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a seller may give away alone, and the floor, in per cent of list price."""

    discount_percent: Decimal
    floor_percent: Decimal = Decimal(0)


class LimitAnswer(msgspec.Struct):
    """A seller's limit; `*` is everybody not named."""

    seller: str
    discount_percent: str
    floor_percent: str

    @classmethod
    def of(cls, view: LimitView) -> "LimitAnswer":
        """Return the view as JSON shows it."""
        return cls(view.seller, f"{view.discount_percent:f}", f"{view.floor_percent:f}")


class LimitPage(msgspec.Struct):
    """All limits."""

    items: list[LimitAnswer]
    next_cursor: str | None = None
