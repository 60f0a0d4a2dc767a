"""Selects about a directory's users, groups and rules; they return frozen values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.lists import any_of
from tenants.directory.models import GroupRule, ScimGroup, ScimMember, ScimUser
from tenants.reads.identities import merged_people

__all__ = (
    "GroupRow",
    "Rule",
    "UserRow",
    "accounts_of",
    "count_groups",
    "count_users",
    "get_group",
    "get_user",
    "group_rules",
    "groups_named",
    "groups_of",
    "groups_where",
    "in_pool",
    "known_users",
    "members_among",
    "members_of",
    "people_in_pool",
    "users_where",
)


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as it is stored."""

    id: UUID
    document: Mapping[str, Any]
    active: bool
    version: int
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group without its members."""

    id: UUID
    display_name: str
    external_id: str | None
    version: int
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """What a group stands for: `kind` is audience, role or pool."""

    group: str
    kind: str
    target: str


_USER = (
    ScimUser.id,
    ScimUser.document,
    ScimUser.active,
    ScimUser.version,
    ScimUser.created_at,
    ScimUser.modified_at,
)
_GROUP = (
    ScimGroup.id,
    ScimGroup.display_name,
    ScimGroup.external_id,
    ScimGroup.version,
    ScimGroup.created_at,
    ScimGroup.modified_at,
)

Equal = Mapping[str, str]
"""Columns and the values that they have to equal: `id`, `name` (in lower case), `external_id`."""


def _of_users(tenant_id: UUID, equal: Equal) -> list[ColumnElement[bool]]:
    columns = {"id": ScimUser.id, "name": ScimUser.user_name_key, "external_id": ScimUser.external_id}
    return [ScimUser.tenant_id == tenant_id, *(columns[name] == value for name, value in equal.items())]


def _of_groups(tenant_id: UUID, equal: Equal) -> list[ColumnElement[bool]]:
    columns = {"id": ScimGroup.id, "name": ScimGroup.name_key, "external_id": ScimGroup.external_id}
    return [ScimGroup.tenant_id == tenant_id, *(columns[name] == value for name, value in equal.items())]


def count_users(session: Session, tenant_id: UUID, equal: Equal) -> int:
    """Return how many users there are of these values."""
    return session.execute(select(func.count()).select_from(ScimUser).where(*_of_users(tenant_id, equal))).scalar_one()


def count_groups(session: Session, tenant_id: UUID, equal: Equal) -> int:
    """Return how many groups there are of these values."""
    return session.execute(
        select(func.count()).select_from(ScimGroup).where(*_of_groups(tenant_id, equal))
    ).scalar_one()


def users_where(
    session: Session, tenant_id: UUID, equal: Equal, offset: int = 0, limit: int = 1000
) -> tuple[UserRow, ...]:
    """Return users of these values by id."""
    query = select(*_USER).where(*_of_users(tenant_id, equal)).order_by(ScimUser.id).offset(offset).limit(limit)
    return tuple(UserRow(*row) for row in session.execute(query))


def groups_where(
    session: Session, tenant_id: UUID, equal: Equal, offset: int = 0, limit: int = 1000
) -> tuple[GroupRow, ...]:
    """Return groups of these values by id."""
    query = select(*_GROUP).where(*_of_groups(tenant_id, equal)).order_by(ScimGroup.id).offset(offset).limit(limit)
    return tuple(GroupRow(*row) for row in session.execute(query))


def groups_named(session: Session, tenant_id: UUID, names: Collection[str]) -> tuple[GroupRow, ...]:
    """Return groups of these names (in lower case), by id."""
    query = select(*_GROUP).where(ScimGroup.tenant_id == tenant_id, any_of(ScimGroup.name_key, names))
    return tuple(GroupRow(*row) for row in session.execute(query.order_by(ScimGroup.id)))


def get_user(session: Session, tenant_id: UUID, user_id: UUID) -> UserRow:
    """Return one user.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = users_where(session, tenant_id, {"id": str(user_id)})
    if not found:
        raise NotFound("user", user_id)
    return found[0]


def get_group(session: Session, tenant_id: UUID, group_id: UUID) -> GroupRow:
    """Return one group.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = groups_where(session, tenant_id, {"id": str(group_id)})
    if not found:
        raise NotFound("group", group_id)
    return found[0]


def members_of(session: Session, tenant_id: UUID, groups: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, str | None]]:
    """Return group → its users, by id, each with the name that it has in the group."""
    found: dict[UUID, dict[UUID, str | None]] = {}
    rows = session.execute(
        select(ScimMember.group_id, ScimMember.user_id, ScimMember.display)
        .where(ScimMember.tenant_id == tenant_id, any_of(ScimMember.group_id, groups))
        .order_by(ScimMember.user_id)
    )
    for group_id, user_id, display in rows:
        found.setdefault(group_id, {})[user_id] = display
    return found


def members_among(
    session: Session, tenant_id: UUID, group_id: UUID, users: Collection[UUID]
) -> Mapping[UUID, str | None]:
    """Return those of the users who are in a group, each with the name that it has there."""
    query = select(ScimMember.user_id, ScimMember.display).where(
        ScimMember.tenant_id == tenant_id, ScimMember.group_id == group_id, any_of(ScimMember.user_id, users)
    )
    return dict(session.execute(query).tuples().all())


def groups_of(session: Session, tenant_id: UUID, users: Collection[UUID]) -> Mapping[UUID, Sequence[tuple[UUID, str]]]:
    """Return user → the groups it is in, as id and name, by name."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    rows = session.execute(
        select(ScimMember.user_id, ScimGroup.id, ScimGroup.display_name)
        .join(ScimGroup, (ScimGroup.tenant_id == ScimMember.tenant_id) & (ScimGroup.id == ScimMember.group_id))
        .where(ScimMember.tenant_id == tenant_id, any_of(ScimMember.user_id, users))
        .order_by(ScimGroup.name_key, ScimGroup.id)
    )
    for user_id, group_id, name in rows:
        found.setdefault(user_id, []).append((group_id, name))
    return found


def known_users(session: Session, tenant_id: UUID, users: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the ids that are users of the directory."""
    query = select(ScimUser.id).where(ScimUser.tenant_id == tenant_id, any_of(ScimUser.id, users))
    return frozenset(session.execute(query).scalars())


def accounts_of(session: Session, tenant_id: UUID, person_id: UUID) -> Mapping[UUID, bool]:
    """Return a survivor's users with whether each is active: their own, and of those found to be them."""
    merged = merged_people(session, tenant_id)
    homes = {person_id, *(home for home, survivor in merged.items() if survivor == person_id)}
    query = select(ScimUser.id, ScimUser.active).where(ScimUser.tenant_id == tenant_id, any_of(ScimUser.id, homes))
    return dict(session.execute(query).tuples().all())


def in_pool(session: Session, tenant_id: UUID, pool: str, users: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the users who are active and in some group that stands for the pool."""
    query = _of_pool(tenant_id, pool).where(any_of(ScimMember.user_id, users))
    return frozenset(session.execute(query).scalars())


def people_in_pool(session: Session, tenant_id: UUID, pool: str) -> tuple[UUID, ...]:
    """Return by id whom groups that stand for the pool put into it; who was found to be somebody else is that one."""
    merged = merged_people(session, tenant_id)
    users = session.execute(_of_pool(tenant_id, pool)).scalars()
    return tuple(sorted({merged.get(user, user) for user in users}))


def _of_pool(tenant_id: UUID, pool: str) -> Select[UUID]:
    return (
        select(ScimMember.user_id)
        .join(ScimUser, (ScimUser.tenant_id == ScimMember.tenant_id) & (ScimUser.id == ScimMember.user_id))
        .join(ScimGroup, (ScimGroup.tenant_id == ScimMember.tenant_id) & (ScimGroup.id == ScimMember.group_id))
        .join(GroupRule, (GroupRule.tenant_id == ScimGroup.tenant_id) & (GroupRule.name_key == ScimGroup.name_key))
        .where(ScimMember.tenant_id == tenant_id, ScimUser.active)
        .where(GroupRule.kind == "pool", GroupRule.target == pool)
    )


def group_rules(session: Session, tenant_id: UUID) -> tuple[Rule, ...]:
    """Return what groups stand for, by group and kind."""
    rows = session.execute(
        select(GroupRule.group_name, GroupRule.kind, GroupRule.target)
        .where(GroupRule.tenant_id == tenant_id)
        .order_by(GroupRule.name_key, GroupRule.kind)
    )
    return tuple(Rule(*row) for row in rows)
