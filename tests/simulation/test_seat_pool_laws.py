"""A pool of named seats on a real database, whatever becomes of it: never above the limit, no wrong refusal.

The actions are held against a few lines that know nothing of facts, locks or readings: who holds a seat since
when, whose seat cools down until when, and who waits. Time passes, and the clock is set back and forward; people
act, leave and come back; requests are cut before they are committed, and two ask at once.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlalchemy.orm import Session

from app.listeners import listen
from core.clock import utc_now
from core.db import Database
from core.periods import Period
from core.scope import VENDOR_ID, TenantScope
from metering.actions.record_events import OwnEvent, record_events
from metering.reads.measuring import measure
from plans.licensing.seats.actions.assign_seats import assign_seats
from plans.licensing.seats.actions.fill_seats import fill_seats
from plans.licensing.seats.actions.keep_pool import PoolInput, change_pool, create_pool
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.reads import PoolNow, find_pool, pool_now
from plans.licensing.seats.seating import Freed, Granted, Waits
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.world import ACTOR, World
from tests.simulation.long import Counted, hold, in_parts
from tests.simulation.seat_oracle import COOLDOWN_DAYS, START, Oracle

PEOPLE, KEY = 5, "authors"
numbers = count()
who = st.integers(0, PEOPLE - 1)
BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=40))
"""By how much a clock is set back, or forward again."""


class Cut(Exception):
    """The process ends before it has committed."""


class Pool(Counted):
    """What administrators, holders, clocks and accidents do to one pool."""

    db: Database
    world: World
    admin: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        number = next(numbers)
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            self.clock = create_test_clock(session, f"clock-{number}", START, "system:tests", utc_now())
        self.tenant = self.world.tenant(f"t-{number}", test_clock_id=self.clock, time_zone="UTC")
        rows = self.admin.execute(
            "with p as (insert into person (tenant_id, id, active_from)"
            " select %(t)s, gen_random_uuid(), %(s)s from generate_series(1, %(people)s) returning id)"
            " insert into identity (tenant_id, scheme, key, home_person_id, created_at)"
            " select %(t)s, 'subject', p.id::text, p.id, %(s)s from p returning home_person_id, id",
            {"t": self.tenant.id, "people": PEOPLE, "s": START - timedelta(days=1)},
        ).fetchall()
        self.people: list[UUID] = [person for person, _ in rows]
        self.identities: list[int] = [identity for _, identity in rows]
        self.oracle: Oracle | None = None
        self.taken = self.most = 0

    @property
    def model(self) -> Oracle:
        assert self.oracle is not None
        return self.oracle

    def read(self, session: Session) -> PoolNow:
        return pool_now(session, self.tenant, find_pool(session, self.tenant.id, KEY), self.model.now)

    def acts(self, session: Session, *comers: int) -> None:
        """Say when the next act is: by the pool's own time, which never runs backwards, and after who may get a seat left.

        On a clock that was set back who is back may have left at an instant that is still to come.
        """
        model = self.model
        left = [model.left[one] for one in (*comers, *model.waiting) if one in model.left]
        model.at = max([model.now, find_pool(session, self.tenant.id, KEY).clock_at, *left])

    def act(self, does: Callable[[Session], Any], *, cut: bool = False) -> Any:
        """Do something in a transaction; where it is cut, nothing has happened."""
        done = None
        with suppress(Cut), self.db.begin(TenantScope(self.tenant.id)) as session:
            found = does(session)
            if cut:
                raise Cut
            done = found
        return done

    def names(self, *asked: int) -> list[str]:
        return [str(self.people[one]) for one in asked]

    @initialize(limit=st.integers(0, 3))
    def make(self, limit: int) -> None:
        self.oracle, self.most = Oracle(limit), limit
        self.act(lambda session: create_pool(session, self.tenant, PoolInput(KEY, "Authors", limit), ACTOR, START))

    @precondition(lambda self: self.oracle is not None)
    @rule(asked=st.lists(who, min_size=1, max_size=3, unique=True), wait=st.booleans(), cut=st.sampled_from([0, 0, 1]))
    def assigns(self, asked: list[int], wait: bool, cut: int) -> None:
        model = self.model

        def does(session: Session) -> list[str]:
            self.acts(session, *(one for one in asked if one not in model.gone))
            rows = assign_seats(session, self.tenant, KEY, self.names(*asked), ACTOR, model.now, wait=wait)
            told = [row.outcome for row in rows]
            return [
                "granted" if isinstance(one, Granted) else "waits" if isinstance(one, Waits) else "no" for one in told
            ]

        told = self.act(does, cut=bool(cut))
        if not cut:
            model.promote()
            assert told == [model.assign(one, wait=wait) for one in asked]
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(asked=who, cut=st.sampled_from([0, 0, 1]))
    def releases(self, asked: int, cut: int) -> None:
        def does(session: Session) -> bool:
            self.acts(session)
            (row,) = release_seats(session, self.tenant, KEY, self.names(asked), ACTOR, self.model.now)
            return isinstance(row.outcome, Freed)

        freed = self.act(does, cut=bool(cut))
        if not cut:
            assert freed == (asked in self.model.held), "no wrong refusal"
            if freed:
                self.model.release(asked)
            self.model.promote()
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(pair=st.lists(who, min_size=2, max_size=2, unique=True))
    def two_ask_at_once(self, pair: list[int]) -> None:
        model = self.model
        self.act(self.acts)
        if any(model.left.get(one, model.at) > model.at for one in pair):
            return  # when they are decided about depends on who is first
        model.promote()
        free = model.free
        owed = [one for one in pair if one in model.cooling and one not in model.gone]
        wanting = [one for one in pair if one not in (*owed, *model.held, *model.gone)]

        def asks(one: int) -> bool:
            with self.db.begin(TenantScope(self.tenant.id)) as session:
                (row,) = assign_seats(session, self.tenant, KEY, self.names(one), ACTOR, model.now, wait=False)
                return isinstance(row.outcome, Granted)

        with ThreadPoolExecutor(2) as threads:
            granted = [one for one, got in zip(pair, threads.map(asks, pair), strict=True) if got]
        got = [one for one in granted if one in wanting]
        assert {one for one in granted if one in owed} == set(owed), "their own seat is theirs"
        assert len(got) == min(max(free, 0), len(wanting)), "as many as there were free, whoever was first"
        for one in granted:
            model.take_back(one)
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(one=who)
    def uses(self, one: int) -> None:
        self.time_passes(1)
        model = self.model
        # What is told late of a seat that is somebody else's by then is the matter of `test_seat_reading_laws`.
        if any(who == one and since < model.now <= until for who, since, until in model.past):
            return
        event = OwnEvent("session.started", model.now, self.identities[one], {"session_id": f"s-{next(numbers)}"})
        self.act(lambda session: record_events(session, self.tenant.id, [event], model.now))
        model.uses.append((one, model.now))
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(one=who)
    def leaves_or_comes_back(self, one: int) -> None:
        model, person = self.model, self.people[one]
        if one in model.gone:
            self.act(lambda session: reactivate_person(session, self.tenant.id, person, model.now, ACTOR))
            model.gone.discard(one)
        else:

            def does(session: Session) -> None:
                self.acts(session, one)
                deactivate_person(session, self.tenant.id, person, model.now, ACTOR, model.now)

            self.act(does)
            model.leave(one)
            model.promote()
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(limit=st.integers(0, 4))
    def limit_changes(self, limit: int) -> None:
        before = set(self.model.held)

        def does(session: Session) -> None:
            self.acts(session)
            change_pool(session, self.tenant, PoolInput(KEY, "Authors", limit), ACTOR, self.model.now)

        self.act(does)
        self.model.limit, self.most = limit, max(self.most, limit)
        self.model.promote()
        assert before <= set(self.model.held), "lowering takes nothing away"
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule()
    def who_waits_is_looked_after(self) -> None:
        def does(session: Session) -> int:
            self.acts(session)
            return len(fill_seats(session, self.tenant, KEY, self.model.now))

        granted, before = self.act(does), len(self.model.held)
        self.model.promote()
        assert granted == len(self.model.held) - before
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(seconds=st.sampled_from([1, 3_600, 86_400, 29 * 86_400, 31 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.set_clock(self.model.now + timedelta(seconds=seconds))

    @precondition(lambda self: self.oracle is not None)
    @rule(back=st.sampled_from(BACK), forward=st.booleans())
    def the_clock_is_set(self, back: timedelta, forward: bool) -> None:
        self.set_clock(self.model.now + (back if forward else -back))
        self.is_as_it_should_be()

    def set_clock(self, now: datetime) -> None:
        if now < self.model.now:
            self.taken = self.most  # what cooled down until it was set back cools down again, if nobody acted since
        self.model.now = now
        self.admin.execute("update test_clock set now_at = %s where id = %s", (now, self.clock))

    def is_as_it_should_be(self) -> None:
        self.took_a_step()
        found: PoolNow = self.act(self.read)
        model, seating = self.model, found.seating
        model.at = found.at
        assert {self.people.index(one) for one in seating.held} == set(model.held)
        assert {self.people.index(one): cooling.until for one, cooling in seating.cooling.items()} == model.cooling
        assert [self.people.index(one) for one in seating.waiting] == model.waiting
        # Above the limit only while a lowered one drains: then the number only falls.
        assert seating.taken <= max(model.limit, self.taken)
        assert seating.taken <= self.most
        self.taken = seating.taken

    def teardown(self) -> None:
        if self.oracle is not None:
            self.no_day_bills_more_seats_than_there_were(self.oracle)

    def no_day_bills_more_seats_than_there_were(self, oracle: Oracle) -> None:
        latest = max(oracle.now, oracle.at) + timedelta(days=COOLDOWN_DAYS + 2)
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            peak = measure(session, self.tenant, "seats.named.peak", Period(START, latest)).quantity
        assert peak <= self.most


@pytest.fixture
def machine(db: Database, world: World) -> Iterator[type[Pool]]:
    listen()
    with psycopg.connect(db.database_url, autocommit=True) as Pool.admin:
        Pool.db, Pool.world = db, world
        yield Pool


@in_parts
def test_seats_keep_their_laws_on_a_database(machine: type[Pool], part: int) -> None:
    hold(machine, part, examples=8, length=30)


HOUR, DAY, DAYS_40 = BACK


@pytest.fixture
def pool(machine: type[Pool]) -> Iterator[Pool]:
    made = machine()
    yield made
    made.teardown()


def test_a_clock_that_was_set_back_by_an_hour_lets_seats_be_assigned_all_the_same(pool: Pool) -> None:
    pool.make(2)
    pool.assigns([0], wait=False, cut=0)

    pool.the_clock_is_set(HOUR, forward=False)
    pool.assigns([1], wait=False, cut=0)

    assert set(pool.model.held) == {0, 1}


def test_a_seat_is_free_whose_holder_left_before_the_clock_was_set_back(pool: Pool) -> None:
    pool.make(1)
    pool.assigns([0], wait=False, cut=0)
    pool.the_clock_is_set(DAY, forward=True)
    pool.leaves_or_comes_back(0)

    pool.the_clock_is_set(HOUR, forward=False)
    pool.assigns([1], wait=False, cut=0)

    assert set(pool.model.held) == {1}


def test_who_left_before_the_clock_was_set_back_gets_no_seat(pool: Pool) -> None:
    pool.make(1)
    pool.the_clock_is_set(DAY, forward=True)
    pool.leaves_or_comes_back(0)

    pool.the_clock_is_set(HOUR, forward=False)
    pool.assigns([0], wait=True, cut=0)

    assert (pool.model.held, pool.model.waiting) == ({}, [])


def test_who_is_back_keeps_their_seat_when_the_clock_comes_to_where_they_left(pool: Pool) -> None:
    pool.make(0)
    for one, wait in ((0, False), (1, True)):
        pool.limit_changes(0 if wait else 1)
        pool.the_clock_is_set(DAYS_40, forward=True)
        pool.leaves_or_comes_back(one)
        pool.the_clock_is_set(DAYS_40, forward=False)
        pool.leaves_or_comes_back(one)

        pool.assigns([one], wait=wait, cut=0)
        pool.limit_changes(2)
        pool.the_clock_is_set(DAYS_40, forward=True)
        pool.the_clock_is_set(DAY, forward=True)

    assert set(pool.model.held) == {0, 1}


def test_who_leaves_by_a_clock_that_stands_before_they_got_their_seat_leaves_it_at_once(pool: Pool) -> None:
    pool.make(1)
    pool.assigns([0], wait=False, cut=0)
    pool.uses(0)
    pool.assigns([1], wait=True, cut=0)

    pool.the_clock_is_set(HOUR, forward=False)
    pool.leaves_or_comes_back(0)

    assert set(pool.model.held) == {1}


def test_nothing_cools_down_of_who_leaves_by_a_clock_that_stands_before_they_got_their_seat(pool: Pool) -> None:
    pool.make(1)
    pool.assigns([0], wait=False, cut=0)
    pool.uses(0)
    pool.releases(0, cut=0)

    pool.the_clock_is_set(HOUR, forward=False)
    pool.leaves_or_comes_back(0)
    pool.assigns([1], wait=False, cut=0)

    assert set(pool.model.held) == {1}
