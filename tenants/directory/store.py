"""Writes and locks about a directory's users, groups and rules."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.lists import any_of
from tenants.directory.models import GroupRule, ScimGroup, ScimMember, ScimUser

__all__ = (
    "delete_group",
    "delete_user",
    "drop_members",
    "lock_group",
    "lock_user",
    "put_members",
    "put_rules",
    "update_group",
    "update_user",
)


def lock_user(session: Session, tenant_id: UUID, user_id: UUID) -> None:
    """Lock a user until the transaction ends, if there is one."""
    session.execute(
        select(ScimUser.id).where(ScimUser.tenant_id == tenant_id, ScimUser.id == user_id).with_for_update()
    )


def lock_group(session: Session, tenant_id: UUID, group_id: UUID) -> None:
    """Lock a group until the transaction ends, if there is one."""
    session.execute(
        select(ScimGroup.id).where(ScimGroup.tenant_id == tenant_id, ScimGroup.id == group_id).with_for_update()
    )


def update_user(session: Session, tenant_id: UUID, user_id: UUID, values: dict[str, Any]) -> None:
    """Change a user, as another version."""
    statement = update(ScimUser).where(ScimUser.tenant_id == tenant_id, ScimUser.id == user_id)
    session.execute(statement.values(values | {"version": ScimUser.version + 1}))


def update_group(session: Session, tenant_id: UUID, group_id: UUID, values: dict[str, Any]) -> None:
    """Change a group, as another version."""
    statement = update(ScimGroup).where(ScimGroup.tenant_id == tenant_id, ScimGroup.id == group_id)
    session.execute(statement.values(values | {"version": ScimGroup.version + 1}))


def delete_user(session: Session, tenant_id: UUID, user_id: UUID) -> None:
    """Forget a user and its memberships."""
    session.execute(delete(ScimMember).where(ScimMember.tenant_id == tenant_id, ScimMember.user_id == user_id))
    session.execute(delete(ScimUser).where(ScimUser.tenant_id == tenant_id, ScimUser.id == user_id))


def delete_group(session: Session, tenant_id: UUID, group_id: UUID) -> None:
    """Forget a group and its memberships."""
    session.execute(delete(ScimMember).where(ScimMember.tenant_id == tenant_id, ScimMember.group_id == group_id))
    session.execute(delete(ScimGroup).where(ScimGroup.tenant_id == tenant_id, ScimGroup.id == group_id))


def put_members(session: Session, tenant_id: UUID, group_id: UUID, users: Mapping[UUID, str | None]) -> None:
    """Put users into a group under these names; who is in it already gets the name."""
    if users:
        rows = [
            {"tenant_id": tenant_id, "group_id": group_id, "user_id": user, "display": users[user]}
            for user in sorted(users)
        ]
        statement = upsert(ScimMember)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "group_id", "user_id"], set_={"display": statement.excluded.display}
            ),
            rows,
        )


def drop_members(session: Session, tenant_id: UUID, group_id: UUID, users: Collection[UUID]) -> None:
    """Take users out of a group."""
    if users:
        session.execute(
            delete(ScimMember).where(
                ScimMember.tenant_id == tenant_id, ScimMember.group_id == group_id, any_of(ScimMember.user_id, users)
            )
        )


def put_rules(session: Session, tenant_id: UUID, rows: Collection[dict[str, Any]]) -> None:
    """Replace what groups stand for."""
    session.execute(delete(GroupRule).where(GroupRule.tenant_id == tenant_id))
    if rows:
        session.execute(upsert(GroupRule), list(rows))
