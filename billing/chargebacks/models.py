"""Tables of chargeback. What must never happen is a constraint here or a missing grant in the migration.

Append-only, all but the steps of a run and of a period: pools, rules, statements and journals are
written once. A pool line is posted once (`chargeback_posting`), by a run that somebody other than
its maker approved (`ck_chargeback_run_approver_is_not_maker`).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = (
    "ChargebackPeriod",
    "ChargebackPosting",
    "ChargebackRule",
    "ChargebackRuleSet",
    "ChargebackRun",
    "CostPool",
    "JournalEntry",
    "PoolLine",
    "Statement",
    "StatementLine",
)


class CostPool(Base):
    """Append-only: what is to be recovered, from one invoice or carried over by a run."""

    __tablename__ = "cost_pool"
    __table_args__ = (
        UniqueConstraint("tenant_id", "invoice_id"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice_issue.tenant_id", "invoice_issue.invoice_id"]),
        ForeignKeyConstraint(["tenant_id", "origin_run_id"], ["chargeback_run.tenant_id", "chargeback_run.id"]),
        CheckConstraint("kind in ('invoice', 'carried')", name="kind"),
        CheckConstraint("(kind = 'invoice') = (invoice_id is not null)", name="invoice_named"),
        CheckConstraint("(kind = 'carried') = (origin_run_id is not null)", name="origin_named"),
        CheckConstraint("gross_minor = net_minor + tax_minor", name="gross_is_sum"),
        Index("ix_cost_pool_period", "tenant_id", "period"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    period: Mapped[str]
    """The month in which it is charged back, as 2026-10."""
    name: Mapped[str]
    """The document's number, or where it was carried from."""
    currency: Mapped[str]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    gross_minor: Mapped[int]
    invoice_id: Mapped[UUID | None]
    origin_run_id: Mapped[UUID | None]
    created_by: Mapped[str]
    created_at: Mapped[Instant]


class PoolLine(Base):
    """Append-only: one line with its own part of the tax. Credits are below zero here, on any document."""

    __tablename__ = "pool_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pool_id"], ["cost_pool.tenant_id", "cost_pool.id"]),
        CheckConstraint("(credits_invoice_id is null) = (credits_position is null)", name="credit_whole"),
        Index("ix_pool_line_credits", "tenant_id", "credits_invoice_id", "credits_position"),
    )
    tenant_id: Mapped[TenantId]
    pool_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[str]
    charge_key: Mapped[str]
    description: Mapped[str]
    meter: Mapped[str | None]
    consumer_tenant_id: Mapped[UUID]
    consumer: Mapped[str]
    """Slug of the tenant that used it."""
    period_starts_at: Mapped[Instant]
    period_ends_at: Mapped[Instant]
    quantity: Mapped[Decimal] = mapped_column(Numeric(38, 12))
    unit: Mapped[str]
    currency: Mapped[str]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    net_before_minor: Mapped[int] = mapped_column(server_default="0")
    tax_before_minor: Mapped[int] = mapped_column(server_default="0")
    """What a credit takes from: what was left of the credited line; 0 for everything else."""
    credits_invoice_id: Mapped[UUID | None]
    credits_position: Mapped[int | None] = mapped_column(SmallInteger)
    counted: Mapped[Any] = json_column()
    """[[code or null, "numerator/denominator"], …]: the drivers that the invoice came with."""


class ChargebackRuleSet(Base):
    """Append-only: one version of a tenant's rules; changing them makes another."""

    __tablename__ = "chargeback_rule_set"
    __table_args__ = (
        UniqueConstraint("tenant_id", "version"),
        CheckConstraint("version >= 1", name="version_sane"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[Instant]


class ChargebackRule(Base):
    """Append-only: one rule of a version, at its place."""

    __tablename__ = "chargeback_rule"
    __table_args__ = (
        UniqueConstraint("tenant_id", "rule_set_id", "key"),
        ForeignKeyConstraint(["tenant_id", "rule_set_id"], ["chargeback_rule_set.tenant_id", "chargeback_rule_set.id"]),
        CheckConstraint("position >= 1", name="position_sane"),
    )
    tenant_id: Mapped[TenantId]
    rule_set_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key: Mapped[str]
    method: Mapped[str]
    share: Mapped[str]
    match: Mapped[Any] = json_column()
    params: Mapped[Any] = json_column()


class ChargebackRun(Base):
    """One run over a month's pools. Rules, inputs and results are kept as they were; only its state moves."""

    __tablename__ = "chargeback_run"
    __table_args__ = (
        UniqueConstraint("tenant_id", "period", "posting_number"),
        ForeignKeyConstraint(["tenant_id", "rule_set_id"], ["chargeback_rule_set.tenant_id", "chargeback_rule_set.id"]),
        CheckConstraint("status in ('draft', 'approved', 'posted', 'withdrawn')", name="status"),
        CheckConstraint("approver is null or approver <> maker", name="approver_is_not_maker"),
        CheckConstraint("(approver is null) = (approved_at is null)", name="approval_whole"),
        CheckConstraint("status not in ('approved', 'posted') or approver is not null", name="approved_by_somebody"),
        CheckConstraint("(status = 'posted') = (posted_at is not null)", name="posted_at_set"),
        CheckConstraint("(status = 'posted') = (posting_number is not null)", name="posting_numbered"),
        CheckConstraint("(status = 'withdrawn') = (withdrawn_at is not null)", name="withdrawn_at_set"),
        CheckConstraint("status <> 'withdrawn' or reason <> ''", name="withdrawal_needs_reason"),
        Index("ix_chargeback_run_period", "tenant_id", "period"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str]
    status: Mapped[str]
    rule_set_id: Mapped[UUID]
    maker: Mapped[UUID]
    approver: Mapped[UUID | None]
    created_at: Mapped[Instant]
    approved_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it was withdrawn."""
    posting_number: Mapped[int | None]
    rules: Mapped[Any] = json_column()
    """The rules as they were."""
    inputs: Mapped[Any] = json_column()
    """Pools and measured drivers as they were: with the rules, all that the result follows from."""
    results: Mapped[Any] = json_column()
    """Sums per centre and currency, warnings, and the hash of all leaves."""


class ChargebackPosting(Base):
    """Append-only: that a pool line was charged back, by which run. Its key is what forbids a second time."""

    __tablename__ = "chargeback_posting"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "pool_id", "position"], ["pool_line.tenant_id", "pool_line.pool_id", "pool_line.position"]
        ),
        ForeignKeyConstraint(["tenant_id", "run_id"], ["chargeback_run.tenant_id", "chargeback_run.id"]),
        Index("ix_chargeback_posting_run_id", "tenant_id", "run_id"),
    )
    tenant_id: Mapped[TenantId]
    pool_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    run_id: Mapped[UUID]


class Statement(Base):
    """Append-only: what a cost centre (or a reserved account) carries of a posted run, in one currency."""

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("tenant_id", "run_id", "cost_centre", "currency"),
        ForeignKeyConstraint(["tenant_id", "run_id"], ["chargeback_run.tenant_id", "chargeback_run.id"]),
        CheckConstraint("gross_minor = net_minor + tax_minor", name="gross_is_sum"),
        Index("ix_statement_period", "tenant_id", "period", "cost_centre"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]
    period: Mapped[str]
    cost_centre: Mapped[str]
    currency: Mapped[str]
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    gross_minor: Mapped[int]


class StatementLine(Base):
    """Append-only: a leaf, the part of one pool line that one statement carries, and why."""

    __tablename__ = "statement_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "statement_id"], ["statement.tenant_id", "statement.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "pool_id", "position"], ["pool_line.tenant_id", "pool_line.pool_id", "pool_line.position"]
        ),
        CheckConstraint("gross_minor = net_minor + tax_minor", name="gross_is_sum"),
        Index("ix_statement_line_pool_id", "tenant_id", "pool_id", "position"),
    )
    tenant_id: Mapped[TenantId]
    statement_id: Mapped[UUID] = mapped_column(primary_key=True)
    pool_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    gross_minor: Mapped[int]
    explanation: Mapped[Any] = json_column()
    """One entry a rule: its key and method, the exact share, the driver, its quantity and total."""


class JournalEntry(Base):
    """Append-only: one line of the journal; an amount stands on one side."""

    __tablename__ = "journal_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "run_id"], ["chargeback_run.tenant_id", "chargeback_run.id"]),
        CheckConstraint("debit_minor >= 0 and credit_minor >= 0", name="sides_not_negative"),
        CheckConstraint("(debit_minor = 0) <> (credit_minor = 0)", name="one_side"),
        Index("ix_journal_line_booked_on", "tenant_id", "booked_on"),
    )
    tenant_id: Mapped[TenantId]
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    booked_on: Mapped[date]
    document: Mapped[str]
    account: Mapped[str]
    cost_centre: Mapped[str]
    currency: Mapped[str]
    debit_minor: Mapped[int]
    credit_minor: Mapped[int]
    text: Mapped[str]


class ChargebackPeriod(Base):
    """A month's state; a month without a row is open. Its row is locked by whoever posts into it."""

    __tablename__ = "chargeback_period"
    __table_args__ = (CheckConstraint("status in ('open', 'soft', 'closed')", name="status"),)
    tenant_id: Mapped[TenantId]
    period: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[Instant]
