"""Whatever clients do in whatever order: never above the limit, never a wrong denial, every held second billed once.

The lane on a real database is held against a few lines that know nothing of counters, batches or
looks: a list of leases and the time. The clock moves, backwards too; people leave and come back;
connections are cut, between requests and in the middle of one; the process is replaced. Each person has
two names, and is found to be somebody else, and not to be after all.
"""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from app.listeners import listen
from core.db import Database
from tests.builders.world import World
from tests.simulation.lease_machine import Leases
from tests.simulation.lease_rules import PEOPLE
from tests.simulation.long import hold, in_parts


@pytest.fixture
def machine(db: Database, world: World) -> Iterator[type[Leases]]:
    listen()
    with psycopg.connect(db.database_url, autocommit=True, application_name="oracle") as Leases.admin:
        Leases.db, Leases.world = db, world
        yield Leases


@in_parts
def test_leases_keep_their_laws(machine: type[Leases], part: int) -> None:
    hold(machine, part, examples=8, length=30)


def test_who_takes_over_a_client_key_takes_nobody_elses_seat_off_the_counter(machine: type[Leases]) -> None:
    pool = machine()
    pool.make(2, 0, 0, "person", shared=False, borrows=False, lease_s=600, soft=False)
    pool.come_and_go([(0, "a", None, "", 0)], [])
    pool.wait(600)
    pool.come_and_go([(0, "b", None, "", 0)], [])  # in again, while what ran out was not looked at

    pool.come_and_go([(1, "a", None, "", 0)], [])

    pool.the_counter_is_what_is_held()
    pool.come_and_go([(2, "c", None, "", 0)], [])  # the model says: denied
    pool.teardown()


def test_a_departure_ends_what_is_open_and_makes_nothing_of_what_ran_out_before(machine: type[Leases]) -> None:
    for looked in (False, True):
        pool = machine()
        pool.make(1, 0, 0, "person", shared=False, borrows=False, lease_s=600, soft=False)
        pool.come_and_go([(0, "a", None, "", 0)], [])
        pool.wait(600)
        if looked:
            pool.come_and_go([(1, "b", None, "", 0)], [])
            pool.wait(600)
        pool.leaves_or_comes_back(0)
        pool.still_there(0)  # the model says: over
        pool.leaves_or_comes_back(0)

        pool.still_there(0)  # and now it comes back, whoever looked

        pool.the_counter_is_what_is_held()
        pool.teardown()


def test_who_left_before_the_clock_was_set_back_is_not_let_in(machine: type[Leases]) -> None:
    pool = machine()
    pool.make(1, 0, 0, "person", shared=False, borrows=False, lease_s=600, soft=False)
    pool.wait(86_400)
    pool.leaves_or_comes_back(0)
    assert pool.oracle is not None
    pool.set_clock(pool.oracle.now - timedelta(hours=1))

    pool.come_and_go([(0, "a", None, "", 0)], [])  # the model says: gone

    pool.the_counter_is_what_is_held()
    pool.teardown()


def test_two_names_of_one_person_are_one_use_also_once_two_people_are_found_to_be_one(machine: type[Leases]) -> None:
    pool = machine()
    pool.make(2, 0, 0, "person", shared=False, borrows=False, lease_s=600, soft=False)
    pool.come_and_go([(0, "a", None, "", 0)], [])

    pool.come_and_go([(PEOPLE, "b", None, "", 0), (1, "c", None, "", 0)], [])  # the first one's other name, and another

    pool.the_counter_is_what_is_held()
    pool.is_found_to_be_somebody_else(1, 0)
    pool.the_counter_is_what_is_held()
    pool.come_and_go([(2, "d", None, "", 0)], [])
    pool.is_nobody_else_after_all(1)  # three seats, and two there are: it drains
    pool.the_counter_is_what_is_held()
    pool.come_and_go([(PEOPLE + 1, "e", None, "", 0), (3, "f", None, "", 0)], [])
    pool.teardown()


def test_one_persons_key_is_theirs_by_either_name(machine: type[Leases]) -> None:
    pool = machine()
    pool.make(2, 0, 300, "session", shared=False, borrows=False, lease_s=600, soft=False)
    pool.come_and_go([(0, "a", None, "", 0)], [])

    pool.come_and_go([(PEOPLE, "a", None, "", 0), (1, "a", None, "", 0)], [])

    pool.the_counter_is_what_is_held()
    pool.teardown()


def test_a_lent_seat_that_passes_on_to_another_device_is_lent_once(machine: type[Leases]) -> None:
    pool = machine()
    pool.make(2, 0, 300, "person_device", shared=False, borrows=True, lease_s=600, soft=False)
    pool.come_and_go([(0, "a", "x", "", 3_600)], [])  # one of two seats may be lent
    pool.come_and_go([], [0])

    pool.come_and_go([(0, "a", "y", "", 3_600)], [])  # the seat lingers, and is that key's own: it is lent on

    pool.the_counter_is_what_is_held()
    pool.come_and_go([(1, "b", None, "", 3_600)], [])  # the model says: borrow_limit
    pool.come_and_go([(1, "b", None, "", 0), (2, "c", None, "", 0)], [])  # and one seat is left
    pool.the_counter_is_what_is_held()
    pool.teardown()


def test_who_sends_each_heartbeat_in_time_keeps_the_seat_for_weeks(machine: type[Leases]) -> None:
    pool = machine()
    pool.make(1, 0, 0, "person", shared=False, borrows=True, lease_s=86_400, soft=False)
    pool.come_and_go([(0, "a", None, "", 0)], [])
    for day in range(20):
        pool.wait(86_399)
        if day % 3:
            pool.still_there(0)
        else:
            pool.come_and_go([(0, "a", None, "", 0)], [])  # to send the checkout again holds on as well
        pool.come_and_go([(1, "b", None, "", 0)], [])  # the model says: denied
        pool.the_counter_is_what_is_held()

    assert pool.oracle is not None
    (lease,) = pool.oracle.leases.values()
    assert len(lease.stretches) > 2, "one lease, in several stretches"
    pool.teardown()
