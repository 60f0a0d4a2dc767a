"""A synthetic year of a floating pool: peak, p95 and average are what a sweep over the lease history says.

The sweep knows nothing of the meters: it goes from change to change, minute by minute, in plain Python.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from uuid import UUID

import psycopg

from core.db import Database
from core.periods import Period, month_period
from core.scope import TenantScope
from metering.leases import Stretch
from metering.reads import measure
from plans.licensing.actions.set_pool import create_pool
from plans.licensing.floating import Checkout, Floor, PoolRules, Release
from tests.builders.world import ACTOR, World

PEOPLE, LEASES = 60, 6_000
START = datetime(2025, 12, 31, 12, tzinfo=UTC)
MINUTE = 60_000_000
COLUMNS = ("pool", *(name for name in Stretch.__struct_fields__ if name != "pool"))


def replayed(rules: PoolRules, people: list[int]) -> list[Stretch]:
    """Return what the door makes of a year: working hours, two devices at once, clients that crash, offline grants."""
    # By the names that people have here, each its own person.
    dice, floor, leaving = Random(2026), Floor(START, {rules.key: rules}, {rules.key: 0}), list[tuple[datetime, UUID]]()
    wishes = sorted(
        START + timedelta(days=dice.randrange(368), hours=dice.gauss(1, 3), microseconds=dice.randrange(10**6))
        for _ in range(LEASES)
    )
    floor.know_people({one: str(one) for one in people})
    for number, at in enumerate(wishes):
        for ends_at, lease_id in sorted(one for one in leaving if one[0] <= at):
            floor.now = ends_at
            floor.release(Release(lease_id))
        leaving = [one for one in leaving if one[0] > at]
        floor.now = max(floor.now, at)
        who, borrow = dice.choice(people), dice.choice([0] * 50 + [86_400, 604_800])
        told = floor.checkout(
            Checkout(rules.key, f"k{number}", who, dice.choice("ab"), "", borrow), UUID(int=number + 1)
        )
        assert isinstance(told, Stretch)
        if dice.random() < 0.8:  # the others run out
            leaving.append((floor.now + timedelta(seconds=dice.expovariate(1 / 2_400)), told.lease_id))
    return floor.begun()


def store(db: Database, tenant_id: UUID, stretches: list[Stretch]) -> None:
    names = ", ".join(("tenant_id", *COLUMNS))
    with (
        psycopg.connect(db.database_url) as admin,
        admin.cursor().copy(f"copy leased_session ({names}) from stdin") as copy,
    ):
        for one in stretches:
            copy.write_row((tenant_id, *(getattr(one, name) for name in COLUMNS)))


def levels(stretches: list[Stretch], period: Period) -> Iterator[tuple[int, int, int]]:
    """Yield (from, to, how many people are in), in microseconds since the period's start, without gaps."""
    whole = period.duration_us
    changes: dict[int, dict[int, int]] = {}
    for one in stretches:
        low, high = ((at - period.starts_at) // timedelta(microseconds=1) for at in (one.starts_at, one.ends_at))
        low, high = max(low, 0), min(high, whole)
        if low < high:
            for at, change in ((low, 1), (high, -1)):
                at_once = changes.setdefault(at, {})
                at_once[one.identity_id] = at_once.get(one.identity_id, 0) + change
    leases: dict[int, int] = {}
    before = level = 0
    for at in [*sorted(changes), whole]:
        if at > before:
            yield before, at, level
            before = at
        for who, change in changes.get(at, {}).items():
            was, leases[who] = leases.get(who, 0), leases.get(who, 0) + change
            level += (leases[who] > 0) - (was > 0)


def swept(stretches: list[Stretch], period: Period) -> dict[str, Fraction]:
    """Return the figures of a period, each person counted once."""
    minutes = [0] * -(-period.duration_us // MINUTE)
    held = 0
    for low, high, level in levels(stretches, period):
        held += level * (high - low)
        if level:
            for minute in range(low // MINUTE, -(-high // MINUTE)):
                minutes[minute] = max(minutes[minute], level)
    rank = -(-95 * len(minutes) // 100)
    return {
        "peak": Fraction(max(minutes)),
        "p95": Fraction(sorted(minutes)[rank - 1]),
        "average": Fraction(held, period.duration_us),
    }


def test_a_years_figures_are_those_of_the_lease_history(db: Database, world: World) -> None:
    tenant = world.tenant()
    world.people(tenant, *(f"p{number}" for number in range(PEOPLE)))
    rules = PoolRules("cad", "soft", 10_000, count_by="person", lease_s=900, borrow_max_s=604_800)
    with db.begin(TenantScope(tenant.id)) as session:
        create_pool(session, tenant, "", rules, ACTOR, START)
    with psycopg.connect(db.database_url) as admin:
        people = [row[0] for row in admin.execute("select id from identity where tenant_id = %s", (tenant.id,))]
    stretches = replayed(rules, people)
    store(db, tenant.id, stretches)

    year = Period(month_period(2026, 1, tenant.tz).starts_at, month_period(2026, 12, tenant.tz).ends_at)
    periods = [*(month_period(2026, month, tenant.tz) for month in (1, 3, 10)), year]  # a plain one, 23 and 25 hours
    with db.begin(TenantScope(tenant.id)) as session:
        figures = [
            {
                name: measure(session, tenant, f"sessions.concurrent.{name}", period).quantity
                for name in ("peak", "p95", "average")
            }
            for period in periods
        ]

    assert figures == [swept(stretches, period) for period in periods]
    assert figures[-1]["peak"] > figures[-1]["p95"] > 1, "a year in which something happens"
