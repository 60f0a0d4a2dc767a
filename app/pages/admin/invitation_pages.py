"""The addresses of invitations to a seat pool: sent by mail, looked at, withdrawn."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from app.i18n import gettext as _
from app.i18n import ngettext
from app.pages.admin.seat_pages import names_said
from app.pages.admin.seats import Result, refused_text
from app.pages.formats import instant
from app.pages.frame import Crumb
from app.pages.tables import Cell, Column, Table, cell, status
from app.pages.visit import TenantVisit
from app.pages.words import state_badge
from core.errors import Refused
from core.settings import mail_server
from plans.licensing.seats.actions.invite import InviteInput, activate_invitation, invite, withdraw_invitation
from plans.licensing.seats.errors import PersonInvited, SeatAlreadyHeld
from plans.licensing.seats.links import invitation_link
from plans.licensing.seats.reads import InvitationView, find_pool, invitations
from tenants.reads import PersonView
from tenants.reads.finding import people_by_id
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
AT_ONCE = 200
"""How many people are invited by one form; more come by the API."""
SHOWN = 500


@get("/admin/{tenant_slug:str}/seat-pools/{key:str}/invitations", sync_to_thread=True)
def listed(visit: TenantVisit, key: str) -> Response[str]:
    """Who is invited, and the form to invite more."""
    visit.need(Permission.SEATS_READ)
    return _answer(visit, key)


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/invitations", sync_to_thread=True, status_code=200)
def add(visit: TenantVisit, key: str, data: Form) -> Response[str]:
    """Invite those who are named, one a line or with commas or semicolons between; each for itself."""
    visit.need(Permission.SEATS_WRITE)
    names = names_said(data)
    days = int(said) if (said := data.get("days", "")).isdecimal() and len(said) < 4 else 0
    language = visit.request.headers.get("accept-language", "")[:100] if data.get("mail") else None
    given, asked = InviteInput(days, language), names[:AT_ONCE]
    done = visit.attempt(
        lambda: invite(visit.session, visit.tenant, key, asked, given, visit.principal.actor, visit.now)
    )
    if isinstance(done, Refused):
        return _answer(visit, key, Result(_("Nobody was invited"), (done.detail,)), data)
    refused = {name: one for name, one in zip(asked, done, strict=True) if isinstance(one, Refused)}
    faults, invited = [refused_text(name, one) for name, one in refused.items()], len(asked) - len(refused)
    if len(names) > AT_ONCE:
        faults.append(_("Only the first %(most)s people were looked at. Send the others again.") % {"most": AT_ONCE})
    text = ngettext("%(num)d person invited", "%(num)d people invited", invited) % {"num": invited}
    mendable = [name for name, one in refused.items() if not isinstance(one, SeatAlreadyHeld | PersonInvited)]
    again = data | {"names": "\n".join([*mendable, *names[AT_ONCE:]])}
    return _answer(visit, key, Result(text if invited else _("Nobody was invited"), tuple(faults)), again)


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/invitations/withdraw", sync_to_thread=True, status_code=200)
def withdraw(visit: TenantVisit, key: str, data: Form) -> Response[str]:
    """Withdraw the open invitations that are ticked."""
    visit.need(Permission.SEATS_WRITE)
    ticked = _ticked(visit, key, data)
    for one in ticked:
        withdraw_invitation(visit.session, visit.tenant, one.id, visit.principal.actor, visit.now)
    text = ngettext("%(num)d invitation withdrawn", "%(num)d invitations withdrawn", len(ticked)) % {"num": len(ticked)}
    done = Result(text) if ticked else Result(_("Nothing was changed"), (_("Tick open invitations first."),))
    return _answer(visit, key, done)


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/invitations/accept", sync_to_thread=True, status_code=200)
def accept(visit: TenantVisit, key: str, data: Form) -> Response[str]:
    """Accept the open invitations that are ticked for who is invited; each for itself."""
    visit.need(Permission.SEATS_WRITE)
    ticked = _ticked(visit, key, data)
    taken, faults = 0, []
    for one in ticked:
        done = visit.attempt(
            lambda one=one: activate_invitation(  # type: ignore[misc]
                visit.session, visit.tenant, one.id, visit.principal.actor, visit.now
            )
        )
        if isinstance(done, Refused):
            faults.append(done.detail)
        else:
            taken += 1
    if not ticked:
        return _answer(visit, key, Result(_("Nothing was changed"), (_("Tick open invitations first."),)))
    text = ngettext("%(num)d seat taken", "%(num)d seats taken", taken) % {"num": taken}
    return _answer(visit, key, Result(text if taken else _("Nothing was changed"), tuple(faults)))


def _ticked(visit: TenantVisit, key: str, data: Mapping[str, str]) -> list[InvitationView]:
    open_ones = {str(one.id): one for one in _found(visit, key) if one.status == "open"}
    return [open_ones[name] for name in (n.removeprefix("invitation.") for n in data) if name in open_ones]


def _found(visit: TenantVisit, key: str) -> list[InvitationView]:
    pool = find_pool(visit.session, visit.tenant.id, key)
    return invitations(visit.session, visit.tenant.id, pool.key, visit.now)


def _answer(
    visit: TenantVisit, key: str, result: Result | None = None, said: Mapping[str, str] | None = None
) -> Response[str]:
    pool, found, base = (
        find_pool(visit.session, visit.tenant.id, key),
        _found(visit, key),
        f"/admin/{visit.tenant.slug}",
    )
    crumbs = visit.crumbs(
        Crumb(_("Seats"), f"{base}/seats"), Crumb(_("Pools"), f"{base}/seat-pools"),
        Crumb(pool.name, f"{base}/seat-pools/{key}"), Crumb(_("Invitations")),
    )  # fmt: skip
    may_act = visit.may(Permission.SEATS_WRITE)
    return visit.page(
        "admin/invitations.html", "seats", *crumbs, pool=pool, result=result, may_act=may_act,
        here=f"{base}/seat-pools/{key}/invitations", table=_table(visit, found[:SHOWN], may_act),
        names=(said or {}).get("names", "") if result and result.faults else "",
        days=(said or {}).get("days", "30"), unsent=mail_server() is None,
        some_open=any(one.status == "open" for one in found[:SHOWN]),
    )  # fmt: skip


def _table(visit: TenantVisit, found: Sequence[InvitationView], may_act: bool) -> Table:
    people = people_by_id(visit.session, visit.tenant.id, [one.person_id for one in found])
    return Table(
        id="invitations",
        caption=_("Invitations"),
        columns=(
            Column(_("Person")),
            Column(_("Invited")),
            Column(_("Open until")),
            Column(_("Status")),
            *((Column(_("To be passed on")),) if may_act else ()),
        ),
        rows=tuple(_row(one, people.get(one.person_id), visit, may_act) for one in found),
        empty_title=_("Nobody is invited"),
        empty_text=_("An invitation takes its seat when the person accepts it, by its link or in the suite."),
    )


def _row(one: InvitationView, person: PersonView | None, visit: TenantVisit, may_act: bool) -> tuple[Cell, ...]:
    tz, named = visit.tenant.tz, (person.name, person.email, person.external_id) if person is not None else ()
    name, *others = [*filter(None, named), str(one.person_id)]
    box = f"invitation.{one.id}" if may_act and one.status == "open" else ""
    return (
        Cell(name, sub=others[0] if person is not None and person.name else "", box=box),
        cell(instant(one.invited_at, tz), css="nowrap"),
        cell(instant(one.expires_at, tz), css="nowrap"),
        status(*state_badge("accepted" if one.status == "activated" else one.status)),
        *((_link(one, visit),) if may_act else ()),
    )


def _link(one: InvitationView, visit: TenantVisit) -> Cell:
    if one.status != "open":
        return cell("–")
    return cell(_("Link of the invitation"), href=invitation_link(visit.tenant.id, one.id))


route_handlers = (listed, add, withdraw, accept)
