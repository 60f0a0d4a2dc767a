"""The addresses of floating pools: how full each is now, who is in, who was not let in, and their rules."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.floating import (
    SHOWN,
    Floor,
    denials_table,
    fullness_chart,
    hours_table,
    inside_table,
    pools_table,
    reasons_table,
)
from app.pages.admin.floating_form import pool_form, read_changes, read_pool, said_of_pool
from app.pages.admin.reading import readers
from app.pages.frame import Crumb
from app.pages.tables import TableQuery
from app.pages.visit import TenantVisit
from core.errors import InvalidInput, Refused
from core.periods import Period
from plans.licensing.actions.set_pool import change_pool, create_pool, default_count_by
from plans.licensing.errors import PoolUnknown
from plans.licensing.occupancy import seats_in_use
from plans.licensing.reads import (
    PoolView,
    all_pools,
    denial_counts,
    denial_lines,
    denials,
    find_pool,
    inside,
    limits_of,
    persons_of,
    seated,
)
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
_DAY, _WEEK, _STEP = timedelta(days=1), timedelta(days=7), timedelta(minutes=10)
_INSTANT = timedelta(microseconds=1)


@get("/admin/{tenant_slug:str}/floating-pools", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The pools, each with what is taken of it now."""
    return _listed(visit, {})


@post("/admin/{tenant_slug:str}/floating-pools", sync_to_thread=True)
def add(visit: TenantVisit, data: Form) -> Answer:
    """Make a pool."""
    visit.need(Permission.LICENCES_WRITE)

    def act() -> PoolView:
        name, rules = read_pool(data, default_count_by(visit.session, visit.tenant, visit.now))
        return create_pool(visit.session, visit.tenant, name, rules, visit.principal.actor, visit.now)

    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _listed(visit, data, done)
    return Redirect(f"{_base(visit)}/{done.rules.key}", status_code=303)


@get("/admin/{tenant_slug:str}/floating-pools/{key:str}", sync_to_thread=True)
def one(visit: TenantVisit, key: str) -> Response[str]:
    """A pool: the last day's curve, who is in, the week's denials, and its rules."""
    return _one(visit, key)


@post("/admin/{tenant_slug:str}/floating-pools/{key:str}", sync_to_thread=True)
def change(visit: TenantVisit, key: str, data: Form) -> Answer:
    """Change a pool's rules; a lowered limit drains."""
    visit.need(Permission.LICENCES_WRITE)
    _pool(visit, key)
    done = visit.attempt(
        lambda: change_pool(visit.session, visit.tenant, key, read_changes(data), visit.principal.actor, visit.now)
    )
    if isinstance(done, Refused):
        return _one(visit, key, data, done)
    return Redirect(f"{_base(visit)}/{key}", status_code=303)


@get("/admin/{tenant_slug:str}/floating-pools/{key:str}/live", sync_to_thread=True)
def live(visit: TenantVisit, key: str) -> Response[str]:
    """The part of a pool's page that follows the moment."""
    visit.need(Permission.LICENCES_READ)
    floor = _floor(visit, _pool(visit, key))
    return visit.page(
        "admin/floating_now.html",
        "concurrency",
        floor=floor,
        live=_live(visit, f"{_base(visit)}/{key}"),
        inside=_inside(visit, floor, f"{_base(visit)}/{key}"),
    )


def _listed(visit: TenantVisit, said: dict[str, str], refusal: Refused | None = None) -> Response[str]:
    visit.need(Permission.LICENCES_READ)
    floors = [_floor(visit, view) for view in all_pools(visit.session, visit.tenant.id)]
    keys = (f"/admin/{visit.tenant.slug}/keys", _("Make a key")) if visit.may(Permission.CONNECT_WRITE) else ("", "")
    faults = refusal.errors if isinstance(refusal, InvalidInput) else ()
    default = default_count_by(visit.session, visit.tenant, visit.now)
    return visit.page(
        "admin/floating_pools.html", "concurrency", *visit.crumbs(_section(visit), Crumb(_("Floating pools"))),
        status=refusal.status if refusal else 200, refusal=refusal, table=pools_table(floors, _base(visit), keys),
        here=_base(visit), form=pool_form(said, faults, is_new=True, default=default),
        may_change=visit.may(Permission.LICENCES_WRITE), is_open=refusal is not None or not floors,
    )  # fmt: skip


def _one(
    visit: TenantVisit, key: str, said: dict[str, str] | None = None, refusal: Refused | None = None
) -> Response[str]:  # fmt: skip
    visit.need(Permission.LICENCES_READ)
    floor = _floor(visit, _pool(visit, key))
    until = visit.now + _INSTANT
    span = Period(until - _WEEK, until)
    newest = denials(visit.session, visit.tenant.id, key, span, visit.now, SHOWN)
    week = denial_lines(visit.session, visit.tenant.id, key, span, visit.now)
    held = seated(visit.session, visit.tenant.id, key, until - _DAY, until)
    limits = limits_of(visit.session, visit.tenant.id, [key])
    curve = seats_in_use(held, until - _DAY, until, _STEP)
    names = _names(visit, [one.identity_id for one in newest])
    faults = refusal.errors if isinstance(refusal, InvalidInput) else ()
    here = f"{_base(visit)}/{key}"
    return visit.page(
        "admin/floating_pool.html", "concurrency",
        *visit.crumbs(_section(visit), Crumb(_("Floating pools"), _base(visit)), Crumb(floor.view.name or key)),
        status=refusal.status if refusal else 200, refusal=refusal,
        floor=floor, live=_live(visit, here), here=here,
        curve=fullness_chart(curve, limits, visit.tenant.tz), inside=_inside(visit, floor, here),
        reasons=reasons_table(week), hours=hours_table(week, visit.tenant.tz),
        denials=denials_table(newest, names, visit.tenant.tz), may_change=visit.may(Permission.LICENCES_WRITE),
        form=pool_form(said_of_pool(floor.view) if said is None else said, faults, is_new=False),
        is_open=refusal is not None,
    )  # fmt: skip


def _pool(visit: TenantVisit, key: str) -> PoolView:
    found = find_pool(visit.session, visit.tenant.id, key)
    if found is None:
        raise PoolUnknown(key)
    return found


def _floor(visit: TenantVisit, view: PoolView) -> Floor:
    until = visit.now + _INSTANT
    day = Period(until - _DAY, until)
    denied = denial_counts(visit.session, visit.tenant.id, [view.rules.key], day, visit.now)
    now = inside(visit.session, visit.tenant.id, view.rules.key, visit.now)
    return Floor(view, now, sum(one.denials for one in denied), sum(one.true for one in denied))


def _inside(visit: TenantVisit, floor: Floor, here: str) -> object:
    query = TableQuery.of(here, visit.parameters)
    shown, _pager = query.page([*floor.inside.open, *floor.inside.lingering])
    return inside_table(floor.inside, _names(visit, [one.identity_id for one in shown]), visit.tenant.tz, query)


def _live(visit: TenantVisit, here: str) -> str:
    """Return where the part that follows the moment is read, on the page that is shown."""
    after = visit.query.after
    return f"{here}/live?after={after}" if after else f"{here}/live"


def _names(visit: TenantVisit, identities: Sequence[int]) -> Mapping[int, str]:
    """Return what to call whom a lease names: by name where the reader may know it, else by pseudonym."""
    persons = persons_of(visit.session, visit.tenant.id, identities)
    called = readers(visit).names(list(set(persons.values())))
    return {identity: called[person] for identity, person in persons.items()}


def _section(visit: TenantVisit) -> Crumb:
    return Crumb(_("Concurrency"), f"/admin/{visit.tenant.slug}/concurrency")


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/floating-pools"


route_handlers = (listed, add, one, change, live)
