"""Let a directory's groups act on people: their audience, their role, their place in a seat pool."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from core.signals import publish
from tenants.actions.create_user import UserInput
from tenants.actions.grant_role import end_access, grant_role
from tenants.actions.state_person import state_trait
from tenants.directory.attributes import said_by
from tenants.directory.reads import Rule, UserRow, get_user, group_rules, groups_of, in_pool, known_users
from tenants.events import PoolMembersChanged
from tenants.reads.identities import merged_people
from tenants.roles import GROUP_ROLES
from tenants.sso.actions.keep_users import is_last_administrator

__all__ = ("apply_groups", "leave_address", "pools_of", "spoken_for", "tell_pools")


def apply_groups(session: Session, tenant_id: UUID, users: Collection[UUID], actor: str, now: datetime) -> None:
    """Set the audience and the access of these users by the groups that they are in now.

    Without a rule the audience is what `userType` says. Access is a matter of groups only where a group
    stands for a role; who left has none either way.
    """
    rules = group_rules(session, tenant_id)
    groups = groups_of(session, tenant_id, users)
    for user_id in sorted(users):
        user = get_user(session, tenant_id, user_id)
        names = [name for _, name in groups.get(user_id, ())]
        said = said_by(user.document)
        audience = next(iter(_targets(rules, "audience", names)), said.audience)
        for one in spoken_for(session, tenant_id, user_id):
            state_trait(session, tenant_id, one, "audience", audience, now)
            state_trait(session, tenant_id, one, "class", said.person_class, now)
        _give_access(session, tenant_id, user, rules, names, actor, now)


def spoken_for(session: Session, tenant_id: UUID, user_id: UUID) -> tuple[UUID, ...]:
    """Return whom the directory speaks of by this user: its person, and whom that was found to be.

    A survivor with a user of their own is spoken of by that one alone.
    """
    survivor = merged_people(session, tenant_id).get(user_id, user_id)
    if survivor == user_id or known_users(session, tenant_id, [survivor]):
        return (user_id,)
    return (user_id, survivor)


def _give_access(
    session: Session, tenant_id: UUID, user: UserRow, rules: Sequence[Rule], names: Sequence[str], actor: str,
    now: datetime,
) -> None:  # fmt: skip
    said = said_by(user.document)
    if not said.email:
        return
    given = set(_targets(rules, "role", names))
    role = next((rank for rank in GROUP_ROLES if rank in given), None)
    if user.active and role is not None:
        is_last = partial(is_last_administrator, session, tenant_id)
        who = UserInput(said.email, said.name or said.user_name, role, tenant_id)
        grant_role(session, tenant_id, who, actor, now, is_last)
    else:
        _take_access(session, tenant_id, rules, said.email, actor, active=user.active)


def leave_address(session: Session, tenant_id: UUID, email: str, actor: str, *, active: bool) -> None:
    """End the access at an address that a user of the directory had before, as if no group gave it."""
    if email:
        _take_access(session, tenant_id, group_rules(session, tenant_id), email, actor, active=active)


def _take_access(
    session: Session, tenant_id: UUID, rules: Iterable[Rule], email: str, actor: str, *, active: bool
) -> None:
    if not active or any(rule.kind == "role" for rule in rules):
        end_access(session, tenant_id, email, actor, only_granted=active)


def _targets(rules: Iterable[Rule], kind: str, names: Iterable[str]) -> list[str]:
    named = {name.casefold() for name in names}
    return [rule.target for rule in rules if rule.kind == kind and rule.group.casefold() in named]


def pools_of(session: Session, tenant_id: UUID, name: str) -> list[str]:
    """Return the seat pools that a group stands for."""
    return _targets(group_rules(session, tenant_id), "pool", [name])


def tell_pools(
    session: Session, tenant_id: UUID, pools: Iterable[str], change: Mapping[str, Collection[UUID]], now: datetime
) -> None:
    """Tell those above who joined and who left the pools; who is in one by another group has not left it.

    Who was found to be somebody else is that one, and has not left while another of their users is in.
    """
    merged = merged_people(session, tenant_id)
    come = {merged.get(user, user) for user in change.get("joined", ())}
    gone = {merged.get(user, user) for user in change.get("left", ())}
    users = {one: one for one in gone} | {user: one for user, one in merged.items() if one in gone}
    for pool in pools:
        stay = {users[user] for user in in_pool(session, tenant_id, pool, users)}
        joined, left = tuple(sorted(come)), tuple(sorted(gone - stay))
        if joined or left:
            publish(session, PoolMembersChanged(tenant_id, pool, joined, left, now))
