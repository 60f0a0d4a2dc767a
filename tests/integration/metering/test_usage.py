"""Figures over the stored facts: what is loaded, corrected, cut off and bound."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from core.periods import Period
from core.scope import TenantScope
from metering.actions.bind_policy import bind_policy
from metering.errors import MeterUnknown
from metering.policies import DEFAULT_POLICIES, CountingPolicies, MemberPolicy, SeatPolicy
from metering.reads import SeriesQuery, concurrency_curve, load_facts, policies_at, usage_series, with_event_ids
from tests.builders.suite import Suite
from tests.builders.world import World

F = Fraction
Client = TestClient[Litestar]
MEASURED = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    return Suite(client, world)


# --- What has to be loaded -----------------------------------------------------------------------------


def test_an_event_is_in_the_figures_at_once(suite: Suite) -> None:
    suite.tell("activity.performed", "ann", "2026-03-02 10:00", verb="read", object_type="page", object_id="1")

    assert suite.figure("members.active") == 1


def test_memberships_and_seats_reach_back_without_end(suite: Suite) -> None:
    suite.tell("membership.opened", "ann", "2024-01-02 10:00", community_id="c")
    suite.tell("seat.assigned", "ann", "2024-01-02 10:00", pool="p")

    assert suite.figure("members.registered.average") == 1
    assert suite.figure("seats.named.peak") == 1


def test_whether_a_freed_seat_was_ever_used_is_looked_up_in_the_past(suite: Suite) -> None:
    for who in ("ann", "bob"):
        suite.tell("seat.assigned", who, "2024-01-02 10:00", pool="p")
        suite.tell("seat.released", who, "2026-02-20 10:00", pool="p")
    suite.tell("course.launched", "ann", "2024-06-01 10:00", course_id="c", course_type="wbt")

    # Ann used hers two years ago: it cools down until 22 March; Bob's is free at once.
    measurement = suite.measure("seats.named.prorated")
    assert measurement.quantity == F(21, 31)
    assert [entry.reason for entry in measurement.entries] == ["seat_cooling_down"]


def test_the_use_may_be_by_another_identity_of_the_person(suite: Suite) -> None:
    suite.tell("seat.assigned", "ann", "2026-01-02 10:00", pool="p")
    suite.tell("activity.performed", "a.smith", "2026-01-03 10:00", verb="read", object_type="page", object_id="1")
    suite.tell("seat.released", "ann", "2026-02-20 10:00", pool="p")
    suite.merge("a.smith", "ann", utc_now())

    assert suite.figure("seats.named.peak") == 1


def test_sessions_over_the_edges_are_seen_whole(suite: Suite) -> None:
    suite.tell("session.started", "ann", "2026-02-28 23:00", session_id="in")
    suite.tell("session.ended", "ann", "2026-03-01 01:00", session_id="in")
    suite.tell("session.started", "ann", "2026-03-31 23:00", session_id="out")
    suite.tell("session.ended", "ann", "2026-04-01 02:00", session_id="out")

    # An hour at each end of March; without its logout in April the second would have ended at 23:30.
    seconds = suite.month("2026-03").duration_us // 1_000_000
    assert suite.figure("sessions.concurrent.average") == F(7200, seconds)
    assert suite.figure("sessions.concurrent.peak", "2026-04") == 1


def test_access_windows_reach_back_and_refunds_follow(suite: Suite) -> None:
    suite.tell("course.enrolled", "ann", "2025-05-02 10:00", course_id="c", course_type="wbt")
    suite.tell("course.enrolled", "ann", "2026-03-02 10:00", course_id="c", course_type="wbt")
    suite.tell("course.enrolled", "bob", "2026-02-27 10:00", course_id="c", course_type="wbt")
    suite.tell("course.cancelled", "bob", "2026-03-02 10:00", course_id="c", course_type="wbt")

    assert suite.figure("courses.transactions.charged") == 0
    refund = suite.measure("courses.transactions.refunded")
    assert [entry.key("origin_period") for entry in refund.entries] == ["2026-02-01"]


def test_a_longer_report_in_the_next_month_takes_the_hours_there(suite: Suite) -> None:
    suite.tell("class.attended", "ann", "2026-03-31 12:00", course_id="i", class_id="k", minutes=60)
    suite.tell("class.attended", "ann", "2026-04-01 12:00", course_id="i", class_id="k", minutes=90)

    assert [suite.figure("class.hours", month) for month in ("2026-03", "2026-04")] == [0, F(3, 2)]


def test_a_substitute_is_known_by_identity(suite: Suite) -> None:
    seat = {"course_id": "i", "course_type": "ilt", "class_id": "k", "class_starts_at": "2026-03-20T09:00:00+01:00"}
    suite.tell("course.enrolled", "ann", "2026-03-02 10:00", **seat)
    suite.tell("course.cancelled", "ann", "2026-03-19 10:00", **seat, substitute="bob")
    suite.tell("course.enrolled", "bob", "2026-03-19 11:00", **seat)

    assert suite.figure("courses.transactions.net") == 1


def test_a_tie_is_broken_by_the_senders_id(suite: Suite) -> None:
    for event_id, centre in (("z", "late"), ("b", "early"), ("q", "middle")):
        suite.send(
            suite.event(
                "contribution.created",
                "ann",
                "2026-03-02 10:00",
                event_id=event_id,
                kind="post",
                object_id="1",
                cost_centre=centre,
            )
        )

    assert suite.measure("members.contributors").by_cost_centre() == {"early": F(1)}


# --- Who ---------------------------------------------------------------------------------------------------


def test_merged_people_count_once_in_all_open_periods(suite: Suite) -> None:
    for who in ("ann", "a.smith"):
        suite.tell("contribution.created", who, "2026-03-02 10:00", kind="post", object_id="1")
    assert suite.figure("members.contributors") == 2

    before = utc_now()
    suite.merge("a.smith", "ann", utc_now())
    assert suite.figure("members.contributors") == 1
    # A period closed before keeps the resolution it was closed with.
    assert suite.figure("members.contributors", as_of=before) == 2


def test_assignments_carry_the_figure(suite: Suite, world: World) -> None:
    world.people(suite.tenant, "ann")
    world.cost_centres(suite.tenant, "ops", "sales")
    world.assign(suite.tenant, "ann", ops=1)
    world.assign(suite.tenant, "ann", valid_from=date(2026, 3, 11), sales=1)
    suite.tell("membership.opened", "ann", "2026-01-02 10:00", community_id="c")

    assert suite.measure("members.registered.average").by_cost_centre() == {"ops": F(10, 31), "sales": F(21, 31)}


def test_a_backdated_move_makes_open_figures_follow_and_leaves_closed_ones(suite: Suite, world: World) -> None:
    world.people(suite.tenant, "ann")
    world.cost_centres(suite.tenant, "ops", "sales")
    world.assign(suite.tenant, "ann", ops=1)
    suite.tell("contribution.created", "ann", "2026-03-12 10:00", kind="post", object_id="1")
    closed_at = utc_now()
    world.assign(suite.tenant, "ann", valid_from=date(2026, 3, 11), recorded_at=utc_now(), sales=1)

    assert suite.measure("contributions").by_cost_centre() == {"sales": F(1)}
    assert suite.measure("contributions", as_of=closed_at).by_cost_centre() == {"ops": F(1)}


def test_class_and_audience_from_events_weigh(suite: Suite) -> None:
    suite.tell(
        "contribution.created", "bot", "2026-03-02 10:00", kind="post", object_id="1", person={"class": "service"}
    )
    suite.tell(
        "contribution.created", "pia", "2026-03-02 10:00", kind="post", object_id="1", person={"audience": "partner"}
    )

    assert suite.figure("members.contributors") == F(3, 5)


def test_what_a_voided_event_said_of_a_person_does_not_hold(suite: Suite) -> None:
    suite.tell("contribution.created", "pia", "2026-03-02 10:00", kind="post", object_id="1")
    wrong = suite.tell("person.updated", "pia", "2026-03-01 10:00", person={"audience": "customer"})
    assert suite.figure("members.contributors") == F(3, 10)

    suite.correct(wrong, "void")
    assert suite.figure("members.contributors") == 1


def test_what_a_replacement_says_of_a_person_holds(suite: Suite) -> None:
    suite.tell("contribution.created", "pia", "2026-03-02 10:00", kind="post", object_id="1")
    wrong = suite.tell("person.updated", "pia", "2026-03-01 10:00", person={"audience": "customer"})
    suite.correct(wrong, "replace", data={"person": {"audience": "partner"}})

    assert suite.figure("members.contributors") == F(3, 5)


# --- Corrections and cut-offs ---------------------------------------------------------------------------------


def test_a_voided_fact_is_as_if_it_had_never_happened(suite: Suite) -> None:
    charged = suite.tell("course.enrolled", "ann", "2026-03-02 10:00", course_id="c", course_type="wbt")
    suite.tell("course.cancelled", "ann", "2026-03-03 10:00", course_id="c", course_type="wbt")
    assert suite.figure("courses.transactions.refunded") == 1

    suite.correct(charged, "void")
    assert [suite.figure(f"courses.transactions.{name}") for name in ("charged", "refunded")] == [0, 0]


def test_a_replacement_acts_at_its_own_time_and_type(suite: Suite) -> None:
    event = suite.tell("course.enrolled", "ann", "2026-03-02 10:00", course_id="c", course_type="wbt")
    suite.correct(event, "replace", time="2026-02-02T10:00:00+01:00")
    assert [suite.figure("courses.transactions.charged", month) for month in ("2026-02", "2026-03")] == [1, 0]

    suite.correct(event, "replace", type="contribution.created", data={"kind": "post", "object_id": "1"})
    assert suite.figure("courses.transactions.charged") == 0
    assert suite.figure("contributions") == 1


def test_the_last_recorded_correction_wins_and_one_may_come_before_its_event(suite: Suite) -> None:
    event = suite.event("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    suite.correct(event, "void")
    suite.correct(event, "replace", time="2026-03-05T10:00:00+01:00")
    assert suite.figure("contributions") == 0

    suite.send(event)
    measurement = suite.measure("contributions")
    assert [entry.at for entry in measurement.entries] == [datetime(2026, 3, 5, 9, tzinfo=UTC)]


def test_a_cut_off_hides_what_was_accepted_or_corrected_later(suite: Suite) -> None:
    first = suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    cut_off = utc_now()
    suite.tell("contribution.created", "bob", "2026-03-02 10:00", kind="post", object_id="1")
    suite.correct(first, "void")

    assert [e.person_id for e in suite.measure("contributions", as_of=cut_off).entries] != []
    assert suite.figure("contributions", as_of=cut_off) == 1
    assert suite.figure("contributions") == 1  # Bob's
    assert {e.person_id for e in suite.measure("contributions").entries} != {
        e.person_id for e in suite.measure("contributions", as_of=cut_off).entries
    }


def test_a_cut_off_hides_what_later_events_said_of_people(suite: Suite) -> None:
    suite.tell("contribution.created", "pia", "2026-03-02 10:00", kind="post", object_id="1")
    cut_off = utc_now()
    suite.tell("person.updated", "pia", "2026-03-01 10:00", person={"audience": "customer"})

    assert suite.figure("members.contributors") == F(3, 10)
    assert suite.figure("members.contributors", as_of=cut_off) == 1


def test_load_facts_returns_one_types_facts_in_reading_order(suite: Suite) -> None:
    suite.tell("contribution.created", "ann", "2026-03-03 10:00", kind="post", object_id="1")
    suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="blog", object_id="2")
    suite.tell("activity.performed", "ann", "2026-03-02 10:00", verb="read", object_type="page", object_id="1")

    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        facts = load_facts(
            session, suite.tenant.id, ["contribution.created"], since=None, until=MEASURED.replace(month=4)
        )
    assert [fact.attributes["kind"] for fact in facts] == ["blog", "post"]


# --- Policies -----------------------------------------------------------------------------------------------


def bind(suite: Suite, policies: CountingPolicies, starts_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)) -> str:
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        return bind_policy(session, suite.tenant.id, starts_at, policies, utc_now())


def test_the_policy_in_force_at_the_start_of_the_period_counts(suite: Suite) -> None:
    for month in ("02", "03"):
        suite.tell("session.started", "ann", f"2026-{month}-02 10:00", session_id=month)
    bind(
        suite,
        msgspec.structs.replace(DEFAULT_POLICIES, members=MemberPolicy(active_types=("session.started",))),
        MEASURED,
    )

    # Bound on 1 March 00:00 UTC: in force at the start of April, not at the start of March in Berlin.
    assert suite.figure("members.active") == 0
    bind(
        suite,
        msgspec.structs.replace(DEFAULT_POLICIES, members=MemberPolicy(active_types=("session.started",))),
        suite.month("2026-03").starts_at,
    )
    assert [suite.figure("members.active", month) for month in ("2026-02", "2026-03")] == [0, 1]


def test_of_two_bindings_for_one_start_the_last_recorded_holds(suite: Suite) -> None:
    first = msgspec.structs.replace(DEFAULT_POLICIES, seats=SeatPolicy(cooldown_days=7))
    second = msgspec.structs.replace(
        DEFAULT_POLICIES,
        members=MemberPolicy(kind_weights={"rating": Decimal("0.1")}),
        seats=SeatPolicy(cooldown_days=9),
    )
    names = [bind(suite, first), bind(suite, second), bind(suite, second)]

    assert names[0] != names[1] == names[2]
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        assert policies_at(session, suite.tenant.id, MEASURED) == second
    assert suite.sql("select count(*) from policy_binding where tenant_id = :tenant").scalar_one() == 2


def test_another_reading_can_be_tried_without_binding_it(suite: Suite) -> None:
    suite.tell("session.started", "ann", "2026-03-02 10:00", session_id="s")
    tried = msgspec.structs.replace(DEFAULT_POLICIES, members=MemberPolicy(active_types=("session.started",)))

    assert suite.figure("members.active", policy=tried) == 1
    assert suite.figure("members.active") == 0


def test_a_series_reads_each_bucket_by_the_policy_in_force_at_its_start(suite: Suite) -> None:
    for month in ("01", "02", "03"):
        suite.tell("session.started", "ann", f"2026-{month}-02 10:00", session_id=month)
    logins = msgspec.structs.replace(DEFAULT_POLICIES, members=MemberPolicy(active_types=("session.started",)))
    bind(suite, logins, suite.month("2026-02").starts_at)
    bind(suite, DEFAULT_POLICIES, suite.month("2026-03").starts_at)
    quarter = Period(suite.month("2026-01").starts_at, suite.month("2026-03").ends_at)

    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        series = usage_series(session, suite.tenant, SeriesQuery("members.active", quarter, "month"))
    assert [item.quantity for item in series.items] == [0, 1, 0]
    assert [item.quantity for item in series.items] == [suite.figure("members.active", f"2026-0{n}") for n in (1, 2, 3)]
    assert series.total == 0  # by the reading in force when the quarter began


# --- Evidence, curve, isolation -------------------------------------------------------------------------------


def test_evidence_names_the_senders_events(suite: Suite) -> None:
    suite.send(
        suite.event(
            "contribution.created",
            "ann",
            "2026-03-02 10:00",
            source="forum",
            event_id="post/1",
            kind="post",
            object_id="1",
        )
    )

    measurement = suite.measure("contributions")
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        entries = with_event_ids(session, suite.tenant.id, measurement.entries)
    assert [(entry.source, entry.event_id) for entry in entries] == [("forum", "post/1")]


def test_a_days_curve(suite: Suite) -> None:
    suite.tell("session.started", "ann", "2026-03-02 10:00", session_id="s")
    suite.tell("session.ended", "ann", "2026-03-02 10:07", session_id="s")
    day = Period(datetime(2026, 3, 2, 8, 55, tzinfo=UTC), datetime(2026, 3, 2, 9, 15, tzinfo=UTC))

    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        curve = concurrency_curve(session, suite.tenant, day, step_s=300)
    assert [int(level) for _, level in curve] == [0, 1, 1, 0]


def test_an_unknown_meter_is_refused(suite: Suite) -> None:
    with pytest.raises(MeterUnknown, match="GET /v1/meters"):
        suite.figure("members.happy")


def test_batches_in_any_order_give_the_same_figures(client: Client, world: World) -> None:
    one, other = Suite(client, world, "one"), Suite(client, world, "other")
    story = [
        ("membership.opened", "ann", "2026-03-01 08:00", {"community_id": "c"}),
        ("membership.closed", "ann", "2026-03-10 08:00", {"community_id": "c"}),
        ("session.started", "ann", "2026-03-02 08:00", {"session_id": "s"}),
        ("session.heartbeat", "ann", "2026-03-02 08:20", {"session_id": "s"}),
        ("session.ended", "ann", "2026-03-02 08:40", {"session_id": "s"}),
        ("course.enrolled", "ann", "2026-03-03 08:00", {"course_id": "w", "course_type": "wbt"}),
        ("course.cancelled", "ann", "2026-03-04 08:00", {"course_id": "w", "course_type": "wbt"}),
        ("course.enrolled", "ann", "2026-03-05 08:00", {"course_id": "w", "course_type": "wbt"}),
        ("seat.assigned", "ann", "2026-03-01 08:00", {"pool": "p"}),
        ("seat.released", "ann", "2026-03-05 08:00", {"pool": "p"}),
        ("person.deactivated", "ann", "2026-03-25 08:00", {}),
    ]
    events = [
        one.event(kind, who, at, event_id=str(number), **data) for number, (kind, who, at, data) in enumerate(story)
    ]
    one.send(*events)
    for event in reversed(events):
        other.send(event)

    for meter in (
        "members.registered.average",
        "sessions.concurrent.average",
        "courses.transactions.net",
        "seats.named.prorated",
    ):
        assert one.figure(meter) == other.figure(meter) != 0
