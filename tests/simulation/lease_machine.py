"""What clients, operators, clocks and accidents do to a floating pool, held against `lease_oracle`."""

import asyncio
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from core.clock import utc_now
from core.db import Database
from core.periods import Period
from core.scope import VENDOR_ID, TenantScope
from metering.reads.measuring import measure
from plans.licensing.actions.set_pool import change_pool, create_pool
from plans.licensing.floating import Beat, Checkout, Fault, Outcome, PoolRules, Release, Share
from plans.licensing.gathering import Owner
from plans.licensing.lane import LeaseLane
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.actions.merge_people import merge_people, unmerge_person
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.world import ACTOR, World
from tests.simulation.lease_oracle import GROUPS, START, Oracle
from tests.simulation.long import Counted

PEOPLE, NAMES = 4, 2
"""How many people there are, and how many names each of them has."""
CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    " and application_name <> 'oracle' and query ilike '%lease%'"
)
numbers = count()


class Leases(Counted):
    """What clients, operators, clocks and accidents do to one pool."""

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
        self.home_of: dict[int, UUID] = dict(
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
        self.oracle: Oracle | None = None
        self.lane = LeaseLane(self.db.database_url)

    @initialize(
        seats=st.integers(1, 5), overdraft=st.integers(0, 1), linger_s=st.sampled_from((0, 300)),
        count_by=st.sampled_from(("person", "person_device", "session")), shared=st.booleans(), borrows=st.booleans(),
        lease_s=st.sampled_from((600, 600, 86_400)), soft=st.sampled_from((False, False, False, True)),
    )  # fmt: skip
    def make(
        self, seats: int, overdraft: int, linger_s: int, count_by: Any, shared: bool, borrows: bool, lease_s: int,
        soft: bool,
    ) -> None:  # fmt: skip
        shares = {"hr": Share(1), "it": Share(0, 1)} if shared else {}
        mode, overdraft = ("soft", 0) if soft else ("overdraft" if overdraft else "hard", overdraft)
        rules = PoolRules(
            "cad", mode, seats, overdraft, count_by=count_by, lease_s=lease_s, linger_s=linger_s,
            borrow_max_s=7 * 86_400 if borrows else 0, borrow_keep=1, shares=shares,
        )  # fmt: skip
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            create_pool(session, self.tenant, "", rules, "system:tests", START)
        self.oracle = Oracle(rules, dict(self.home_of))

    def decide(self, *wishes: Any) -> list[Outcome]:
        async def together() -> list[Outcome]:
            return list(await asyncio.gather(*(self.lane.decide(self.owner, wish) for wish in wishes)))

        return self.loop.run_until_complete(together())

    def decide_while_cut(self, wish: Any, after: int) -> Outcome:
        """Cut the connections while a request is under way: what becomes of it is as if nothing had happened."""

        async def together() -> Outcome:
            asked = asyncio.ensure_future(self.lane.decide(self.owner, wish))
            for _ in range(after):
                await asyncio.sleep(0)
            self.admin.execute(CUT)
            return await asked

        return self.loop.run_until_complete(together())

    wanted = st.builds(
        lambda person, key, device, group, borrow: (person, key, device, group, borrow),
        st.integers(0, PEOPLE * NAMES - 1), st.sampled_from("abcde"), st.sampled_from((None, "x", "y")),
        st.sampled_from(GROUPS), st.sampled_from((0, 0, 0, 0, 3_600, 8 * 86_400)),
    )  # fmt: skip

    @precondition(lambda self: self.oracle is not None)
    @rule(
        wishes=st.lists(wanted, min_size=1, max_size=4), leaving=st.lists(st.integers(0, 30), max_size=2, unique=True)
    )
    def come_and_go(self, wishes: list[tuple[int, str, str | None, str, int]], leaving: list[int]) -> None:
        oracle = self.oracle
        assert oracle is not None
        known = list(oracle.leases.values())
        gone = [known[at] for at in leaving if at < len(known)]
        asked = [
            Checkout("cad", key, self.names[who], device, group, borrow) for who, key, device, group, borrow in wishes
        ]
        told = self.decide(*(Release(lease.id) for lease in gone), *asked)
        for lease in gone:
            oracle.release(lease)
        for wish, outcome in zip(asked, told[len(gone) :], strict=True):
            oracle.check_out(wish, outcome)

    @precondition(lambda self: self.oracle is not None and self.oracle.leases)
    @rule(which=st.integers(0, 30))
    def still_there(self, which: int) -> None:
        assert self.oracle is not None
        leases = list(self.oracle.leases.values())
        lease = leases[which % len(leases)]
        self.oracle.beat(lease, self.decide(Beat(lease.id))[0])

    @precondition(lambda self: self.oracle is not None and self.oracle.leases)
    @rule(which=st.integers(0, 30))
    def ran_out_and_came_back(self, which: int) -> None:
        assert self.oracle is not None
        self.wait(self.oracle.rules.lease_s)
        self.still_there(which)

    @precondition(lambda self: self.oracle is not None and self.oracle.leases and self.oracle.rules.lease_s == 86_400)
    @rule(which=st.integers(0, 30), seconds=st.sampled_from((43_200, 86_399, 86_400)))
    def stays_for_more_than_a_week(self, which: int, seconds: int) -> None:
        assert self.oracle is not None
        for _ in range(9):
            self.wait(seconds)
            self.still_there(which)

    @precondition(lambda self: self.oracle is not None)
    @rule(wish=wanted, after=st.integers(0, 40))
    def cut_while_coming(self, wish: tuple[int, str, str | None, str, int], after: int) -> None:
        assert self.oracle is not None
        who, key, device, group, borrow = wish
        asked = Checkout("cad", key, self.names[who], device, group, borrow)
        self.oracle.check_out(asked, self.decide_while_cut(asked, after))

    @precondition(lambda self: self.oracle is not None and self.oracle.leases)
    @rule(which=st.integers(0, 30), after=st.integers(0, 40))
    def cut_while_going(self, which: int, after: int) -> None:
        assert self.oracle is not None
        leases = list(self.oracle.leases.values())
        lease = leases[which % len(leases)]
        self.decide_while_cut(Release(lease.id), after)
        self.oracle.release(lease)

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
        self.oracle.known_as([one for one in who if self.home_of[one] == home], home)

    @precondition(lambda self: self.oracle is None or len(self.oracle.leases) == 3)
    @rule()
    def nobodys(self) -> None:
        assert self.decide(Beat(UUID(int=7)), Release(UUID(int=7))) == [Fault.UNKNOWN, Fault.UNKNOWN]
        assert self.decide(Checkout("none", "k", self.names[0])) == [Fault.NO_POOL]

    @precondition(lambda self: self.oracle is not None)
    @rule(seconds=st.sampled_from((1, 299, 300, 599, 600, 3_600, 86_399, 86_400)))
    def wait(self, seconds: int) -> None:
        assert self.oracle is not None
        self.oracle.now += timedelta(seconds=seconds)
        self.set_clock(self.oracle.now)

    def set_clock(self, now: datetime) -> None:
        self.admin.execute("update test_clock set now_at = %s where id = %s", (now, self.clock))

    @precondition(lambda self: self.oracle is not None)
    @rule(wish=wanted)
    def a_clock_that_jumps_back_changes_nothing(self, wish: tuple[int, str, str | None, str, int]) -> None:
        assert self.oracle is not None
        self.come_and_go([(0, "a", None, "", 0)], [])  # the pool knows what time it is
        self.set_clock(self.oracle.now - timedelta(hours=1))
        self.come_and_go([wish], [])
        self.set_clock(self.oracle.now)

    @precondition(lambda self: self.oracle is not None)
    @rule(seats=st.integers(0, 4))
    def change_the_limit(self, seats: int) -> None:
        assert self.oracle is not None
        if sum(share.least for share in self.oracle.rules.shares.values()) > seats:
            return
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            view = change_pool(session, self.tenant, "cad", {"seats": seats}, "system:tests", self.oracle.now)
        self.oracle.rules = view.rules

    @rule(cut=st.booleans())
    def an_accident(self, cut: bool) -> None:
        if cut:
            self.admin.execute(CUT)
        else:
            self.loop.run_until_complete(self.lane.close())
            self.lane = LeaseLane(self.db.database_url)

    @invariant()
    def the_counter_is_what_is_held(self) -> None:
        if self.oracle is None:
            return
        self.took_a_step()
        counted = self.admin.execute(
            "select in_use, (select count(distinct unit) from leased_session s where s.tenant_id = p.tenant_id and held),"
            " (select count(distinct unit) from leased_session s where s.tenant_id = p.tenant_id and held"
            "  and ends_at + make_interval(secs => lingers_s) > %(now)s)"
            " from floating_pool p where tenant_id = %(tenant)s",
            {"tenant": self.tenant.id, "now": self.oracle.now},
        ).fetchone()
        stored = self.admin.execute(
            "select lease_id, starts_at, ends_at from leased_session where tenant_id = %s", (self.tenant.id,)
        ).fetchall()
        assert counted is not None
        assert counted[0] == counted[1] >= counted[2] == len(self.oracle.seats())
        wanted = {(lease.id, start, end) for lease in self.oracle.leases.values() for start, end in lease.stretches}
        assert set(stored) == wanted

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
