"""What the demo's customers have signed."""

from datetime import timedelta

from app.demo.steps import ACTOR, note_step
from app.demo.world import Customer
from core.db import Database
from core.periods import day_start, zone
from core.scope import TenantScope
from plans.actions.subscribe import AddonInput, SubscribeInput, subscribe
from tenants.reads import TenantView

__all__ = ("AUDIENCES", "sign_contract")

AUDIENCES = {"extended-enterprise": 2}
"""How many of an add-on are taken, where it is more than one: partners and customers."""


def sign_contract(db: Database, customer: Customer, tenant: TenantView) -> None:
    """Begin the customer's contract on the first day that is billed; the same contract again changes nothing."""
    spec, first = customer.spec, customer.months[customer.first_billed]
    wanted = SubscribeInput(
        tenant_id=tenant.id,
        plan_key=spec.plan,
        actor=ACTOR,
        key=f"{customer.slug}-suite",
        addons=tuple(AddonInput(addon, AUDIENCES.get(addon, 1)) for addon in spec.addons),
        starts_on=first,
    )
    signed_at = day_start(first, zone(spec.time_zone)) - timedelta(days=1)
    with db.begin(TenantScope(tenant.id)) as session:
        subscribe(session, wanted, signed_at)
        note_step(session, tenant.id, "contract")
