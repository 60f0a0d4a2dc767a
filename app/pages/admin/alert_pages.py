"""The addresses of alerts in the admin workspace: made with a look at what they would have done, changed, tried."""

from collections.abc import Callable, Mapping
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.alerts import (
    AlertForm,
    Place,
    alerts_table,
    fields,
    firings_table,
    preview_text,
    read_form,
    said_of,
)
from app.pages.alert_words import subject_text
from app.pages.frame import Crumb
from app.pages.visit import TenantVisit, confirm_word
from core.errors import InvalidInput, Refused
from core.settings import mail_server
from metering.reads import contract_meters
from plans.alerts.actions.judge import tell_a_test
from plans.alerts.actions.set_alert import AlertInput, change_alert, create_alert, recipient_faults, remove_alert
from plans.alerts.reads import Looking, alerts, firings, get_alert, preview, told_and_not_rearmed
from plans.alerts.rules import faults
from plans.licensing.reads import all_pools
from plans.licensing.seats.reads import all_pools as seat_pools
from tenants.errors import FormSentBefore
from tenants.roles import Permission
from tenants.told import ALERT
from tenants.webhooks.reads import endpoints

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect
HISTORY = 100


@get("/admin/{tenant_slug:str}/alerts", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The alerts, the form for a new one, and what was told."""
    visit.need(Permission.USAGE_READ)
    return _list_answer(visit, {}, None)


@post("/admin/{tenant_slug:str}/alerts", sync_to_thread=True)
def add(visit: TenantVisit, data: Form) -> Answer:
    """Make an alert; with `look` only say what it would have done."""
    visit.need(Permission.CONNECT_WRITE)
    if "look" in data:
        return _list_answer(visit, data, None)
    made = visit.attempt_once(
        data, lambda: create_alert(visit.session, visit.tenant, _given(visit, data), visit.principal.actor, visit.now)
    )
    if isinstance(made, Refused):
        return _list_answer(visit, {} if isinstance(made, FormSentBefore) else data, made)
    return Redirect(_place(visit).base, status_code=303)


@post("/admin/{tenant_slug:str}/alerts/preview", sync_to_thread=True, status_code=200)
def would(visit: TenantVisit, data: Form) -> Response[str]:
    """What the form's alert would have done, while it is being written."""
    visit.need(Permission.USAGE_READ)
    return visit.page("admin/alert_preview.html", "alerts", preview=_preview(visit, data))


@get("/admin/{tenant_slug:str}/alerts/{alert_id:uuid}", sync_to_thread=True)
def one(visit: TenantVisit, alert_id: UUID) -> Response[str]:
    """One alert with its history."""
    visit.need(Permission.USAGE_READ)
    return _one_answer(visit, alert_id)


@post("/admin/{tenant_slug:str}/alerts/{alert_id:uuid}", sync_to_thread=True)
def change(visit: TenantVisit, alert_id: UUID, data: Form) -> Answer:
    """Change it, or stop it for a while."""

    def act() -> None:
        enabled = data.get("enabled") == "on"
        given, actor = _given(visit, data), visit.principal.actor
        change_alert(visit.session, visit.tenant, alert_id, given, actor, visit.now, enabled=enabled)

    return _act(visit, alert_id, act, data=data)


@post("/admin/{tenant_slug:str}/alerts/{alert_id:uuid}/test", sync_to_thread=True)
def test(visit: TenantVisit, alert_id: UUID) -> Answer:
    """Tell everybody what it would say now."""

    def act() -> None:
        look = Looking(visit.session, visit.tenant, visit.now).look(
            get_alert(visit.session, visit.tenant.id, alert_id).rule
        )
        tell_a_test(visit.session, visit.tenant, alert_id, look, visit.now)

    return _act(visit, alert_id, act, f"{_place(visit).base}/{alert_id}?tested=1")


@post("/admin/{tenant_slug:str}/alerts/{alert_id:uuid}/delete", sync_to_thread=True)
def remove(visit: TenantVisit, alert_id: UUID, data: Form) -> Answer:
    """Delete it with its history."""

    def act() -> None:
        confirm_word(data, _("delete"))
        remove_alert(visit.session, visit.tenant.id, alert_id, visit.principal.actor)

    return _act(visit, alert_id, act, _place(visit).base)


def _act(
    visit: TenantVisit, alert_id: UUID, act: Callable[[], None], after: str = "",
    data: Mapping[str, str] | None = None,
) -> Answer:  # fmt: skip
    visit.need(Permission.CONNECT_WRITE)
    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _one_answer(visit, alert_id, done, data)
    return Redirect(after or f"{_place(visit).base}/{alert_id}", status_code=303)


def _list_answer(visit: TenantVisit, said: Mapping[str, str], refusal: Refused | None) -> Response[str]:
    found = alerts(visit.session, visit.tenant.id)
    told = firings(visit.session, visit.tenant.id, limit=HISTORY)
    place, hooked = _place(visit), _hooked(visit)
    return visit.page(
        "admin/alerts.html", "alerts", *visit.crumbs(Crumb(_("Alerts"))), status=refusal.status if refusal else 200,
        refusal=refusal, said=said, base=place.base, table=alerts_table(found, _told(visit), place, hooked=hooked),
        history=firings_table(told, place), fields=fields(said, _choices(visit), refusal, place.currency),
        preview=_preview(visit, said) if "look" in said else None, may_act=visit.may(Permission.CONNECT_WRITE),
        unsent=mail_server() is None and any(view.recipients for view in found),
    )  # fmt: skip


def _one_answer(
    visit: TenantVisit, alert_id: UUID, refusal: Refused | None = None, said: Mapping[str, str] | None = None
) -> Response[str]:
    view, place = get_alert(visit.session, visit.tenant.id, alert_id), _place(visit)
    told = firings(visit.session, visit.tenant.id, rule_id=alert_id, limit=HISTORY)
    rule, said = view.rule, said or said_of(view)
    crumbs = visit.crumbs(Crumb(_("Alerts"), place.base), Crumb(rule.name))
    return visit.page(
        "admin/alert.html", "alerts", *crumbs, status=refusal.status if refusal else 200, refusal=refusal,
        alert=view, what=subject_text(rule.subject, rule.key, rule.cost_centre, rule.currency),
        here=f"{place.base}/{alert_id}", base=place.base, said=said,
        fields=fields(said, _choices(visit), refusal, place.currency), history=firings_table(told, place),
        tested=bool(visit.query.get("tested")),
        table=alerts_table([view], _told(visit), place, hooked=_hooked(visit)),
        may_act=visit.may(Permission.CONNECT_WRITE),
    )  # fmt: skip


def _preview(visit: TenantVisit, data: Mapping[str, str]) -> tuple[str, str]:
    """Return what the form's alert would have done, or what is still missing, and the tone."""

    def look() -> tuple[str, str]:
        form = read_form(data)
        rule = form.rule
        found = [fault for fault in faults(rule) if fault.code != "name_missing"]
        found += recipient_faults(form.recipients)
        if found:
            raise InvalidInput(*found)
        looking = Looking(visit.session, visit.tenant, visit.now)
        return preview_text(preview(looking, visit.tenant, rule), rule, _place(visit))

    done = visit.attempt(look)
    if isinstance(done, InvalidInput):
        return " ".join(fault.detail for fault in done.errors), ""
    return (done.detail, "") if isinstance(done, Refused) else done


def _given(visit: TenantVisit, data: Mapping[str, str]) -> AlertInput:
    form: AlertForm = read_form(data)
    return AlertInput(form.rule, form.recipients, visit.request.headers.get("accept-language", "")[:100])


def _choices(visit: TenantVisit) -> list[tuple[str, str]]:
    """Return what may be watched: `seat_pool:authors` → how it is called."""
    session, tenant_id = visit.session, visit.tenant.id
    pools = [
        (f"seat_pool:{one.key}", subject_text("seat_pool", one.key, None)) for one in seat_pools(session, tenant_id)
    ]
    floating = [
        (f"{subject}:{one.rules.key}", subject_text(subject, one.rules.key, None))
        for one in all_pools(session, tenant_id)
        for subject in ("floating_pool", "denials")
    ]
    meters = [(f"meter:{name}", subject_text("meter", name, None)) for name in contract_meters(session, tenant_id)]
    return [*pools, *floating, ("spend:", subject_text("spend", "", None)), *meters]


def _told(visit: TenantVisit) -> frozenset[UUID]:
    """Return the alerts that have told in a running period and are not armed again."""
    return told_and_not_rearmed(visit.session, visit.tenant.id, visit.today)


def _hooked(visit: TenantVisit) -> bool:
    """Return whether an endpoint is told what fires."""
    return any(one.wants(ALERT) for one in endpoints(visit.session, visit.tenant.id))


def _place(visit: TenantVisit) -> Place:
    return Place(f"/admin/{visit.tenant.slug}/alerts", visit.tenant.tz, visit.tenant.currency)


route_handlers = (listed, add, would, one, change, test, remove)
