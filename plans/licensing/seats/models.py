"""Tables of seat pools: their rules, who waits, and who is invited. Who holds a seat stands in the facts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("SeatInvitation", "SeatPool", "SeatWait")


class SeatPool(Base):
    """A pool's rules; whoever changes who holds a seat holds this row."""

    __tablename__ = "seat_pool"
    __table_args__ = (
        CheckConstraint("seats >= 0", name="seats"),
        CheckConstraint("moves_per_year >= 0", name="moves"),
    )
    tenant_id: Mapped[TenantId]
    key: Mapped[str] = mapped_column(primary_key=True)
    """As `seat.assigned` and `seat.released` name it."""
    name: Mapped[str]
    seats: Mapped[int] = mapped_column(Integer)
    """The limit."""
    moves_per_year: Mapped[int | None] = mapped_column(Integer)
    auto_assign: Mapped[Any] = json_column()
    """Who gets a seat without being named: `audiences`, `cost_centres`."""
    clock_at: Mapped[Instant]
    """The instant of the pool's last act; the next one is later, also on a clock that stands still."""
    created_at: Mapped[Instant]


class SeatWait(Base):
    """Somebody who waits for a seat; no two since the same instant."""

    __tablename__ = "seat_wait"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pool"], ["seat_pool.tenant_id", "seat_pool.key"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        UniqueConstraint("tenant_id", "pool", "since"),
        Index("ix_seat_wait_person_id", "tenant_id", "person_id"),
    )
    tenant_id: Mapped[TenantId]
    pool: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[Instant]


class SeatInvitation(Base):
    """Somebody may take a seat by activating it; until then it takes none.

    Nothing has to run for one to expire: whether it is open is asked of `expires_at`, too. Its status follows when the
    person is invited again.
    """

    __tablename__ = "seat_invitation"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pool"], ["seat_pool.tenant_id", "seat_pool.key"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        CheckConstraint("status in ('open', 'activated', 'withdrawn', 'expired')", name="status"),
        Index(
            "uq_seat_invitation_open", "tenant_id", "pool", "person_id",
            unique=True, postgresql_where="status = 'open'",
        ),
    )  # fmt: skip
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pool: Mapped[str]
    person_id: Mapped[UUID]
    status: Mapped[str]
    invited_by: Mapped[str]
    invited_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    settled_at: Mapped[datetime | None]
    """When it was activated or withdrawn, or its days were over."""
