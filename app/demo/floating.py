"""The demo's floating pool: full at this moment, with seats that were borrowed, and people who were not let in."""

import asyncio

from app.demo.people import population
from app.demo.steps import ACTOR, Lived, done_steps, note_step
from app.demo.world import World
from core.clock import utc_now
from core.db import Database
from core.scope import TenantScope
from plans.licensing.actions.set_pool import create_pool
from plans.licensing.floating import Checkout, Denial, Outcome, PoolRules
from plans.licensing.gathering import Owner
from plans.licensing.lane import LeaseLane
from tenants.reads import TenantView
from tenants.reads.finding import find_people
from tenants.reads.identities import identities_of_home

__all__ = ("let_in",)

CUSTOMER = "kestrel-software"
_SEATS, _BORROWED, _ASKING = 8, 5, 11
_BORROW_S = 6 * 86_400
_STEP = "floating_pool"


def let_in(db: Database, world: World, tenants: dict[str, TenantView]) -> Lived:
    """Set the pool up, and let in whom it can: some took a seat along for days, so that it stays well filled."""
    tenant, denied = tenants[CUSTOMER], 0
    if _STEP not in done_steps(db, tenant.id):
        keys = [one.key for one in population(world.customer(CUSTOMER)).people if one.imported and one.left_ms is None]
        rules = PoolRules(
            "studio", "hard", _SEATS, linger_s=300, borrow_max_s=7 * 86_400, borrow_keep=_SEATS - _BORROWED
        )
        with db.begin(TenantScope(tenant.id)) as session:
            create_pool(session, tenant, "Course studio", rules, ACTOR, utc_now())
            known = find_people(session, tenant.id, keys[-_ASKING:])
            asking = [(key, identities_of_home(session, tenant.id, one.id)[0]) for key, one in known.items()]
        wishes = [
            Checkout(rules.key, key, identity, group="authors", borrow_s=_BORROW_S if place < _BORROWED else 0)
            for place, (key, identity) in enumerate(asking)
        ]
        told = asyncio.run(_ask(db.database_url, Owner(tenant.id, tenant.test_clock_id), wishes))
        denied = sum(isinstance(one, Denial) for one in told)
        with db.begin(TenantScope(tenant.id)) as session:
            note_step(session, tenant.id, _STEP)
    return Lived("a floating pool: who is in, who borrowed, who was not let in", denied, "denials")


async def _ask(database_url: str, owner: Owner, wishes: list[Checkout]) -> list[Outcome]:
    lane = LeaseLane(database_url, flights=1)
    try:
        return [await lane.decide(owner, wish) for wish in wishes]
    finally:
        await lane.close()
