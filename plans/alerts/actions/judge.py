"""Decide on a look at a rule: it fires, is armed again, or nothing changes; told in the same transaction."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.money import round_half_away
from core.outbox import put
from plans.alerts.reads import AlertView, get_alert, last_fired
from plans.alerts.rules import Look, decide, is_money, level
from plans.alerts.store import add_firing, hold_rule, set_rearmed, set_rule
from tenants.mails.actions.put_mail import MailInput, put_mail
from tenants.reads import TenantView
from tenants.told import ALERT, told_of

__all__ = ("figure", "judge", "tell_a_test")


def judge(session: Session, tenant: TenantView, looked: AlertView, look: Look, at: tuple[datetime, datetime]) -> bool:
    """Write down what a look found and what follows from it; return whether the rule fired.

    Args:
        session: scoped to the tenant.
        tenant: whose.
        looked: the rule as it was looked at; one that was deleted, stopped or changed meanwhile does
            nothing, for the look is about something else.
        look: what was found.
        at: the tenant's time of the look, and when to look again by the service's clock.
    """
    if not hold_rule(session, tenant.id, looked.id):
        return False
    alert, (now, due_at) = get_alert(session, tenant.id, looked.id), at
    if alert.rule != looked.rule:
        return False
    set_rule(
        session, tenant.id, alert.id, due_at=due_at, looked_at=now, error="", last_value=figure(look.value),
        last_limit=_or_none(look.limit), last_forecast=_or_none(look.forecast),
    )  # fmt: skip
    last = last_fired(session, tenant.id, alert.id, look.starts_on)
    verdict = decide(alert.rule, look, last)
    if verdict == "rearm" and last:
        set_rearmed(session, tenant.id, alert.id, (look.starts_on, last.round), now)
    return verdict == "fire" and _fire(session, tenant, alert, look, (now, last.round + 1 if last else 1))


def tell_a_test(session: Session, tenant: TenantView, rule_id: UUID, look: Look, now: datetime) -> UUID:
    """Tell everybody what the rule would say now, marked as a test; it counts as no firing. Return the event.

    Raises:
        AlertUnknown: there is no such rule (`alert_unknown`).
    """
    alert = get_alert(session, tenant.id, rule_id)
    return _tell(session, tenant, alert, _data(tenant, alert, look) | {"test": True}, now)


def _fire(session: Session, tenant: TenantView, alert: AlertView, look: Look, place: tuple[datetime, int]) -> bool:
    now, number = place
    reached = level(alert.rule, look.limit)
    assert reached is not None, "a rule without a level does not fire"
    event_id, rule = _tell(session, tenant, alert, _data(tenant, alert, look), now), alert.rule
    row = {
        "tenant_id": tenant.id, "rule_id": alert.id, "starts_on": look.starts_on, "ends_on": look.ends_on,
        "round": number, "id": event_id, "fired_at": now, "value": figure(look.value),
        "level": figure(reached), "forecast": _or_none(look.forecast), "subject": rule.subject, "key": rule.key,
        "cost_centre": rule.cost_centre, "currency": rule.currency,
    }  # fmt: skip
    # The rule is held, so that nobody else has written this round: the key is the proof, not the means.
    written = add_firing(session, row)
    assert written, "a round fires once"
    return True


def _tell(session: Session, tenant: TenantView, alert: AlertView, data: dict[str, Any], now: datetime) -> UUID:
    event_id = put(session, tenant.id, ALERT, told_of("fire_alert", ("alert", str(alert.id)), data), now)
    # The name is somebody's own words: it stays here, and in the mails to those whom they chose.
    place = {"tenant": tenant.slug, "name": alert.rule.name, "alert": str(alert.id)}
    for address in alert.recipients:
        # Mails are sent by the service's clock, whatever a test clock says.
        put_mail(session, tenant.id, MailInput(ALERT, data | place, alert.language, address=address), utc_now())
    return event_id


def _data(tenant: TenantView, alert: AlertView, look: Look) -> dict[str, Any]:
    rule, reached = alert.rule, level(alert.rule, look.limit)
    money = is_money(rule.subject, rule.key)
    return {
        "subject": rule.subject, "key": rule.key, "when": rule.when,
        "cost_centre": rule.cost_centre, "period_starts_on": look.starts_on.isoformat(),
        "period_ends_on": look.ends_on.isoformat(),
        "value": str(figure(look.value)), "level": _text(reached), "limit": _text(look.limit),
        "forecast": _text(look.forecast), "currency": (rule.currency or tenant.currency) if money else None,
    }  # fmt: skip


def figure(value: Fraction) -> Decimal:
    """Return a figure to six decimals, as it is stored and told."""
    exact = Decimal(round_half_away(value, 6)).scaleb(-6)
    return Decimal(f"{exact.normalize():f}")


def _or_none(value: Fraction | None) -> Decimal | None:
    return None if value is None else figure(value)


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(figure(value))
