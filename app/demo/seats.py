"""The demo's seat pools: one that its suite has filled for a year, and one that has just been set up."""

from app.demo.people import population
from app.demo.steps import ACTOR, Lived, done_steps, note_step
from app.demo.world import World
from core.db import Database
from core.scope import TenantScope
from plans.licensing.seats.actions.assign_seats import assign_seats
from plans.licensing.seats.actions.invite import InviteInput, invite
from plans.licensing.seats.actions.keep_pool import PoolInput, change_pool, create_pool
from plans.licensing.seats.reads import find_pool, pool_now
from tenants.reads import TenantView
from tenants.reads.finding import find_people

__all__ = ("open_pools",)

LEARNERS, AUTHORS = "brightmart", "kestrel-software"
_WAITING = 12
_STEP = "seat_pools"


def open_pools(db: Database, world: World, tenants: dict[str, TenantView]) -> Lived:
    """Set the pools up. The shops' is full to the last seat and some wait; the authors' has seats and guests left."""
    people = sum(
        act(db, world, tenants[slug])
        for slug, act in ((LEARNERS, _fill_learners), (AUTHORS, _seat_authors))
        if _STEP not in done_steps(db, tenants[slug].id)
    )
    return Lived("seat pools: who holds a seat, who waits, who is invited", people, "people")


def _fill_learners(db: Database, world: World, tenant: TenantView) -> int:
    now = world.now
    with db.begin(TenantScope(tenant.id)) as session:
        rules = PoolInput("learners", "Learners in the shops", 0)
        create_pool(session, tenant, rules, ACTOR, now)
        seating = pool_now(session, tenant, find_pool(session, tenant.id, rules.key), now, ()).seating
        change_pool(session, tenant, PoolInput(rules.key, rules.name, seating.taken), ACTOR, now)
        taken = {*seating.held, *seating.cooling}
        known = find_people(session, tenant.id, _staff(world, LEARNERS))
        without = [name for name, person in known.items() if person.id not in taken][:_WAITING]
        assign_seats(session, tenant, rules.key, without, ACTOR, now, wait=True)
        note_step(session, tenant.id, _STEP)
    return len(taken) + len(without)


def _seat_authors(db: Database, world: World, tenant: TenantView) -> int:
    now, staff = world.now, _staff(world, AUTHORS)[:20]
    with db.begin(TenantScope(tenant.id)) as session:
        rules = PoolInput("authors", "Authors of courses", 25, moves_per_year=10)
        create_pool(session, tenant, rules, ACTOR, now)
        assign_seats(session, tenant, rules.key, staff[:-2], ACTOR, now, wait=True)
        invite(session, tenant, rules.key, staff[-2:], InviteInput(30), ACTOR, now)
        note_step(session, tenant.id, _STEP)
    return len(staff)


def _staff(world: World, slug: str) -> list[str]:
    """Return the keys of a customer's employees who are still there."""
    people = population(world.customer(slug)).people
    return [person.key for person in people if person.imported and person.left_ms is None]
