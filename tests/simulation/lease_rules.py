"""What clients, operators, clocks and accidents do to a floating pool, held against `lease_oracle`.

Where the pool is, in a database (`lease_machine`) or in memory (`tests/unit/plans/test_floor.py`), is left open.
"""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from plans.licensing.floating import Beat, Checkout, Fault, Outcome, PoolRules, Release, Share
from tests.simulation.lease_oracle import GROUPS, Oracle
from tests.simulation.long import Counted

PEOPLE, NAMES = 4, 2
"""How many people there are, and how many names each of them has."""
Wish = Checkout | Beat | Release


class LeaseRules(Counted):
    """What clients, operators and clocks do to one pool."""

    home_of: dict[int, UUID]
    """The person of each identity."""
    names: list[int]
    """The identities, the first ones of all people first: small numbers are different people."""
    oracle: Oracle | None = None

    @abstractmethod
    def open(self, rules: PoolRules) -> None:
        """Make the pool."""

    @abstractmethod
    def decide(self, *wishes: Wish) -> list[Outcome]:
        """Return what becomes of requests that come at the same moment."""

    @abstractmethod
    def decide_while_cut(self, wish: Wish, after: int) -> Outcome:
        """Return what becomes of a request in the midst of which something breaks."""

    @abstractmethod
    def set_clock(self, now: datetime) -> None:
        """Set the clock."""

    @abstractmethod
    def set_limit(self, seats: int) -> PoolRules:
        """Change the pool's limit and return its rules."""

    @abstractmethod
    def counted(self) -> tuple[int, int, int]:
        """Return the pool's counter, how many units are held, and how many of them still sit by the time."""

    @abstractmethod
    def stretches(self) -> Collection[tuple[UUID, datetime, datetime]]:
        """Return lease, start and end of all stretches."""

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
        self.open(rules)
        self.oracle = Oracle(rules, dict(self.home_of))

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
        self.oracle.rules = self.set_limit(seats)

    @invariant()
    def the_counter_is_what_is_held(self) -> None:
        if self.oracle is None:
            return
        self.took_a_step()
        in_use, held, sitting = self.counted()
        assert in_use == held >= sitting == len(self.oracle.seats())
        wanted = {(lease.id, start, end) for lease in self.oracle.leases.values() for start, end in lease.stretches}
        assert set(self.stretches()) == wanted
