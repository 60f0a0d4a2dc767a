"""Tables of what is sold and held. What must never happen is a constraint or a missing grant.

Stretches of time tile by foreign key: a row's `prev_ends_at` points at the end of the row before it
and equals its own start, one head has none. That refuses gaps and overlaps without an exclusion
constraint, which Citus would not take. The keys are deferrable, so that a row can be cut in two.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

# --- Global tables: the published catalogue, the same for everyone -------------------------------


class PlanFamily(Base):
    """Global: plans that are ordered from light to full."""

    __tablename__ = "plan_family"
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Plan(Base):
    """Global: something that is sold, whatever its terms are at the time."""

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("kind in ('base', 'addon')", name="kind"),
        CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]*$' and key <> 'base'", name="key_shape"),
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    family_key: Mapped[str] = mapped_column(ForeignKey("plan_family.key"))
    name: Mapped[str]
    kind: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)


class PlanVersion(Base):
    """Global, published only: immutable but for the day it stops being sold."""

    __tablename__ = "plan_version"
    __table_args__ = (
        UniqueConstraint("plan_key", "number"),
        CheckConstraint("number >= 1", name="number_positive"),
        CheckConstraint("octet_length(content_hash) = 32", name="content_hash"),
        CheckConstraint("retired_at >= published_at", name="retired_later"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_key: Mapped[str] = mapped_column(ForeignKey("plan.key"))
    number: Mapped[int]
    document: Mapped[Any] = json_column()
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the canonical JSON of the document."""
    published_at: Mapped[Instant]
    published_by: Mapped[str]
    retired_at: Mapped[datetime | None]


class Coupon(Base):
    """Global: a code that brings a discount; the CHECK keeps it within its limit, whoever comes at once."""

    __tablename__ = "coupon"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{2,39}$'", name="code_shape"),
        CheckConstraint("redeemed >= 0 and redeemed <= max_redemptions", name="within_limit"),
    )
    code: Mapped[str] = mapped_column(primary_key=True)
    discount: Mapped[Any] = json_column()
    plan_keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """For which plans; none: for all."""
    max_redemptions: Mapped[int | None]
    redeemed: Mapped[int] = mapped_column(server_default="0")
    valid_until: Mapped[datetime | None]
    created_at: Mapped[Instant]
    created_by: Mapped[str]


# --- The vendor's own rows, under the vendor's tenant id -----------------------------------------


class PlanDraft(Base):
    """The next version of a plan while it is written; nobody but the vendor sees it."""

    __tablename__ = "plan_draft"
    __table_args__ = (
        CheckConstraint("kind in ('base', 'addon')", name="kind"),
        CheckConstraint("plan_key ~ '^[a-z0-9][a-z0-9-]*$' and plan_key <> 'base'", name="key_shape"),
    )
    tenant_id: Mapped[TenantId]
    plan_key: Mapped[str] = mapped_column(primary_key=True)
    family_key: Mapped[str] = mapped_column(ForeignKey("plan_family.key"))
    name: Mapped[str]
    kind: Mapped[str]
    rank: Mapped[int] = mapped_column(SmallInteger)
    document: Mapped[Any] = json_column()
    updated_at: Mapped[Instant]
    updated_by: Mapped[str]


class PlanMove(Base):
    """The vendor's: customers of one version that are moved to another, or the preview of that."""

    __tablename__ = "plan_move"
    __table_args__ = (
        CheckConstraint("status in ('running', 'done', 'cancelled')", name="status"),
        CheckConstraint("timing in ('prorate_now', 'at_period_end')", name="timing"),
        CheckConstraint("(status = 'running') = (finished_at is null)", name="finished"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_key: Mapped[str]
    from_number: Mapped[int]
    to_plan_key: Mapped[str | None]
    """Null: the same plan."""
    to_number: Mapped[int]
    timing: Mapped[str]
    preview: Mapped[bool]
    status: Mapped[str]
    created_at: Mapped[Instant]
    created_by: Mapped[str]
    finished_at: Mapped[datetime | None]


class PlanMoveItem(Base):
    """The vendor's: what became of one contract of a move. Amounts are of its running period."""

    __tablename__ = "plan_move_item"
    __table_args__ = (
        CheckConstraint("status in ('waiting', 'moves', 'moved', 'refused')", name="status"),
        CheckConstraint("(status = 'refused') = (code <> '')", name="refused_says_why"),
        ForeignKeyConstraint(["tenant_id", "move_id"], ["plan_move.tenant_id", "plan_move.id"]),
    )
    tenant_id: Mapped[TenantId]
    move_id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID]
    status: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
    effective_at: Mapped[datetime | None]
    before_minor: Mapped[int | None]
    after_minor: Mapped[int | None]
    currency: Mapped[str]


# --- A tenant's own rows -------------------------------------------------------------------------


class Subscription(Base):
    """A contract: who uses, who pays, from when, in which currency, by which calendar."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("interval_months between 1 and 120", name="interval_sane"),
        CheckConstraint("renews_months between 1 and 120", name="renews_sane"),
        CheckConstraint("renews_months is null or ends_at is not null", name="renews_a_term"),
        CheckConstraint("notice_days between 1 and 366", name="notice_sane"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    """The caller's own name for it: the same key and terms again is the same subscription."""
    payer_tenant_id: Mapped[UUID]
    currency: Mapped[str]
    starts_at: Mapped[Instant]
    ends_at: Mapped[datetime | None]
    anchor_on: Mapped[date]
    """The local date from which every period is reckoned."""
    interval_months: Mapped[int] = mapped_column(SmallInteger)
    """With which it begins; what cuts its periods is the interval of the version in force."""
    time_zone: Mapped[str]
    """The tenant's zone when it was agreed: a later move of the tenant does not cut old periods anew."""
    renews_months: Mapped[int | None] = mapped_column(SmallInteger)
    """At its end it goes on for so many months, unless it was cancelled before; null: it does not."""
    notice_days: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """So many local days before its end the renewal is settled."""
    purchase_order: Mapped[str]
    terms_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    created_by: Mapped[str]


class SubscriptionTerms(Base):
    """Append-only: terms that one customer negotiated, in place of what a published version says."""

    __tablename__ = "subscription_terms"
    __table_args__ = (CheckConstraint("octet_length(content_hash) = 32", name="content_hash"),)
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[Any] = json_column()
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]
    created_by: Mapped[str]


class SubscriptionDiscount(Base):
    """Append-only: a discount of one contract, by a coupon or agreed on. A coupon once a customer."""

    __tablename__ = "subscription_discount"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "subscription_id"], ["subscription.tenant_id", "subscription.id"]),
        UniqueConstraint("tenant_id", "coupon_code"),
    )
    tenant_id: Mapped[TenantId]
    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """The discount's; of a coupon's with its code after it, so that two coupons may bring the same."""
    discount: Mapped[Any] = json_column()
    starts_at: Mapped[Instant]
    """Its periods are counted from here; mostly the start of a billing period."""
    coupon_code: Mapped[str | None] = mapped_column(ForeignKey("coupon.code"))
    created_at: Mapped[Instant]
    created_by: Mapped[str]


class SubscriptionItem(Base):
    """A version in force for a stretch of a subscription: one chain for the base plan, one for each add-on.

    The base's chain has no gaps; an add-on may pause. Each row follows one row only, so that two
    versions are never in force at once.
    """

    __tablename__ = "subscription_item"
    __table_args__ = (
        UniqueConstraint("tenant_id", "subscription_id", "slot", "ends_at", name="uq_subscription_item_end"),
        UniqueConstraint("tenant_id", "subscription_id", "slot", "prev_ends_at", name="uq_subscription_item_previous"),
        ForeignKeyConstraint(["tenant_id", "subscription_id"], ["subscription.tenant_id", "subscription.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "subscription_id", "slot", "prev_ends_at"],
            [
                "subscription_item.tenant_id",
                "subscription_item.subscription_id",
                "subscription_item.slot",
                "subscription_item.ends_at",
            ],
            name="fk_subscription_item_previous",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("prev_ends_at <= starts_at", name="after_previous"),
        CheckConstraint("slot <> 'base' or prev_ends_at = starts_at", name="base_tiles"),
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint("mode in ('regular', 'trial', 'paused')", name="mode"),
        ForeignKeyConstraint(["tenant_id", "terms_id"], ["subscription_terms.tenant_id", "subscription_terms.id"]),
        Index(
            "uq_subscription_item_head",
            "tenant_id",
            "subscription_id",
            "slot",
            unique=True,
            postgresql_where=text("prev_ends_at is null"),
        ),
    )
    tenant_id: Mapped[TenantId]
    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    """`base`, or the key of the add-on."""
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime | None]
    prev_ends_at: Mapped[datetime | None]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("plan_version.id"))
    quantity: Mapped[int]
    """How many of it are held, for instance audiences or seats bought."""
    mode: Mapped[str] = mapped_column(server_default="regular")
    """`regular`, `trial` (nothing is billed) or `paused` (nothing is billed nor granted); the base plan's governs."""
    terms_id: Mapped[UUID | None]
    """Negotiated terms that hold in place of the version's."""


class BillingPeriod(Base):
    """What is billed at once: the rows tile a subscription's life from its start, gapless, without overlap."""

    __tablename__ = "billing_period"
    __table_args__ = (
        UniqueConstraint("tenant_id", "subscription_id", "ends_at", name="uq_billing_period_end"),
        ForeignKeyConstraint(["tenant_id", "subscription_id"], ["subscription.tenant_id", "subscription.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "subscription_id", "prev_ends_at"],
            ["billing_period.tenant_id", "billing_period.subscription_id", "billing_period.ends_at"],
            name="fk_billing_period_previous",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("prev_ends_at = starts_at", name="tiles"),
        CheckConstraint("full_starts_at <= starts_at and ends_at <= full_ends_at", name="inside_full"),
        Index(
            "uq_billing_period_head",
            "tenant_id",
            "subscription_id",
            unique=True,
            postgresql_where=text("prev_ends_at is null"),
        ),
        Index("ix_billing_period_open", "ends_at", postgresql_where=text("closed_at is null")),
    )
    tenant_id: Mapped[TenantId]
    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[Instant]
    prev_ends_at: Mapped[datetime | None]
    full_starts_at: Mapped[Instant]
    """The full period that this is a part of: the divisor of proration."""
    full_ends_at: Mapped[Instant]
    closed_at: Mapped[datetime | None]
    """When billing said that it is on an invoice; until then it comes up as due."""
