"""The addresses of seat pools: set up, looked at, and who holds a seat changed, one or many at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.i18n import ngettext
from app.pages.admin.seat_rules import rules_said, wished_rules
from app.pages.admin.seats import (
    IDLE_DAYS,
    Result,
    advice_text,
    matching,
    next_free,
    pool_seats,
    pools_table,
    refused_text,
    rule_sentences,
    seats_table,
)
from app.pages.formats import quantity
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from core.errors import InputError, InvalidInput, Refused
from plans.licensing.seats.actions.assign_seats import SeatRow, assign_seats
from plans.licensing.seats.actions.keep_pool import change_pool, create_pool
from plans.licensing.seats.actions.leave_wait_list import leave_wait_list
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.errors import refusal as why_not
from plans.licensing.seats.reads import advice_of, all_pools, find_pool, last_seen, pool_now
from plans.licensing.seats.seating import Freed, Granted, No, Reason, Waits
from tenants.reads.finding import people_by_id, unknown_people
from tenants.roles import Permission

__all__ = ("answer_result", "names_said", "one_answer", "route_handlers")

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/{tenant_slug:str}/seat-pools", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The pools, and the form for a new one."""
    visit.need(Permission.SEATS_READ)
    return _list_answer(visit)


@post("/admin/{tenant_slug:str}/seat-pools", sync_to_thread=True)
def add(visit: TenantVisit, data: Form) -> Response[str] | Redirect:
    """Set up a pool."""
    visit.need(Permission.SEATS_WRITE)
    made = visit.attempt(
        lambda: create_pool(
            visit.session, visit.tenant, wished_rules(data.get("key", ""), data), _actor(visit), visit.now
        )
    )
    if isinstance(made, Refused):
        return _list_answer(visit, made, data)
    return Redirect(f"{_base(visit)}/{made.key}", status_code=303)


@get("/admin/{tenant_slug:str}/seat-pools/{key:str}", sync_to_thread=True)
def one(visit: TenantVisit, key: str) -> Response[str]:
    """A pool: who holds its seats, who waits, what may be taken back."""
    visit.need(Permission.SEATS_READ)
    return one_answer(visit, key)


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}", sync_to_thread=True)
def change(visit: TenantVisit, key: str, data: Form) -> Response[str] | Redirect:
    """Give a pool other rules."""
    visit.need(Permission.SEATS_WRITE)
    done = visit.attempt(
        lambda: change_pool(visit.session, visit.tenant, wished_rules(key, data), _actor(visit), visit.now)
    )
    if isinstance(done, Refused):
        return one_answer(visit, key, done, said=data)
    return Redirect(f"{_base(visit)}/{key}", status_code=303)


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/assign", sync_to_thread=True)
def assign(visit: TenantVisit, key: str, data: Form) -> Response[str]:
    """Assign seats to those who are named, one a line or with commas or semicolons between."""
    visit.need(Permission.SEATS_WRITE)
    names, wait = names_said(data), bool(data.get("wait"))
    return _done(
        visit, key,
        lambda: assign_seats(visit.session, visit.tenant, key, names, _actor(visit), visit.now, wait=wait),
    )  # fmt: skip


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/release", sync_to_thread=True)
def release(visit: TenantVisit, key: str, data: Form) -> Response[str]:
    """Release the seats that are ticked; who is ticked and waits is taken off the list."""
    visit.need(Permission.SEATS_WRITE)
    ticked = [name.removeprefix("person.") for name in data if name.startswith("person.")]

    def act() -> list[SeatRow]:
        pool = pool_now(visit.session, visit.tenant, find_pool(visit.session, visit.tenant.id, key), visit.now, ())
        waiting = [name for name in ticked if name in map(str, pool.seating.waiting)]
        if waiting:
            leave_wait_list(visit.session, visit.tenant, key, waiting, _actor(visit), visit.now)
        holding = [name for name in ticked if name not in waiting]
        return release_seats(visit.session, visit.tenant, key, holding, _actor(visit), visit.now) if holding else []

    return _done(visit, key, act, len(ticked))


def names_said(data: Mapping[str, str]) -> list[str]:
    """Return whom a form names, one a line or with commas or semicolons between, as mail programs write them."""
    said = data.get("names", "").replace(",", "\n").replace(";", "\n")
    return list(dict.fromkeys(name.strip() for name in said.splitlines() if name.strip()))


def _done(visit: TenantVisit, key: str, act: Callable[[], list[SeatRow]], asked: int | None = None) -> Response[str]:
    if asked == 0:
        fault = InputError("person", "nobody_chosen", _("Tick the seats that you mean first; nothing was changed."))
        return one_answer(visit, key, InvalidInput(fault))
    rows = visit.attempt(act)
    if isinstance(rows, Refused):
        return one_answer(visit, key, rows)
    again = tuple(row.name for row in rows if asked is None and _may_come_again(row))
    return one_answer(visit, key, result=replace(answer_result(visit, rows, asked), again=again))


def _may_come_again(row: SeatRow) -> bool:
    """Return whether a name got nothing and may get a seat when it is mended, or one is free."""
    return row.person is None or (isinstance(row.outcome, No) and row.outcome.reason is not Reason.HELD)


def answer_result(visit: TenantVisit, rows: Sequence[SeatRow], asked: int | None = None) -> Result:
    """Say what became of the names, and of each that got nothing why."""
    assigned = sum(isinstance(row.outcome, Granted) for row in rows)
    waiting = sum(isinstance(row.outcome, Waits) for row in rows)
    freed = sum(isinstance(row.outcome, Freed) for row in rows)
    off = (asked or 0) - len(rows) if asked is not None else 0
    told = [
        (assigned, ngettext("%(count)s seat assigned", "%(count)s seats assigned", assigned)),
        (waiting, ngettext("%(count)s waits", "%(count)s wait", waiting)),
        (freed, ngettext("%(count)s seat released", "%(count)s seats released", freed)),
        (off, ngettext("%(count)s taken off the wait-list", "%(count)s taken off the wait-list", off)),
    ]
    text = ", ".join(words % {"count": quantity(count)} for count, words in told if count)
    faults = []
    unknown = unknown_people(visit.session, visit.tenant.id, [row.name for row in rows if row.person is None])
    for row in rows:
        if row.person is None:
            faults.append(refused_text(row.name, unknown[row.name]))
        elif isinstance(row.outcome, No):
            name = row.person.name or row.person.email or row.name
            faults.append(refused_text(name, why_not(row.outcome, {row.person.id: name}, visit.tenant.tz)))
    return Result(text or _("Nothing was changed"), tuple(faults))


def _list_answer(
    visit: TenantVisit, refusal: Refused | None = None, said: Mapping[str, str] | None = None
) -> Response[str]:
    pools = [
        pool_now(visit.session, visit.tenant, view, visit.now, ()) for view in all_pools(visit.session, visit.tenant.id)
    ]
    crumbs = visit.crumbs(Crumb(_("Seats"), f"/admin/{visit.tenant.slug}/seats"), Crumb(_("Pools")))
    return visit.page(
        "admin/seat_pools.html", "seats", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        said=said or {}, table=pools_table(pools, _base(visit)), base=_base(visit), wished=rules_said(None, said),
        may_act=visit.may(Permission.SEATS_WRITE),
    )  # fmt: skip


def one_answer(
    visit: TenantVisit,
    key: str,
    refusal: Refused | None = None,
    result: Result | None = None,
    moved: tuple[str, str] = ("", ""),
    said: Mapping[str, str] | None = None,
) -> Response[str]:
    """Return the page of a pool as it is now.

    Args:
        visit: whose.
        key: the pool's.
        refusal: what was asked and refused.
        result: what was done.
        moved: whose seat was to be passed on to whom, to be asked again.
        said: the form with the rules that were refused, to be asked again.
    """
    session, tenant = visit.session, visit.tenant
    query = replace(visit.query, path=f"{_base(visit)}/{key}")
    wished = query.get("idle")
    idle_days = int(wished) if wished in map(str, IDLE_DAYS) else IDLE_DAYS[1]
    view = find_pool(session, tenant.id, key)
    advice = advice_of(session, tenant, view, idle_days, visit.now)
    pool = advice.pool
    named = people_by_id(session, tenant.id, _everybody(pool.seating.held, pool.seating.cooling, pool.seating.waiting))
    seats = pool_seats(pool, named, last_seen(pool, idle_days), tenant.tz)
    may_act = visit.may(Permission.SEATS_WRITE)
    crumbs = visit.crumbs(
        Crumb(_("Seats"), f"/admin/{tenant.slug}/seats"), Crumb(_("Pools"), _base(visit)), Crumb(view.name)
    )
    return visit.page(
        "admin/seat_pool.html", "seats", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        result=result, pool=view, seating=pool.seating, advice=advice_text(advice), idle=len(advice.idle),
        idle_days=idle_days, choices=IDLE_DAYS, query=query, here=f"{_base(visit)}/{key}", may_act=may_act, moved=moved,
        again="\n".join(result.again) if result else "",
        table=seats_table(seats, query, idle_days, tenant.tz, may_act=may_act),
        wished=rules_said(view, said), changing=said is not None,
        matching=sum(seat.standing == "held" for seat in matching(seats, query, idle_days)),
        release_href=query.href(f"{_base(visit)}/{key}/release-matching", after=None),
        rules=rule_sentences(pool.seating, pool.seating.moves_left(pool.at)),
        next_free=next_free(pool.seating, tenant.tz),
    )  # fmt: skip


def _everybody(*groups: Iterable[UUID]) -> list[UUID]:
    return [person for group in groups for person in group]


def _actor(visit: TenantVisit) -> str:
    return visit.principal.actor


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/seat-pools"


route_handlers = (listed, add, one, change, assign, release)
