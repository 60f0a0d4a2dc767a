"""Tables of what floating pools let in: which pools lease, and the stretches in which leases hold."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId

__all__ = ("LeasedPool", "LeasedSession")


class LeasedPool(Base):
    """From the local day `bound_on` on a pool's leases are its only feed of concurrency."""

    __tablename__ = "leased_pool"
    __table_args__ = (CheckConstraint("count_by in ('person', 'person_device', 'session')", name="count_by"),)
    tenant_id: Mapped[TenantId]
    pool: Mapped[str] = mapped_column(primary_key=True)
    bound_on: Mapped[date]
    count_by: Mapped[str]
    """What counts once, at the door and on the bill."""
    bound_at: Mapped[Instant]


class LeasedSession(Base):
    """A stretch `[starts_at, ends_at)` in which a lease is open: what was let in, and what is billed.

    Whether it is open follows from the time alone. `held` says that its pool's counter still has it:
    ended stretches are let go when a seat is wanted, or when they linger no longer. Renewing moves
    `ends_at`, which stands in no index, so that it stays in its page.
    """

    __tablename__ = "leased_session"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pool"], ["leased_pool.tenant_id", "leased_pool.pool"]),
        CheckConstraint("ends_at >= starts_at", name="ends_after_start"),
        CheckConstraint("ends_at <= starts_at + interval '7 days'", name="a_week_at_most"),
        CheckConstraint("renews_s between 1 and 86400 and lingers_s between 0 and 86400", name="spans"),
        Index("ix_leased_session_starts_at", "tenant_id", "starts_at"),
        Index("ix_leased_session_unit", "tenant_id", "pool", "unit", postgresql_where="held"),
        Index("uq_leased_session_client_key", "tenant_id", "pool", "client_key", unique=True, postgresql_where="held"),
    )
    tenant_id: Mapped[TenantId]
    lease_id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    pool: Mapped[str]
    unit: Mapped[str]
    """What counts once in the pool; see `LeasedPool.count_by`."""
    client_key: Mapped[str]
    identity_id: Mapped[int]
    device_id: Mapped[str | None]
    group_key: Mapped[str]
    """The group whose share it takes; '' for none."""
    ends_at: Mapped[datetime]
    renews_s: Mapped[int] = mapped_column(Integer)
    """How long a heartbeat holds it."""
    lingers_s: Mapped[int] = mapped_column(Integer)
    """How long it holds its seat after its end."""
    released: Mapped[bool]
    borrowed: Mapped[bool]
    overdrawn: Mapped[bool]
    """Let in above the pool's limit."""
    held: Mapped[bool]
