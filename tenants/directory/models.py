"""Tables of what a directory sent. A user's id is the person's: a person has at most one account here."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("GroupRule", "ScimGroup", "ScimMember", "ScimUser")


class ScimUser(Base):
    """A user of the directory.

    `document` is personal data: the attributes as SCIM writes them, without id, meta and groups; a
    password is never kept.
    """

    __tablename__ = "scim_user"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_name_key"),
        ForeignKeyConstraint(["tenant_id", "id"], ["person.tenant_id", "person.id"]),
        Index("ix_scim_user_external_id", "tenant_id", "external_id"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_name_key: Mapped[str]
    external_id: Mapped[str | None]
    active: Mapped[bool]
    document: Mapped[Any] = json_column()
    version: Mapped[int]
    created_at: Mapped[Instant]
    modified_at: Mapped[Instant]


class ScimGroup(Base):
    """A group of the directory; its name in lower case finds its rules."""

    __tablename__ = "scim_group"
    __table_args__ = (
        Index("ix_scim_group_name_key", "tenant_id", "name_key"),
        Index("ix_scim_group_external_id", "tenant_id", "external_id"),
    )
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name_key: Mapped[str]
    display_name: Mapped[str]
    external_id: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[Instant]
    modified_at: Mapped[Instant]


class ScimMember(Base):
    """A user in a group, under the name that the directory gives it there."""

    __tablename__ = "scim_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "group_id"], ["scim_group.tenant_id", "scim_group.id"], name="fk_scim_member_group"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["scim_user.tenant_id", "scim_user.id"], name="fk_scim_member_user"
        ),
        Index("ix_scim_member_user_id", "tenant_id", "user_id"),
    )
    tenant_id: Mapped[TenantId]
    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    display: Mapped[str | None]


class GroupRule(Base):
    """What a group stands for: an audience, a role, a seat pool; at most one of each kind."""

    __tablename__ = "group_rule"
    __table_args__ = (CheckConstraint("kind in ('audience', 'role', 'pool')", name="kind"),)
    tenant_id: Mapped[TenantId]
    name_key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    group_name: Mapped[str]
    target: Mapped[str]
