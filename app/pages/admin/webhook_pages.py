"""The addresses of webhooks in the admin workspace: endpoints, their log, a test, and once more."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import OVERLAPS, connect_tabs, overlap_of
from app.pages.admin.webhooks import deliveries_table, delivery_facts, endpoints_table, shown_address, wished_types
from app.pages.frame import Crumb
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, confirm_word, cursor_of
from app.pages.words import state_badge
from core.clock import utc_now
from core.errors import Refused
from tenants.errors import FormSentBefore
from tenants.roles import Permission
from tenants.told import EVENT_TYPES
from tenants.webhooks.actions.replay import replay, replay_dead
from tenants.webhooks.actions.set_endpoint import (
    EndpointInput,
    change_endpoint,
    create_endpoint,
    remove_endpoint,
    rotate_secret,
    test_endpoint,
)
from tenants.webhooks.bodies import body_of
from tenants.webhooks.reads import dead_count, deliveries, endpoints, get_delivery, get_endpoint, is_gone

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/admin/{tenant_slug:str}/webhooks", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The form, and the endpoints."""
    visit.need(Permission.CONNECT_WRITE)
    return _list_answer(visit)


@post("/admin/{tenant_slug:str}/webhooks", sync_to_thread=True)
def add(visit: TenantVisit, data: Form) -> Response[str]:
    """Make an endpoint and show its secret this once."""
    visit.need(Permission.CONNECT_WRITE)
    made = visit.attempt_once(
        data, lambda: create_endpoint(visit.session, visit.tenant.id, _given(data), visit.principal.actor, utc_now())
    )
    if isinstance(made, Refused):
        return _list_answer(visit, made, None if isinstance(made, FormSentBefore) else data)
    return _one_answer(visit, made[0], secret=made[1])


@get("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}", sync_to_thread=True)
def one(visit: TenantVisit, endpoint_id: UUID) -> Response[str]:
    """One endpoint with its log."""
    visit.need(Permission.CONNECT_WRITE)
    return _one_answer(visit, endpoint_id)


@post("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}", sync_to_thread=True)
def change(visit: TenantVisit, endpoint_id: UUID, data: Form) -> Answer:
    """Change where to and what, or stop it."""
    enabled, actor = data.get("enabled") == "on", visit.principal.actor

    def act() -> None:
        given, now = _given(data), utc_now()
        change_endpoint(visit.session, visit.tenant.id, endpoint_id, given, actor, now, enabled=enabled)

    return _act(visit, endpoint_id, act, said=data)


@post("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}/rotate", sync_to_thread=True)
def rotate(visit: TenantVisit, endpoint_id: UUID, data: Form) -> Response[str]:
    """Make a new signing secret and show it this once."""
    visit.need(Permission.CONNECT_WRITE)
    overlap, actor = timedelta(hours=overlap_of(data)), visit.principal.actor
    made = visit.attempt_once(
        data, lambda: rotate_secret(visit.session, visit.tenant.id, endpoint_id, overlap, actor, utc_now())
    )
    if isinstance(made, Refused):
        return _one_answer(visit, endpoint_id, made)
    return _one_answer(visit, endpoint_id, secret=made)


@post("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}/test", sync_to_thread=True)
def test(visit: TenantVisit, endpoint_id: UUID) -> Answer:
    """Send it something to try it with."""
    return _act(visit, endpoint_id, lambda: test_endpoint(visit.session, visit.tenant.id, endpoint_id, utc_now()))


@post("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}/replay", sync_to_thread=True)
def again(visit: TenantVisit, endpoint_id: UUID) -> Answer:
    """Tell it what was given up."""
    return _act(visit, endpoint_id, lambda: replay_dead(visit.session, visit.tenant.id, endpoint_id, utc_now()))


@get("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}/deliveries/{event_id:uuid}", sync_to_thread=True)
def delivery(visit: TenantVisit, endpoint_id: UUID, event_id: UUID) -> Response[str]:
    """One delivery: what it says, and what came of it."""
    visit.need(Permission.CONNECT_WRITE)
    endpoint = get_endpoint(visit.session, visit.tenant.id, endpoint_id)
    found = get_delivery(visit.session, visit.tenant.id, endpoint_id, event_id)
    here, body = f"{_base(visit)}/{endpoint_id}", body_of(found.event_type, found.happened_at, found.data)
    address = shown_address(endpoint.url)
    crumbs = (Crumb(_("Connect")), Crumb(_("Webhooks"), _base(visit)), Crumb(address, here))
    return visit.page(
        "admin/webhook_delivery.html", "connect", *visit.crumbs(*crumbs, Crumb(found.event_type)), delivery=found,
        address=address, facts=delivery_facts(found, utc_now(), visit.tenant.tz), state=state_badge(found.status),
        body=json.dumps(json.loads(body), indent=2, ensure_ascii=False), here=f"{here}/deliveries/{event_id}",
    )  # fmt: skip


@post("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}/deliveries/{event_id:uuid}/replay", sync_to_thread=True)
def one_again(visit: TenantVisit, endpoint_id: UUID, event_id: UUID) -> Answer:
    """Tell it one thing once more, and come back to the same part of the log."""
    after = visit.query.href(f"{_base(visit)}/{endpoint_id}")
    return _act(
        visit, endpoint_id, lambda: replay(visit.session, visit.tenant.id, endpoint_id, event_id, utc_now()), after
    )


@post("/admin/{tenant_slug:str}/webhooks/{endpoint_id:uuid}/delete", sync_to_thread=True)
def remove(visit: TenantVisit, endpoint_id: UUID, data: Form) -> Answer:
    """Delete it with its log."""

    def act() -> None:
        confirm_word(data, _("delete"))
        remove_endpoint(visit.session, visit.tenant.id, endpoint_id, visit.principal.actor)

    return _act(visit, endpoint_id, act, _base(visit))


def _act(
    visit: TenantVisit, endpoint_id: UUID, act: Callable[[], object], after: str = "",
    said: dict[str, str] | None = None,
) -> Answer:  # fmt: skip
    """Do it and lead on, or show the endpoint with the reason why not, and the form as somebody wrote it."""
    visit.need(Permission.CONNECT_WRITE)
    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _one_answer(visit, endpoint_id, done, said=said)
    return Redirect(after or f"{_base(visit)}/{endpoint_id}", status_code=303)


def _given(data: dict[str, str]) -> EndpointInput:
    return EndpointInput(data.get("url", "").strip(), data.get("description", ""), wished_types(data))


def _list_answer(
    visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None
) -> Response[str]:
    chosen = wished_types(said or {})
    return visit.page(
        "admin/webhooks.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Webhooks"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or {}, base=_base(visit),
        table=endpoints_table(endpoints(visit.session, visit.tenant.id), _base(visit), visit.tenant.tz),
        types=[(name, name in chosen) for name in EVENT_TYPES], tabs=connect_tabs(visit, "webhooks"),
    )  # fmt: skip


def _one_answer(
    visit: TenantVisit, endpoint_id: UUID, refusal: Refused | None = None, secret: str = "",
    said: dict[str, str] | None = None,
) -> Response[str]:  # fmt: skip
    endpoint, now = get_endpoint(visit.session, visit.tenant.id, endpoint_id), utc_now()
    address = shown_address(endpoint.url)
    wished = _given(said) if said is not None else endpoint
    found = deliveries(
        visit.session, visit.tenant.id, endpoint_id, status=visit.query.get("status"),
        before=cursor_of(visit.query.get("after")), limit=PAGE_SIZE + 1,
    )  # fmt: skip
    crumbs = visit.crumbs(Crumb(_("Connect")), Crumb(_("Webhooks"), _base(visit)), Crumb(address))
    here = f"{_base(visit)}/{endpoint_id}"
    answer = visit.page(
        "admin/webhook.html", "connect", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        endpoint=endpoint, address=address, secret=secret, here=here,
        dead=dead_count(visit.session, visit.tenant.id, endpoint_id),
        table=deliveries_table(found, visit.query, now, visit.tenant.tz, here),
        wished=wished, types=[(name, name in wished.event_types) for name in EVENT_TYPES], changing=said is not None,
        enabled=said.get("enabled") == "on" if said is not None else endpoint.disabled_at is None, overlaps=OVERLAPS,
        old_until=endpoint.before_until if endpoint.before_until and now < endpoint.before_until else None,
        tz=visit.tenant.tz, gone=is_gone(visit.session, visit.tenant.id, endpoint),
    )  # fmt: skip
    if secret:
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/webhooks"


route_handlers = (listed, add, one, change, rotate, test, again, delivery, one_again, remove)
