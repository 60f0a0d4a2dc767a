"""How the demo's customers charge their bills back to cost centres."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.demo.steps import ACTOR, note_step
from app.demo.world import Customer
from billing.chargebacks.actions.approve_run import approve_run
from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.post_run import post_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.actions.step_period import step_period
from billing.chargebacks.allocation import Match, RuleDocument
from billing.reads import invoice_for_period
from core.db import Database
from core.scope import TenantScope
from tenants.reads import TenantView, users_of

__all__ = ("RULES", "STAYS_OPEN", "agree_on_rules", "charge_back", "pays")

STAYS_OPEN = frozenset({"brightmart", "kestrel-software"})
"""Customers that have not charged the newest invoice back yet."""

BY_USAGE = RuleDocument("by-usage", "direct", params={"on_zero": "next", "unassigned": "next"})
BY_HEADS = RuleDocument("by-headcount", "headcount")

RULES: dict[str, tuple[RuleDocument, ...]] = {
    "nordhaven-bank": (
        RuleDocument(
            "board-sponsors-contributions",
            "fixed_share",
            "0.25",
            Match(meter=("members.contributors",)),
            {"shares": {"~sponsor": "1"}},
        ),
        BY_USAGE,
        BY_HEADS,
    ),
    "brightmart": (
        RuleDocument(
            "stores-by-seats",
            "driver",
            "1",
            Match(meter=("seats.named.peak", "courses.transactions")),
            {"meters": {"seats.named.prorated": "1"}, "unassigned": "next"},
        ),
        RuleDocument("rest-evenly", "even"),
    ),
    "lakeshore-university": (
        RuleDocument("seats-by-faculty", "direct", "1", Match(meter=("courses.transactions",)), {"on_zero": "next"}),
        RuleDocument(
            "half-by-sessions",
            "driver",
            "0.5",
            params={"meters": {"sessions.concurrent.average": "1"}, "on_zero": "next", "unassigned": "next"},
        ),
        RuleDocument("rest", "residual", params={"mode": "sponsor"}),
    ),
    "kestrel-software": (
        RuleDocument("community-to-education", "fixed_share", "0.3", params={"shares": {"EDU": "2/3", "PAR": "1/3"}}),
        RuleDocument(
            "by-activity",
            "driver",
            "1",
            Match(meter=("members.active", "members.contributors", "courses.transactions")),
            {"meters": {"members.active": "1", "members.contributors": "2"}, "on_zero": "next", "unassigned": "next"},
        ),
        RuleDocument("rest", "residual", params={"mode": "spread"}),
    ),
    "open-water": (
        RuleDocument(
            "by-weighted-heads",
            "driver",
            params={
                "meters": {"members.registered.average": "1"},
                "centre_weights": {"OFFICE": "0.5"},
                "unassigned": "next",
            },
        ),
        RuleDocument("rest", "residual", params={"mode": "suspense"}),
    ),
    "alpina-partners": (RuleDocument("resale", "fixed_share", params={"shares": {"RESALE": "1"}}),),
}
"""By slug of the payer; between them every method is used."""


def pays(customer: Customer) -> bool:
    """Say whether the customer gets bills of its own."""
    return not customer.spec.parent


def agree_on_rules(db: Database, tenant: TenantView, now: datetime) -> None:
    """Set the tenant's rules."""
    with db.begin(TenantScope(tenant.id)) as session:
        set_rules(session, tenant, RULES[tenant.slug], ACTOR, now)


def charge_back(db: Database, customer: Customer, tenant: TenantView, month: int, now: datetime) -> None:
    """Charge the month's invoice back: the maker makes, the approver approves, it is posted and closed."""
    period = f"{customer.months[month]:%Y-%m}"
    closes_on = (customer.months[month] + timedelta(days=32)).replace(day=1)
    with db.begin(TenantScope(tenant.id)) as session:
        issued = invoice_for_period(session, tenant.id, closes_on)
        for invoice in issued:
            create_pool_from_invoice(session, tenant, invoice.id, ACTOR, now)
        if tenant.slug in STAYS_OPEN and month == len(customer.months) - 2:
            return
        maker, approver = _finance(session, tenant.id)
        run = create_run(session, tenant, period, maker, now)
        approve_run(session, tenant.id, run.id, approver, now)
        post_run(session, tenant.id, run.id, f"user:{maker}", now)
        if month < len(customer.months) - 2:
            step_period(session, tenant, period, "soften", ACTOR, now)
            step_period(session, tenant, period, "close", ACTOR, now)
        note_step(session, tenant.id, f"chargeback {month}")


def _finance(session: Session, tenant_id: UUID) -> tuple[UUID, UUID]:
    by_name = {user.email.split("@")[0]: user.id for user in users_of(session, tenant_id)}
    return by_name["maker"], by_name["approver"]
