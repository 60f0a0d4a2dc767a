"""Take in, change and remove a user of the directory, with all that follows for the person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.periods import local_date
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.actions.import_people import SUBJECT
from tenants.actions.know_person import know_person, name_person
from tenants.actions.record_audit import record_audit
from tenants.actions.state_person import state_cost_centre
from tenants.directory.actions.apply_groups import apply_groups, leave_address, pools_of, spoken_for, tell_pools
from tenants.directory.attributes import Said, said_by
from tenants.directory.errors import DirectoryNameInvalid, DirectoryNameTaken
from tenants.directory.models import ScimUser
from tenants.directory.reads import accounts_of, get_user, groups_of
from tenants.directory.store import delete_user, update_user
from tenants.errors import PersonKeyTaken
from tenants.organisation import is_name
from tenants.reads import TenantView
from tenants.reads.identities import merged_people
from tenants.store import add, set_person

__all__ = ("change_user", "create_user", "remove_user")

Document = Mapping[str, Any]


def create_user(session: Session, tenant: TenantView, document: Document, actor: str, now: datetime) -> UUID:
    """Take a user in: the person whom its externalId or userName names, or a new one.

    So a rehire with the same externalId is the same person, and people whom events named before are
    recognised. What the person held before stays ended.

    Returns:
        The person, whose id is the user's.

    Raises:
        DirectoryNameInvalid: a name is empty or too long (`directory_name_invalid`).
        DirectoryNameTaken: the name is a user's, or its keys are those of two people (`directory_name_taken`).
    """
    said = said_by(document)
    _refuse_unsound(said)
    try:
        person_id = know_person(session, tenant.id, said.keys, said.external_id, now)
        row = ScimUser(
            tenant_id=tenant.id, id=person_id, user_name_key=said.user_name.casefold(), external_id=said.external_id,
            active=said.active, document=dict(document), version=1, created_at=now, modified_at=now,
        )  # fmt: skip
        with session.begin_nested():
            add(session, row)
    except (IntegrityError, PersonKeyTaken) as error:
        raise DirectoryNameTaken(said.user_name) from error
    _say(session, tenant, person_id, None, said, actor, now)
    record_audit(session, tenant.id, actor, "create_directory_user", ("person", str(person_id)))
    return person_id


def change_user(
    session: Session, tenant: TenantView, user_id: UUID, document: Document, actor: str, now: datetime
) -> None:
    """Replace what the directory says of a user.

    Raises:
        NotFound: there is no such user (`not_found`).
        DirectoryNameInvalid: a name is empty or too long (`directory_name_invalid`).
        DirectoryNameTaken: a key is somebody else's (`directory_name_taken`).
    """
    before, said = said_by(get_user(session, tenant.id, user_id).document), said_by(document)
    _refuse_unsound(said)
    values = {
        "user_name_key": said.user_name.casefold(), "external_id": said.external_id, "active": said.active,
        "document": dict(document), "modified_at": now,
    }  # fmt: skip
    try:
        with session.begin_nested():
            update_user(session, tenant.id, user_id, values)
        name_person(session, tenant.id, user_id, SUBJECT, said.keys, now)
    except (IntegrityError, PersonKeyTaken) as error:
        raise DirectoryNameTaken(said.user_name) from error
    _say(session, tenant, user_id, before, said, actor, now)
    record_audit(session, tenant.id, actor, "change_directory_user", ("person", str(user_id)))


def remove_user(session: Session, tenant: TenantView, user_id: UUID, actor: str, now: datetime) -> None:
    """Forget a user: the person leaves; facts and figures stay.

    Raises:
        NotFound: there is no such user (`not_found`).
    """
    said = said_by(get_user(session, tenant.id, user_id).document)
    update_user(session, tenant.id, user_id, {"active": False})
    _stay_or_leave(session, tenant.id, user_id, active=False, actor=actor, now=now)
    apply_groups(session, tenant.id, [user_id], actor, now)
    _change_pools(session, tenant.id, user_id, joined=False, now=now)
    delete_user(session, tenant.id, user_id)
    record_audit(
        session, tenant.id, actor, "remove_directory_user", ("person", str(user_id)), {"was_active": said.active}
    )


def _refuse_unsound(said: Said) -> None:
    named = {"userName": said.user_name, "externalId": said.external_id, "the name": said.name, "the email": said.email}
    for attribute, text in named.items():
        if (text or attribute == "userName") and not is_name(text or ""):
            raise DirectoryNameInvalid(attribute)


def _say(
    session: Session, tenant: TenantView, person_id: UUID, before: Said | None, said: Said, actor: str, now: datetime
) -> None:
    """Let what is said act on the person, and on whom they were found to be: from now on, and nothing before."""
    set_person(session, tenant.id, person_id, name=said.name, email=said.email, external_id=said.keys[0])
    for one in spoken_for(session, tenant.id, person_id):
        if one != person_id:  # a survivor keeps the key that they are known by
            set_person(session, tenant.id, one, name=said.name, email=said.email)
        if said.centre != (before.centre if before else None):
            state_cost_centre(session, tenant.id, one, said.centre, local_date(now, tenant.tz), now, actor)
    if before is None or said.active != before.active:
        _stay_or_leave(session, tenant.id, person_id, active=said.active, actor=actor, now=now)
    if before is not None and before.email.lower() != said.email.lower():
        leave_address(session, tenant.id, before.email, actor, active=said.active)
    apply_groups(session, tenant.id, [person_id], actor, now)
    if before is not None and said.active != before.active:
        _change_pools(session, tenant.id, person_id, joined=said.active, now=now)


def _stay_or_leave(
    session: Session, tenant_id: UUID, user_id: UUID, *, active: bool, actor: str, now: datetime
) -> None:
    """Say that the person is there or leaves; a survivor of a merge leaves with the last of their users."""
    survivor = merged_people(session, tenant_id).get(user_id, user_id)
    others = any(there for one, there in accounts_of(session, tenant_id, survivor).items() if one != user_id)
    for one in dict.fromkeys((user_id, survivor)):
        if active:
            reactivate_person(session, tenant_id, one, now, actor)
        elif one != survivor or not others:
            deactivate_person(session, tenant_id, one, now, actor, now)


def _change_pools(session: Session, tenant_id: UUID, user_id: UUID, *, joined: bool, now: datetime) -> None:
    groups = groups_of(session, tenant_id, [user_id]).get(user_id, ())
    pools = {pool for _, name in groups for pool in pools_of(session, tenant_id, name)}
    tell_pools(session, tenant_id, sorted(pools), {"joined" if joined else "left": [user_id]}, now)
