"""What consumers were billed, and the lock that keeps runs apart."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = (
    "BilledPeriod",
    "BillingAccount",
    "EvidenceFile",
    "RatedLine",
)


class BillingAccount(Base):
    """One row a tenant: its lock keeps invoice runs out of each other's way."""

    __tablename__ = "billing_account"
    tenant_id: Mapped[TenantId]
    last_billed_at: Mapped[datetime | None]


class BilledPeriod(Base):
    """That a period of a subscription is on an invoice: once for what is due in arrears, once in advance.

    Belongs to the consumer. `ends_at` is the period's end when it was billed: a change may cut the period later,
    and one that is dated back may leave none of it where only its fees in advance were billed. `measured_at` is the
    cut-off up to which facts are reckoned in; null says that it must be reckoned anew (its document was voided, or
    its fees are for another period now).
    """

    __tablename__ = "billed_period"
    __table_args__ = (
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
