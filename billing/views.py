"""What billing shows of itself: frozen values, the same for a draft and for what was issued (pure)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.late import CentreShares
from core.money import Money
from core.periods import Period

__all__ = (
    "GrantView",
    "InvoiceLineView",
    "InvoiceSummary",
    "InvoiceView",
    "MovementView",
    "Parties",
    "Party",
    "RunView",
    "TaxView",
    "TransferView",
    "TrialBalanceRow",
)


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as the document names them."""

    name: str
    address: str
    country: str
    tax_id: str
    iban: str = ""


@dataclass(frozen=True, slots=True)
class Parties:
    """Both sides and their terms, as they were when the document was issued."""

    seller: Party
    buyer: Party
    payment_terms_days: int
    time_zone: str
    """The buyer's, in which the document's dates are told."""


@dataclass(frozen=True, slots=True)
class InvoiceLineView:
    """One line. On a credit note the amount is what is given back."""

    position: int
    kind: str
    """`usage`, `advance`, `refund`, `late`, `prepaid` (paid with credits, below zero), or `credit`."""
    consumer_tenant_id: UUID
    consumer_name: str
    subscription_id: UUID | None
    """None where credits were bought that belong to no contract."""
    charge_key: str
    description: str
    meter: str | None
    period: Period
    supplied_from: date
    supplied_to: date
    """Included."""
    quantity: Decimal
    unit: str
    amount: Money
    tax_category: str
    tax_rate: Decimal
    """In per cent."""
    tax_note: str
    purchase_order: str
    steps: tuple[dict[str, Any], ...]
    cost_centres: CentreShares
    """Drivers by cost centre; on a late line those of the difference."""
    rated_line_id: UUID | None
    """None in a draft: rated lines are written when it is issued."""
    credits_position: int | None
    grant_id: UUID | None = None
    """The block of credits that pays here, was bought here, or is given back."""


@dataclass(frozen=True, slots=True)
class TaxView:
    """One rate group."""

    category: str
    rate: Decimal
    note: str
    taxable: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class InvoiceSummary:
    """A document in a list."""

    id: UUID
    tenant_id: UUID
    kind: str
    status: str
    number: str | None
    legal_entity_id: UUID
    currency: str
    net: Money
    tax: Money
    gross: Money
    closes_on: date
    issued_on: date | None
    due_on: date | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """A whole document."""

    id: UUID
    tenant_id: UUID
    kind: str
    status: str
    status_reason: str
    number: str | None
    legal_entity_id: UUID
    parties: Parties
    currency: str
    net: Money
    tax: Money
    gross: Money
    closes_on: date
    issued_on: date | None
    due_on: date | None
    supplied_from: date
    supplied_to: date
    period: Period
    """From the first line's beginning to the last line's end."""
    purchase_order: str
    base_currency: str
    base_rate: Decimal
    base_rate_on: date | None
    base_rate_source: str
    lines: tuple[InvoiceLineView, ...]
    taxes: tuple[TaxView, ...]
    evidence_count: int
    evidence_sha256: str
    evidence_files: tuple[tuple[UUID, int, str], ...]
    """Consumer, number of lines, hash."""
    credits_invoice_id: UUID | None
    credits_number: str | None
    run_id: UUID | None
    created_at: datetime
    issued_at: datetime | None

    @property
    def sign(self) -> int:
        """1 for an invoice, -1 for a credit note, whose amounts are given back."""
        return -1 if self.kind == "credit_note" else 1


@dataclass(frozen=True, slots=True)
class RunView:
    """One invoice run."""

    id: UUID
    actor: str
    period: str | None
    skip_grace: bool
    finalise: bool
    reason: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    invoices: tuple[tuple[UUID, UUID], ...]
    """Tenant and invoice."""
    failures: tuple[tuple[UUID, str, str], ...]
    """Tenant, code, what to do."""
    busy: tuple[UUID, ...]
    """Tenants that another run was billing at that moment; the next run looks again."""


@dataclass(frozen=True, slots=True)
class TransferView:
    """One movement of money."""

    id: UUID
    tenant_id: UUID
    legal_entity_id: UUID
    invoice_id: UUID
    kind: str
    reference: str
    debit_account: str
    credit_account: str
    amount: Money
    base_amount: Money
    base_rate: Decimal
    base_rate_on: date
    booked_on: date
    posted_at: datetime
    reverses_id: UUID | None


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """Debits less credits of one account."""

    legal_entity_id: UUID
    account: str
    balance: Money
    base_balance: Money


@dataclass(frozen=True, slots=True)
class GrantView:
    """A block of prepaid credits as it stands."""

    id: UUID
    tenant_id: UUID
    name: str
    origin: str
    """`purchase`, `plan`, `granted` or `rollover`."""
    legal_entity_id: UUID
    amount: Money
    """What can be paid with it in all."""
    paid: Money
    """What it cost before tax."""
    remaining: Money
    deferred: Money
    """What of its price is not revenue yet."""
    priority: int
    starts_at: datetime
    expires_at: datetime | None
    subscription_id: UUID | None
    charges: tuple[str, ...]
    meters: tuple[str, ...]
    refundable: bool
    rollover_months: int | None
    rollover_percent: Decimal
    time_zone: str
    invoice_id: UUID | None
    rolled_from_id: UUID | None
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MovementView:
    """What came onto or went off a block."""

    id: UUID
    grant_id: UUID
    kind: str
    amount: Money
    remaining: Money
    """After it."""
    deferred: Money
    """By how much what is not revenue yet changed."""
    invoice_id: UUID | None
    reverses_id: UUID | None
    moved_at: datetime
