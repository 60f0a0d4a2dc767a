"""What is to be expected of each thing that is watched, and in which period: worked out by hand."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from core.db import Database
from core.scope import TenantScope
from plans.alerts.reads import Looking
from plans.alerts.rules import AlertRule
from plans.catalogue.suite import POLICIES
from plans.charges import Charge, Tier
from plans.documents import PlanDocument
from tests.builders.alerts import Desk
from tests.builders.bill import Books, price

TRANSACTIONS = "courses.transactions.charged"
TIERED_STARTS = Charge(
    key="starts", name="Course starts", model="graduated", meter=TRANSACTIONS,
    prices=price(tiers=(Tier(up_to=Decimal(25), unit=Decimal(1)), Tier(unit=Decimal(3)))),
)  # fmt: skip


def expected(desk: Desk, **rule: str) -> dict[str, Any]:
    """Ask what a rule with a forecast finds now."""
    answer = desk.call("POST", "/preview", {"name": "x", "when": "forecast", "value": "1000"} | rule)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def days(month: str, first: int, last: int) -> list[str]:
    return [f"{month}-{day:02}" for day in range(first, last + 1)]


def test_people_who_count_once_are_expected_as_the_month_before_went_on(desk: Desk) -> None:
    # By 19 October four had been active, by its end six; by 19 November six have been: 6 × 6 ÷ 4.
    desk.enrol(*days("2026-10", 1, 4), *days("2026-10", 25, 26), *days("2026-11", 1, 6), kind="course.completed")

    found = expected(desk, subject="meter", key="members.active")

    assert (found["figure"], found["forecast"]) == ("6", "9")


@pytest.mark.parametrize("key", ["members.active", "seats.named.peak", "courses.transactions.net"])
def test_a_forecast_reads_people_once_however_many_periods_it_looks_back(desk: Desk, db: Database, key: str) -> None:
    desk.enrol(*days("2026-10", 1, 4), *days("2026-11", 1, 6), kind="course.completed")
    rule = AlertRule("x", "meter", key, "forecast", Decimal(9))
    sent: list[str] = []
    with db.begin(TenantScope(desk.tenant.id)) as session:
        looking = Looking(session, desk.tenant, datetime.fromisoformat("2026-11-19T12:00:00Z"))

        def note(*told: Any) -> None:
            sent.append(told[2])

        event.listen(session.connection(), "before_cursor_execute", note)
        looking.look(rule)

    assert sum("array_agg(departure.left_at)" in one for one in sent) == 1, "all people"
    assert sum("SELECT fact.event_key" in one for one in sent) <= 3, "facts once for now and once for what is kept"


def test_without_a_month_before_what_grew_goes_on_to_grow(desk: Desk) -> None:
    # One new person on each of 19 days: 19, and 11 more days with one each (20 to 30 November).
    desk.enrol(*days("2026-11", 1, 19), kind="course.completed")

    assert expected(desk, subject="meter", key="members.active")["forecast"] == "30"


def test_levels_have_a_forecast_too(desk: Desk) -> None:
    opened = [
        {
            "specversion": "1.0", "id": f"m{day}", "source": "suite", "type": "membership.opened",
            "time": f"{day}T09:00:00Z", "subject": f"p-{day}", "data": {"community_id": "all"},
        }
        for day in (*days("2026-10", 1, 10), *days("2026-11", 2, 3))
    ]  # fmt: skip
    headers = desk.headers | {"Content-Type": "application/cloudevents-batch+json"}
    assert desk.client.post("/v1/events", json=opened, headers=headers).json()["accepted"] == 12

    # October stood at 10 on its 19th and at its end; September had nobody: 12 stay 12.
    found = expected(desk, subject="meter", key="members.registered.end_of_period")

    assert (found["figure"], found["forecast"]) == ("12", "12")


def test_seats_are_expected_to_be_taken_as_in_the_last_weeks(desk: Desk) -> None:
    desk.world.people(desk.tenant, "ann", "bob", "eve", "joe")
    pool = {"key": "authors", "name": "Authors", "seats": 9}
    assert desk.client.post("/v1/seat-pools", json=pool, headers=desk.headers).status_code == 201

    def assign(*who: str) -> None:
        path = "/v1/seat-pools/authors/seats/bulk"
        assert desk.client.post(path, json={"assign": list(who)}, headers=desk.headers).status_code in (200, 201)

    assign("ann", "bob")
    assert expected(desk, subject="seat_pool", key="authors")["forecast"] is None, "a day tells of no growth"
    desk.go("2026-11-24T11:00:00Z")
    assign("eve", "joe")
    desk.go("2026-11-25T11:00:00Z")

    # Two at the end of the first day (20th), four at the end of the 24th: a half a day, for six days to come.
    assert expected(desk, subject="seat_pool", key="authors")["forecast"] == "7"
    alert = desk.alert(name="Seats", subject="seat_pool", key="authors", when="forecast", value="7")
    assert desk.watch() == 1
    assert desk.call("GET", f"/{alert}").json()["forecast"] == "7"


def test_revenue_is_watched_in_the_customers_own_currency(desk: Desk) -> None:
    sold = [
        {
            "specversion": "1.0", "id": f"s{day}-{currency}", "source": "shop", "type": "course.purchased",
            "time": f"{day}T09:00:00Z", "subject": "ann",
            "data": {"course_id": "c", "amount": amount, "currency": currency},
        }
        for day in days("2026-11", 1, 19)
        for currency, amount in (("EUR", "10.00"), ("USD", "5.00"))
    ]  # fmt: skip
    headers = desk.headers | {"Content-Type": "application/cloudevents-batch+json"}
    assert desk.client.post("/v1/events", json=sold, headers=headers).json()["accepted"] == 38

    found = expected(desk, subject="meter", key="courses.revenue")
    dollars = expected(desk, subject="meter", key="courses.revenue", currency="USD")
    pounds = expected(desk, subject="meter", key="courses.revenue", currency="GBP")

    assert (found["figure"], found["forecast"]) == ("190", "300")
    assert (dollars["figure"], dollars["forecast"]) == ("95", "150")
    assert pounds["figure"] == "0"


def test_the_bill_is_foreseen_at_the_prices_of_what_is_to_come_and_split_by_who_uses(desk: Desk, db: Database) -> None:
    books = Books(db, desk.world)
    books.subscribe(desk.tenant, books.plan("small", TIERED_STARTS), date(2026, 11, 1))
    desk.world.cost_centres(desk.tenant, "sales", "it")
    desk.enrol(*days("2026-11", 1, 19), kind="course.launched", centre="it")
    whole = expected(desk, subject="spend")
    # 19 at 1; by its end 30: 25 at 1 and 5 at 3.
    assert (whole["figure"], whole["forecast"]) == ("19", "40")

    desk.enrol(*days("2026-11", 1, 19), kind="course.launched", centre="sales")

    # 38: 25 at 1 and 13 at 3 are 64, half of it each; 60 in the end: 25 and 35 at 3 are 130.
    part = expected(desk, subject="spend", cost_centre="sales")
    assert (part["figure"], part["forecast"]) == ("32", "65")
    desk.alert(name="Budget", subject="spend", key="", cost_centre="sales", when="percent", value="50", limit="60")
    assert desk.watch() == 1
    wrong = desk.call("POST", "/preview", {"name": "x", "subject": "spend", "when": "absolute", "value": "1",
                                           "cost_centre": "slaes"})  # fmt: skip
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "cost_centre_unknown")


def test_a_quarterly_contract_is_watched_by_its_quarter_or_by_the_month_where_asked(desk: Desk, db: Database) -> None:
    books = Books(db, desk.world)
    document = PlanDocument(charges=(TIERED_STARTS,), policies=POLICIES, interval_months=3)
    books.subscribe(desk.tenant, books.publish("quarterly", document), date(2026, 10, 1))
    desk.enrol("2026-10-05", "2026-10-06", "2026-11-02", kind="course.launched")
    quarter = desk.alert(key=TRANSACTIONS, value="3")
    month = desk.alert(key=TRANSACTIONS, value="3", per="month")

    assert [desk.watch(), desk.watch()] == [1, 0]

    (fired,) = desk.history()
    assert (fired["alert"], fired["period_starts_on"], fired["period_ends_on"]) == (quarter, "2026-10-01", "2027-01-01")
    assert desk.subjects() == ["Courses: level 3 reached, 1 Oct 2026 to 31 Dec 2026"]
    assert desk.call("GET", f"/{month}").json()["figure"] == "1"
    # It is told once a quarter: in December it has been told.
    desk.go("2026-12-10T11:00:00Z")
    assert desk.watch() == 0
    would = desk.call("POST", "/preview", {"name": "x", "subject": "meter", "key": TRANSACTIONS, "when": "absolute",
                                           "value": "2"}).json()  # fmt: skip
    assert (would["reached_on"], would["period_starts_on"]) == ("2026-10-06", "2026-10-01")


def test_a_figure_of_the_moment_has_no_forecast_and_says_why(desk: Desk) -> None:
    assert desk.client.post("/v1/pools", json={"key": "cad", "seats": 2}, headers=desk.headers).status_code == 201

    for subject, instead in (("floating_pool", "sessions.concurrent.peak"), ("denials", "10 true denials")):
        body = {"name": "x", "subject": subject, "key": "cad", "when": "forecast", "value": "2"}
        answer = desk.call("POST", "", body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "forecast_impossible")
        assert instead in answer.json()["errors"][0]["detail"]
    assert desk.call("POST", "", {"name": "x", "subject": "spend", "when": "absolute", "value": "2", "per": "month"}
                     ).json()["errors"][0]["code"] == "per_unused"  # fmt: skip
