"""The ledger, and the runs that fill it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = (
    "InvoiceRun",
    "Transfer",
)

ACCOUNTS = (
    "'receivable', 'unbilled_receivable', 'revenue', 'deferred_revenue', 'tax', 'credit_balance',"
    " 'cash', 'refunds_payable', 'exchange_difference', 'rounding', 'write_off'"
)


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
