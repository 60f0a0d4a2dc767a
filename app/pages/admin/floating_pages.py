"""The addresses of floating pools: how full each is now, who is in, and who was not let in."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from litestar import Response, get

from app.i18n import gettext as _
from app.pages.admin.floating import (
    SHOWN,
    Floor,
    denials_table,
    fullness_chart,
    inside_table,
    pools_table,
    reasons_table,
)
from app.pages.admin.reading import readers
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit
from plans.licensing.errors import PoolUnknown
from plans.licensing.occupancy import seats_in_use
from plans.licensing.reads import PoolView, all_pools, denials, find_pool, inside, persons_of, seated
from tenants.roles import Permission

__all__ = ("route_handlers",)

_DAY, _WEEK, _STEP = timedelta(days=1), timedelta(days=7), timedelta(minutes=10)
_INSTANT = timedelta(microseconds=1)


@get("/admin/{tenant_slug:str}/floating-pools", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The pools, each with what is taken of it now."""
    visit.need(Permission.LICENCES_READ)
    floors = [_floor(visit, view) for view in all_pools(visit.session, visit.tenant.id)]
    keys = (f"/admin/{visit.tenant.slug}/keys", _("Make a key")) if visit.may(Permission.CONNECT_WRITE) else ("", "")
    return visit.page(
        "admin/floating_pools.html", "concurrency", *visit.crumbs(_section(visit), Crumb(_("Floating pools"))),
        table=pools_table(floors, _base(visit), keys), here=_base(visit),
    )  # fmt: skip


@get("/admin/{tenant_slug:str}/floating-pools/{key:str}", sync_to_thread=True)
def one(visit: TenantVisit, key: str) -> Response[str]:
    """A pool: the last day's curve, who is in, and the week's denials."""
    visit.need(Permission.LICENCES_READ)
    floor = _floor(visit, _pool(visit, key))
    until = visit.now + _INSTANT
    week = denials(visit.session, visit.tenant.id, key, (until - _WEEK, until), visit.now)
    held = seated(visit.session, visit.tenant.id, key, until - _DAY, until)
    curve = seats_in_use(held, until - _DAY, until, _STEP)
    names = _names(visit, [one.identity_id for one in week[:SHOWN]])
    return visit.page(
        "admin/floating_pool.html", "concurrency",
        *visit.crumbs(_section(visit), Crumb(_("Floating pools"), _base(visit)), Crumb(floor.view.name or key)),
        floor=floor, live=f"{_base(visit)}/{key}/live", curve=fullness_chart(curve, floor.view.rules, visit.tenant.tz),
        inside=_inside(visit, floor), reasons=reasons_table(week),
        denials=denials_table(week, names, visit.tenant.tz),
    )  # fmt: skip


@get("/admin/{tenant_slug:str}/floating-pools/{key:str}/live", sync_to_thread=True)
def live(visit: TenantVisit, key: str) -> Response[str]:
    """The part of a pool's page that follows the moment."""
    visit.need(Permission.LICENCES_READ)
    floor = _floor(visit, _pool(visit, key))
    return visit.page(
        "admin/floating_now.html", "concurrency", floor=floor, live=visit.path, inside=_inside(visit, floor)
    )


def _pool(visit: TenantVisit, key: str) -> PoolView:
    found = find_pool(visit.session, visit.tenant.id, key)
    if found is None:
        raise PoolUnknown(key)
    return found


def _floor(visit: TenantVisit, view: PoolView) -> Floor:
    until = visit.now + _INSTANT
    denied = denials(visit.session, visit.tenant.id, view.rules.key, (until - _DAY, until), visit.now)
    now = inside(visit.session, visit.tenant.id, view.rules.key, visit.now)
    return Floor(view, now, len(denied), sum(one.true for one in denied))


def _inside(visit: TenantVisit, floor: Floor) -> object:
    shown = [*floor.inside.open, *floor.inside.lingering][:SHOWN]
    return inside_table(floor.inside, _names(visit, [one.identity_id for one in shown]), visit.tenant.tz)


def _names(visit: TenantVisit, identities: Sequence[int]) -> Mapping[int, str]:
    """Return what to call whom a lease names: by name where the reader may know it, else by pseudonym."""
    persons = persons_of(visit.session, visit.tenant.id, identities)
    called = readers(visit).names(list(set(persons.values())))
    return {identity: called[person] for identity, person in persons.items()}


def _section(visit: TenantVisit) -> Crumb:
    return Crumb(_("Concurrency"), f"/admin/{visit.tenant.slug}/concurrency")


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/floating-pools"


route_handlers = (listed, one, live)
