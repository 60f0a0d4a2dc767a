"""Kept figures are told while they hold, and never after."""

from datetime import UTC, datetime
from fractions import Fraction

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from core.clock import utc_now
from core.periods import Period
from core.scope import TenantScope
from metering.actions.bind_policy import bind_policy
from metering.actions.prove_figures import prove_figures
from metering.policies import DEFAULT_POLICIES
from metering.reads import Measuring, Reading
from tenants.actions.deactivate_person import deactivate_person, reactivate_person
from tenants.reads import people_matching
from tests.builders.suite import Suite
from tests.builders.world import ACTOR, World

METER = "members.active"
MONTHS = ("2026-02", "2026-03", "2026-04")


class Pages:
    """A suite's tenant, whose pages ask for figures again and again."""

    def __init__(self, suite: Suite, database_url: str) -> None:
        self.suite, self.database_url = suite, database_url

    def read(self, meter: str = METER) -> list[Fraction]:
        with self.suite.db.begin(TenantScope(self.suite.tenant.id)) as session:
            measuring = Measuring(session, self.suite.tenant, Reading(now=utc_now()))
            return measuring.figures(meter, [self.suite.month(month) for month in MONTHS])

    def parts(self, dimension: str = "cost_centre", meter: str = METER) -> list[dict[str | None, Fraction]]:
        with self.suite.db.begin(TenantScope(self.suite.tenant.id)) as session:
            measuring = Measuring(session, self.suite.tenant, Reading(now=utc_now()))
            return [dict(part) for part in measuring.parts(meter, dimension, [self.suite.month(m) for m in MONTHS])]

    def change(self, statement: str) -> None:
        """Change what is stored behind the product's back."""
        with psycopg.connect(self.database_url, autocommit=True) as admin:
            admin.execute(statement)

    def forge(self) -> None:
        """Make kept figures recognisable, so that it shows whether they are told."""
        self.change("update kept_figure set quantity = '77'")


@pytest.fixture
def pages(client: TestClient[Litestar], world: World, database_url: str) -> Pages:
    pages = Pages(Suite(client, world), database_url)
    pages.suite.tell("contribution.created", "ann", "2026-02-02 10:00", kind="post", object_id="1")
    pages.suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="2")
    pages.suite.tell("contribution.created", "bob", "2026-03-03 10:00", kind="post", object_id="3")
    assert pages.read() == [1, 2, 0]
    pages.forge()
    return pages


def test_a_kept_figure_is_told_again_while_nothing_changed(pages: Pages) -> None:
    assert pages.read() == [77, 77, 77]


def test_a_late_fact_has_its_own_period_measured_again(pages: Pages) -> None:
    pages.suite.tell("contribution.created", "eve", "2026-03-31 23:59", kind="post", object_id="4")

    # eve makes three in March; the other months hold.
    assert pages.read() == [77, 3, 77]


def test_a_correction_has_the_corrected_period_measured_again(pages: Pages) -> None:
    event = pages.suite.tell("contribution.created", "eve", "2026-04-01 00:00", kind="post", object_id="4")
    assert pages.read() == [77, 77, 1]

    pages.suite.correct(event, "void")

    assert pages.read() == [77, 77, 0]


def test_another_counting_policy_has_its_periods_measured_again(pages: Pages) -> None:
    twice = replace(DEFAULT_POLICIES, members=replace(DEFAULT_POLICIES.members, min_events=2))
    with pages.suite.db.begin(TenantScope(pages.suite.tenant.id)) as session:
        bind_policy(session, pages.suite.tenant.id, datetime(2026, 2, 28, 23, tzinfo=UTC), twice, utc_now())

    # From March on (midnight in Berlin) two acts make a member active: nobody did two.
    assert pages.read() == [77, 0, 0]


def test_a_merge_has_all_periods_measured_again(pages: Pages) -> None:
    pages.change(
        "insert into identity_link (tenant_id, identity_id, person_id, recorded_at)"
        " select b.tenant_id, b.id, a.home_person_id, now() from identity a, identity b"
        " where a.key = 'ann' and b.key = 'bob'"
    )

    assert pages.read() == [1, 1, 0]


def test_what_newcomers_say_of_themselves_leaves_all_that_is_kept(pages: Pages) -> None:
    pages.suite.tell(
        "contribution.created",
        "zoe",
        "2026-05-02 10:00",
        kind="post",
        object_id="7",
        person={"class": "guest", "audience": "partner"},
    )

    assert pages.read() == [77, 77, 77]


def test_the_first_word_on_somebody_known_has_all_periods_measured_again(pages: Pages) -> None:
    pages.suite.tell(
        "contribution.created", "ann", "2026-05-02 10:00", kind="post", object_id="7", person={"class": "test"}
    )

    assert pages.read() == [0, 1, 0]


def test_a_newcomer_who_is_somebody_known_has_all_periods_measured_again(pages: Pages) -> None:
    pages.suite.tell("person.updated", "ann", "2026-01-01 10:00", person={"external_id": "x"})
    pages.read()
    pages.forge()

    pages.suite.tell("person.updated", "ann2", "2026-06-01 10:00", person={"external_id": "x", "class": "test"})

    assert pages.read() == [0, 1, 0]


def test_a_correction_that_was_there_before_its_event_has_the_period_of_the_replacement_measured_again(
    pages: Pages,
) -> None:
    early = pages.suite.event("contribution.created", "eve", "2026-05-01 10:00", kind="post", object_id="9")
    pages.suite.correct(early, "replace", time="2026-04-10T10:00:00+02:00")
    assert pages.read() == [77, 77, 77]

    pages.suite.send(early)

    assert pages.read() == [77, 77, 1]


def test_a_fact_that_comes_between_two_figures_of_one_reading_is_not_missed_by_the_next(pages: Pages) -> None:
    suite = pages.suite
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        measuring = Measuring(session, suite.tenant, Reading(now=utc_now()))
        measuring.measure(METER, Period(suite.month("2026-01").starts_at, suite.month("2026-05").ends_at))
        suite.tell("contribution.created", "eve", "2026-03-10 10:00", kind="post", object_id="4")
        measuring.figures(METER, [suite.month("2026-03")])

    assert pages.read() == [77, 3, 77]


def test_parts_that_come_beside_what_another_kept_meanwhile_know_whom_that_knew(pages: Pages) -> None:
    suite = pages.suite
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        measuring = Measuring(session, suite.tenant, Reading(now=utc_now()))
        measuring.measure(METER, suite.month("2026-03"))  # people are read
        suite.tell("contribution.created", "zoe", "2026-05-02 10:00", kind="post", object_id="7")
        suite.tell(
            "contribution.created", "ann", "2026-05-02 10:00", kind="post", object_id="8", person={"class": "test"}
        )
        assert pages.read() == [0, 1, 0]
        measuring.parts(METER, "cost_centre", [suite.month("2026-03")])

    assert pages.parts()[1] == {None: 1}


def test_parts_are_kept_too_and_follow_a_backdated_move(pages: Pages) -> None:
    assert pages.parts() == [{None: 1}, {None: 2}, {}]
    pages.change('update kept_figure set parts = \'{"cost_centre": [["X", "5"]]}\'')
    assert pages.parts() == [{"X": 5}, {"X": 5}, {"X": 5}]

    pages.change(
        "insert into assignment (tenant_id, person_id, valid_from, recorded_at, cost_centre, weight)"
        " select tenant_id, home_person_id, '2026-03-01', now(), 'HR', 1 from identity where key = 'ann'"
    )

    assert pages.parts() == [{"X": 5}, {None: 1, "HR": 1}, {}]


def test_a_running_period_is_never_kept(pages: Pages) -> None:
    suite = pages.suite
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        Measuring(session, suite.tenant, Reading(now=utc_now())).figures(METER, [suite.month(f"{utc_now():%Y-%m}")])

    with psycopg.connect(pages.database_url) as admin:
        [(kept,)] = admin.execute("select count(*) from kept_figure where ends_at > now()").fetchall()
    assert kept == 0


def test_proving_measures_all_anew_tells_what_differed_and_mends_it(pages: Pages) -> None:
    with pages.suite.db.begin(TenantScope(pages.suite.tenant.id)) as session:
        proof = prove_figures(session, pages.suite.tenant)

    assert proof.compared == 3
    assert [(found.told, found.measured) for found in proof.differences] == [(77, 1), (77, 2), (77, 0)]
    assert pages.read() == [1, 2, 0]


def test_somebody_who_came_after_people_were_read_is_counted_by_what_is_read_later(pages: Pages) -> None:
    march = pages.suite.month("2026-03")
    with pages.suite.db.begin(TenantScope(pages.suite.tenant.id)) as session:
        measuring = Measuring(session, pages.suite.tenant)
        before = measuring.figure("members.active", march)
        pages.suite.tell("seat.assigned", "newcomer", "2026-03-05 10:00", pool="staff")

        assert (before, measuring.figure("seats.named.peak", march)) == (2, 1)


def test_a_departure_is_seen_in_figures_that_are_kept_and_a_return_gives_nothing_back(pages: Pages) -> None:
    meter = "members.registered.average"
    pages.suite.tell("membership.opened", "ann", "2026-02-01 00:00", community_id="c")
    before = pages.read(meter)
    tenant, now = pages.suite.tenant, utc_now()

    with pages.suite.db.begin(TenantScope(tenant.id)) as session:
        (ann,) = people_matching(session, tenant.id, "ann")
        deactivate_person(session, tenant.id, ann, datetime(2026, 3, 31, 22, tzinfo=UTC), ACTOR, now)
        reactivate_person(session, tenant.id, ann, now, ACTOR)

    assert (before, pages.read(meter)) == ([1, 1, 1], [1, 1, 0])


def test_one_sweep_of_sessions_keeps_all_their_figures_and_parts(pages: Pages) -> None:
    home = pages.suite
    for who, start, end in (("ann", "10:00", "11:00"), ("bob", "10:30", "12:00"), ("eve", "10:59", "11:30")):
        for kind, at in (("session.started", start), ("session.ended", end)):
            home.tell(kind, who, f"2026-03-05 {at}", session_id=who)
    names = ("sessions.concurrent.peak", "sessions.concurrent.p95", "sessions.concurrent.average")

    first = pages.parts(meter=names[0])
    kept = pages.suite.sql("select meter, quantity, parts from kept_figure where meter like 'sessions%'"
                           " and starts_at = '2026-02-28 23:00+00'").all()  # fmt: skip

    # At 10:59 three are in; 60 + 90 + 31 minutes of 31 days less the hour that summer time takes.
    assert first[1] == {None: 3}
    average = Fraction(181, 31 * 24 * 60 - 60)
    assert {(row.meter, row.quantity) for row in kept} == {(names[0], "3"), (names[1], "0"), (names[2], str(average))}
    assert all(list(row.parts) == ["cost_centre"] for row in kept)
    # They are told from there, and each is what is measured; a late fact has all of them measured again.
    assert (pages.read(names[1])[1], pages.parts(meter=names[2])[1]) == (0, {None: average})
    with home.db.begin(TenantScope(home.tenant.id)) as session:
        # The fixture's own figures are forged; those that stand on sessions are right.
        assert {found.meter for found in prove_figures(session, home.tenant).differences} == {METER}
    home.tell("session.started", "dan", "2026-03-05 10:59", session_id="dan")
    assert (pages.read(names[0])[1], pages.parts(meter=names[0])[1]) == (4, {None: 4})
    with home.db.begin(TenantScope(home.tenant.id)) as session:
        assert prove_figures(session, home.tenant).differences == ()
