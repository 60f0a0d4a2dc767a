"""Documents: their life, and what they say for ever."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = (
    "Invoice",
    "InvoiceDocument",
    "InvoiceIssue",
    "InvoiceLine",
    "InvoiceTax",
)


class Invoice(Base):
    """The payer's: a document's life. What it says stands in `draft` until it is issued."""

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("kind in ('invoice', 'credit_note')", name="kind"),
        CheckConstraint("status in ('draft', 'finalised', 'paid', 'void', 'uncollectible')", name="status"),
        CheckConstraint("(status = 'draft') = (draft is not null)", name="draft_has_content"),
        CheckConstraint("(status = 'draft') = (issued_id is null)", name="issued_has_issue"),
        CheckConstraint("issued_id = id", name="issue_is_own"),
        CheckConstraint("(credits_invoice_id is null) or kind = 'credit_note'", name="only_notes_credit"),
        ForeignKeyConstraint(["tenant_id", "credits_invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "issued_id"],
            ["invoice_issue.tenant_id", "invoice_issue.invoice_id"],
            name="fk_invoice_issue",
            use_alter=True,
        ),
        Index(
            "uq_invoice_open_draft",
            "tenant_id",
            "legal_entity_id",
            "currency",
            "closes_on",
            unique=True,
            postgresql_where=text("status = 'draft' and run_id is not null"),
        ),
        Index("ix_invoice_run_id", "run_id"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    legal_entity_id: Mapped[UUID]
    currency: Mapped[str]
    closes_on: Mapped[date]
    """The local date at which the billed periods end: with payer, legal entity and currency, what
    is gathered on one document."""
    run_id: Mapped[UUID | None]
    credits_invoice_id: Mapped[UUID | None]
    created_at: Mapped[Instant]
    status_at: Mapped[Instant]
    status_reason: Mapped[str] = mapped_column(server_default="")
    draft: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    issued_id: Mapped[UUID | None]


class InvoiceIssue(Base):
    """Append-only, the payer's: what was issued, with everything that the document says of itself."""

    __tablename__ = "invoice_issue"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        UniqueConstraint("tenant_id", "number"),
        CheckConstraint("gross_minor = net_minor + tax_minor", name="gross_is_sum"),
        CheckConstraint("gross_minor >= 0", name="never_negative"),
        CheckConstraint("due_on >= issued_on", name="due_after_issue"),
        CheckConstraint("supplied_to >= supplied_from", name="supply_span"),
        CheckConstraint("evidence_count >= 0", name="evidence_count_sane"),
    )
    tenant_id: Mapped[TenantId]
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    supplied_from: Mapped[date]
    supplied_to: Mapped[date]
    """The last day of the supply period, included."""
    currency: Mapped[str]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    gross_minor: Mapped[int]
    purchase_order: Mapped[str]
    parties: Mapped[Any] = json_column()
    """Seller and buyer as they were: names, addresses, tax ids, IBAN, terms."""
    base_currency: Mapped[str]
    base_rate: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    base_rate_on: Mapped[date]
    base_rate_source: Mapped[str]
    evidence_count: Mapped[int]
    evidence_sha256: Mapped[str]
    evidence_files: Mapped[Any] = json_column(server_default="[]")
    """[[consumer, count, hash], …]: the file of each consumer, which only the consumer can open."""
    issued_at: Mapped[Instant]


class InvoiceLine(Base):
    """Append-only, the payer's: one line as printed; its amount is positive where the document's kind says so.

    On a credit note amounts are what is given back.
    """

    __tablename__ = "invoice_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice_issue.tenant_id", "invoice_issue.invoice_id"]),
        CheckConstraint("position >= 1", name="position_sane"),
        CheckConstraint("kind in ('usage', 'advance', 'refund', 'late', 'prepaid', 'credit')", name="kind"),
        CheckConstraint("(kind = 'credit') = (credits_position is not null)", name="credit_names_line"),
        CheckConstraint("kind <> 'prepaid' or grant_id is not null", name="prepaid_names_grant"),
        CheckConstraint(
            "(rated_line_id is not null and subscription_id is not null) or grant_id is not null",
            name="rated_or_bought",
        ),
        ForeignKeyConstraint(["tenant_id", "grant_id"], ["prepaid_grant.tenant_id", "prepaid_grant.id"]),
        Index("ix_invoice_line_rated_line_id", "tenant_id", "rated_line_id"),
    )
    tenant_id: Mapped[TenantId]
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    consumer_tenant_id: Mapped[UUID]
    consumer_name: Mapped[str]
    subscription_id: Mapped[UUID | None]
    """Null where credits were bought that belong to no contract."""
    charge_key: Mapped[str]
    description: Mapped[str]
    meter: Mapped[str | None]
    period_starts_at: Mapped[Instant]
    period_ends_at: Mapped[Instant]
    supplied_from: Mapped[date]
    supplied_to: Mapped[date]
    quantity: Mapped[Decimal] = mapped_column(Numeric(38, 12))
    unit: Mapped[str]
    net_minor: Mapped[int]
    currency: Mapped[str]
    tax_category: Mapped[str]
    tax_percent: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    tax_note: Mapped[str]
    purchase_order: Mapped[str]
    steps: Mapped[Any] = json_column()
    cost_centres: Mapped[Any] = json_column()
    rated_line_id: Mapped[UUID | None]
    """Of a line that is paid with credits: the line that is paid. Null where credits were bought."""
    credits_position: Mapped[int | None]
    grant_id: Mapped[UUID | None]
    """The block of credits that pays here (`prepaid`), was bought here, or is given back or taken back."""


class InvoiceTax(Base):
    """Append-only, the payer's: one rate group of a document."""

    __tablename__ = "invoice_tax"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice_issue.tenant_id", "invoice_issue.invoice_id"]),
    )
    tenant_id: Mapped[TenantId]
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    percent: Mapped[Decimal] = mapped_column(Numeric(6, 3), primary_key=True)
    note: Mapped[str]
    taxable_minor: Mapped[int]
    tax_minor: Mapped[int]


class InvoiceDocument(Base):
    """Append-only, the payer's: the PDF as first rendered; rendering it again gives the same bytes."""

    __tablename__ = "invoice_document"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice_issue.tenant_id", "invoice_issue.invoice_id"]),
        CheckConstraint("length(sha256) = 64", name="sha256_size"),
    )
    tenant_id: Mapped[TenantId]
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    rendered_at: Mapped[Instant]
