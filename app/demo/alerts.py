"""The demo's alerts: seats that ran out, a department's budget, and two that look ahead."""

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
        # Its people hold seats from the first day of a month on, so that this one tells whatever the day.
        AlertRule("Head office’s budget", "spend", "", "percent", Decimal(90), Decimal(900), "HQ"),
    ),
    "nordhaven-bank": (
        AlertRule("More courses than planned", "meter", "courses.transactions.net", "forecast", Decimal(500)),
    ),
}


def set_alerts(db: Database, tenants: dict[str, TenantView], now: datetime) -> Lived:
    """Set the alerts and look at those of today; to look ahead, or at a bill, takes seconds, which the worker has."""
    made = _set(db, tenants, now, _STEP, ahead=False)
    watch(db, [tenants[slug].id for slug in _RULES])
    made += _set(db, tenants, now, f"{_STEP} ahead", ahead=True)
    return Lived("alerts: seats that ran out, a budget, two that look ahead", made, "alerts")


def _set(db: Database, tenants: dict[str, TenantView], now: datetime, step: str, *, ahead: bool) -> int:
    made = 0
    for slug, rules in _RULES.items():
        tenant = tenants[slug]
        if step in done_steps(db, tenant.id):
            continue
        with db.begin(TenantScope(tenant.id)) as session:
            for rule in rules:
                if (rule.when == "forecast" or rule.subject == "spend") == ahead:
                    create_alert(session, tenant, AlertInput(rule, [f"admin@{slug}.example"], "en"), ACTOR, now)
                    made += 1
            # Until the worker runs: without the open month's period the running bill would be seen as 0.
            for held in subscriptions(session, tenant.id, now):
                open_periods(session, tenant.id, held.id, now)
            note_step(session, tenant.id, step)
    return made
