"""A person's own page: all keys, who carries them from which day on, their seats, and who was found to be them."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby, pairwise
from uuid import UUID

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.people import centres_text, shown_name, standing
from app.pages.formats import day, instant
from app.pages.frame import Crumb
from app.pages.sales.policy_words import audience_name, class_name
from app.pages.tables import Column, Table, cell
from app.pages.visit import TenantVisit
from core.errors import NotFound
from core.periods import local_date
from plans.licensing.seats.reads import all_pools, pool_now
from plans.licensing.seats.schemas import SeatAnswer
from tenants.attribution import NOBODY
from tenants.reads import PersonView, attribution, people_standing_for
from tenants.reads.erasures import erasure_of
from tenants.reads.finding import find_homes, people_by_id
from tenants.reads.identities import merged_people
from tenants.reads.people_list import AssignmentView, assignments_of, sender_keys
from tenants.roles import Permission

__all__ = ("route_handlers",)


@get("/admin/{tenant_slug:str}/people/{person_id:uuid}", sync_to_thread=True)
def shown(visit: TenantVisit, person_id: UUID) -> Response[str]:
    """Somebody: under which keys they come, who carries them, which seats they have, and whose other account they are.

    Who was found to be somebody else has a page too, which leads on to that one.
    """
    visit.need(Permission.PEOPLE_READ)
    session, tenant = visit.session, visit.tenant
    merged = merged_people(session, tenant.id)
    others = sorted(one for one, survivor in merged.items() if survivor == person_id)
    family = people_by_id(session, tenant.id, [person_id, *others, merged.get(person_id, person_id)])
    if person_id not in family:
        raise NotFound("person", person_id)
    person, survivor = family[person_id], family[merged[person_id]] if person_id in merged else None
    keys = sender_keys(session, tenant.id, [person_id, *others])
    mine = keys.get(person_id, ())
    name, base = shown_name(person, mine), f"/admin/{tenant.slug}/people"
    return visit.page(
        "admin/person.html", "people", *visit.crumbs(Crumb(_("People"), base), Crumb(name)), name=name, base=base,
        person=person, handle=_handle(visit, person, mine), facts=_facts(visit, person, mine), survivor=survivor,
        survivor_name=shown_name(survivor) if survivor else "", state=standing(person, None, visit.now),
        erased=erasure_of(session, tenant.id, person_id) is not None,
        others=[(family[one], shown_name(family[one], keys.get(one, ())), keys.get(one, ())) for one in others],
        centres=_centres_table(visit, person, assignments_of(session, tenant.id, person_id)),
        seats=_seats_table(visit, person_id) if not survivor else None,
        may_write=visit.may(Permission.PEOPLE_WRITE), may_erase=visit.may(Permission.PEOPLE_ERASE),
    )  # fmt: skip


def _handle(visit: TenantVisit, person: PersonView, keys: Sequence[str]) -> str:
    """Return what forms call somebody: what people read, where it tells this person alone."""
    for name in (*keys[:1], person.external_id):
        if name and find_homes(visit.session, visit.tenant.id, name) == (person.id,):
            return name
    return str(person.id)


def _facts(visit: TenantVisit, person: PersonView, keys: Sequence[str]) -> list[tuple[str, str]]:
    tz = visit.tenant.tz
    traits = people_standing_for(visit.session, visit.tenant.id, [person.id]).traits_of(person.id, visit.now)
    told = [
        (_("E-mail"), person.email or "–"),
        (_("External id"), person.external_id or "–"),
        (_("Keys of senders"), ", ".join(keys) or "–"),
        (_("Class and audience today"), f"{class_name(traits.person_class)}, {audience_name(traits.audience)}"),
        (_("Since"), instant(person.active_from, tz)),
    ]
    if person.active_to is not None:
        told.append((_("Left"), instant(person.active_to, tz)))
    return told


def _centres_table(visit: TenantVisit, person: PersonView, stated: Sequence[AssignmentView]) -> Table:
    """Return who carries somebody from which day on, as it is known now, the newest first; and when that was said."""
    carried = attribution(visit.session, visit.tenant.id, among=[person.id])
    days = [first for first, _rows in groupby(stated, key=lambda one: one.valid_from)]
    said = {one.valid_from: one.recorded_at for one in stated}  # of one day the last recorded holds
    rows = [
        (
            cell(day(first), css="nowrap"),
            cell(_until(following)),
            cell(centres_text(carried.shares(person.id, first)) if _held(stated, first) else _("nobody")),
            cell(instant(said[first], visit.tenant.tz), css="nowrap"),
        )
        for first, following in pairwise([*days, None])
        if first is not None
    ]
    return Table(
        id="centres",
        caption=_("Who carries the cost"),
        columns=(Column(_("From")), Column(_("Until")), Column(_("Cost centre")), Column(_("Recorded"))),
        rows=tuple(reversed(rows)),
        empty_title=_("Nobody carries this person"),
        empty_text=_("What they use is told as unassigned. A directory or an import of people says who carries them."),
    )


def _held(stated: Sequence[AssignmentView], first: date) -> bool:
    last = max(one.recorded_at for one in stated if one.valid_from == first)
    return all(one.cost_centre != NOBODY for one in stated if one.valid_from == first and one.recorded_at == last)


def _until(following: date | None) -> str:
    return day(date.fromordinal(following.toordinal() - 1)) if following is not None else "–"


def _seats_table(visit: TenantVisit, person_id: UUID) -> Table | None:
    """Return where somebody stands in each seat pool; None for who may not see it."""
    if not visit.may(Permission.SEATS_READ):
        return None
    session, tenant, base = visit.session, visit.tenant, f"/admin/{visit.tenant.slug}/seat-pools"
    rows = []
    for view in all_pools(session, tenant.id):
        found = SeatAnswer.of(pool_now(session, tenant, view, visit.now, ()), person_id)
        if found.state == "none":
            continue
        states = {"held": _("holds a seat"), "cooling_down": _("their freed seat cools down"), "waiting": _("waits")}
        dated = found.until if found.state == "cooling_down" else found.since
        words = {"held": _("since %(day)s"), "cooling_down": _("until %(day)s"), "waiting": _("since %(day)s")}
        told = words[found.state] % {"day": day(local_date(dated, tenant.tz))} if dated else "–"
        rows.append((cell(view.name, href=f"{base}/{view.key}"), cell(states[found.state]), cell(told)))
    return Table(
        id="seats",
        caption=_("Named seats"),
        columns=(Column(_("Pool")), Column(_("State")), Column(_("When"))),
        rows=tuple(rows),
        empty_title=_("No seat"),
        empty_text=_("This person holds no named seat and waits for none."),
    )


route_handlers = (shown,)
