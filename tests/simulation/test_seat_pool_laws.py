"""A pool of named seats on a real database, whatever becomes of it: never above the limit, no wrong refusal.

The actions are held against a few lines that know nothing of facts, locks or readings: who holds a seat since
when, whose seat cools down until when, and who waits. Time passes; people act, leave and come back;
requests are cut before they are committed, and two ask at once.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy.orm import Session

from app.listeners import listen
from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from metering.actions.record_events import OwnEvent, record_events
from plans.licensing.seats.actions.assign_seats import assign_seats
from plans.licensing.seats.actions.keep_pool import PoolInput, change_pool, create_pool
from plans.licensing.seats.actions.release_seats import release_seats
from plans.licensing.seats.reads import PoolNow, find_pool, pool_now
from plans.licensing.seats.seating import Freed, Granted, Waits
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.world import ACTOR, World
from tests.simulation.long import Counted, hold

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE, KEY, COOLDOWN_DAYS = 5, "authors", 30
numbers = count()
who = st.integers(0, PEOPLE - 1)


class Cut(Exception):
    """The process ends before it has committed."""


@dataclass(slots=True)
class Seat:
    """A held seat: whether its holder did anything with it, and until when it cooled down before it was taken back."""

    used: bool = False
    before: datetime | None = None


class Oracle:
    """Who holds, whose seat cools down, who waits; by lists and the time."""

    def __init__(self, limit: int) -> None:
        self.limit, self.now = limit, START
        self.held: dict[int, Seat] = {}
        self.cooling: dict[int, datetime] = {}
        self.waiting: list[int] = []
        self.gone: set[int] = set()

    @property
    def free(self) -> int:
        return self.limit - len(self.held) - len(self.cooling)

    def let_cool(self, at: datetime) -> None:
        self.cooling = {one: until for one, until in self.cooling.items() if until > at}

    def promote(self) -> None:
        while self.free > 0 and self.waiting:
            self.held[self.waiting.pop(0)] = Seat()

    def assign(self, one: int, *, wait: bool) -> str:
        if one in self.gone or one in self.held:
            return "no"
        if one in self.cooling:
            self.held[one] = Seat(before=self.cooling.pop(one))
        elif self.free > 0 and not self.waiting:
            self.held[one] = Seat()
        elif not wait:
            return "no"
        else:
            self.waiting += [one] if one not in self.waiting else []
            return "waits"
        return "granted"

    def release(self, one: int, at: datetime) -> None:
        seat = self.held.pop(one)
        midnight = (at + timedelta(days=COOLDOWN_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
        until = midnight if seat.used else seat.before
        if until is not None and until > at:
            self.cooling[one] = until

    def leave(self, one: int) -> None:
        self.gone.add(one)
        self.held.pop(one, None)
        self.cooling.pop(one, None)
        self.waiting = [other for other in self.waiting if other != one]


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

    def acts_at(self, session: Session) -> datetime:
        """Return when the next act is: by the pool's own time, which never runs backwards."""
        at = max(self.model.now, find_pool(session, self.tenant.id, KEY).clock_at)
        self.model.let_cool(at)
        return at

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

    @precondition(lambda self: self.oracle is None)
    @rule(limit=st.integers(0, 3))
    def make(self, limit: int) -> None:
        self.oracle, self.most = Oracle(limit), limit
        self.act(lambda session: create_pool(session, self.tenant, PoolInput(KEY, "Authors", limit), ACTOR, START))

    @precondition(lambda self: self.oracle is not None)
    @rule(asked=st.lists(who, min_size=1, max_size=3, unique=True), wait=st.booleans(), cut=st.sampled_from([0, 0, 1]))
    def assigns(self, asked: list[int], wait: bool, cut: int) -> None:
        def does(session: Session) -> list[str]:
            self.acts_at(session)
            rows = assign_seats(session, self.tenant, KEY, self.names(*asked), ACTOR, self.model.now, wait=wait)
            told = [row.outcome for row in rows]
            return [
                "granted" if isinstance(one, Granted) else "waits" if isinstance(one, Waits) else "no" for one in told
            ]

        told = self.act(does, cut=bool(cut))
        if not cut:
            self.model.promote()
            assert told == [self.model.assign(one, wait=wait) for one in asked]
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(asked=who, cut=st.sampled_from([0, 0, 1]))
    def releases(self, asked: int, cut: int) -> None:
        def does(session: Session) -> tuple[bool, datetime]:
            at = self.acts_at(session)
            (row,) = release_seats(session, self.tenant, KEY, self.names(asked), ACTOR, self.model.now)
            return isinstance(row.outcome, Freed), at

        done = self.act(does, cut=bool(cut))
        if done is not None:
            freed, at = done
            assert freed == (asked in self.model.held), "no wrong refusal"
            if freed:
                self.model.release(asked, at)
            self.model.promote()
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(pair=st.lists(who, min_size=2, max_size=2, unique=True))
    def two_ask_at_once(self, pair: list[int]) -> None:
        self.act(self.acts_at)
        self.model.promote()
        free, model = self.model.free, self.model
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
            model.held[one] = Seat(before=model.cooling.pop(one, None))
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(one=who)
    def uses(self, one: int) -> None:
        self.time_passes(1)
        event = OwnEvent("session.started", self.model.now, self.identities[one], {"session_id": f"s-{next(numbers)}"})
        self.act(lambda session: record_events(session, self.tenant.id, [event], self.model.now))
        if one in self.model.held and self.model.now >= self.held_since(one):
            self.model.held[one].used = True
        self.is_as_it_should_be()

    def held_since(self, one: int) -> datetime:
        since: datetime = self.act(lambda session: self.read(session).open_hold(self.people[one]).starts_at)
        return since

    @precondition(lambda self: self.oracle is not None)
    @rule(one=who)
    def leaves_or_comes_back(self, one: int) -> None:
        self.time_passes(1)
        model, person = self.model, self.people[one]
        if one in model.gone:
            self.act(lambda session: reactivate_person(session, self.tenant.id, person, model.now, ACTOR))
            model.gone.discard(one)
        else:
            self.act(lambda session: deactivate_person(session, self.tenant.id, person, model.now, ACTOR, model.now))
            self.act(self.acts_at)
            model.leave(one)
            model.promote()
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(limit=st.integers(0, 4))
    def limit_changes(self, limit: int) -> None:
        before = set(self.model.held)

        def does(session: Session) -> None:
            self.acts_at(session)
            change_pool(session, self.tenant, PoolInput(KEY, "Authors", limit), ACTOR, self.model.now)

        self.act(does)
        self.model.limit, self.most = limit, max(self.most, limit)
        self.model.promote()
        assert before <= set(self.model.held), "lowering takes nothing away"
        self.is_as_it_should_be()

    @precondition(lambda self: self.oracle is not None)
    @rule(seconds=st.sampled_from([1, 3_600, 86_400, 29 * 86_400, 31 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        at = max(self.model.now, self.act(lambda session: find_pool(session, self.tenant.id, KEY).clock_at))
        self.set_clock(at + timedelta(seconds=seconds))
        self.model.let_cool(self.model.now)

    def set_clock(self, now: datetime) -> None:
        self.model.now = now
        self.admin.execute("update test_clock set now_at = %s where id = %s", (now, self.clock))

    def is_as_it_should_be(self) -> None:
        self.took_a_step()
        found: PoolNow = self.act(self.read)
        model, seating = self.model, found.seating
        model.let_cool(found.at)
        assert {self.people.index(one) for one in seating.held} == set(model.held)
        assert {self.people.index(one): cooling.until for one, cooling in seating.cooling.items()} == model.cooling
        assert [self.people.index(one) for one in seating.waiting] == model.waiting
        # Above the limit only while a lowered one drains: then the number only falls.
        assert seating.taken <= max(model.limit, self.taken)
        assert seating.taken <= self.most
        self.taken = seating.taken


@pytest.fixture
def machine(db: Database, world: World) -> Iterator[type[Pool]]:
    listen()
    with psycopg.connect(db.database_url, autocommit=True) as Pool.admin:
        Pool.db, Pool.world = db, world
        yield Pool


def test_seats_keep_their_laws_on_a_database(machine: type[Pool]) -> None:
    hold(machine, examples=8, length=30)


def test_a_clock_that_was_set_back_by_an_hour_lets_seats_be_assigned_all_the_same(machine: type[Pool]) -> None:
    pool = machine()
    pool.make(2)
    pool.assigns([0], wait=False, cut=0)

    pool.set_clock(pool.model.now - timedelta(hours=1))
    pool.assigns([1], wait=False, cut=0)

    assert set(pool.model.held) == {0, 1}
    pool.teardown()
