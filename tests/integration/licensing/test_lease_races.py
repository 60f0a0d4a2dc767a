"""Many processes' lanes on one hot pool: the limit is never passed, and with a seat for everybody nobody is denied."""

import asyncio
from random import Random

import psycopg
import pytest

from app.listeners import listen
from core.db import Database
from core.scope import TenantScope
from metering.leases import Stretch
from plans.licensing.actions.set_pool import change_pool, create_pool
from plans.licensing.floating import Beat, Checkout, Denial, Fault, Outcome, PoolRules, Release
from plans.licensing.gathering import Owner
from plans.licensing.lane import LeaseLane
from tenants.actions.deactivate_person import deactivate_person
from tenants.reads import TenantView, tenant_now
from tenants.reads.finding import find_people
from tests.builders.world import World

CLIENTS = 24
LANES = 4
LEVELS = """
    select coalesce(max(level), 0) from (
        select sum(change) over (order by at, change) as level from (
            select starts_at as at, 1 as change from leased_session union all select ends_at, -1 from leased_session
        ) as edges
    ) as levels
"""
"""The most that was in at once, by the rows that are billed: who ends goes before who begins."""


def make(db: Database, tenant: TenantView, **rules: int) -> None:
    with db.begin(TenantScope(tenant.id)) as session:
        create_pool(session, tenant, "", PoolRules("hot", "hard", **rules), "t", tenant_now(session, tenant))


def people(db: Database, world: World, tenant: TenantView) -> list[int]:
    world.people(tenant, *(f"p{number}" for number in range(CLIENTS)))
    with psycopg.connect(db.database_url) as admin:
        return [row[0] for row in admin.execute("select id from identity order by id").fetchall()]


async def race(url: str, tenant: TenantView, who: list[int], rounds: int, seed: int) -> tuple[int, int]:
    """Return how often somebody got in, and how often not."""
    lanes = [LeaseLane(url) for _ in range(LANES)]
    owner, granted, denied = Owner(tenant.id, None), 0, 0

    async def client(number: int) -> None:
        nonlocal granted, denied
        dice, lane = Random(seed + number), lanes[number % LANES]
        for _ in range(rounds):
            told = await lane.decide(owner, Checkout("hot", f"c{number}", who[number]))
            if isinstance(told, Denial):
                denied += 1
                continue
            assert isinstance(told, Stretch)
            granted += 1
            if dice.random() < 0.3:
                assert isinstance(await lane.decide(owner, Beat(told.lease_id)), Stretch)
            # Any lane may end what another began.
            assert isinstance(await dice.choice(lanes).decide(owner, Release(told.lease_id)), Stretch)

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    for lane in lanes:
        await lane.close()
    return granted, denied


@pytest.mark.parametrize("seats", [3, CLIENTS])
def test_a_hot_pool_is_never_above_its_limit_and_denies_nobody_who_has_a_seat(
    db: Database, world: World, seats: int
) -> None:
    tenant = world.tenant()
    make(db, tenant, seats=seats)
    granted, denied = asyncio.run(race(db.database_url, tenant, people(db, world, tenant), 15, seats))

    with psycopg.connect(db.database_url) as admin:
        (highest,) = admin.execute(LEVELS).fetchone() or (None,)
        (in_use,) = admin.execute("select in_use from floating_pool").fetchone() or (None,)
        (held,) = admin.execute("select count(*) from leased_session where held").fetchone() or (None,)
        (stored,) = admin.execute("select count(*) from denial").fetchone() or (None,)
    assert 0 < highest <= seats
    assert (in_use, held, stored) == (0, 0, denied)
    assert granted + denied == CLIENTS * 15
    assert (denied == 0) is (seats == CLIENTS)


def test_a_limit_that_is_lowered_in_the_race_drains(db: Database, world: World) -> None:
    tenant = world.tenant()
    make(db, tenant, seats=CLIENTS)
    who = people(db, world, tenant)

    async def both() -> None:
        async def lower() -> None:
            for seats in (10, 5, 2):
                await asyncio.to_thread(_change, db, tenant, seats)

        await asyncio.gather(race(db.database_url, tenant, who, 10, 1), lower())

    asyncio.run(both())

    with psycopg.connect(db.database_url) as admin:
        assert admin.execute("select in_use, ceiling from floating_pool").fetchone() == (0, 2)


def _change(db: Database, tenant: TenantView, seats: int) -> None:
    with db.begin(TenantScope(tenant.id)) as session:
        change_pool(session, tenant, "hot", {"seats": seats}, "t", tenant_now(session, tenant))


def test_the_database_itself_refuses_what_is_above_the_limit(db: Database, world: World) -> None:
    make(db, world.tenant(), seats=2)

    with psycopg.connect(db.database_url) as admin, pytest.raises(psycopg.errors.CheckViolation):
        admin.execute("update floating_pool set in_use = 3, ceiling = greatest(2, least(ceiling, 3))")


def test_who_leaves_in_the_race_is_out_for_good_and_the_counter_is_right(db: Database, world: World) -> None:
    tenant = world.tenant()
    make(db, tenant, seats=CLIENTS)
    who = people(db, world, tenant)
    listen()

    async def both() -> tuple[list[Outcome], Outcome]:
        lanes = [LeaseLane(db.database_url) for _ in range(LANES)]
        owner = Owner(tenant.id, None)
        asked = [lanes[n % LANES].decide(owner, Checkout("hot", f"k{n}", who[n % 2])) for n in range(80)]
        told, _ = await asyncio.gather(asyncio.gather(*asked), asyncio.to_thread(_leave, db, tenant, "p0"))
        after = await lanes[0].decide(owner, Checkout("hot", "late", who[0]))
        for lane in lanes:
            await lane.close()
        return list(told), after

    told, after = asyncio.run(both())

    assert after is Fault.GONE
    assert {type(outcome) for outcome in told[1::2]} == {Stretch}
    with psycopg.connect(db.database_url) as admin:
        held = admin.execute("select distinct identity_id from leased_session where held or ends_at > now()").fetchall()
        in_use = admin.execute("select in_use from floating_pool").fetchone()
    assert (held, in_use) == ([(who[1],)], (1,))


def _leave(db: Database, tenant: TenantView, name: str) -> None:
    with db.begin(TenantScope(tenant.id)) as session:
        now = tenant_now(session, tenant)
        deactivate_person(session, tenant.id, find_people(session, tenant.id, [name])[name].id, now, "t", now)


def test_no_function_of_the_hot_lane_is_left_to_the_planner(db: Database) -> None:
    with psycopg.connect(db.database_url) as admin:
        settings = dict(
            admin.execute(
                "select proname, proconfig from pg_proc"
                " where proname in ('lease_look', 'lease_put', 'lease_renew', 'entitlement_look')"
            ).fetchall()
        )

    assert len(settings) == 4
    for name, told in settings.items():
        assert {"plan_cache_mode=force_generic_plan", "enable_seqscan=off"} <= set(told or ()), name
