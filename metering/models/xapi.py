"""Tables of xAPI statements: originals, what finds them, and how they become events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = (
    "XapiActorKey",
    "XapiAttachment",
    "XapiDirectory",
    "XapiMark",
    "XapiRule",
    "XapiStatement",
    "XapiStream",
)


class XapiStream(Base):
    """A tenant's statements are stored one request after another: whose row this is, writes.

    So `stored` grows with the order of commits, and what a reader has seen up to an instant is
    complete.
    """

    __tablename__ = "xapi_stream"
    tenant_id: Mapped[TenantId]
    last_stored_at: Mapped[Instant]


class XapiActorKey(Base):
    """The key of a person, wrapped: under it their originals are sealed, and where others' mention them.

    Without it both are forgotten.
    """

    __tablename__ = "xapi_actor_key"
    tenant_id: Mapped[TenantId]
    actor: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]


class XapiStatement(Base):
    """Append-only: a statement as received, sealed, with what the record store knows beside it.

    `unmetered` is why it made no event when it came, NULL where it made one; whether it is metered now
    is told by `fact_key` (`event_key`), since a mapping may have been added later. `voids` is the target
    of the first statement that voids it; one that voids it again has only `refers_to`.
    """

    __tablename__ = "xapi_statement"
    __table_args__ = (
        # The database refuses that anything is voided twice.
        UniqueConstraint("tenant_id", "voids"),
        CheckConstraint("octet_length(essence_hash) = 16", name="essence_hash_size"),
        Index("ix_xapi_statement_stored_at", "tenant_id", "stored_at", "id"),
        Index("ix_xapi_statement_refers_to", "tenant_id", "refers_to"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    stored_at: Mapped[Instant]
    version: Mapped[str]
    authority: Mapped[Any] = json_column()
    essence_hash: Mapped[bytes] = mapped_column(LargeBinary)
    actor: Mapped[UUID]
    verb: Mapped[str]
    activity_type: Mapped[str]
    refers_to: Mapped[UUID | None]
    voids: Mapped[UUID | None]
    event_key: Mapped[UUID]
    unmetered: Mapped[str | None]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class XapiMark(Base):
    """What finds a statement: hashes, in the order in which statements were stored.

    A statement about a statement has its marks too, as the standard's filters want it.
    """

    __tablename__ = "xapi_mark"
    __table_args__ = (Index("ix_xapi_mark_statement_id", "tenant_id", "statement_id"),)
    tenant_id: Mapped[TenantId]
    mark: Mapped[UUID] = mapped_column(primary_key=True)
    stored_at: Mapped[datetime] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(primary_key=True)


class XapiAttachment(Base):
    """Append-only: an attachment's content, sealed like its statement.

    A signature holds the statement once more: it is sealed under the keys `also_by` first, in their
    order, so that it goes with the first of the people in it who is forgotten.
    """

    __tablename__ = "xapi_attachment"
    tenant_id: Mapped[TenantId]
    statement_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha2: Mapped[str] = mapped_column(primary_key=True)
    content_type: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    also_by: Mapped[list[UUID]] = mapped_column(ARRAY(PG_UUID(as_uuid=True)), server_default="{}")


class XapiRule(Base):
    """What a tenant adds to the built-in mapping of statements to events."""

    __tablename__ = "xapi_rule"
    tenant_id: Mapped[TenantId]
    verb: Mapped[str] = mapped_column(primary_key=True)
    activity_type: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str | None]
    data: Mapped[Any] = json_column()
    changed_at: Mapped[Instant]


class XapiDirectory(Base):
    """A home page whose account names are the tenant's own keys of people."""

    __tablename__ = "xapi_directory"
    tenant_id: Mapped[TenantId]
    home_page: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[Instant]
