"""The demo's alerts: one that has fired, and two that look ahead."""

from datetime import datetime
from decimal import Decimal

from app.demo.steps import ACTOR, Lived, done_steps, note_step
from core.db import Database
from core.scope import TenantScope
from plans.actions.open_periods import open_periods
from plans.alerts.actions.set_alert import AlertInput, create_alert
from plans.alerts.rules import AlertRule
from plans.alerts.tasks import watch
from plans.reads import subscriptions
from tenants.reads import TenantView

__all__ = ("set_alerts",)

_STEP = "alerts"
_RULES = {
    # The shops' pool is full to the last seat, so that this one tells at once.
    "brightmart": (
        AlertRule("Seats in the shops are running out", "seat_pool", "learners", "percent", Decimal(95)),
        AlertRule("The bill grows beyond its plan", "spend", "", "forecast", Decimal(60_000)),
    ),
    "nordhaven-bank": (
        AlertRule("More courses than planned", "meter", "courses.transactions.net", "forecast", Decimal(500)),
    ),
}


def set_alerts(db: Database, tenants: dict[str, TenantView], now: datetime) -> Lived:
    """Set the alerts and look at them once."""
    made = 0
    for slug, rules in _RULES.items():
        tenant = tenants[slug]
        if _STEP in done_steps(db, tenant.id):
            continue
        with db.begin(TenantScope(tenant.id)) as session:
            for rule in rules:
                create_alert(session, tenant, AlertInput(rule, [f"admin@{slug}.example"], "en"), ACTOR, now)
            # The worker has not run yet: without the open month's period the running bill would be seen as 0.
            for held in subscriptions(session, tenant.id, now):
                open_periods(session, tenant.id, held.id, now)
            note_step(session, tenant.id, _STEP)
        made += len(rules)
    watch(db, [tenants[slug].id for slug in _RULES])
    return Lived("alerts: one that fired, two that look ahead", made, "alerts")
