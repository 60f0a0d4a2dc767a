"""Tables of sign-in by a customer's provider."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("SsoLink", "SsoProvider")


class SsoProvider(Base):
    """A customer's provider. The client secret is sealed, bound to the tenant; null is a client without one."""

    __tablename__ = "sso_provider"
    __table_args__ = (
        CheckConstraint(
            "default_role is null or default_role in ('tenant_finance', 'tenant_auditor')", name="default_role"
        ),
    )
    tenant_id: Mapped[TenantId]
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    enabled: Mapped[bool]
    scopes: Mapped[str]
    link_by_email: Mapped[bool]
    create_missing: Mapped[bool]
    default_role: Mapped[str | None]
    groups_claim: Mapped[str]
    group_roles: Mapped[Any] = json_column()
    changed_at: Mapped[Instant]


class SsoLink(Base):
    """This subject of this issuer is that user: known from the first sign-in on, whatever the address becomes."""

    __tablename__ = "sso_link"
    __table_args__ = (UniqueConstraint("tenant_id", "issuer", "user_id"),)
    tenant_id: Mapped[TenantId]
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    linked_at: Mapped[Instant]
    used_at: Mapped[Instant]
