"""Tables of floating pools and of those they did not let in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("Denial", "DenialHour", "DenialTold", "FloatingPool", "LicenceFile", "PastLimit", "Quota", "QuotaClaim")


class FloatingPool(Base):
    """A pool's rules and its counter; whoever lets somebody in holds this row.

    `in_use` is the number of distinct units of its held `leased_session` rows. `ceiling` is what it
    may not pass: the capacity, or while a lowered limit drains what is still in use.
    """

    __tablename__ = "floating_pool"
    __table_args__ = (
        CheckConstraint("mode in ('hard', 'overdraft', 'soft')", name="mode"),
        CheckConstraint("in_use between 0 and ceiling", name="never_above"),
        CheckConstraint("seats >= 0 and overdraft >= 0 and overdraft_percent between 0 and 1000", name="seats"),
        CheckConstraint("lease_s between 1 and 86400 and linger_s between 0 and 86400", name="spans"),
        CheckConstraint("borrow_max_s between 0 and 604800 and borrow_keep >= 0", name="borrowing"),
    )
    tenant_id: Mapped[TenantId]
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    mode: Mapped[str]
    seats: Mapped[int] = mapped_column(Integer)
    overdraft: Mapped[int] = mapped_column(Integer)
    overdraft_percent: Mapped[int] = mapped_column(Integer)
    count_by: Mapped[str]
    lease_s: Mapped[int] = mapped_column(Integer)
    linger_s: Mapped[int] = mapped_column(Integer)
    borrow_max_s: Mapped[int] = mapped_column(Integer)
    borrow_keep: Mapped[int] = mapped_column(Integer)
    shares: Mapped[Any] = json_column()
    in_use: Mapped[int] = mapped_column(Integer)
    ceiling: Mapped[int] = mapped_column(Integer)
    clock_at: Mapped[Instant]
    """The pool's time: it never runs backwards."""
    changed_at: Mapped[Instant]


class PastLimit(Base):
    """Append-only: so many seats a pool had from an instant until the next row's, or until its `changed_at`."""

    __tablename__ = "past_limit"
    __table_args__ = (CheckConstraint("seats >= 0", name="seats"),)
    tenant_id: Mapped[TenantId]
    pool: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    seats: Mapped[int] = mapped_column(Integer)


class Denial(Base):
    """Somebody was not let in. Append-only, until it is old and only counted (`DenialHour`)."""

    __tablename__ = "denial"
    __table_args__ = (Index("ix_denial_at", "tenant_id", "pool", "at"),)
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pool: Mapped[str]
    at: Mapped[Instant]
    identity_id: Mapped[int]
    client_key: Mapped[str]
    group_key: Mapped[str]
    reason: Mapped[str]
    in_use: Mapped[int] = mapped_column(Integer)
    seats: Mapped[int] = mapped_column(Integer)


class DenialHour(Base):
    """How many old denials of a pool an hour (UTC), a group and a reason had; kept for ever.

    What is counted here is no row of `denial` any more, so that the two add up.
    """

    __tablename__ = "denial_hour"
    __table_args__ = (CheckConstraint("denials > 0 and true_denials between 0 and denials", name="counts"),)
    tenant_id: Mapped[TenantId]
    pool: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    group_key: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    denials: Mapped[int]
    true_denials: Mapped[int]


class DenialTold(Base):
    """Append-only: others were told of a pool's denials in the window that starts then, once."""

    __tablename__ = "denial_told"
    tenant_id: Mapped[TenantId]
    pool: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID]


class Quota(Base):
    """What was used of a feature's limit in a billing period; the database refuses what is above it."""

    __tablename__ = "quota"
    __table_args__ = (CheckConstraint("used between 0 and ceiling", name="never_above"),)
    tenant_id: Mapped[TenantId]
    feature: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[Instant]
    used: Mapped[int]
    ceiling: Mapped[int]
    """The limit, or what was used when it was lowered."""


class QuotaClaim(Base):
    """Append-only: a quantity that was used up, once for the client's key."""

    __tablename__ = "quota_claim"
    __table_args__ = (CheckConstraint("quantity > 0", name="something"),)
    tenant_id: Mapped[TenantId]
    feature: Mapped[str] = mapped_column(primary_key=True)
    client_key: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    at: Mapped[Instant]


class LicenceFile(Base):
    """A licence file that was issued: what it says never changes, it can only be revoked.

    The claims are stored, not the signature: whoever fetches the file gets it signed by the key of that day.
    """

    __tablename__ = "licence_file"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="some_time"),
        CheckConstraint("(revoked_at is null) = (revoked_reason = '')", name="revoked_for_a_reason"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID]
    name: Mapped[str]
    issued_at: Mapped[Instant]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    fingerprint: Mapped[str]
    claims: Mapped[Any] = json_column()
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str]
