"""A floating pool in a database, as clients, operators, clocks and accidents treat it (`lease_rules`)."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.clock import utc_now
from core.db import Database
from core.periods import Period
from core.scope import VENDOR_ID, TenantScope
from metering.reads.measuring import measure
from plans.licensing.actions.set_pool import change_pool, create_pool
from plans.licensing.floating import Outcome, PoolRules
from plans.licensing.gathering import Owner
from plans.licensing.lane import LeaseLane
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.actions.merge_people import merge_people, unmerge_person
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.world import ACTOR, World
from tests.simulation.lease_oracle import START, Oracle
from tests.simulation.lease_rules import NAMES, PEOPLE, LeaseRules, Wish

CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    " and application_name <> 'oracle' and query ilike '%lease%'"
)
numbers = count()


class Leases(LeaseRules):
    """A pool in a database: people leave, come back and are found to be others; connections and processes break."""

    db: Database
    world: World
    admin: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        number = next(numbers)
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            self.clock = create_test_clock(session, f"clock-{number}", START, "system:tests", utc_now())
        self.tenant = self.world.tenant(f"t-{number}", test_clock_id=self.clock, time_zone="UTC")
        self.owner = Owner(self.tenant.id, self.clock)
        self.home_of = dict(
            self.admin.execute(
                "with p as (insert into person (tenant_id, id, active_from)"
                " select %(t)s, gen_random_uuid(), %(s)s from generate_series(1, %(people)s) returning id)"
                " insert into identity (tenant_id, scheme, key, home_person_id, created_at)"
                " select %(t)s, 'subject', n || ' of ' || p.id, p.id, %(s)s from p, generate_series(1, %(names)s) n"
                " returning id, home_person_id",
                {"t": self.tenant.id, "people": PEOPLE, "names": NAMES, "s": START - timedelta(days=1)},
            ).fetchall()
        )
        # The first names of all come first: small numbers are different people.
        self.names = [i for n in range(NAMES) for i in sorted(self.home_of)[n::NAMES]]
        self.key_of = dict(
            self.admin.execute("select id, key from identity where tenant_id = %s", (self.tenant.id,)).fetchall()
        )
        self.found_to_be: dict[UUID, UUID] = {}
        self.lane = LeaseLane(self.db.database_url)

    def open(self, rules: PoolRules) -> None:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            create_pool(session, self.tenant, "", rules, "system:tests", START)

    @property
    def now(self) -> datetime:
        assert self.oracle is not None
        return self.oracle.now

    def decide(self, *wishes: Wish) -> list[Outcome]:
        async def together() -> list[Outcome]:
            return list(await asyncio.gather(*(self.lane.decide(self.owner, wish) for wish in wishes)))

        return self.loop.run_until_complete(together())

    def decide_while_cut(self, wish: Wish, after: int) -> Outcome:
        """Cut the connections while a request is under way: what becomes of it is as if nothing had happened."""

        async def together() -> Outcome:
            asked = asyncio.ensure_future(self.lane.decide(self.owner, wish))
            for _ in range(after):
                await asyncio.sleep(0)
            self.admin.execute(CUT)
            return await asked

        return self.loop.run_until_complete(together())

    @precondition(lambda self: self.oracle is not None)
    @rule(who=st.integers(0, PEOPLE - 1))
    def leaves_or_comes_back(self, who: int) -> None:
        assert self.oracle is not None
        self.wait(1)  # on a clock that stands still somebody who is back could not leave again
        person, tenant_id, now = self.home_of[self.names[who]], self.tenant.id, self.oracle.now
        with self.db.begin(TenantScope(tenant_id)) as session:
            if person in self.oracle.gone:
                reactivate_person(session, tenant_id, person, now, ACTOR)
                self.oracle.gone.discard(person)
            else:
                deactivate_person(session, tenant_id, person, now, ACTOR, now)
                self.oracle.leave(person)

    @precondition(lambda self: self.oracle is not None)
    @rule(one=st.integers(0, PEOPLE * NAMES - 1), other=st.integers(0, PEOPLE * NAMES - 1))
    def is_found_to_be_somebody_else(self, one: int, other: int) -> None:
        assert self.oracle is not None
        who, (moved, into) = self.oracle.who, (self.names[one], self.names[other])
        if who[moved] == who[into]:
            return
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            keys = self.key_of[moved], self.key_of[into]
            merge_people(session, self.tenant.id, *keys, "one and the same", ACTOR, self.oracle.now)
        self.found_to_be[who[moved]] = who[into]
        self.oracle.known_as([name for name in who if who[name] == who[moved]], who[into])

    @precondition(lambda self: self.oracle is not None)
    @rule(which=st.integers(0, PEOPLE * NAMES - 1))
    def is_nobody_else_after_all(self, which: int) -> None:
        assert self.oracle is not None
        who, name = self.oracle.who, self.names[which]
        home = self.home_of[name]
        if who[name] == home:
            return
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            unmerge_person(session, self.tenant.id, self.key_of[name], "they are two", ACTOR, self.oracle.now)
        del self.found_to_be[home]
        # Who had been found to be the one who is told apart comes along.
        self.oracle.known_as([one for one in who if self.is_now(self.home_of[one]) == home], home)

    def is_now(self, person: UUID) -> UUID:
        while person in self.found_to_be:
            person = self.found_to_be[person]
        return person

    def set_clock(self, now: datetime) -> None:
        self.admin.execute("update test_clock set now_at = %s where id = %s", (now, self.clock))

    def set_limit(self, seats: int) -> PoolRules:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            return change_pool(session, self.tenant, "cad", {"seats": seats}, "system:tests", self.now).rules

    @rule(cut=st.booleans())
    def an_accident(self, cut: bool) -> None:
        if cut:
            self.admin.execute(CUT)
        else:
            self.loop.run_until_complete(self.lane.close())
            self.lane = LeaseLane(self.db.database_url)

    def counted(self) -> tuple[int, int, int]:
        row = self.admin.execute(
            "select in_use, (select count(distinct unit) from leased_session s where s.tenant_id = p.tenant_id and held),"
            " (select count(distinct unit) from leased_session s where s.tenant_id = p.tenant_id and held"
            "  and ends_at + make_interval(secs => lingers_s) > %(now)s)"
            " from floating_pool p where tenant_id = %(tenant)s",
            {"tenant": self.tenant.id, "now": self.now},
        ).fetchone()
        assert row is not None
        return row[0], row[1], row[2]

    def stretches(self) -> Collection[tuple[UUID, datetime, datetime]]:
        return self.admin.execute(
            "select lease_id, starts_at, ends_at from leased_session where tenant_id = %s", (self.tenant.id,)
        ).fetchall()

    def teardown(self) -> None:
        if self.oracle is not None:
            self.every_held_second_is_billed_once(self.oracle)
        self.loop.run_until_complete(self.lane.close())
        self.loop.close()

    def every_held_second_is_billed_once(self, oracle: Oracle) -> None:
        until = max(
            [START + timedelta(hours=1), *(end for lease in oracle.leases.values() for _, end in lease.stretches)]
        )
        whole = Period(START, until)
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            average = measure(session, self.tenant, "sessions.concurrent.average", whole).quantity
        held = timedelta(0)
        spans: dict[str, list[list[datetime]]] = {}
        for lease in oracle.leases.values():
            for wish, span in zip(lease.wishes, lease.stretches, strict=True):
                spans.setdefault(oracle.unit(wish), []).append(span)
        for mine in spans.values():
            edge = START
            for start, end in sorted(mine):
                held += max(timedelta(0), end - max(start, edge))
                edge = max(edge, end)
        assert average * whole.duration_us == held // timedelta(microseconds=1)
