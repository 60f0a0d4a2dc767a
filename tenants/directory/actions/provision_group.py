"""Take in, change and remove a group of the directory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.directory.actions.apply_groups import apply_groups, pools_of, tell_pools
from tenants.directory.errors import DirectoryNameInvalid, MemberUnknown
from tenants.directory.membership import Membership
from tenants.directory.models import ScimGroup
from tenants.directory.reads import get_group, known_users, members_among, members_of
from tenants.directory.store import delete_group, drop_members, put_members, update_group
from tenants.organisation import is_name
from tenants.reads import TenantView
from tenants.store import add

__all__ = ("GroupInput", "change_group", "change_members", "create_group", "remove_group")


@dataclass(frozen=True, slots=True)
class GroupInput:
    """A group as the directory describes it."""

    name: str
    external_id: str | None
    members: Mapping[UUID, str | None]
    """Users, each with the name that it has in the group."""


def create_group(session: Session, tenant: TenantView, group: GroupInput, actor: str, now: datetime) -> UUID:
    """Take a group in.

    Raises:
        DirectoryNameInvalid: its name is empty or too long (`directory_name_invalid`).
        MemberUnknown: a member is no user of this directory (`member_unknown`).
    """
    _refuse_unsound(group)
    group_id = new_id()
    row = ScimGroup(
        tenant_id=tenant.id,
        id=group_id,
        name_key=group.name.casefold(),
        display_name=group.name,
        external_id=group.external_id,
        version=1,
        created_at=now,
        modified_at=now,
    )
    add(session, row)
    _set_members(session, tenant.id, group_id, (group.name, group.name), group.members, actor, now)
    record_audit(session, tenant.id, actor, "create_directory_group", ("group", str(group_id)))
    return group_id


def change_group(
    session: Session, tenant: TenantView, group_id: UUID, group: GroupInput, actor: str, now: datetime
) -> None:
    """Replace name and members of a group.

    Raises:
        NotFound: there is no such group (`not_found`).
        DirectoryNameInvalid: its name is empty or too long (`directory_name_invalid`).
        MemberUnknown: a member is no user of this directory (`member_unknown`).
    """
    _refuse_unsound(group)
    before = get_group(session, tenant.id, group_id).display_name
    values = {
        "name_key": group.name.casefold(),
        "display_name": group.name,
        "external_id": group.external_id,
        "modified_at": now,
    }
    update_group(session, tenant.id, group_id, values)
    _set_members(session, tenant.id, group_id, (before, group.name), group.members, actor, now)
    record_audit(session, tenant.id, actor, "change_directory_group", ("group", str(group_id)))


def _refuse_unsound(group: GroupInput) -> None:
    for attribute, text in (("displayName", group.name), ("externalId", group.external_id or "-")):
        if not is_name(text):
            raise DirectoryNameInvalid(attribute)


def change_members(
    session: Session, tenant: TenantView, group_id: UUID, change: Membership, actor: str, now: datetime
) -> None:
    """Let users join a group and leave it, whoever else is in it; what holds already changes nothing.

    Raises:
        NotFound: there is no such group (`not_found`).
        MemberUnknown: who joins is no user of this directory (`member_unknown`).
    """
    name = get_group(session, tenant.id, group_id).display_name
    _refuse_strangers(session, tenant.id, change.joining)
    held = members_among(session, tenant.id, group_id, {*change.joining, *change.leaving})
    come = {user: said for user, said in change.joining.items() if user not in held}
    named = {user: said for user, said in change.joining.items() if said and held.get(user, said) != said}
    gone = change.leaving & held.keys()
    if not (come or named or gone):
        return
    update_group(session, tenant.id, group_id, {"modified_at": now})
    put_members(session, tenant.id, group_id, come | named)
    drop_members(session, tenant.id, group_id, gone)
    pools = pools_of(session, tenant.id, name)
    tell_pools(session, tenant.id, pools, {"joined": come.keys(), "left": gone}, now)
    apply_groups(session, tenant.id, come.keys() | gone, actor, now)
    record_audit(session, tenant.id, actor, "change_directory_group", ("group", str(group_id)))


def remove_group(session: Session, tenant: TenantView, group_id: UUID, actor: str, now: datetime) -> None:
    """Forget a group: nobody is in it any longer.

    Raises:
        NotFound: there is no such group (`not_found`).
    """
    name = get_group(session, tenant.id, group_id).display_name
    _set_members(session, tenant.id, group_id, (name, name), {}, actor, now)
    delete_group(session, tenant.id, group_id)
    record_audit(session, tenant.id, actor, "remove_directory_group", ("group", str(group_id)))


def _set_members(
    session: Session,
    tenant_id: UUID,
    group_id: UUID,
    names: tuple[str, str],
    members: Mapping[UUID, str | None],
    actor: str,
    now: datetime,
) -> None:
    """Make these the members; `names` are the group's before and after, as rules go by name."""
    wanted = members.keys()
    _refuse_strangers(session, tenant_id, members)
    held = members_of(session, tenant_id, [group_id]).get(group_id, {})
    before = held.keys()
    put_members(
        session,
        tenant_id,
        group_id,
        {user: members[user] for user in wanted if user not in held or held[user] != members[user]},
    )
    drop_members(session, tenant_id, group_id, before - wanted)
    old, new = (set(pools_of(session, tenant_id, name)) for name in names)
    tell_pools(session, tenant_id, old - new, {"left": before}, now)
    tell_pools(session, tenant_id, new - old, {"joined": wanted}, now)
    tell_pools(session, tenant_id, old & new, {"joined": wanted - before, "left": before - wanted}, now)
    touched = before ^ wanted if names[0].casefold() == names[1].casefold() else before | wanted
    apply_groups(session, tenant_id, touched, actor, now)


def _refuse_strangers(session: Session, tenant_id: UUID, members: Mapping[UUID, str | None]) -> None:
    unknown = members.keys() - known_users(session, tenant_id, members)
    if unknown:
        raise MemberUnknown(str(min(unknown)))
