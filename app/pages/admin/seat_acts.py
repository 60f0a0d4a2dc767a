"""What a filter of seats finds, released or in a file; and a seat passed on from one to another."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.i18n import ngettext
from app.pages.admin.seat_pages import answer_result, one_answer
from app.pages.admin.seats import (
    IDLE_DAYS,
    PoolSeat,
    Result,
    filter_text,
    foreseen,
    matching,
    pool_seats,
    seats_export,
)
from app.pages.formats import day, quantity
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit, csv_file
from core.errors import Refused
from core.periods import local_date
from plans.licensing.seats.actions.move_seat import move_seat
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.reads import PoolNow, PoolView, find_pool, last_seen, pool_now
from tenants.reads.finding import people_by_id
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
AT_ONCE = 10_000
"""How many seats one request releases."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A pool, everybody in it, and the holders whom the address asks for."""

    view: PoolView
    pool: PoolNow
    seats: list[PoolSeat]
    holders: list[PoolSeat]
    idle_days: int


@get("/admin/{tenant_slug:str}/seat-pools/{key:str}/export", sync_to_thread=True)
def export(visit: TenantVisit, key: str) -> Response[str]:
    """All seats that the filter finds, as a file."""
    visit.need(Permission.SEATS_READ)
    found = _found(visit, key)
    table = seats_export(found.seats, visit.query, found.idle_days, visit.tenant.tz)
    return csv_file(table, f"seats-{key}-{local_date(visit.now, visit.tenant.tz)}")


@get("/admin/{tenant_slug:str}/seat-pools/{key:str}/release-matching", sync_to_thread=True)
def preview(visit: TenantVisit, key: str) -> Response[str]:
    """What releasing all that the filter finds would come to."""
    visit.need(Permission.SEATS_WRITE)
    return _preview_answer(visit, key)


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/release-matching", sync_to_thread=True, status_code=200)
def release(visit: TenantVisit, key: str, data: Form) -> Response[str]:
    """Release all that the filter finds, if they are still as many as were shown."""
    visit.need(Permission.SEATS_WRITE)
    holders = _found(visit, key).holders
    if data.get("count") != str(len(holders)):
        return _preview_answer(visit, key, stale=True)
    names = [str(seat.person_id) for seat in holders[:AT_ONCE]]
    rows = visit.attempt(
        lambda: release_seats(visit.session, visit.tenant, key, names, visit.principal.actor, visit.now)
    )
    if isinstance(rows, Refused):
        return one_answer(visit, key, rows)
    return one_answer(visit, key, result=answer_result(visit, rows))


@post("/admin/{tenant_slug:str}/seat-pools/{key:str}/move", sync_to_thread=True, status_code=200)
def move(visit: TenantVisit, key: str, data: Form) -> Response[str] | Redirect:
    """Pass the seat of one on to another: both or neither."""
    visit.need(Permission.SEATS_WRITE)
    names = data.get("from", "").strip(), data.get("to", "").strip()
    done = visit.attempt(lambda: move_seat(visit.session, visit.tenant, key, names, visit.principal.actor, visit.now))
    if isinstance(done, Refused):
        return one_answer(visit, key, done, moved=names)
    was, now = (one.name or one.email or name for one, name in zip((done.was, done.now), names, strict=True))
    text = _("%(to)s holds the seat of %(was)s now") % {"to": now, "was": was}
    if done.freed.free_at is not None:
        until = day(local_date(done.freed.free_at, visit.tenant.tz))
        text = _("%(to)s holds a seat; that of %(was)s was used and stays taken until %(day)s") % {
            "to": now, "was": was, "day": until,
        }  # fmt: skip
    return one_answer(visit, key, result=Result(text))


def _found(visit: TenantVisit, key: str) -> _Found:
    wished = visit.query.get("idle")
    idle_days = int(wished) if wished in map(str, IDLE_DAYS) else IDLE_DAYS[1]
    view = find_pool(visit.session, visit.tenant.id, key)
    pool = pool_now(visit.session, visit.tenant, view, visit.now)
    everybody = [*pool.seating.held, *pool.seating.cooling, *pool.seating.waiting]
    people = people_by_id(visit.session, visit.tenant.id, everybody)
    seats = pool_seats(pool, people, last_seen(pool, idle_days), visit.tenant.tz)
    holders = [seat for seat in matching(seats, visit.query, idle_days) if seat.standing == "held"]
    return _Found(view, pool, seats, holders, idle_days)


def _preview_answer(visit: TenantVisit, key: str, *, stale: bool = False) -> Response[str]:
    found, base = _found(visit, key), f"/admin/{visit.tenant.slug}"
    here = f"{base}/seat-pools/{key}"
    crumbs = visit.crumbs(
        Crumb(_("Seats"), f"{base}/seats"), Crumb(_("Pools"), f"{base}/seat-pools"), Crumb(found.view.name, here),
        Crumb(_("Release")),
    )  # fmt: skip
    count = min(len(found.holders), AT_ONCE)
    title = ngettext("Release %(count)s seat?", "Release %(count)s seats?", count) % {"count": quantity(count)}
    return visit.page(
        "admin/seats_release.html", "seats", *crumbs, status=409 if stale else 200, pool=found.view, title=title,
        stale=stale, count=len(found.holders), names=[seat.name for seat in found.holders[:20]],
        came_to=foreseen(found.pool.seating, found.holders[:AT_ONCE], found.pool.at),
        which=filter_text(visit.query, found.idle_days), back=visit.query.href(here), most=AT_ONCE,
        cooldown_days=found.pool.seating.rules.cooldown_days, action=visit.query.href(),
    )  # fmt: skip


route_handlers = (export, preview, release, move)
