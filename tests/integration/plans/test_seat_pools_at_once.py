"""Many who want seats of one pool at the same moment: never more than there are, and nobody is refused wrongly."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from core.clock import utc_now
from core.db import Database
from core.errors import Refused
from core.periods import Period
from core.scope import TenantScope
from metering.reads import measure
from plans.licensing.seats.actions.assign_seats import assign_seats
from plans.licensing.seats.actions.keep_pool import PoolInput, create_pool
from plans.licensing.seats.actions.move_seat import move_seat
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.reads import find_pool, pool_now
from tests.builders.world import ACTOR, World

SEATS, PEOPLE, THREADS = 7, 24, 12


def test_many_connections_never_get_more_seats_than_there_are_and_all_that_there_are(
    world: World, db: Database
) -> None:
    tenant = world.tenant()
    names = [f"p{number}" for number in range(PEOPLE)]
    world.people(tenant, *names)
    with db.begin(TenantScope(tenant.id)) as session:
        create_pool(session, tenant, PoolInput("learners", "Learners", SEATS), ACTOR, utc_now())
    began = utc_now()

    def act(number: int) -> str:
        with db.begin(TenantScope(tenant.id)) as session:
            if number % 3 == 0:
                [row] = assign_seats(session, tenant, "learners", [names[number]], ACTOR, utc_now(), wait=True)
            else:
                [row] = assign_seats(session, tenant, "learners", [names[number]], ACTOR, utc_now(), wait=False)
            return type(row.outcome).__name__

    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = Counter(threads.map(act, range(PEOPLE)))

    assert outcomes["Granted"] == SEATS

    def shuffle(number: int) -> None:
        try:
            with db.begin(TenantScope(tenant.id)) as session:
                if number % 2:
                    release_seats(session, tenant, "learners", [names[number]], ACTOR, utc_now())
                else:
                    move_seat(session, tenant, "learners", (names[number], names[-1 - number]), ACTOR, utc_now())
        except Refused:
            pass

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(shuffle, range(PEOPLE)))

    with db.begin(TenantScope(tenant.id)) as session:
        seating = pool_now(session, tenant, find_pool(session, tenant.id, "learners"), utc_now()).seating
        peak = measure(
            session, tenant, "seats.named.peak", Period(began - timedelta(days=1), began + timedelta(days=1))
        ).quantity
    assert seating.taken <= SEATS
    assert not seating.waiting or seating.free == 0
    assert peak == SEATS
