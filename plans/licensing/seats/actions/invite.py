"""Invite people to take a seat: it is taken when they activate the invitation, not before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InputError, InvalidInput, Refused
from core.ids import new_id
from core.outbox import put
from plans.licensing.errors import PersonInactive
from plans.licensing.seats.actions.assign_seats import SeatRow, assign_seats
from plans.licensing.seats.errors import InvitationOver, PersonInvited, SeatAlreadyHeld, refusal
from plans.licensing.seats.links import invitation_link
from plans.licensing.seats.reads import InvitationView, PoolView, find_pool, get_invitation, pool_now
from plans.licensing.seats.seating import No, Reason
from plans.licensing.seats.store import add_invitation, expire_invitations, settle_invitation
from tenants.actions.record_audit import record_audit
from tenants.mails.actions.put_mail import MailInput, put_mail
from tenants.reads import TenantView
from tenants.reads.finding import find_people, unknown_people
from tenants.told import SEAT_INVITED

__all__ = ("INVITED", "InviteInput", "activate_invitation", "invite", "withdraw_invitation")

LONGEST_DAYS = 365
INVITED = SEAT_INVITED
"""The mail to who is invited, and what webhooks are told."""


@dataclass(frozen=True, slots=True)
class InviteInput:
    """For how many days; with a language (as `Accept-Language` has it) the people are told by mail in it."""

    days: int
    language: str | None = None


def invite(
    session: Session, tenant: TenantView, key: str, names: Sequence[str], given: InviteInput, actor: str, now: datetime
) -> list[InvitationView | Refused]:
    """Invite people to a pool for so many days, each for itself.

    Returns:
        For each name, in their order, the invitation, or why there is none: the name tells nobody
        (`person_unknown`), the person has left (`person_inactive`), holds a seat (`seat_already_held`), has an open
        invitation (`seat_invitation_open`), or is to get a mail and has no address (`invalid_input`).

    Raises:
        SeatPoolUnknown: there is no such pool (`seat_pool_unknown`).
        InvalidInput: too long or too short (`invalid_input`).
    """
    pool, known = find_pool(session, tenant.id, key), find_people(session, tenant.id, names)
    if not 1 <= given.days <= LONGEST_DAYS:
        raise InvalidInput(InputError("/days", "days_invalid", f"Give 1 to {LONGEST_DAYS} days."))
    expire_invitations(session, tenant.id, key, now)
    held = pool_now(session, tenant, pool, now, judged=()).seating.held
    invited: list[InvitationView | Refused] = []
    unknown = unknown_people(session, tenant.id, [name for name in names if name not in known])
    for name in names:
        person = known.get(name)
        if person is None:
            invited.append(unknown[name])
            continue
        called = person.name or name
        if person.active_to is not None:
            invited.append(PersonInactive(called))
        elif person.id in held:
            invited.append(SeatAlreadyHeld(called))
        elif given.language is not None and not person.email:
            text = "There is no e-mail address. Give the person one, or invite without a mail."
            invited.append(InvalidInput(InputError("/person", "address_missing", text)))
        else:
            invited.append(_invited(session, tenant, pool, person.id, given, actor, now) or PersonInvited(called))
    return invited


def _invited(
    session: Session, tenant: TenantView, pool: PoolView, person_id: UUID, given: InviteInput, actor: str, now: datetime
) -> InvitationView | None:
    """Write an invitation and tell of it; return None where the person has an open one."""
    invitation_id, expires_at = new_id(), now + timedelta(days=given.days)
    row = {
        "tenant_id": tenant.id, "id": invitation_id, "pool": pool.key, "person_id": person_id, "status": "open",
        "invited_by": actor, "invited_at": now, "expires_at": expires_at,
    }  # fmt: skip
    if not add_invitation(session, row):
        return None
    named = {"invitation": str(invitation_id)}
    record_audit(session, tenant.id, actor, "invite_to_seat", ("seat_pool", pool.key), named)
    # Not by the trail: who may read that may not accept for others.
    link = invitation_link(tenant.id, invitation_id)
    detail = {"pool": pool.key, "expires_at": expires_at, "link": link}
    told = {"object": {"type": "seat_invitation", "id": str(invitation_id)}, "detail": msgspec.to_builtins(detail)}
    put(session, tenant.id, SEAT_INVITED, told, utc_now())
    if given.language is not None:
        data = {
            "invitation": invitation_id, "tenant_id": tenant.id, "tenant": tenant.name, "zone": tenant.time_zone,
            "pool": pool.name, "until": expires_at,
        }  # fmt: skip
        mail = MailInput(INVITED, msgspec.to_builtins(data), given.language, person_id)
        put_mail(session, tenant.id, mail, utc_now())
    return get_invitation(session, tenant.id, invitation_id, now)


def activate_invitation(
    session: Session, tenant: TenantView, invitation_id: UUID, actor: str, now: datetime
) -> tuple[InvitationView, SeatRow]:
    """Take the seat that somebody is invited to; the same again is the same seat.

    Where none is free the invitation stays open.

    Raises:
        NotFound: there is no such invitation (`not_found`).
        InvitationOver: it was withdrawn, or its time is over (`seat_invitation_over`).
        Refused: by the pool's rules (`seat_pool_full`, `seat_cooling_down`, `person_inactive`).
    """
    found = get_invitation(session, tenant.id, invitation_id, now)
    # Settled first: whoever withdraws it at the same moment waits for this, or is seen here.
    if found.status == "open" and not settle_invitation(session, tenant.id, invitation_id, "activated", now):
        found = get_invitation(session, tenant.id, invitation_id, now)
    if found.status in ("withdrawn", "expired"):
        raise InvitationOver(found.status)
    [row] = assign_seats(session, tenant, found.pool, [str(found.person_id)], actor, now, wait=False)
    if isinstance(row.outcome, No) and row.outcome.reason is not Reason.HELD:
        name = row.person.name if row.person else ""
        raise refusal(row.outcome, {row.outcome.person_id: name or row.name}, tenant.tz)
    if found.status == "open":
        detail = {"invitation": str(invitation_id)}
        record_audit(session, tenant.id, actor, "accept_invitation", ("seat_pool", found.pool), detail)
    return get_invitation(session, tenant.id, invitation_id, now), row


def withdraw_invitation(
    session: Session, tenant: TenantView, invitation_id: UUID, actor: str, now: datetime
) -> InvitationView:
    """Take an open invitation back; one that is over stays as it is.

    Raises:
        NotFound: there is no such invitation (`not_found`).
    """
    found = get_invitation(session, tenant.id, invitation_id, now)
    if found.status == "open" and settle_invitation(session, tenant.id, invitation_id, "withdrawn", now):
        detail = {"invitation": str(invitation_id)}
        record_audit(session, tenant.id, actor, "withdraw_invitation", ("seat_pool", found.pool), detail)
    return get_invitation(session, tenant.id, invitation_id, now)
