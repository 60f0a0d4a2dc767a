"""Tables of what was made from facts: hours, days, and kept figures; all can be made again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("KeptFigure", "UsageDay", "UsageFold", "UsageHour")


class UsageHour(Base):
    """How many facts of a type were accepted for an hour (UTC), by whose connection: add the slots up.

    Written by ingestion in the transaction of the facts. It only grows.
    """

    __tablename__ = "usage_hour"
    tenant_id: Mapped[TenantId]
    type_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    facts: Mapped[int]


class UsageFold(Base):
    """A local day of one type of event that was folded into `usage_day`, and what it was folded from.

    `facts` and `corrections` are the counts of `metering.reads.stamps` at that time: while they are
    the same, so is the day. `known_at` is when the last of it was recorded.
    """

    __tablename__ = "usage_fold"
    __table_args__ = (CheckConstraint("starts_at < ends_at", name="ends_after_start"),)
    tenant_id: Mapped[TenantId]
    type: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
    facts: Mapped[int]
    corrections: Mapped[int]
    known_at: Mapped[datetime | None]


class UsageDay(Base):
    """Subject by day: of the facts of a person, day and type that count alike, the first, and how many they are.

    Several that are first at one instant are all here. Corrections are applied; who the person is,
    what they weigh and who carries them is found out when it is read.
    """

    __tablename__ = "usage_day"
    tenant_id: Mapped[TenantId]
    type: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[Instant]
    source: Mapped[str]
    identity_id: Mapped[int]
    attributes: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    times: Mapped[int]


class KeptFigure(Base):
    """A copy of an ended period's figure and of its parts by dimension; all are exact fractions.

    `parts` has `{dimension: [[value, quantity], …]}` for those that were asked for. `reading` stands
    for how it was read: policies, zone, holidays, code; `stamp` for what it was made from
    (`metering.reads.stamps`): while both are the same, so is the figure.
    """

    __tablename__ = "kept_figure"
    __table_args__ = (CheckConstraint("starts_at < ends_at", name="ends_after_start"),)
    tenant_id: Mapped[TenantId]
    meter: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    reading: Mapped[str]
    quantity: Mapped[str]
    measured_at: Mapped[Instant]
    parts: Mapped[Any] = json_column(server_default="{}")
    stamp: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
