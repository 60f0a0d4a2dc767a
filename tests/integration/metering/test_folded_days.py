"""Folded days: what is read of them is what the facts say, whatever comes, in whatever order, and whoever is killed."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from core.db import Database
from core.periods import Period, month_period
from core.scope import TenantScope
from metering.actions.ingest_events import ingest_events
from metering.actions.rebuild_usage import rebuild_usage
from metering.actions.record_correction import CorrectionInput, record_correction
from metering.measurement import Measurement
from metering.policies import DEFAULT_POLICIES, CountingPolicies
from metering.reads import Measuring, Reading, days
from metering.reads.days import Folds, Wanted
from metering.reads.facts import Selection, corrections, known_people, load_selected
from metering.registry import FactSpan
from metering.tasks import fold_days
from tests.builders.world import ACTOR, World
from tests.server import fresh_database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")
# Summer time begins in Berlin on 29 March 2026; it ends in Lord Howe on 5 April.
FIRST = datetime(2026, 3, 28, 10, tzinfo=UTC)
SPREAD = 9 * 48
METERS, SUM = ("members.active", "members.contributors"), "contributions"
TWICE = replace(
    DEFAULT_POLICIES,
    members=replace(DEFAULT_POLICIES.members, min_events=2, active_types=("course.launched", "contribution.created")),
)
WEIGHED = replace(
    DEFAULT_POLICIES,
    members=replace(DEFAULT_POLICIES.members, kind_weights={"answer": Decimal("1.5")}),
    weights=replace(DEFAULT_POLICIES.weights, classes={"guest": Decimal("0.25"), "test": Decimal(0)}),
)
numbers = count()

people = st.sampled_from([{}, {}, {}, {"class": "guest"}, {"class": "test"}, {"audience": "partner"}])
shapes = st.one_of(
    st.tuples(
        st.just("contribution.created"),
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["post", "answer"]), "object_id": st.just("1"), "person": people},
            optional={"audience": st.sampled_from(["customer", "public"]), "community_id": st.sampled_from(["a", "b"])},
        ),
    ),
    st.tuples(
        st.sampled_from(["course.launched", "course.completed"]),
        st.fixed_dictionaries({"course_id": st.sampled_from(["1", "2"]), "course_type": st.just("wbt")}),
    ),
    st.tuples(
        st.just("course.completed"),
        st.fixed_dictionaries({"course_id": st.just("1"), "course_type": st.just("wbt"), "waived": st.just(True)}),
    ),
)
facts = st.tuples(shapes, st.sampled_from(["ann", "bob", "eve"]), st.integers(0, SPREAD))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.lists(facts, min_size=1, max_size=8)),
        st.tuples(st.just("again"), st.integers(0, 30)),
        st.tuples(st.sampled_from(["void", "replace"]), st.tuples(st.integers(0, 30), st.integers(0, SPREAD))),
        st.tuples(st.just("link"), st.sampled_from([("bob", "ann"), ("bob", "bob"), ("eve", "bob")])),
    ),
    min_size=2,
    max_size=7,
)


def at(half_hours: int) -> str:
    return (FIRST + timedelta(minutes=30 * half_hours)).isoformat()


class Told:
    """A tenant whose facts are read in both ways."""

    def __init__(self, world: World, zone: str = ZONES[0]) -> None:
        self.world, self.tenant = world, world.tenant(f"folded-{next(numbers)}", time_zone=zone)
        self.events: list[dict[str, Any]] = []
        self._seconds = 0

    def take(self, what: str, how: Any) -> None:
        """Let one thing happen, a second after the last."""
        self._seconds += 1
        if what == "send":
            self.send(how)
        elif what == "link":
            self.link(*how)
        elif self.events:
            index = how if what == "again" else how[0]
            event = self.events[index % len(self.events)]
            if what == "again":
                ingest_events(self.world.db.database_url, self.tenant, [event], self.now)
            else:
                self.correct(event, what, at(how[1]))

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._seconds)

    def send(self, drawn: list[Any]) -> None:
        first = len(self.events)
        new = [
            {"id": f"e-{first + index}", "source": "suite", "type": event_type, "subject": who, "data": data,
             "time": at(steps)}
            for index, ((event_type, data), who, steps) in enumerate(drawn)
        ]  # fmt: skip
        self.events += new
        ingest_events(self.world.db.database_url, self.tenant, new, self.now)

    def correct(self, event: dict[str, Any], kind: Any, time: str) -> None:
        new = {**{name: event[name] for name in ("type", "subject", "data")}, "time": time}
        wanted = CorrectionInput("suite", event["id"], kind, "a law", new if kind == "replace" else None)
        with self.begin() as session:
            record_correction(session, self.tenant.id, wanted, ACTOR, self.now)

    def link(self, who: str, whom: str) -> None:
        """From now on somebody is somebody else, or again themselves."""
        with self.begin() as session:
            session.execute(
                text(
                    "insert into identity_link (tenant_id, identity_id, recorded_at, person_id)"
                    " select :t, a.id, :at, b.home_person_id from identity a, identity b"
                    " where a.tenant_id = :t and b.tenant_id = :t and a.key = :who and b.key = :whom"
                ),
                {"t": self.tenant.id, "at": self.now, "who": who, "whom": whom},
            )

    def begin(self) -> Any:
        return self.world.db.begin(TenantScope(self.tenant.id))

    def periods(self) -> list[Period]:
        """Return a month, some whole days, and a span that cuts days at both ends."""
        whole = month_period(2026, 3, self.tenant.tz)
        middle = Period(FIRST + timedelta(hours=3), FIRST + timedelta(days=6, hours=7))
        return [whole, month_period(2026, 4, self.tenant.tz), middle]

    def read(
        self, *, folded: bool, policy: CountingPolicies = DEFAULT_POLICIES, as_of: datetime | None = None
    ) -> list[Measurement]:
        with worth_folding(folded), self.begin() as session:
            measuring = Measuring(session, self.tenant, Reading(policy, as_of, NOW))
            return [plain(measuring.measure(meter, period)) for meter in METERS for period in self.periods()]

    def figures(self, *, folded: bool, as_of: datetime | None = None) -> list[Fraction]:
        """Return bare figures, those of contributions too, which folded days tell without who was counted by what."""
        with worth_folding(folded), self.begin() as session:
            measuring = Measuring(session, self.tenant, Reading(WEIGHED, as_of, NOW))
            return [measuring.figure(meter, period) for meter in (*METERS, SUM) for period in self.periods()]

    def folded_rows(self) -> list[Any]:
        with self.begin() as session:
            return list(
                session.execute(text("select type, starts_at, event_key, times from usage_day order by 1, 2, 3"))
            )


@contextmanager
def worth_folding(folded: bool) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "WORTH_FOLDING", 0 if folded else 10**9)
        yield


def plain(measured: Measurement) -> Measurement:
    """Leave out the ids that break ties: where the tie is gone they are looked up later."""
    return Measurement(
        measured.meter,
        measured.period,
        measured.unit,
        measured.quantity,
        tuple(replace(entry, event_id=None) for entry in measured.entries),
        tuple(replace(other, event_id=None) for other in measured.exclusions),
    )


@pytest.fixture(scope="module")
def home(admin_url: str) -> Iterator[World]:
    with fresh_database(admin_url) as url:
        database = Database(url)
        yield World(database)
        database.dispose()


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.sampled_from(ZONES), st.booleans())
def test_folded_days_tell_what_the_facts_tell_whatever_happens_between(
    home: World, drawn: list[Any], zone: str, often: bool
) -> None:
    told = Told(home, zone)
    cuts = []
    for what, how in drawn:
        told.take(what, how)
        cuts.append(told.now)
        if often:
            assert told.read(folded=True) == told.read(folded=False)

    assert told.read(folded=True) == told.read(folded=False)
    assert told.read(folded=True, policy=TWICE) == told.read(folded=False, policy=TWICE)
    for as_of in cuts:
        assert told.read(folded=True, as_of=as_of) == told.read(folded=False, as_of=as_of)
    for as_of in (None, *cuts[-1:]):
        assert told.figures(folded=True, as_of=as_of) == told.figures(folded=False, as_of=as_of)


def test_many_facts_of_a_part_of_a_day_are_thinned_and_none_is_lost_or_counted_twice(home: World) -> None:
    told, chance = Told(home), random.Random(5)
    classes: list[dict[str, str]] = [{}, {}, {}, {}, {"class": "guest"}]
    part, types = Period(FIRST + timedelta(hours=1), FIRST + timedelta(hours=7)), ("contribution.created",)
    for _ in range(3):
        told.take("send", [
            (("contribution.created", {"kind": chance.choice(("post", "answer")), "object_id": "1",
                                       "person": chance.choice(classes) if who == "eve" else {}}),
             who, chance.randrange(16))  # eight hours of the first day, often at one instant
            for _ in range(60) for who in ("ann", "bob", "eve")
        ])  # fmt: skip
        told.take("void", (chance.randrange(60), 0))
        told.take("replace", (chance.randrange(60), chance.randrange(16)))
        with worth_folding(True), told.begin() as session:
            folds = Folds(session, told.tenant, NOW)
            known = corrections(session, told.tenant.id, None)
            wanted = Wanted(types, part, known_people(session, told.tenant.id, known, None), known, None)
            thinned = folds.load(wanted)
            facts = load_selected(
                session, told.tenant.id, Selection(types, FactSpan(part.starts_at, part.ends_at)), known, None
            )
        assert sum(fact.times for fact in thinned) == len(facts)
        assert len(thinned) < len(facts) / 1.5, "of ann and bob few are left"
        assert told.figures(folded=True) == told.figures(folded=False)


def launches(told: Told, number: int, who: str = "ann") -> None:
    shape = ("course.launched", {"course_id": "1", "course_type": "wbt"})
    told.take("send", [(shape, who, 3 * step % SPREAD) for step in range(number)])


def test_a_folded_day_holds_one_row_for_what_counts_alike_and_how_many_they_are(home: World) -> None:
    told = Told(home)
    launches(told, 144)
    told.read(folded=True)

    rows = told.folded_rows()
    assert len(rows) < 12
    assert sum(row.times for row in rows) == 144


def test_a_bill_with_a_cut_off_reads_folded_days_that_hold_no_later_fact(home: World) -> None:
    told = Told(home)
    launches(told, 20)
    told.read(folded=True)
    with told.begin() as session:
        session.execute(text("delete from usage_day"))

    # Where the rows are gone it shows who read them.
    assert told.read(folded=True, as_of=told.now)[0].quantity == 0
    cut = told.now
    launches(told, 20, who="bob")
    assert told.read(folded=True, as_of=cut)[0].quantity == 1


def test_a_fold_that_is_killed_in_the_middle_leaves_nothing_half_done(home: World) -> None:
    told = Told(home)
    launches(told, 60)
    expected = told.read(folded=False)

    with home.db.begin(TenantScope(told.tenant.id)) as session:
        folds = Folds(session, told.tenant, NOW)
        assert folds.fold(["course.launched"], told.periods()[0]) > 0
        [(backend,)] = session.execute(text("select pg_backend_pid()"))
        with psycopg.connect(home.db.database_url, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s)", (backend,))
        with pytest.raises(Exception, match=r"terminat|closed|SSL|consuming"):
            session.execute(text("select 1"))
        session.rollback()
        session.invalidate()

    assert told.folded_rows() == []
    assert told.read(folded=True) == expected


def test_folds_and_facts_that_race_miss_nothing(home: World) -> None:
    told, stop, failures = Told(home), threading.Event(), []
    launches(told, 30)

    def keep_folding() -> None:
        while not stop.is_set():
            try:
                with home.db.begin(TenantScope(told.tenant.id)) as session:
                    Folds(session, told.tenant, NOW).fold(["course.launched"], told.periods()[0])
            except Exception as error:  # noqa: BLE001 - told by the test
                failures.append(error)

    folding = [threading.Thread(target=keep_folding) for _ in range(2)]
    for thread in folding:
        thread.start()
    for number in range(12):
        launches(told, 20, who=f"p-{number}")
    stop.set()
    for thread in folding:
        thread.join()

    assert failures == []
    assert told.read(folded=True) == told.read(folded=False)
    assert told.read(folded=True)[0].quantity == 13


def test_hours_count_every_fact_once_whatever_comes_twice(home: World) -> None:
    told = Told(home)
    launches(told, 40)
    for index in range(3):
        told.take("again", index)
    with told.begin() as session:
        counted = session.execute(text("select sum(facts) from usage_hour")).scalar_one()
    assert counted == 40


def test_rebuilding_tells_each_difference_and_mends_it(home: World) -> None:
    told = Told(home)
    launches(told, 40)
    expected = told.read(folded=True)
    assert rebuild_usage(home.db, told.tenant).wrong_days == ()
    with psycopg.connect(home.db.database_url, autocommit=True) as admin:
        admin.execute(
            "update usage_day set times = times + 1, identity_id = -1 where tenant_id = %s", (told.tenant.id,)
        )
        admin.execute("delete from usage_hour where tenant_id = %s and hour < '2026-03-28 12:00+00'", (told.tenant.id,))

    rebuilt = rebuild_usage(home.db, told.tenant)

    assert [(wrong.told, wrong.facts) for wrong in rebuilt.hours] == [(0, 1), (0, 1)]
    # The day whose hours were wrong had lost its proof with them; the other was wrong with it.
    assert rebuilt.days >= 1
    assert len(rebuilt.wrong_days) == rebuilt.days
    again = rebuild_usage(home.db, told.tenant)
    assert (again.hours, again.wrong_days) == ((), ())
    assert told.read(folded=True) == expected


def test_the_task_folds_days_before_anybody_asks(home: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "WORTH_FOLDING", 1)
    told = Told(home)
    recent = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    event = {"id": "r", "source": "suite", "type": "course.launched", "subject": "ann", "time": recent,
             "data": {"course_id": "1", "course_type": "wbt"}}  # fmt: skip
    ingest_events(home.db.database_url, told.tenant, [event], datetime.now(UTC))

    assert fold_days(home.db) > 0

    assert len(told.folded_rows()) == 1
    assert fold_days(home.db) == 0
