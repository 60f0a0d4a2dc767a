"""Who gets into a floating pool, decided in plain code on what a flight is told, held against a list of leases.

The pool is a dictionary here, so that the rules are tried a hundred times as often as on a database
(`tests/simulation/test_lease_laws.py`), with flights that are lost before or after they were written.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from metering.leases import Stretch
from plans.licensing.floating import Checkout, Floor, Outcome, PoolRules
from plans.licensing.lane import decided
from tests.simulation.lease_oracle import START
from tests.simulation.lease_rules import NAMES, PEOPLE, LeaseRules, Wish
from tests.simulation.long import hold, in_parts


class Pool(LeaseRules):
    """A pool that flights read and write as they do the tables."""

    def __init__(self) -> None:
        super().__init__()
        self.names = list(range(1, PEOPLE * NAMES + 1))
        self.home_of = {name: UUID(int=(name - 1) % PEOPLE + 1) for name in self.names}
        self.stored: dict[tuple[UUID, datetime], Stretch] = {}
        self.in_use = 0
        self.clock = self.pool_clock = START

    def open(self, rules: PoolRules) -> None:
        self.pool = rules

    def decide(self, *wishes: Wish) -> list[Outcome]:
        return self.fly(wishes)

    def decide_while_cut(self, wish: Wish, after: int) -> Outcome:
        """Lose a flight before it is written, or its answer; the lane flies once more."""
        self.fly([wish], lost=after % 2 == 0)
        return self.fly([wish])[0]

    def fly(self, wishes: Collection[Wish], *, lost: bool = False) -> list[Outcome]:
        floor, let_go = self.look(wishes)
        outcomes = decided(floor, wishes)
        if not lost:
            self.stored |= {(one.lease_id, one.starts_at): one for one in (*let_go, *floor.changed(), *floor.begun())}
            self.in_use, self.pool_clock = floor.held(self.pool.key), floor.now
        return outcomes

    def look(self, wishes: Collection[Wish]) -> tuple[Floor, list[Stretch]]:
        """Return what `lease_look` tells of the pool, and what it lets go: where somebody could be denied, what ended."""
        now, rules, let_go = max(self.clock, self.pool_clock), self.pool, list[Stretch]()
        floor = Floor(now, {rules.key: rules}, {rules.key: self.in_use})
        wanting = [wish for wish in wishes if isinstance(wish, Checkout)]
        borrows, known = any(wish.borrow_s for wish in wanting), dict(self.stored)
        if borrows or rules.shares or self.in_use + len(wishes) > rules.seats:
            let_go = [replace(one, held=False) for one in known.values() if one.held and not self.sits(one, now)]
            known |= {(one.lease_id, one.starts_at): one for one in let_go}
            floor.know_counted([rules.key], self.by_group(known.values()))
        floor.know_people({name: str(person) for name, person in self.home_of.items()})
        floor.know(known.values())
        return floor, let_go

    def by_group(self, known: Collection[Stretch]) -> list[tuple[str, str, int, int]]:
        held = [one for one in known if one.held]
        return [
            (self.pool.key, group, len({one.unit for one in mine}), len({one.unit for one in mine if one.borrowed}))
            for group in {one.group_key for one in held}
            if (mine := [one for one in held if one.group_key == group])
        ]

    def sits(self, one: Stretch, now: datetime) -> bool:
        return one.ends_at + timedelta(seconds=one.lingers_s) > now

    def set_clock(self, now: datetime) -> None:
        self.clock = now

    def set_limit(self, seats: int) -> PoolRules:
        self.pool = replace(self.pool, seats=seats)
        return self.pool

    def counted(self) -> tuple[int, int, int]:
        assert self.oracle is not None
        held = [one for one in self.stored.values() if one.held]
        sitting = {one.unit for one in held if self.sits(one, self.oracle.now)}
        return self.in_use, len({one.unit for one in held}), len(sitting)

    def stretches(self) -> Collection[tuple[UUID, datetime, datetime]]:
        return [(one.lease_id, one.starts_at, one.ends_at) for one in self.stored.values()]

    def teardown(self) -> None:
        if self.oracle is not None:
            self.nobody_is_twice_in_one_seat()

    def nobody_is_twice_in_one_seat(self) -> None:
        """What is billed of a lease overlaps at no instant: each second of it is there once."""
        mine: dict[UUID, Any] = {}
        for one in sorted(self.stored.values(), key=lambda one: one.starts_at):
            assert mine.setdefault(one.lease_id, one.starts_at) <= one.starts_at
            mine[one.lease_id] = one.ends_at


@in_parts
def test_a_floor_keeps_its_laws(part: int) -> None:
    hold(Pool, part, examples=60, length=40)
