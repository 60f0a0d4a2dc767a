"""What the API takes and gives about prepaid credits."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec

from billing.schemas.amounts import MoneyAnswer, MoneyBody, Text
from billing.totals import Totals
from billing.views import GrantView, MovementView

__all__ = (
    "CreditsAnswer",
    "CreditsBody",
    "CreditsItem",
    "CreditsPage",
    "MovementAnswer",
    "MovementPage",
    "RefundAnswer",
    "RefundBody",
    "WithdrawalAnswer",
)

Months = Annotated[int, msgspec.Meta(ge=1, le=120)]
Keys = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]], msgspec.Meta(max_length=100)]


class CreditsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Prepaid credits to be sold, or with a price of 0 granted; days are the customer's local ones."""

    name: Text
    amount: MoneyBody
    """What can be paid with them, before tax."""
    price: MoneyBody | None = None
    """Before tax; as much as the amount where it is left out."""
    starts_on: date | None = None
    expires_on: date | None = None
    """The day from which on they pay nothing any more."""
    priority: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 100
    """The lower goes first; of equal ones what expires first, then the older."""
    charges: Keys = []
    """Only these charges, and those of `meters`; none of both: everything."""
    meters: Keys = []
    refundable: bool = False
    rollover_months: Months | None = None
    rollover_percent: Decimal = Decimal(100)
    reason: Text = ""
    preview: bool = False


class RefundBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why what is left is given or taken back."""

    reason: Text
    preview: bool = False


class CreditsItem(msgspec.Struct):
    """A block of prepaid credits as it stands."""

    id: UUID
    name: str
    origin: str
    """`purchase`, `plan`, `granted` or `rollover`."""
    amount: MoneyAnswer
    paid: MoneyAnswer
    remaining: MoneyAnswer
    deferred: MoneyAnswer
    """What of the price is not revenue yet."""
    priority: int
    starts_at: datetime
    expires_at: datetime | None
    subscription_id: UUID | None
    charges: list[str]
    meters: list[str]
    refundable: bool
    rollover_months: int | None
    rollover_percent: str
    invoice_id: UUID | None
    rolled_from_id: UUID | None
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, grant: GrantView) -> "CreditsItem":
        """Return the block as JSON shows it."""
        plain = (
            "id", "name", "origin", "priority", "starts_at", "expires_at", "subscription_id", "refundable",
            "rollover_months", "invoice_id", "rolled_from_id", "reason", "created_at",
        )  # fmt: skip
        return cls(
            **{name: getattr(grant, name) for name in plain},
            amount=MoneyAnswer.of(grant.amount),
            paid=MoneyAnswer.of(grant.paid),
            remaining=MoneyAnswer.of(grant.remaining),
            deferred=MoneyAnswer.of(grant.deferred),
            charges=list(grant.charges),
            meters=list(grant.meters),
            rollover_percent=f"{grant.rollover_percent.normalize():f}",
        )


class CreditsPage(msgspec.Struct):
    """A customer's blocks, newest first, and what all of them come to."""

    items: list[CreditsItem]
    balances: list[MoneyAnswer]
    """What can be used at this moment, by currency, whatever it is for."""
    next_cursor: str | None

    @classmethod
    def of(cls, page: Iterable[GrantView], usable: Iterable[MoneyAnswer], cursor: str | None) -> "CreditsPage":
        """Return the page as JSON shows it."""
        return cls([CreditsItem.of(grant) for grant in page], list(usable), cursor)


class CreditsAnswer(msgspec.Struct):
    """What was, or with `preview` would be, sold; without a price there is no document."""

    preview: bool
    credits: CreditsItem
    net: MoneyAnswer | None
    tax: MoneyAnswer | None
    gross: MoneyAnswer | None
    invoice_id: UUID | None

    @classmethod
    def of(cls, grant: GrantView, totals: Totals | None, invoice_id: UUID | None, *, preview: bool) -> "CreditsAnswer":
        """Return the sale as JSON shows it."""
        item = CreditsItem.of(grant)
        if totals is None:
            return cls(preview, item, None, None, None, invoice_id)
        net, tax, gross = (MoneyAnswer.of(sum_) for sum_ in (totals.net, totals.tax, totals.gross))
        return cls(preview, item, net, tax, gross, invoice_id)


class RefundAnswer(msgspec.Struct):
    """What was, or with `preview` would be, given back before tax."""

    preview: bool
    credits: CreditsItem
    net: MoneyAnswer
    invoice_id: UUID | None
    """The credit note."""


class WithdrawalAnswer(msgspec.Struct):
    """What was, or with `preview` would be, taken back."""

    preview: bool
    credits: CreditsItem
    amount: MoneyAnswer


class MovementAnswer(msgspec.Struct):
    """What came onto a block (above 0) or went off it."""

    id: UUID
    kind: str
    """`granted`, `drawn`, `returned`, `expired`, `rolled_over`, `refunded` or `revoked`."""
    amount: MoneyAnswer
    remaining: MoneyAnswer
    """After it."""
    invoice_id: UUID | None
    moved_at: datetime

    @classmethod
    def of(cls, moved: MovementView) -> "MovementAnswer":
        """Return the movement as JSON shows it."""
        amounts = MoneyAnswer.of(moved.amount), MoneyAnswer.of(moved.remaining)
        return cls(moved.id, moved.kind, *amounts, moved.invoice_id, moved.moved_at)


class MovementPage(msgspec.Struct):
    """How a block moved, newest first."""

    items: list[MovementAnswer]
    next_cursor: str | None
