"""Say from where on who is told, and change or end it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import InputError, InvalidInput
from core.ids import new_id
from plans.alerts.errors import AlertsTooMany
from plans.alerts.reads import Looking, alerts, get_alert
from plans.alerts.rules import AlertRule, faults, watches_the_same
from plans.alerts.store import add_rule, delete_rule, hold_number, rearm_rule, set_rule
from tenants.actions.record_audit import record_audit
from tenants.mails.actions.put_mail import address_fault
from tenants.reads import TenantView

__all__ = ("ALERTS_MAX", "AlertInput", "change_alert", "create_alert", "recipient_faults", "remove_alert")

ALERTS_MAX = 100
RECIPIENTS_MAX = 20


@dataclass(frozen=True, slots=True)
class AlertInput:
    """A rule and who is told by mail, in which language (as `Accept-Language` has it)."""

    rule: AlertRule
    recipients: Sequence[str] = ()
    language: str = ""


def create_alert(session: Session, tenant: TenantView, given: AlertInput, actor: str, now: datetime) -> UUID:
    """Watch something from now on, and return the rule's id.

    Args:
        session: scoped to the tenant.
        tenant: whose.
        given: the rule.
        actor: who says so.
        now: the tenant's time.

    Raises:
        InvalidInput: the rule contradicts itself, or a recipient is no address (`invalid_input`).
        Refused: there is no such meter or pool, or there are 100 rules already (`alerts_too_many`).
    """
    _check(session, tenant, given, now)
    hold_number(session, tenant.id)
    if len(alerts(session, tenant.id)) >= ALERTS_MAX:
        raise AlertsTooMany(ALERTS_MAX)
    rule_id, at = new_id(), utc_now()
    row = {"tenant_id": tenant.id, "id": rule_id, "created_at": at, "due_at": at, "language": given.language}
    add_rule(session, row | _values(given))
    record_audit(session, tenant.id, actor, "create_alert", ("alert", str(rule_id)), _detail(given.rule))
    return rule_id


def change_alert(
    session: Session, tenant: TenantView, rule_id: UUID, given: AlertInput, actor: str, now: datetime, *, enabled: bool
) -> None:
    """Change a rule, or stop it for a while; who watches something else, or from another level on, begins anew.

    What has fired in this period stays fired where only the name, the recipients or the hysteresis change.

    Raises:
        AlertUnknown: there is no such rule (`alert_unknown`).
        InvalidInput, Refused: as above.
    """
    before = get_alert(session, tenant.id, rule_id)
    _check(session, tenant, given, now)
    at = utc_now()
    stopped_at = None if enabled else before.stopped_at or at
    values = _values(given)
    if not watches_the_same(before.rule, given.rule):
        values |= dict.fromkeys(("looked_at", "last_value", "last_limit", "last_forecast"))
        rearm_rule(session, tenant.id, rule_id, now)
    set_rule(session, tenant.id, rule_id, due_at=at, stopped_at=stopped_at, error="", **values)
    detail = _detail(given.rule) | {"enabled": enabled}
    record_audit(session, tenant.id, actor, "change_alert", ("alert", str(rule_id)), detail)


def remove_alert(session: Session, tenant_id: UUID, rule_id: UUID, actor: str) -> None:
    """Watch it no longer, and forget what fired.

    Raises:
        AlertUnknown: there is no such rule (`alert_unknown`).
    """
    found = get_alert(session, tenant_id, rule_id)
    delete_rule(session, tenant_id, rule_id)
    record_audit(session, tenant_id, actor, "remove_alert", ("alert", str(rule_id)), _detail(found.rule))


def recipient_faults(recipients: Sequence[str]) -> list[InputError]:
    """Return what is wrong with those to whom is mailed, one by one."""
    if len(set(recipients)) > RECIPIENTS_MAX:
        text = f"An alert is mailed to at most {RECIPIENTS_MAX} addresses. Give that of a mailing list instead."
        return [InputError("/recipients", "recipients_too_many", text)]
    found = (address_fault(address, f"/recipients/{index}") for index, address in enumerate(recipients))
    return [fault for fault in found if fault]


def _check(session: Session, tenant: TenantView, given: AlertInput, now: datetime) -> None:
    found = [*faults(given.rule), *recipient_faults(given.recipients)]
    if found:
        raise InvalidInput(*found)
    Looking(session, tenant, now).check(given.rule)


def _values(given: AlertInput) -> dict[str, Any]:
    rule = given.rule
    return {
        "name": rule.name.strip(), "subject": rule.subject, "key": rule.key, "when_kind": rule.when,
        "value": rule.value, "limit_value": rule.limit, "cost_centre": rule.cost_centre,
        "hysteresis_percent": rule.hysteresis_percent, "per": rule.per, "currency": rule.currency,
        "recipients": list(dict.fromkeys(given.recipients)),
    }  # fmt: skip


def _detail(rule: AlertRule) -> dict[str, Any]:
    return {
        "subject": rule.subject, "key": rule.key, "when": rule.when, "value": str(rule.value),
        "cost_centre": rule.cost_centre, "currency": rule.currency,
    }  # fmt: skip
