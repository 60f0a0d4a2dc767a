"""Who gets a seat and when: the rules, held against their facts step by step and against what is billed of them."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from core.periods import Period, day_start, days_of
from metering.directory import Directory
from metering.facts import Fact, sorted_facts
from metering.grounds import Grounds
from metering.policies import CountingPolicies, SeatPolicy
from metering.seats import SeatHold, named, seat_holds
from plans.licensing.seats.advice import advise, rule_of
from plans.licensing.seats.seating import (
    Freed,
    Granted,
    Holder,
    No,
    Outcome,
    Reason,
    Seating,
    SeatRules,
    Waits,
    counted_moves,
    counts_until,
)
from tenants.attribution import Attribution
from tenants.people import IdentityRow, People
from tests.simulation.long import Counted, hold, in_parts

BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = [UUID(int=number) for number in range(1, 6)]
ANN, BEN, CID, DAN, EVA = PEOPLE
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
persons = st.sampled_from(PEOPLE)


def seating(limit: int, *held: UUID, used: tuple[UUID, ...] = (), moves: int | None = None) -> Seating:
    rules = SeatRules(limit, 30, moves, BERLIN)
    return Seating(rules, {one: Holder(START, one in used) for one in held}, {})


def test_the_refusal_tells_when_ones_turn_comes_behind_those_who_wait() -> None:
    pool = seating(2, ANN, BEN, used=(ANN, BEN))
    pool.release(ANN, START)
    pool.release(BEN, START + timedelta(days=1))
    pool.assign(CID, START, wait=True)

    refused = pool.assign(DAN, START, wait=False)

    # Released on 2 March, 30 days: until 1 April, Berlin.
    assert refused == No(DAN, Reason.COOLING, datetime(2026, 3, 31, 22, tzinfo=UTC), 2)


def test_a_quota_of_none_lets_nobody_be_freed_who_used_the_seat_and_tells_no_date() -> None:
    pool = seating(2, ANN, BEN, used=(ANN,), moves=0)

    assert pool.release(ANN, START) == No(ANN, Reason.MOVES_USED_UP)
    assert pool.release(BEN, START) == Freed(BEN, None)


def test_a_seat_that_is_taken_back_was_no_move() -> None:
    pool = seating(2, ANN, used=(ANN,), moves=1)
    pool.release(ANN, START)
    assert pool.moves_left(START) == 0

    assert pool.assign(ANN, START, wait=False) == Granted(ANN, retaken=True)
    assert pool.moves_left(START) == 1


def test_to_take_a_seat_back_and_release_it_unused_does_not_end_its_cool_down() -> None:
    pool = seating(1, ANN, used=(ANN,), moves=5)
    freed = pool.release(ANN, START)
    assert isinstance(freed, Freed)
    later = START + timedelta(days=1)
    assert pool.assign(ANN, later, wait=False) == Granted(ANN, retaken=True)

    assert pool.release(ANN, later) == Freed(ANN, freed.free_at), "billed until then, and so taken until then"
    assert pool.assign(BEN, later, wait=False) == No(BEN, Reason.COOLING, freed.free_at, 1)
    assert pool.moves_left(later) == 4, "the first release was a move after all"


def test_to_take_a_seat_back_and_release_it_unused_passes_no_quota() -> None:
    pool = seating(3, ANN, BEN, used=(ANN, BEN), moves=1)
    pool.release(ANN, START)
    assert pool.assign(ANN, START, wait=False) == Granted(ANN, retaken=True)
    assert isinstance(pool.release(BEN, START), Freed), "the move is theirs now"

    refused = pool.release(ANN, START)

    assert refused == No(ANN, Reason.MOVES_USED_UP, datetime(2027, 2, 28, 23, tzinfo=UTC))
    assert (len(pool.cooling), pool.moves_left(START)) == (1, 0)


def test_advice_lets_no_more_go_together_than_the_quota() -> None:
    pool = seating(4, ANN, BEN, CID, DAN, used=(ANN, BEN, DAN), moves=2)
    at = START + timedelta(days=60)

    found = advise(pool, {}, 30, at)

    assert [(one.person_id, one.rule) for one in found] == [
        (ANN, "cools_down"), (BEN, "cools_down"), (CID, "never_used"), (DAN, "moves_used_up"),
    ]  # fmt: skip
    assert found[3].free_at == datetime(2027, 4, 29, 22, tzinfo=UTC), "a year after those who go first"
    released = [pool.release(one.person_id, at) for one in found if one.may_release]
    assert all(isinstance(one, Freed) for one in released), "what is advised is what may be done"


def test_advice_is_by_local_days_and_names_the_rule() -> None:
    pool = seating(3, ANN, BEN, CID, used=(ANN, BEN), moves=0)
    at = START + timedelta(days=60)

    found = advise(pool, {ANN: at - timedelta(days=10)}, 60, at)

    assert [(one.person_id, one.idle_days, one.rule, one.may_release) for one in found] == [
        (BEN, 60, "moves_used_up", False),
        (CID, 60, "never_used", True),
    ]
    assert rule_of(seating(1, ANN, used=(ANN,)), ANN, at) == ("cools_down", datetime(2026, 5, 29, 22, tzinfo=UTC))


class Pool(Counted):
    """A pool as its actions drive it: each decision becomes facts, from which the next one is made."""

    @initialize(limit=st.integers(0, 3), cooldown=st.sampled_from([0, 1, 30]), moves=st.sampled_from([None, 0, 2]))
    def begin(self, limit: int, cooldown: int, moves: int | None) -> None:
        self.rules = SeatRules(limit, cooldown, moves, BERLIN)
        self.now = START
        self.facts: list[Fact] = []
        self.waiting: list[UUID] = []
        self.taken_before = 0
        self.most = limit
        self.lowered = False

    def grounds(self) -> Grounds:
        who = People([IdentityRow(person.int, person, person) for person in PEOPLE])
        policies = CountingPolicies(seats=SeatPolicy(cooldown_days=self.rules.cooldown_days))
        return Grounds(sorted_facts(self.facts), Directory(who, Attribution(())), policies, BERLIN)

    def holds(self) -> dict[UUID, list[SeatHold]]:
        return {holds[0].person_id: holds for _, holds in seat_holds(self.grounds())}

    def seating(self) -> Seating:
        holds = self.holds()
        open_since = {person: theirs[-1].starts_at for person, theirs in holds.items() if theirs[-1].ends_at > self.now}
        acts = [
            (PEOPLE[fact.identity_id - 1], fact.occurred_at) for fact in self.facts if fact.type == "session.started"
        ]
        used = {person for person, at in acts if person in open_since and at >= open_since[person]}
        return Seating.of(self.rules, holds, used, self.waiting, self.now)

    def tell(self, event_type: str, person: UUID, **attributes: str) -> None:
        key = UUID(int=1_000 + len(self.facts))
        self.facts.append(Fact(key, self.now, event_type, "t", person.int, attributes))

    def record(self, pool: Seating, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self.now += TICK
            if isinstance(outcome, Granted):
                self.tell("seat.assigned", outcome.person_id, pool="p")
            elif isinstance(outcome, Freed):
                self.tell("seat.released", outcome.person_id, pool="p")
        self.waiting = list(pool.waiting)
        self.now += TICK
        # What was decided step by step is what the facts say.
        again = self.seating()
        assert (set(again.held), again.cooling.keys(), again.waiting) == (
            set(pool.held),
            {person for person, cooling in pool.cooling.items() if cooling.until > self.now},
            pool.waiting,
        )
        assert {person: one.until for person, one in again.cooling.items()} == {
            person: one.until for person, one in pool.cooling.items() if one.until > self.now
        }
        assert again.moves_left(self.now) == pool.moves_left(self.now)

    @rule(hours=st.sampled_from([1, 13, 24, 240, 24 * 31, 24 * 200]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        pool = self.seating()
        order = list(pool.waiting)
        promoted = pool.promote(self.now)
        assert [one.person_id for one in promoted] == order[: len(promoted)], "who came first goes first"
        self.record(pool, list(promoted))

    @rule(person=persons)
    def uses(self, person: UUID) -> None:
        self.now += TICK
        self.tell("session.started", person)

    @rule(person=persons, wait=st.booleans())
    def assigns(self, person: UUID, wait: bool) -> None:
        pool = self.seating()
        first: list[Outcome] = list(pool.promote(self.now))
        free, cooling, queue = pool.free, person in pool.cooling, list(pool.waiting)
        held = person in pool.held
        outcome = pool.assign(person, self.now, wait=wait)
        match outcome:
            case No(reason=Reason.HELD):
                assert held
            case Granted(retaken=retaken):
                assert (retaken and cooling) or (free > 0 and not queue), "nobody gets what is not free"
            case Waits() | No():
                assert not held, "no wrong refusal"
                assert not cooling, "their own seat is theirs"
                assert free <= 0, "no seat was free"
        self.record(pool, [*first, outcome])

    @rule(person=persons)
    def releases(self, person: UUID) -> None:
        pool = self.seating()
        holder, left = pool.held.get(person), pool.moves_left(self.now)
        outcome = pool.release(person, self.now)
        if isinstance(outcome, No):
            assert holder is None or (left == 0 and (holder.used or holder.before)), "no wrong refusal"
        else:
            assert holder is not None
            assert not holder.used or left is None or left > 0
            assert outcome.free_at is None or holder.used or holder.before is not None
        self.record(pool, [outcome, *pool.promote(self.now)])

    @rule(person=persons, to=persons)
    def moves(self, person: UUID, to: UUID) -> None:
        pool = self.seating()
        first: list[Outcome] = list(pool.promote(self.now))
        self.record(pool, [*first, *(moved := pool.move(person, to, self.now)), *pool.promote(self.now)])
        assert isinstance(moved[0], No) or (isinstance(moved[0], Freed) and isinstance(moved[1], Granted))

    @rule(person=persons)
    def leaves(self, person: UUID) -> None:
        self.now += TICK
        self.tell("person.deactivated", person)
        self.waiting = [one for one in self.waiting if one != person]
        pool = self.seating()
        assert person not in pool.held
        assert person not in pool.cooling, "nothing of who left cools down"
        self.record(pool, list(pool.promote(self.now)))

    @rule(limit=st.integers(0, 4))
    def limit_changes(self, limit: int) -> None:
        self.rules = SeatRules(limit, self.rules.cooldown_days, self.rules.moves_per_year, BERLIN)
        self.most = max(self.most, limit)
        pool = self.seating()
        held = set(pool.held)
        self.record(pool, list(pool.promote(self.now)))
        assert held <= set(self.seating().held), "lowering takes nothing away"

    @invariant()
    def never_above_the_limit(self) -> None:
        if not hasattr(self, "rules"):
            return
        self.took_a_step()
        pool = self.seating()
        # Above it only while a lowered limit drains: then the number only falls.
        assert pool.taken <= max(pool.rules.limit, self.taken_before)
        assert not pool.waiting or pool.free <= 0 or self.time_freed(pool)
        self.taken_before = pool.taken

    def time_freed(self, pool: Seating) -> bool:
        """Whether a seat came free by the ticks of acts alone, at the very midnight of a cool-down."""
        return bool(pool.promote(self.now))

    @invariant()
    def never_more_moves_than_the_quota(self) -> None:
        if hasattr(self, "rules") and self.rules.moves_per_year is not None:
            ends = [hold.ends_at for hold in counted_moves(self.holds(), self.now)]
            counted = [end for end in ends if counts_until(end, BERLIN) > self.now]
            assert len(counted) <= self.rules.moves_per_year

    @precondition(lambda self: bool(self.facts))
    @rule()
    def what_is_billed_is_what_the_pool_says(self) -> None:
        until = day_start(date(2026, 3, 1), BERLIN) + timedelta(days=(self.now - START).days + 2)
        period = Period(day_start(date(2026, 3, 1), BERLIN), until)
        spans = [
            (person, span.starts_at, min(max(span.cooled_at, span.ends_at), until))
            for person, holds in self.holds().items()
            for span in holds
        ]
        instants = sorted({edge for _, low, high in spans for edge in (low, high)})

        def level(at: datetime) -> int:
            return len({person for person, low, high in spans if low <= at < high})

        days = [
            max(level(at) for at in [part.starts_at, *(i for i in instants if i in part)])
            for _, part in days_of(period, BERLIN)
        ]
        figures = {
            "peak": Fraction(max(days)),
            "prorated": Fraction(sum(days), len(days)),
            "end_of_period": Fraction(level(until - TICK)),
        }
        grounds = self.grounds()
        for statistic, figure in figures.items():
            assert named(grounds, statistic).figure(period) == figure  # type: ignore[arg-type]
        assert figures["peak"] <= max(self.most, 0)


@in_parts
def test_a_pool_keeps_its_laws(part: int) -> None:
    hold(Pool, part, examples=60, length=25)
