"""The table of outgoing mails."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("Mail",)


class Mail(Base):
    """One mail to one person or address, with what came of the last attempt."""

    __tablename__ = "mail"
    __table_args__ = (
        CheckConstraint("status in ('due', 'sent', 'dead')", name="status"),
        CheckConstraint("(person_id is null) = (address <> '')", name="one_recipient"),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        Index("ix_mail_due", "due_at", postgresql_where="status = 'due'"),
        Index("ix_mail_person_id", "tenant_id", "person_id", postgresql_where="person_id is not null"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """Which text, for instance `alert.fired`."""
    data: Mapped[Any] = json_column()
    """What the text says, JSON-ready, without personal data."""
    language: Mapped[str]
    """As `Accept-Language` has it."""
    person_id: Mapped[UUID | None]
    """To whom; the address is looked up when it is sent."""
    address: Mapped[str] = mapped_column(server_default="")
    """To which address that a customer typed; empty where `person_id` says it."""
    at: Mapped[Instant]
    status: Mapped[str]
    attempts: Mapped[int]
    due_at: Mapped[Instant]
    tried_at: Mapped[Instant | None]
    error: Mapped[str] = mapped_column(server_default="")
