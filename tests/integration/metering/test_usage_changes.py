"""From when on figures may differ: what is recorded late can reach back before its own time."""

from datetime import UTC, datetime, timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.clock import utc_now
from core.scope import TenantScope
from metering.actions.bind_policy import bind_policy
from metering.policies import DEFAULT_POLICIES
from metering.reads import first_change_since
from tests.builders.suite import Suite
from tests.builders.world import World


@pytest.fixture
def suite(client: TestClient[Litestar], world: World) -> Suite:
    return Suite(client, world)


def changed(suite: Suite, since: datetime) -> datetime | None:
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        return first_change_since(session, suite.tenant.id, since)


def local(suite: Suite, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=suite.tenant.tz)


def test_nothing_recorded_changes_nothing(suite: Suite) -> None:
    suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")

    assert changed(suite, utc_now()) is None


def test_a_late_fact_changes_figures_from_its_own_time_on(suite: Suite) -> None:
    suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    since = utc_now()
    suite.tell("contribution.created", "ann", "2026-03-05 10:00", kind="post", object_id="1")
    suite.tell("contribution.created", "ann", "2026-03-04 10:00", kind="post", object_id="1")

    assert changed(suite, since) == local(suite, "2026-03-04 10:00")


def test_a_logout_changes_its_session_from_the_login_on(suite: Suite) -> None:
    suite.tell("session.started", "ann", "2026-03-31 23:00", session_id="s")
    before, since = suite.figure("sessions.concurrent.average"), utc_now()
    suite.tell("session.ended", "ann", "2026-04-01 02:00", session_id="s")

    # It ended at 23:30 by its time-out, now at 02:00: March is another one.
    assert suite.figure("sessions.concurrent.average") > before
    at = changed(suite, since)
    assert at is not None
    assert at <= local(suite, "2026-03-31 23:00")


def test_a_longer_report_changes_the_period_of_the_shorter_one(suite: Suite) -> None:
    suite.tell("class.attended", "ann", "2026-02-10 12:00", course_id="i", class_id="k", minutes=60)
    suite.tell("class.attended", "ann", "2026-01-10 12:00", course_id="i", class_id="other", minutes=60)
    since = utc_now()
    suite.tell("class.attended", "ann", "2026-04-01 12:00", course_id="i", class_id="k", minutes=90)

    assert changed(suite, since) == local(suite, "2026-02-10 12:00")


def test_the_first_word_on_an_audience_changes_everything_the_person_did(suite: Suite) -> None:
    suite.tell("contribution.created", "ann", "2026-02-02 10:00", kind="post", object_id="1")
    suite.tell("contribution.created", "bob", "2026-01-02 10:00", kind="post", object_id="1")
    since = utc_now()
    suite.tell("person.updated", "ann", "2026-04-02 10:00", person={"audience": "customer"})

    assert changed(suite, since) == local(suite, "2026-02-02 10:00")


def test_a_later_word_changes_figures_from_its_own_time_on(suite: Suite) -> None:
    suite.tell("person.updated", "ann", "2026-02-02 10:00", person={"audience": "customer"})
    since = utc_now()
    suite.tell("person.updated", "ann", "2026-04-02 10:00", person={"audience": "employee"})

    assert changed(suite, since) == local(suite, "2026-04-02 10:00")


def test_a_correction_changes_figures_at_the_times_of_both(suite: Suite) -> None:
    event = suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    since = utc_now()
    suite.correct(event, "replace", time="2026-02-20T10:00:00Z")

    assert changed(suite, since) == datetime(2026, 2, 20, 10, tzinfo=UTC)


def test_correcting_what_was_said_of_a_person_may_change_anything(suite: Suite) -> None:
    event = suite.tell("person.updated", "ann", "2026-03-02 10:00", person={"audience": "customer"})
    since = utc_now()
    suite.correct(event, "void")

    assert changed(suite, since) == datetime.min.replace(tzinfo=UTC)


def test_a_merge_may_change_anything(suite: Suite) -> None:
    for who in ("ann", "a.smith"):
        suite.tell("contribution.created", who, "2026-03-02 10:00", kind="post", object_id="1")
    since = utc_now()
    suite.merge("a.smith", "ann", since + timedelta(seconds=1))

    assert changed(suite, since) == datetime.min.replace(tzinfo=UTC)


def test_a_policy_changes_figures_from_its_start_on(suite: Suite) -> None:
    since, starts_at = utc_now(), datetime(2026, 3, 1, tzinfo=UTC)
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        bind_policy(session, suite.tenant.id, starts_at, DEFAULT_POLICIES, utc_now())

    assert changed(suite, since) == starts_at


def test_a_voided_logout_changes_its_session_from_the_login_on(suite: Suite) -> None:
    suite.tell("session.started", "ann", "2026-03-31 22:00", session_id="s")
    logout = suite.tell("session.ended", "ann", "2026-04-01 02:00", session_id="s")
    before, since = suite.figure("sessions.concurrent.average"), utc_now()
    suite.correct(logout, "void")

    # Until 02:00 before, now until 22:30 by its time-out: March is another one.
    assert suite.figure("sessions.concurrent.average") < before
    at = changed(suite, since)
    assert at is not None
    assert at <= local(suite, "2026-03-31 22:00")


def test_a_voided_longer_report_gives_the_hours_back_to_the_period_of_the_shorter_one(suite: Suite) -> None:
    suite.tell("class.attended", "ann", "2026-02-10 12:00", course_id="i", class_id="k", minutes=60)
    longer = suite.tell("class.attended", "ann", "2026-04-01 12:00", course_id="i", class_id="k", minutes=90)
    since = utc_now()
    suite.correct(longer, "void")

    assert (suite.figure("class.hours", "2026-02"), suite.figure("class.hours", "2026-04")) == (1, 0)
    assert changed(suite, since) == local(suite, "2026-02-10 12:00")


def test_a_second_replacement_also_changes_the_time_of_the_first(suite: Suite) -> None:
    event = suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    suite.correct(event, "replace", time="2026-02-02T10:00:00+01:00")
    since = utc_now()
    suite.correct(event, "replace", time="2026-03-03T10:00:00+01:00")

    # It counted in February until now.
    assert changed(suite, since) == local(suite, "2026-02-02 10:00")


def test_an_event_that_comes_after_its_replacement_acts_at_the_replacements_time(suite: Suite) -> None:
    event = suite.event("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1")
    suite.correct(event, "replace", time="2026-02-02T10:00:00+01:00")
    since = utc_now()
    suite.send(event)

    assert suite.figure("contributions", "2026-02") == 1
    assert changed(suite, since) == local(suite, "2026-02-02 10:00")
