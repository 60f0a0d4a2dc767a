"""What the API gives about invoices and credit notes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from billing.schemas.amounts import MoneyAnswer, PeriodAnswer
from billing.views import InvoiceLineView, InvoiceSummary, InvoiceView, Party, TaxView

__all__ = ("InvoiceAnswer", "InvoiceItem", "InvoicePage")


class InvoiceItem(msgspec.Struct):
    """A document in a list."""

    id: UUID
    tenant_id: UUID
    kind: str
    status: str
    number: str | None
    net: MoneyAnswer
    tax: MoneyAnswer
    gross: MoneyAnswer
    closes_on: date
    issued_on: date | None
    due_on: date | None
    created_at: datetime

    @classmethod
    def of(cls, item: InvoiceSummary) -> "InvoiceItem":
        """Return the document as JSON shows it."""
        return cls(
            item.id,
            item.tenant_id,
            item.kind,
            item.status,
            item.number,
            MoneyAnswer.of(item.net),
            MoneyAnswer.of(item.tax),
            MoneyAnswer.of(item.gross),
            item.closes_on,
            item.issued_on,
            item.due_on,
            item.created_at,
        )


class InvoicePage(msgspec.Struct):
    """Documents, newest first."""

    items: list[InvoiceItem]
    next_cursor: str | None


class PartyAnswer(msgspec.Struct):
    """Seller or buyer."""

    name: str
    address: str
    country: str
    tax_id: str
    iban: str

    @classmethod
    def of(cls, party: Party) -> "PartyAnswer":
        """Return the party as JSON shows it."""
        return msgspec.convert(party, cls, from_attributes=True)


class CentreAnswer(msgspec.Struct):
    """A cost centre's driver; `code` null is unassigned."""

    code: str | None
    share: str


class InvoiceLineAnswer(msgspec.Struct):
    """A line with the steps to its amount."""

    position: int
    kind: str
    consumer_tenant_id: UUID
    consumer_name: str
    subscription_id: UUID | None
    charge_key: str
    description: str
    meter: str | None
    period: PeriodAnswer
    quantity: str
    unit: str
    amount: MoneyAnswer
    tax_category: str
    tax_rate: str
    purchase_order: str
    steps: list[dict[str, Any]]
    cost_centres: list[CentreAnswer]
    rated_line_id: UUID | None
    credits_position: int | None
    grant_id: UUID | None = None
    """The block of prepaid credits that pays here, was bought here, or is given back."""

    @classmethod
    def of(cls, line: InvoiceLineView) -> "InvoiceLineAnswer":
        """Return the line as JSON shows it."""
        return cls(
            position=line.position,
            kind=line.kind,
            consumer_tenant_id=line.consumer_tenant_id,
            consumer_name=line.consumer_name,
            subscription_id=line.subscription_id,
            charge_key=line.charge_key,
            description=line.description,
            meter=line.meter,
            period=PeriodAnswer.of(line.period, line.supplied_from, line.supplied_to),
            quantity=f"{line.quantity:f}",
            unit=line.unit,
            amount=MoneyAnswer.of(line.amount),
            tax_category=line.tax_category,
            tax_rate=f"{line.tax_rate:f}",
            purchase_order=line.purchase_order,
            steps=list(line.steps),
            cost_centres=[CentreAnswer(code, str(share)) for code, share in line.cost_centres],
            rated_line_id=line.rated_line_id,
            credits_position=line.credits_position,
            grant_id=line.grant_id,
        )


class TaxAnswer(msgspec.Struct):
    """A rate group; the tax is reckoned on its total."""

    category: str
    rate: str
    note: str
    taxable: MoneyAnswer
    tax: MoneyAnswer

    @classmethod
    def of(cls, group: TaxView) -> "TaxAnswer":
        """Return the group as JSON shows it."""
        return cls(
            group.category, f"{group.rate:f}", group.note, MoneyAnswer.of(group.taxable), MoneyAnswer.of(group.tax)
        )


class EvidenceAnswer(msgspec.Struct):
    """The list of who was counted: its length and hash as the document carries them."""

    count: int
    sha256: str


class InvoiceAnswer(msgspec.Struct):
    """A whole document."""

    id: UUID
    tenant_id: UUID
    kind: str
    status: str
    status_reason: str
    number: str | None
    seller: PartyAnswer
    buyer: PartyAnswer
    payment_terms_days: int
    currency: str
    net: MoneyAnswer
    tax: MoneyAnswer
    gross: MoneyAnswer
    issued_on: date | None
    due_on: date | None
    closes_on: date
    period: PeriodAnswer
    purchase_order: str
    base_currency: str
    base_rate: str
    lines: list[InvoiceLineAnswer]
    taxes: list[TaxAnswer]
    evidence: EvidenceAnswer
    credits_invoice_id: UUID | None
    credits_number: str | None
    run_id: UUID | None
    created_at: datetime
    issued_at: datetime | None

    @classmethod
    def of(cls, invoice: InvoiceView) -> "InvoiceAnswer":
        """Return the document as JSON shows it."""
        return cls(
            id=invoice.id,
            tenant_id=invoice.tenant_id,
            kind=invoice.kind,
            status=invoice.status,
            status_reason=invoice.status_reason,
            number=invoice.number,
            seller=PartyAnswer.of(invoice.parties.seller),
            buyer=PartyAnswer.of(invoice.parties.buyer),
            payment_terms_days=invoice.parties.payment_terms_days,
            currency=invoice.currency,
            net=MoneyAnswer.of(invoice.net),
            tax=MoneyAnswer.of(invoice.tax),
            gross=MoneyAnswer.of(invoice.gross),
            issued_on=invoice.issued_on,
            due_on=invoice.due_on,
            closes_on=invoice.closes_on,
            period=PeriodAnswer.of(invoice.period, invoice.supplied_from, invoice.supplied_to),
            purchase_order=invoice.purchase_order,
            base_currency=invoice.base_currency,
            base_rate=f"{invoice.base_rate:f}",
            lines=[InvoiceLineAnswer.of(line) for line in invoice.lines],
            taxes=[TaxAnswer.of(group) for group in invoice.taxes],
            evidence=EvidenceAnswer(invoice.evidence_count, invoice.evidence_sha256),
            credits_invoice_id=invoice.credits_invoice_id,
            credits_number=invoice.credits_number,
            run_id=invoice.run_id,
            created_at=invoice.created_at,
            issued_at=invoice.issued_at,
        )
