"""/v1/alerts: from where on who is told; what would have fired, and what did."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, post, put
from litestar.datastructures import State
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from plans.alerts.actions.judge import figure, tell_a_test
from plans.alerts.actions.set_alert import AlertInput, change_alert, create_alert, remove_alert
from plans.alerts.reads import AlertView, FiringView, Looking, Preview, alerts, firings, get_alert, preview
from plans.alerts.rules import AlertRule, Per, Subject, When, faults
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission
from tenants.schemas import Page

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Figure = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[0-9]+(\.[0-9]+)?$")]


class AlertBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is watched, from where on it is told, and to whom; webhooks get `alert.fired` in any case."""

    name: Text
    subject: Subject
    when: When
    value: Figure
    """The figure, or per cent of the limit."""
    key: Text = ""
    """The meter or the pool; left out for spend."""
    limit: Figure | None = None
    """For percent of a meter or of spend; a pool's limit is its own."""
    per: Per = "contract"
    """The contract's billing period (the calendar month without one), or the calendar month."""
    cost_centre: Text | None = None
    currency: Annotated[str, msgspec.Meta(max_length=3)] | None = None
    """Of the running bill and of courses.revenue: only what is billed or paid in it; left out, the customer's own."""
    hysteresis_percent: Annotated[int, msgspec.Meta(ge=0, le=90)] = 5
    recipients: Annotated[list[Annotated[str, msgspec.Meta(max_length=254)]], msgspec.Meta(max_length=20)] = []
    enabled: bool = True

    def rule(self) -> AlertRule:
        """Return the rule."""
        limit = None if self.limit is None else Decimal(self.limit)
        return AlertRule(
            self.name, self.subject, self.key, self.when, Decimal(self.value), limit, self.cost_centre,
            self.hysteresis_percent, self.per, self.currency,
        )  # fmt: skip


class AlertAnswer(msgspec.Struct):
    """An alert and what its last look found."""

    id: UUID
    name: str
    subject: Subject
    key: str
    when: When
    value: str
    limit: str | None
    cost_centre: str | None
    currency: str | None
    """Null: no money, or in the customer's own."""
    hysteresis_percent: int
    per: Per
    recipients: list[str]
    enabled: bool
    created_at: datetime
    looked_at: datetime | None
    figure: str | None
    figure_limit: str | None
    forecast: str | None
    error: str

    @classmethod
    def of(cls, view: AlertView) -> "AlertAnswer":
        """Return the view as JSON shows it."""
        rule = view.rule
        return cls(
            view.id, rule.name, rule.subject, rule.key, rule.when, str(rule.value), _text(rule.limit),
            rule.cost_centre, rule.currency, rule.hysteresis_percent, rule.per, list(view.recipients),
            view.stopped_at is None, view.created_at, view.looked_at, _text(view.value),
            _text(view.limit), _text(view.forecast), view.error,
        )  # fmt: skip


class FiringAnswer(msgspec.Struct):
    """An alert fired; `id` is the event that webhooks were told. What it watched is what it did then."""

    id: UUID
    alert: UUID
    name: str
    subject: Subject
    key: str
    cost_centre: str | None
    currency: str | None
    period_starts_on: date
    period_ends_on: date
    """The first day after the period."""
    round: int
    fired_at: datetime
    figure: str
    level: str
    forecast: str | None
    rearmed_at: datetime | None

    @classmethod
    def of(cls, view: FiringView) -> "FiringAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.id, view.rule_id, view.name, view.subject, view.key, view.cost_centre, view.currency,
            view.starts_on, view.ends_on, view.round, view.fired_at,
            str(view.value), str(view.level), _text(view.forecast), view.rearmed_at,
        )  # fmt: skip


class PreviewAnswer(msgspec.Struct):
    """What an alert would do: `reached_on` is the day of this period on which its level was reached."""

    period_starts_on: date
    period_ends_on: date
    """The first day after the period."""
    figure: str
    level: str | None
    limit: str | None
    forecast: str | None
    fires: bool
    reached_on: date | None

    @classmethod
    def of(cls, view: Preview) -> "PreviewAnswer":
        """Return the view as JSON shows it."""
        reached, limit, forecast = (
            None if one is None else str(figure(one)) for one in (view.level, view.look.limit, view.look.forecast)
        )
        look = view.look
        told = (str(figure(look.value)), reached, limit, forecast)
        return cls(look.starts_on, look.ends_on, *told, view.fires, view.reached_on)


class Told(msgspec.Struct):
    """The event that was told."""

    event_id: UUID


class AlertController(Controller):
    """Alerts: told before a limit is reached."""

    path = "/v1/alerts"
    tags = ("alerts",)

    @get(sync_to_thread=True)
    def listed(self, principal: Principal, session: Session, tenant: TenantView) -> Page:
        """List the alerts, with what the last look found; those of the running bill to who may read invoices."""
        require(principal, Permission.USAGE_READ)
        spend = principal.may(Permission.INVOICES_READ)
        found = [one for one in alerts(session, tenant.id) if spend or one.rule.subject != "spend"]
        return Page([AlertAnswer.of(one) for one in found], None)

    @post(sync_to_thread=True)
    def add(
        self, request: Request[Any, Any, State], principal: Principal, session: Session, tenant: TenantView,
        data: AlertBody,
    ) -> AlertAnswer:  # fmt: skip
        """Watch something from now on."""
        require(principal, Permission.CONNECT_WRITE)
        _may_see(principal, data.subject)
        now = tenant_now(session, tenant)
        made = create_alert(session, tenant, _given(request, data), principal.actor, now)
        return AlertAnswer.of(get_alert(session, tenant.id, made))

    @post("/preview", sync_to_thread=True, status_code=200)
    def would(self, principal: Principal, session: Session, tenant: TenantView, data: AlertBody) -> PreviewAnswer:
        """Say what an alert would have done in this period; nothing is made."""
        require(principal, Permission.USAGE_READ)
        _may_see(principal, data.subject)
        rule = data.rule()
        if found := faults(rule):
            raise InvalidInput(*found)
        return PreviewAnswer.of(preview(Looking(session, tenant, tenant_now(session, tenant)), tenant, rule))

    @get("/history", sync_to_thread=True)
    def fired(
        self, principal: Principal, session: Session, tenant: TenantView, alert: UUID | None = None,
        cursor: UUID | None = None, limit: Limit = 50,
    ) -> Page:  # fmt: skip
        """List what fired, newest first; `alert` for one alone."""
        require(principal, Permission.USAGE_READ)
        spend = principal.may(Permission.INVOICES_READ)
        found = firings(session, tenant.id, rule_id=alert, before=cursor, limit=limit, spend=spend)
        return Page([FiringAnswer.of(one) for one in found], str(found[-1].id) if len(found) == limit else None)

    @get("/{alert_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, alert_id: UUID) -> AlertAnswer:
        """Show an alert."""
        require(principal, Permission.USAGE_READ)
        found = get_alert(session, tenant.id, alert_id)
        _may_see(principal, found.rule.subject)
        return AlertAnswer.of(found)

    @put("/{alert_id:uuid}", sync_to_thread=True)
    def change(
        self, request: Request[Any, Any, State], principal: Principal, session: Session, tenant: TenantView,
        alert_id: UUID, data: AlertBody,
    ) -> AlertAnswer:  # fmt: skip
        """Change an alert, or stop it for a while; what watches something else, or another level, begins anew."""
        require(principal, Permission.CONNECT_WRITE)
        for subject in (data.subject, get_alert(session, tenant.id, alert_id).rule.subject):
            _may_see(principal, subject)
        given, now = _given(request, data), tenant_now(session, tenant)
        change_alert(session, tenant, alert_id, given, principal.actor, now, enabled=data.enabled)
        return AlertAnswer.of(get_alert(session, tenant.id, alert_id))

    @delete("/{alert_id:uuid}", sync_to_thread=True)
    def remove(self, principal: Principal, session: Session, tenant: TenantView, alert_id: UUID) -> None:
        """Delete an alert with its history."""
        require(principal, Permission.CONNECT_WRITE)
        remove_alert(session, tenant.id, alert_id, principal.actor)

    @post("/{alert_id:uuid}/test", sync_to_thread=True)
    def test(self, principal: Principal, session: Session, tenant: TenantView, alert_id: UUID) -> Told:
        """Tell everybody what it would say now, marked as a test; it counts as no firing."""
        require(principal, Permission.CONNECT_WRITE)
        now, rule = tenant_now(session, tenant), get_alert(session, tenant.id, alert_id).rule
        _may_see(principal, rule.subject)
        look = Looking(session, tenant, now).look(rule)
        return Told(tell_a_test(session, tenant, alert_id, look, now))


def _may_see(principal: Principal, subject: Subject) -> None:
    """Refuse the running bill to who may not read invoices."""
    if subject == "spend":
        require(principal, Permission.INVOICES_READ)


def _given(request: Request[Any, Any, State], data: AlertBody) -> AlertInput:
    return AlertInput(data.rule(), data.recipients, request.headers.get("accept-language", "")[:100])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


route_handlers = (AlertController,)
