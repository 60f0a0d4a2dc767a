"""Tables of who. Global ones (looked up before a tenant is known) say so; the rest lead with tenant_id."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

# --- Global tables: read before a tenant is known ------------------------------------------------


class LegalEntity(Base):
    """Global: a company of the vendor that issues invoices."""

    __tablename__ = "legal_entity"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    address: Mapped[str]
    country: Mapped[str]
    tax_id: Mapped[str]
    base_currency: Mapped[str]
    number_prefix: Mapped[str]
    iban: Mapped[str] = mapped_column(server_default="")


class TestClock(Base):
    """Global: the time of sandbox tenants; moved by API only, forwards only."""

    __tablename__ = "test_clock"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    now_at: Mapped[Instant]
    created_at: Mapped[Instant]


class Tenant(Base):
    """Global: one customer organisation."""

    __tablename__ = "tenant"
    __table_args__ = (
        CheckConstraint("status in ('trial', 'active', 'suspended', 'closed')", name="status"),
        CheckConstraint("parent_id <> id", name="not_own_parent"),
        CheckConstraint(
            "tax_treatment in ('standard', 'reverse_charge', 'exempt')",
            name="tax_treatment",
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[str]
    legal_entity_id: Mapped[UUID] = mapped_column(ForeignKey("legal_entity.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenant.id"))
    bill_to_parent: Mapped[bool] = mapped_column(server_default=text("false"))
    time_zone: Mapped[str]
    currency: Mapped[str]
    country: Mapped[str]
    billing_name: Mapped[str]
    billing_address: Mapped[str]
    tax_id: Mapped[str] = mapped_column(server_default="")
    tax_treatment: Mapped[str] = mapped_column(server_default="standard")
    purchase_order: Mapped[str] = mapped_column(server_default="")
    payment_terms_days: Mapped[int] = mapped_column(SmallInteger, server_default="30")
    grace_hours: Mapped[int] = mapped_column(BigInteger, server_default="72")
    holidays: Mapped[Any] = json_column(server_default="[]")
    test_clock_id: Mapped[UUID | None] = mapped_column(ForeignKey("test_clock.id"))
    created_at: Mapped[Instant]
    password_allowed: Mapped[bool] = mapped_column(server_default=text("true"))


class UserAccount(Base):
    """Global: someone who signs in or whom a key acts for. `tenant_id` is null for the vendor's people."""

    __tablename__ = "user_account"
    __table_args__ = (
        CheckConstraint(
            "role in ('vendor_admin', 'vendor_sales', 'vendor_finance', 'vendor_auditor',"
            " 'tenant_admin', 'tenant_finance', 'cost_centre_owner', 'tenant_auditor')",
            name="role",
        ),
        CheckConstraint("(role like 'vendor%') = (tenant_id is null)", name="role_side"),
        CheckConstraint(
            "(role = 'cost_centre_owner') = (cost_centre is not null)",
            name="owner_has_centre",
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenant.id"))
    cost_centre: Mapped[str | None]
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[Instant]


class UserSession(Base):
    """Global: a signed-in browser; the cookie's token is stored hashed."""

    __tablename__ = "user_session"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    csrf_token: Mapped[str]
    expires_at: Mapped[Instant]


class ApiKey(Base):
    """Global: a key acts for a named user, within scopes; stored hashed."""

    __tablename__ = "api_key"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    scopes: Mapped[Any] = json_column()
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]


class SignInAttempt(Base):
    """Global: failed sign-ins, counted per e-mail and address to slow guessing down."""

    __tablename__ = "sign_in_attempt"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(index=True)
    at: Mapped[Instant]


# --- A tenant's own rows -------------------------------------------------------------------------


class Person(Base):
    """A human or not, inside a tenant. Personal data stands here and in `identity`, nowhere else."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        CheckConstraint("active_to is null or active_to > active_from", name="active_span"),
        Index("ix_person_active_to", "tenant_id", "active_to", postgresql_where="active_to is not null"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str] = mapped_column(server_default="")
    active_from: Mapped[Instant]
    active_to: Mapped[Instant | None]


class Departure(Base):
    """Append-only: at that instant the person left; a return is no row, it gives nothing back.

    `person.active_to` says only how it stands now, so that it cannot tell an earlier departure.
    """

    __tablename__ = "departure"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),)
    tenant_id: Mapped[TenantId]
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    left_at: Mapped[datetime] = mapped_column(primary_key=True)
    recorded_at: Mapped[Instant]


class Presence(Base):
    """Append-only: at `said_at` somebody left, or was there again, as one statement has it (`tenants.presence`).

    An event says it of an identity, under its own key, and is `followed` when whoever that is has been let
    out or in; a directory, the API and the pages say it of a person, who follows at once.
    """

    __tablename__ = "presence"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "identity_id"], ["identity.tenant_id", "identity.id"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        CheckConstraint("(identity_id is null) <> (person_id is null)", name="of_one"),
        Index("ix_presence_identity_id", "tenant_id", "identity_id", postgresql_where="identity_id is not null"),
        Index("ix_presence_person_id", "tenant_id", "person_id", postgresql_where="person_id is not null"),
        Index("ix_presence_waiting", "tenant_id", "said_at", postgresql_where="not followed"),
    )
    tenant_id: Mapped[TenantId]
    statement_id: Mapped[UUID] = mapped_column(primary_key=True)
    identity_id: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[UUID | None]
    said_at: Mapped[Instant]
    here: Mapped[bool]
    followed: Mapped[bool] = mapped_column(server_default=text("false"))


class Erasure(Base):
    """This person was erased. `sealed` are hashes of the keys that senders had for them, bound to the row.

    `renamed_at` is when their devices and sessions were given other names last; null if they were not yet.
    """

    __tablename__ = "erasure"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),)
    tenant_id: Mapped[TenantId]
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    erased_at: Mapped[Instant]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    renamed_at: Mapped[Instant | None]


class IdentityKey(Base):
    """What facts point to, for ever: a sender's key for somebody. `home_person_id` is whom it was made for."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("tenant_id", "scheme", "key"),
        ForeignKeyConstraint(["tenant_id", "home_person_id"], ["person.tenant_id", "person.id"]),
        Index("ix_identity_home_person_id", "tenant_id", "home_person_id"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme: Mapped[str]
    key: Mapped[str]
    home_person_id: Mapped[UUID]
    created_at: Mapped[Instant]


class IdentityLink(Base):
    """Append-only: from `recorded_at` on, this identity is that person (a merge, an unmerge).

    No row means the home person.
    """

    __tablename__ = "identity_link"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "identity_id"], ["identity.tenant_id", "identity.id"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )
    tenant_id: Mapped[TenantId]
    identity_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]


class PersonTrait(Base):
    """Append-only: class or audience of an identity from an event's time on.

    Of several rows at one instant the one with the smallest `event_key` holds, so that the order
    of arrival does not matter. `event_key` is the nil UUID where no event said so.
    """

    __tablename__ = "person_trait"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "identity_id"], ["identity.tenant_id", "identity.id"]),
        CheckConstraint("trait in ('class', 'audience')", name="trait"),
    )
    tenant_id: Mapped[TenantId]
    identity_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    trait: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    value: Mapped[str]


class CostCentre(Base):
    """A node of the organisation tree for a span of local dates `[valid_from, valid_to)`."""

    __tablename__ = "cost_centre"
    __table_args__ = (CheckConstraint("valid_to is null or valid_to > valid_from", name="valid_span"),)
    tenant_id: Mapped[TenantId]
    code: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    name: Mapped[str]
    parent_code: Mapped[str | None]
    headcount: Mapped[int | None]


class Assignment(Base):
    """Append-only, bitemporal: from `valid_from` on, as known since `recorded_at`, these centres carry the person.

    All rows of one (person, valid_from, recorded_at) are one statement; weights are normalised to
    shares. The statement with the greatest valid_from ≤ day holds, of these the last recorded. A
    single row with `cost_centre` '' says: nobody carries the person from here on.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        CheckConstraint("weight > 0", name="weight_positive"),
    )
    tenant_id: Mapped[TenantId]
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    cost_centre: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[Any] = mapped_column(Numeric(18, 6))


class IdempotencyRecord(Base):
    """The first answer to a POST with an `Idempotency-Key`, kept 30 days; `body` is sealed, bound to the row.

    Of a page's form that is done once only the claim is kept, no answer.
    """

    __tablename__ = "idempotency_record"
    tenant_id: Mapped[TenantId]
    key: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[Any] = json_column(server_default="[]")
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]


class AuditEntry(Base):
    """Append-only: who did what to which thing. The vendor's own acts stand under the nil tenant."""

    __tablename__ = "audit_entry"
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    actor: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[Any] = json_column(server_default="{}")


class AuditSeal(Base):
    """Append-only: one link of a tenant's hash chain over its committed audit entries."""

    __tablename__ = "audit_seal"
    __table_args__ = (Index("ix_audit_seal_sealed_at", "tenant_id", "sealed_at"),)
    tenant_id: Mapped[TenantId]
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sealed_at: Mapped[Instant]
    entry_ids: Mapped[Any] = json_column()
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
