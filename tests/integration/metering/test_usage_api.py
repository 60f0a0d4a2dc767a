"""GET /v1/usage and /v1/meters over HTTP."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import VENDOR_ID, TenantScope
from metering.registry import METERS
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.suite import Suite
from tests.builders.usage import act, evidence, usage
from tests.builders.world import World, bearer

Client = TestClient[Litestar]


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    return Suite(client, world)


def test_a_figure_over_a_range(suite: Suite) -> None:
    act(suite, "ann", "2026-03-02 10:00")

    answer = usage(suite)

    assert answer.status_code == 200
    # March in Berlin: from 28 February 23:00 UTC to 31 March 22:00 UTC, when summer time has begun.
    whole = {"starts_at": "2026-02-28T23:00:00Z", "ends_at": "2026-03-31T22:00:00Z", "group": None, "quantity": "1"}
    assert answer.json() == {
        "meter": "members.active",
        "unit": "person",
        "from": "2026-02-28T23:00:00Z",
        "to": "2026-03-31T22:00:00Z",
        "granularity": "period",
        "items": [whole],
        "total": "1",
        "totals": [whole],
        "groups": None,
        "unknown_cost_centres": [],
        "next_cursor": None,
    }


def test_the_total_is_measured_over_the_range_and_is_not_the_sum_of_the_days(suite: Suite) -> None:
    for day in ("02", "03"):
        act(suite, "ann", f"2026-03-{day} 10:00")

    body = usage(suite, granularity="day", to="2026-03-04").json()

    assert [(item["starts_at"], item["quantity"]) for item in body["items"]] == [
        ("2026-02-28T23:00:00Z", "0"),
        ("2026-03-01T23:00:00Z", "1"),
        ("2026-03-02T23:00:00Z", "1"),
    ]
    assert body["total"] == "1"


def test_from_is_included_and_to_is_not(suite: Suite) -> None:
    act(suite, "ann", "2026-03-02 00:00")
    act(suite, "bob", "2026-03-03 00:00")

    assert usage(suite, **{"from": "2026-03-02", "to": "2026-03-03"}).json()["total"] == "1"
    assert usage(suite, **{"from": "2026-03-01T23:00:00Z", "to": "2026-03-02T23:00:00Z"}).json()["total"] == "1"
    assert usage(suite, **{"from": "2026-03-02T00:00:00+01:00", "to": "2026-03-02T23:00:01Z"}).json()["total"] == "2"


@pytest.mark.parametrize(
    ("granularity", "first", "until", "buckets"),
    [
        ("hour", "2026-03-29", "2026-03-30", 23),  # summer time begins
        ("hour", "2026-10-25", "2026-10-26", 25),  # and ends
        ("day", "2026-02-01", "2026-03-01", 28),
        ("month", "2026-01-15", "2026-03-02", 3),
        ("period", "2026-01-15", "2026-03-02", 1),
    ],
)
def test_buckets_are_cut_in_the_tenants_zone(
    suite: Suite, granularity: str, first: str, until: str, buckets: int
) -> None:
    body = usage(suite, granularity=granularity, **{"from": first, "to": until}).json()

    assert len(body["items"]) == buckets
    assert body["items"][0]["starts_at"] == body["from"]
    assert body["items"][-1]["ends_at"] == body["to"]
    assert [item["starts_at"] for item in body["items"][1:]] == [item["ends_at"] for item in body["items"][:-1]]


@pytest.mark.parametrize("how", [{}, {"group_by": "course"}, {"group_by": "course", "groups": "measured"}])
def test_more_than_41_days_of_hours_come_page_by_page_or_as_one_file(suite: Suite, how: dict[str, str]) -> None:
    # 45 days from 1 March to 14 April 2025, one of them of 23 hours: 1,079 hours.
    for at in ("2025-03-01 00:30", "2025-04-14 23:30"):
        suite.tell("course.launched", "ann", at, course_id="c", course_type="wbt")
    asked = {"granularity": "hour", "from": "2025-03-01", "to": "2025-04-15", **how}
    pages, cursor = [], "0"
    while cursor is not None:
        pages.append(usage(suite, cursor=cursor, **asked).json())
        cursor = pages[-1]["next_cursor"]

    hours = [item["starts_at"] for page in pages for item in page["items"]]
    assert len(pages) == 2
    assert {page["total"] for page in pages} == {"1"}
    counted = [item["starts_at"] for page in pages for item in page["items"] if item["quantity"] == "1"]
    assert counted == ["2025-02-28T23:00:00Z", "2025-04-14T21:00:00Z"]
    if not how:
        assert len(hours) == len(set(hours)) == 1_079
    # The same in one file, the whole once; and a page beyond the end is empty.
    rows = list(csv.DictReader(io.StringIO(usage(suite, format="csv", **asked).text)))
    assert [row["starts_at"] for row in rows if row["part"] == "item"] == hours
    assert [row["quantity"] for row in rows if row["part"] == "total"] == ["1"]
    assert usage(suite, cursor="1079", **asked).json()["items"] == []


def test_parts_by_cost_centre_sum_to_the_figure(suite: Suite, world: World) -> None:
    world.people(suite.tenant, "ann")
    world.cost_centres(suite.tenant, "ops", "sales")
    world.assign(suite.tenant, "ann", ops=2, sales=1)
    act(suite, "ann", "2026-03-02 10:00")
    act(suite, "bob", "2026-03-02 10:00")

    body = usage(suite, group_by="cost_centre").json()

    # Nobody carries Bob: an explicit group, last.
    assert [(item["group"], item["quantity"]) for item in body["items"]] == [
        ({"cost_centre": "ops"}, "0.666666666667"),
        ({"cost_centre": "sales"}, "0.333333333333"),
        ({"cost_centre": None}, "1"),
    ]
    assert body["total"] == "2"


def test_concurrency_is_split_by_session_seconds(suite: Suite) -> None:
    for who, minutes, channel in (("ann", 45, "web"), ("bob", 15, "app")):
        suite.tell("session.started", who, "2026-03-02 10:00", session_id=who, channel=channel)
        suite.tell("session.ended", who, f"2026-03-02 10:{minutes}", session_id=who)

    body = usage(suite, meter="sessions.concurrent.peak", group_by="channel").json()

    # A peak of 2, by 45 and 15 minutes.
    assert [(item["group"]["channel"], item["quantity"]) for item in body["items"]] == [("app", "0.5"), ("web", "1.5")]
    assert body["total"] == "2"


def test_revenue_comes_by_currency_and_has_no_total_over_several(suite: Suite) -> None:
    suite.tell("course.purchased", "ann", "2026-03-02 10:00", course_id="c", amount="10.50", currency="EUR")
    assert usage(suite, meter="courses.revenue").json()["total"] == "10.5"

    suite.tell("course.purchased", "ann", "2026-03-02 10:00", course_id="c", amount="900", currency="JPY")
    body = usage(suite, meter="courses.revenue").json()
    assert [(item["group"], item["quantity"]) for item in body["items"]] == [
        ({"currency": "EUR"}, "10.5"),
        ({"currency": "JPY"}, "900"),
    ]
    assert body["total"] is None
    assert usage(suite, meter="courses.revenue", group_by="course_id").json()["total"] is None


def test_every_meter_answers_for_a_tenant_without_facts(suite: Suite) -> None:
    for meter in METERS:
        body = usage(suite, meter=meter, granularity="month").json()
        assert (body["total"], body["unit"]) == ("0", METERS[meter].unit)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"meter": "members.happy"}, "meter_unknown"),
        ({"from": None}, "range_invalid"),
        ({"to": None}, "range_invalid"),
        ({"from": "2026-02-30"}, "range_invalid"),
        ({"from": "yesterday"}, "range_invalid"),
        ({"from": "2026-04-01", "to": "2026-04-01"}, "range_invalid"),
        ({"from": "2026-04-01", "to": "2026-03-01"}, "range_invalid"),
        ({"from": "2026-03-01T00:00:00"}, "range_invalid"),
        ({"from": "1000-01-01"}, "range_invalid"),
        ({"from": "0001-01-01"}, "range_invalid"),
        ({"to": "9999-12-31"}, "range_invalid"),
        ({"from": "2000-01-01"}, "range_invalid"),
        ({"granularity": "fortnight"}, "granularity_invalid"),
        ({"cursor": "soon"}, "cursor_invalid"),
        ({"group_by": "star_sign"}, "group_by_invalid"),
        ({"group_by": "pool"}, "group_by_invalid"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(suite: Suite, query: dict[str, Any], code: str) -> None:
    answer = usage(suite, **query)

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (answer.json()["code"], bool(answer.json()["detail"])) == (code, True)


GROUPINGS = {"cost_centre", "audience", "class", "course", "course_type", "community"}
PEOPLE = {"cost_centre", "audience", "class"}
KEPT = {
    "members.registered": PEOPLE | {"community"},
    "members.idle": PEOPLE | {"community"},
    "members.active": GROUPINGS,
    "members.contributors": PEOPLE | {"community"},
    "contributions": PEOPLE | {"community"},
    "seats.named": PEOPLE,
    "sessions.concurrent": PEOPLE,
    "courses.transactions": GROUPINGS,
    "class.hours": GROUPINGS,
    "courses.revenue": GROUPINGS,
}


def test_every_meter_answers_by_every_grouping_or_says_which_there_are(suite: Suite) -> None:
    for meter, spec in METERS.items():
        kept = next(names for start, names in KEPT.items() if meter.startswith(start))
        for name in sorted(GROUPINGS):
            answer = usage(suite, meter=meter, group_by=name)
            assert answer.status_code == (200 if name in kept else 422), (meter, name, answer.text)
            if name not in kept:
                told = answer.json()
                assert told["code"] == "group_by_invalid"
                assert all(dimension in told["detail"] for dimension in spec.dimensions), told["detail"]


def test_courses_are_told_by_community_and_by_course_type(suite: Suite) -> None:
    first = {"course_id": "c", "course_type": "wbt", "community_id": "safety"}
    suite.tell("course.enrolled", "ann", "2026-03-02 10:00", **first)
    suite.tell("course.enrolled", "bob", "2026-03-02 11:00", course_id="d", course_type="simulation")
    suite.tell("course.launched", "bob", "2026-03-02 11:30", course_id="d", course_type="simulation")
    suite.tell("course.cancelled", "ann", "2026-03-03 10:00", by="provider", **first)
    suite.tell("course.purchased", "ann", "2026-03-02 10:00", amount="12.50", currency="EUR", **first)
    suite.tell("course.purchased", "bob", "2026-03-02 10:00", amount="20", currency="EUR", course_id="d")
    attended = {"course_id": "e", "class_id": "e-1", "minutes": 90, "community_id": "sales"}
    suite.tell("class.attended", "eve", "2026-03-04 10:00", **attended)

    # Ann's refund is where her enrolment was, whatever she did since.
    assert groups(usage(suite, meter="courses.transactions.charged", group_by="community").json()) == {
        "safety": "1",
        None: "1",
    }
    assert groups(usage(suite, meter="courses.transactions.refunded", group_by="community").json()) == {"safety": "1"}
    assert groups(usage(suite, meter="courses.transactions.net", group_by="community").json()) == {
        "safety": "0",
        None: "1",
    }
    assert groups(usage(suite, meter="courses.revenue", group_by="course_type").json()) == {"wbt": "12.5", None: "20"}
    assert groups(usage(suite, meter="courses.revenue", group_by="community").json()) == {"safety": "12.5", None: "20"}
    # A class is instructor-led, whether or not its events say so.
    assert groups(usage(suite, meter="class.hours", group_by="course_type").json()) == {"ilt": "1.5"}
    assert groups(usage(suite, meter="class.hours", group_by="community").json()) == {"sales": "1.5"}
    # Enrolling is not acting: ann and eve were seen in a community by what they did there.
    assert groups(usage(suite, meter="members.active", group_by="community").json()) == {"sales": "1", None: "1"}


def test_another_tenants_key_sees_nothing_of_ours(suite: Suite, client: Client, world: World) -> None:
    act(suite, "ann", "2026-03-02 10:00")
    other = Suite(client, world, "other")

    assert usage(other).json()["total"] == "0"
    assert evidence(other).json()["items"] == []


def test_roles_without_the_permission_are_refused(suite: Suite, world: World) -> None:
    world.cost_centres(suite.tenant, "ops", valid_from=date(2020, 1, 1))
    owner = world.key("cost_centre_owner", suite.tenant, cost_centre="ops")

    assert usage(suite, key=owner).status_code == 403
    assert evidence(suite, key=owner).status_code == 403
    assert suite.client.get("/v1/usage", params={"meter": "members.active"}).status_code == 401


def test_the_figures_of_a_running_day_are_those_so_far(client: Client, world: World) -> None:
    with world.db.begin(TenantScope(VENDOR_ID)) as session:
        noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        clock = create_test_clock(session, "noon", noon, "system:tests", noon)
    suite = Suite(client, world, zone="UTC", test_clock_id=clock)
    suite.tell("session.started", "ann", "2026-03-02 06:00", session_id="s")
    suite.tell("session.ended", "ann", "2026-03-02 12:00", session_id="s")
    today = {"from": "2026-03-02", "to": "2026-03-03"}

    # Half of the day has passed, half of that with a session; the minutes to come are no zeros.
    assert usage(suite, meter="sessions.concurrent.average", **today).json()["total"] == "0.5"
    assert usage(suite, meter="sessions.concurrent.p95", **today).json()["total"] == "1"


# --- Groups ------------------------------------------------------------------------------------------------


def groups(body: Any) -> dict[str | None, str]:
    return {next(iter(item["group"].values())): item["quantity"] for item in body["totals"]}


def test_groups_are_parts_that_sum_to_the_figure_or_each_measured_by_itself(suite: Suite) -> None:
    act(suite, "ann", "2026-03-02 10:00", course_id="a")
    act(suite, "ann", "2026-03-03 10:00", course_id="b")
    act(suite, "bob", "2026-03-03 10:00", course_id="b")

    parts = usage(suite, group_by="course")
    # Ann counts where she was first. Measured, she is active in both.
    assert (groups(parts.json()), parts.json()["groups"]) == ({"a": "1", "b": "1"}, "parts")
    measured = usage(suite, group_by="course", groups="measured").json()
    assert (groups(measured), measured["groups"], measured["total"]) == ({"a": "1", "b": "2"}, "measured", "2")


def test_every_channel_has_a_peak_of_its_own(suite: Suite) -> None:
    for who, start, end, channel in (("ann", 10, 11, "web"), ("bob", 12, 13, "app"), ("cid", 12, 14, "web")):
        suite.tell("session.started", who, f"2026-03-02 {start}:00", session_id=who, channel=channel)
        suite.tell("session.ended", who, f"2026-03-02 {end}:00", session_id=who)

    body = usage(suite, meter="sessions.concurrent.peak", group_by="channel", groups="measured").json()

    assert (groups(body), body["total"]) == ({"app": "1", "web": "1"}, "2")


def test_what_adds_up_comes_in_parts_whatever_is_asked_for(suite: Suite) -> None:
    suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="1", community_id="x")

    body = usage(suite, meter="contributions", group_by="community", groups="measured").json()

    assert (groups(body), body["groups"]) == ({"x": "1"}, "parts")


# --- Meters ------------------------------------------------------------------------------------------------


def test_meters_are_listed_with_units_and_dimensions(suite: Suite) -> None:
    items = suite.client.get("/v1/meters", headers=bearer(suite.key)).json()["items"]

    assert [item["key"] for item in items] == list(METERS)
    peak = next(item for item in items if item["key"] == "seats.named.peak")
    assert peak["unit"] == "seat"
    assert peak["dimensions"] == ["cost_centre", "audience", "class", "pool"]
    assert all(item["description"] for item in items)
