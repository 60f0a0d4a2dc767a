"""Tables of what is owed. What must never happen is a constraint here or a missing grant in the migration.

What a period was billed stands in two places, because consumer and payer may differ:

- `rated_line` belongs to the tenant that *consumed*. Rows exist for issued documents only, and are
  append-only: the sum over the revisions of a (subscription, charge, period) is what it was billed.
- `invoice_line` belongs to the tenant that *pays* and carries what the document prints.

A draft is one JSON document on its `invoice` row. Issuing it writes append-only rows
(`invoice_issue`, `invoice_line`, `invoice_tax`, `rated_line`, `transfer`), so that a finalised
invoice cannot change: the service's role holds no right to update or delete them.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

ACCOUNTS = (
    "'receivable', 'unbilled_receivable', 'revenue', 'deferred_revenue', 'tax', 'credit_balance',"
    " 'cash', 'refunds_payable', 'exchange_difference', 'rounding', 'write_off'"
)

# --- Global tables -------------------------------------------------------------------------------


class TaxRateRow(Base):
    """Global: a country's standard rate from a date on, until its next row."""

    __tablename__ = "tax_rate"
    __table_args__ = (
        CheckConstraint("percent >= 0 and percent < 100", name="percent_sane"),
        CheckConstraint("category in ('S', 'O')", name="category"),
    )
    country: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    source: Mapped[str]


class ExchangeRate(Base):
    """Global: units of `base_currency` for one unit of `currency` from a date on, with its source."""

    __tablename__ = "exchange_rate"
    __table_args__ = (
        CheckConstraint("rate > 0", name="rate_positive"),
        CheckConstraint("currency <> base_currency", name="two_currencies"),
    )
    currency: Mapped[str] = mapped_column(primary_key=True)
    base_currency: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    source: Mapped[str]


class NumberCounter(Base):
    """Global: the last number of a series. Its locked row orders those who finalise."""

    __tablename__ = "number_counter"
    __table_args__ = (CheckConstraint("last_number >= 0", name="last_number_sane"),)
    legal_entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    last_number: Mapped[int]
    last_issued_on: Mapped[date | None]


class NumberRegistry(Base):
    """Global, append-only: every number given. Each row points at the one before it and its date.

    So the database itself refuses a gap, a second use of a number, and a date that goes back.
    """

    __tablename__ = "number_registry"
    __table_args__ = (
        UniqueConstraint("legal_entity_id", "series", "year", "number", "issued_on"),
        UniqueConstraint("tenant_id", "invoice_id"),
        ForeignKeyConstraint(
            ["legal_entity_id", "series", "year", "previous_number", "previous_issued_on"],
            [
                "number_registry.legal_entity_id",
                "number_registry.series",
                "number_registry.year",
                "number_registry.number",
                "number_registry.issued_on",
            ],
            name="fk_number_registry_previous",
        ),
        CheckConstraint(
            "(number = 1 and previous_number is null) or previous_number = number - 1", name="number_gapless"
        ),
        CheckConstraint("(previous_number is null) = (previous_issued_on is null)", name="previous_whole"),
        CheckConstraint("issued_on >= previous_issued_on", name="issue_date_never_back"),
        CheckConstraint("extract(year from issued_on) = year", name="issued_in_year"),
    )
    legal_entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    issued_on: Mapped[date]
    previous_number: Mapped[int | None]
    previous_issued_on: Mapped[date | None]
    tenant_id: Mapped[UUID]
    invoice_id: Mapped[UUID]


# --- A tenant's own rows -------------------------------------------------------------------------


class BillingAccount(Base):
    """One row a tenant: its lock keeps invoice runs out of each other's way."""

    __tablename__ = "billing_account"
    tenant_id: Mapped[TenantId]
    last_billed_at: Mapped[datetime | None]


class BilledPeriod(Base):
    """That a period of a subscription is on an invoice: once for what is due in arrears, once in advance.

    Belongs to the consumer. `ends_at` is the period's end when it was billed: a plan change may cut
    the period later. `measured_at` is the cut-off up to which facts are reckoned in; null says that
    it must be reckoned anew (its document was voided).
    """

    __tablename__ = "billed_period"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "subscription_id", "starts_at"],
            ["billing_period.tenant_id", "billing_period.subscription_id", "billing_period.starts_at"],
            name="fk_billed_period_billing_period",
        ),
        CheckConstraint("timing in ('arrears', 'advance')", name="timing"),
        CheckConstraint("ends_at > starts_at", name="span"),
        Index("ix_billed_period_invoice", "tenant_id", "invoice_id"),
    )
    tenant_id: Mapped[TenantId]
    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    timing: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[Instant]
    payer_tenant_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    """Null where the period had no charge of that timing: then there is no line either."""
    measured_at: Mapped[datetime | None]


class RatedLine(Base):
    """Append-only, the consumer's: what a (subscription, charge, period) was billed, one row a revision.

    Revision 0 is the run's own; later ones are late deltas, refunds and reversals. The unique
    constraint is what makes billing twice impossible.
    """

    __tablename__ = "rated_line"
    __table_args__ = (
        UniqueConstraint("tenant_id", "subscription_id", "charge_key", "period_starts_at", "revision"),
        CheckConstraint("revision >= 0", name="revision_sane"),
        CheckConstraint("kind in ('usage', 'advance', 'refund', 'late', 'reversal', 'refund_reversal')", name="kind"),
        CheckConstraint("(revision = 0) = (kind in ('usage', 'advance'))", name="first_revision"),
        CheckConstraint("period_ends_at > period_starts_at", name="span"),
        Index("ix_rated_line_invoice", "tenant_id", "invoice_id"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID]
    charge_key: Mapped[str]
    period_starts_at: Mapped[Instant]
    period_ends_at: Mapped[Instant]
    revision: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    meter: Mapped[str | None]
    quantity: Mapped[Decimal] = mapped_column(Numeric(38, 12))
    unit: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    steps: Mapped[Any] = json_column()
    cost_centres: Mapped[Any] = json_column()
    """[[code or null, "numerator/denominator"], …]: the drivers of this revision."""
    payer_tenant_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    measured_at: Mapped[Instant]
    """The ingest cut-off of the quantity."""
    rated_at: Mapped[Instant]


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
            postgresql_where=text("status = 'draft' and credits_invoice_id is null"),
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
    issued_at: Mapped[Instant]


class InvoiceLine(Base):
    """Append-only, the payer's: one line as printed; its amount is positive where the document's kind says so.

    On a credit note amounts are what is given back.
    """

    __tablename__ = "invoice_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice_issue.tenant_id", "invoice_issue.invoice_id"]),
        CheckConstraint("position >= 1", name="position_sane"),
        CheckConstraint("kind in ('usage', 'advance', 'refund', 'late', 'credit')", name="kind"),
        CheckConstraint("(kind = 'credit') = (credits_position is not null)", name="credit_names_line"),
        Index("ix_invoice_line_rated_line_id", "tenant_id", "rated_line_id"),
    )
    tenant_id: Mapped[TenantId]
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[str]
    consumer_tenant_id: Mapped[UUID]
    consumer_name: Mapped[str]
    subscription_id: Mapped[UUID]
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
    rated_line_id: Mapped[UUID]
    credits_position: Mapped[int | None] = mapped_column(SmallInteger)


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


class Transfer(Base):
    """Append-only, the payer's: one movement of money, both its sides in one row."""

    __tablename__ = "transfer"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice_issue.tenant_id", "invoice_issue.invoice_id"]),
        ForeignKeyConstraint(["tenant_id", "reverses_id"], ["transfer.tenant_id", "transfer.id"]),
        UniqueConstraint("tenant_id", "invoice_id", "kind", "reference"),
        UniqueConstraint("tenant_id", "reverses_id"),
        CheckConstraint("debit_account <> credit_account", name="two_accounts"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("base_amount_minor >= 0", name="base_amount_sane"),
        CheckConstraint(f"debit_account in ({ACCOUNTS})", name="debit_account"),
        CheckConstraint(f"credit_account in ({ACCOUNTS})", name="credit_account"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    legal_entity_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(server_default="")
    """What the transfer is for beside the document, for instance the rated line whose advance is
    earned; with document and kind unique, so that nothing is posted twice."""
    debit_account: Mapped[str]
    credit_account: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    base_amount_minor: Mapped[int]
    base_currency: Mapped[str]
    base_rate: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    base_rate_on: Mapped[date]
    booked_on: Mapped[date]
    posted_at: Mapped[Instant]
    reverses_id: Mapped[UUID | None]


class EvidenceFile(Base):
    """Append-only, the consumer's: the pseudonymous list of who was counted for an invoice, and who was not.

    A draft that is reckoned anew adds another file; the one whose hash stands on the issued
    document is the one that counts.
    """

    __tablename__ = "evidence_file"
    __table_args__ = (CheckConstraint("length(sha256) = 64", name="sha256_size"),)
    tenant_id: Mapped[TenantId]
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    payer_tenant_id: Mapped[UUID]
    entry_count: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """NDJSON in a zstd frame; the hash is that of the NDJSON."""
    created_at: Mapped[Instant]


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


class InvoiceRun(Base):
    """The vendor's (under the nil tenant): one run that somebody, or the clock, started."""

    __tablename__ = "invoice_run"
    __table_args__ = (
        CheckConstraint("status in ('running', 'done', 'failed')", name="status"),
        CheckConstraint("not skip_grace or reason <> ''", name="skipping_needs_reason"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor: Mapped[str]
    period: Mapped[str | None]
    skip_grace: Mapped[bool]
    finalise: Mapped[bool]
    reason: Mapped[str]
    status: Mapped[str]
    started_at: Mapped[Instant]
    finished_at: Mapped[datetime | None]
    result: Mapped[Any] = json_column(server_default="{}")
    """{"invoices": [{tenant_id, invoice_id}], "failures": [{tenant_id, code, detail}], "busy": [tenant_id]}"""
