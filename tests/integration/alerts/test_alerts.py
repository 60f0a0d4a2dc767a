"""Alerts over real figures: once in a round, whoever looks; the next month; forecasts; customers apart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.clock import utc_now
from core.db import Database
from core.errors import InvalidInput, Refused
from core.scope import TenantScope
from plans.alerts.actions.judge import judge
from plans.alerts.actions.note_failure import note_failure
from plans.alerts.actions.set_alert import ALERTS_MAX, AlertInput, create_alert
from plans.alerts.reads import Looking, get_alert, spend
from plans.alerts.rules import AlertRule
from plans.rating import rate_running
from tenants.mails.reads import mails
from tenants.reads import tenant_now
from tests.builders.alerts import EACH_START, Desk
from tests.builders.bill import Books
from tests.builders.locks import waiting_for_a_lock


def test_a_level_is_told_once_a_month_and_again_in_the_next(desk: Desk) -> None:
    alert = desk.alert()
    desk.enrol("2026-11-02", "2026-11-03")
    assert desk.watch() == 0
    desk.enrol("2026-11-18")

    assert [desk.watch(), desk.watch()] == [1, 0]

    (fired,) = desk.history()
    assert (fired["alert"], fired["figure"], fired["level"], fired["round"]) == (alert, "3", "3", 1)
    assert desk.subjects() == ["Courses: level 3 reached, November 2026"]
    shown = desk.call("GET", f"/{alert}").json()
    assert (shown["figure"], shown["error"]) == ("3", "")
    desk.go("2026-12-10T11:00:00Z")
    assert desk.watch() == 0
    desk.enrol("2026-12-01", "2026-12-02", "2026-12-03")
    assert desk.watch() == 1
    assert [one["period_starts_on"] for one in desk.history()] == ["2026-12-01", "2026-11-01"]


def test_it_fires_again_in_a_month_only_after_the_pool_was_clearly_emptier(desk: Desk) -> None:
    desk.world.people(desk.tenant, "ann", "bob", "eve")
    pool = {"key": "authors", "name": "Authors", "seats": 3}
    assert desk.client.post("/v1/seat-pools", json=pool, headers=desk.headers).status_code == 201
    desk.alert(name="Seats", subject="seat_pool", key="authors", when="percent", value="60")

    def seat(act: str, *who: str) -> None:
        answer = desk.client.post("/v1/seat-pools/authors/seats/bulk", json={act: list(who)}, headers=desk.headers)
        assert answer.status_code in (200, 201), answer.text

    assert desk.watch() == 0
    seat("assign", "ann", "bob")  # 2 of 3 are 67 %
    assert [desk.watch(), desk.watch()] == [1, 0]
    seat("release", "bob")  # never used, so free at once: 33 %
    assert desk.watch() == 0
    assert desk.history()[0]["rearmed_at"] is not None
    seat("assign", "eve")
    assert [desk.watch(), desk.watch()] == [1, 0]
    assert [one["round"] for one in desk.history()] == [2, 1]


def test_two_who_look_at_once_tell_it_once(desk: Desk, db: Database) -> None:
    alert = UUID(desk.alert(value="1"))
    desk.enrol("2026-11-02")
    both = Barrier(2)

    def one_looks() -> bool:
        with db.begin(TenantScope(desk.tenant.id)) as session:
            now = tenant_now(session, desk.tenant)
            view = get_alert(session, desk.tenant.id, alert)
            look = Looking(session, desk.tenant, now).look(view.rule)
        both.wait(timeout=30)
        with db.begin(TenantScope(desk.tenant.id)) as session:
            return judge(session, desk.tenant, view, look, (now, utc_now()))

    with ThreadPoolExecutor(2) as pool:
        fired = [one.result() for one in [pool.submit(one_looks), pool.submit(one_looks)]]

    assert sorted(fired) == [False, True]
    assert len(desk.history()) == 1
    assert len(desk.subjects()) == 1


def test_a_forecast_fires_before_the_level_is_reached(desk: Desk) -> None:
    # 19 days of one each make 1 a day; the month comes to 30.
    desk.enrol(*[f"2026-11-{day:02}" for day in range(1, 20)])
    desk.alert(name="Beyond", when="forecast", value="31")
    desk.alert(name="On the way", when="forecast", value="30")

    assert desk.watch() == 1

    (fired,) = desk.history()
    assert (fired["name"], fired["figure"], fired["forecast"]) == ("On the way", "19", "30")
    assert desk.subjects() == ["On the way: on the way to 30 by 30 Nov 2026"]


def test_a_cost_centre_is_watched_by_its_own_part(desk: Desk) -> None:
    desk.world.cost_centres(desk.tenant, "sales", "it")
    desk.alert(cost_centre="sales", value="2")
    desk.enrol("2026-11-02", "2026-11-03", "2026-11-04", centre="it")
    desk.enrol("2026-11-05", centre="sales")
    assert desk.watch() == 0
    desk.enrol("2026-11-06", centre="sales")

    assert desk.watch() == 1
    assert desk.history()[0]["figure"] == "2"

    body = {"name": "x", "subject": "meter", "key": "courses.transactions.net", "when": "absolute", "value": "2"}
    for path in ("", "/preview"):
        refused = desk.call("POST", path, body | {"cost_centre": "slaes"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "cost_centre_unknown"), path


def test_the_preview_says_on_which_day_it_would_have_fired(desk: Desk) -> None:
    desk.enrol("2026-11-02", "2026-11-10", "2026-11-12")
    body = {"name": "x", "subject": "meter", "key": "courses.transactions.net", "when": "percent", "value": "50"}

    would = desk.call("POST", "/preview", body | {"limit": "4"}).json()
    not_yet = desk.call("POST", "/preview", body | {"limit": "8"}).json()
    desk.enrol("2026-11-03", "2026-11-09", "2026-11-13", "2026-11-14", kind="course.completed")
    unique = {"name": "x", "subject": "meter", "key": "members.active", "when": "absolute", "value": "3"}

    assert (would["fires"], would["reached_on"], would["level"]) == (True, "2026-11-10", "2")
    assert (not_yet["fires"], not_yet["reached_on"], not_yet["figure"]) == (False, None, "3")
    assert desk.call("POST", "/preview", unique).json()["reached_on"] == "2026-11-13"
    assert desk.call("GET").json()["items"] == []


def test_a_test_tells_everybody_and_counts_as_no_firing(desk: Desk) -> None:
    alert = desk.alert()

    assert desk.call("POST", f"/{alert}/test").status_code == 201

    assert desk.subjects() == ["Test: Courses: 0, November 2026"]
    assert desk.history() == []


def test_a_stopped_or_deleted_alert_tells_nothing(desk: Desk) -> None:
    stopped, deleted = desk.alert(value="1"), desk.alert(value="1")
    body = {"name": "Courses", "subject": "meter", "key": "courses.transactions.net", "when": "absolute", "value": "1"}
    assert desk.call("PUT", f"/{stopped}", body | {"enabled": False}).json()["enabled"] is False
    assert desk.call("DELETE", f"/{deleted}").status_code == 204
    desk.enrol("2026-11-02")

    assert desk.watch() == 0
    assert desk.call("GET", f"/{deleted}").status_code == 404


def test_a_pool_that_is_gone_is_said_on_its_alert_and_holds_up_no_other(desk: Desk, db: Database) -> None:
    pool = {"key": "cad", "seats": 2}
    assert desk.client.post("/v1/pools", json=pool, headers=desk.headers).status_code == 201
    gone = desk.alert(subject="floating_pool", key="cad", when="percent", value="80")
    desk.alert(value="1")
    desk.enrol("2026-11-02")
    with db.begin(TenantScope(desk.tenant.id)) as session:
        session.execute(text("update alert_rule set key = 'cam' where key = 'cad'"))

    assert desk.watch() == 1
    assert "cam" in desk.call("GET", f"/{gone}").json()["error"]


def test_what_several_alerts_are_about_is_read_once_and_one_that_breaks_holds_up_no_other(
    desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(db, desk.world)
    books.subscribe(desk.tenant, books.plan("small", EACH_START), date(2026, 11, 1))
    desk.world.cost_centres(desk.tenant, "sales", "it")
    desk.enrol("2026-11-02", kind="course.launched")
    rule = {"subject": "spend", "key": "", "when": "absolute", "value": "1"}
    broken = desk.alert(name="Broken", **rule | {"value": "7"})
    bill, part = desk.alert(name="Bill", **rule), desk.alert(name="Sales", cost_centre="sales", **rule)
    rated: list[object] = []

    def counted(*given: Any) -> Any:
        rated.append(given)
        return rate_running(*given)

    look = Looking.look

    def breaks(looking: Looking, rule: AlertRule) -> Any:
        if rule.name == "Broken":
            raise RuntimeError("not a refusal")
        return look(looking, rule)

    monkeypatch.setattr(spend, "rate_running", counted)
    monkeypatch.setattr(Looking, "look", breaks)

    assert desk.watch() == 1

    assert len(rated) == 1, "one contract, rated once for both"
    assert [desk.call("GET", f"/{one}").json()["figure"] is None for one in (broken, bill, part)] == [
        True,
        False,
        False,
    ]


def test_what_cannot_be_watched_is_refused_with_its_field(desk: Desk) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"key": "no.such"}, "meter_unknown"),
        ({"subject": "seat_pool", "key": "x"}, "seat_pool_unknown"),
        ({"subject": "floating_pool", "key": "x"}, "not_found"),
        ({"when": "percent"}, "limit_missing"),
        ({"recipients": ["ops"]}, "address_invalid"),
    ]  # fmt: skip
    base = {"name": "x", "subject": "meter", "key": "courses.transactions.net", "when": "absolute", "value": "3"}
    found = []
    for changes, _ in cases:
        answer = desk.call("POST", "", base | changes).json()
        found.append(answer["errors"][0]["code"] if answer.get("errors") else answer["code"])

    assert found == [code for _, code in cases]


def test_mails_are_due_by_the_clock_of_the_service(desk: Desk) -> None:
    desk.go("2026-12-20T11:00:00Z")
    desk.enrol("2026-12-02", "2026-12-03", "2026-12-04")
    desk.alert()

    assert desk.watch() == 1

    with desk.world.db.begin(TenantScope(desk.tenant.id)) as session:
        (mail,) = mails(session, desk.tenant.id)
    assert mail.due_at <= utc_now()


def test_a_look_decides_nothing_for_a_rule_that_was_changed_meanwhile(desk: Desk, db: Database) -> None:
    body = {"name": "Courses", "subject": "meter", "key": "courses.transactions.net", "when": "absolute", "value": "2"}
    alert = UUID(desk.alert(**body))
    desk.enrol("2026-11-02", "2026-11-03")
    with db.begin(TenantScope(desk.tenant.id)) as session:
        now, view = tenant_now(session, desk.tenant), get_alert(session, desk.tenant.id, alert)
        look = Looking(session, desk.tenant, now).look(view.rule)
    assert desk.call("PUT", f"/{alert}", body | {"key": "members.active"}).status_code == 200

    with db.begin(TenantScope(desk.tenant.id)) as session:
        assert not judge(session, desk.tenant, view, look, (now, utc_now()))

    assert desk.history() == []
    assert desk.call("GET", f"/{alert}").json()["looked_at"] is None


def test_why_a_look_failed_is_not_said_of_a_rule_that_was_mended_meanwhile_and_delays_it_not(
    desk: Desk, db: Database
) -> None:
    body = {"name": "Courses", "subject": "meter", "key": "courses.transactions.net", "when": "absolute", "value": "2"}
    alert = UUID(desk.alert(**body))
    with db.begin(TenantScope(desk.tenant.id)) as session:
        looked = get_alert(session, desk.tenant.id, alert)
    assert desk.call("PUT", f"/{alert}", body | {"value": "1"}).status_code == 200

    with db.begin(TenantScope(desk.tenant.id)) as session:
        note_failure(session, desk.tenant.id, looked, "The pool is gone.", utc_now() + timedelta(days=1))

    assert desk.call("GET", f"/{alert}").json()["error"] == ""
    desk.enrol("2026-11-02")
    assert desk.watch() == 1, "its own look is due at once"


def test_two_at_once_make_no_alert_above_the_highest_number(desk: Desk, db: Database) -> None:
    tenant, rule = desk.tenant, AlertRule("Courses", "meter", "courses.transactions.net", "absolute", Decimal(3))
    with db.begin(TenantScope(tenant.id)) as session:
        for _ in range(ALERTS_MAX - 1):
            create_alert(session, tenant, AlertInput(rule), "user:x", utc_now())

    def one_more() -> UUID:
        with db.begin(TenantScope(tenant.id)) as session:
            return create_alert(session, tenant, AlertInput(rule), "user:x", utc_now())

    with ThreadPoolExecutor(1) as pool:
        with db.begin(TenantScope(tenant.id)) as session:
            create_alert(session, tenant, AlertInput(rule), "user:x", utc_now())
            second = pool.submit(one_more)
            while not waiting_for_a_lock(db):
                assert not second.done(), "it did not wait"
        with pytest.raises(Refused, match="100"):
            second.result(30)


def test_too_many_recipients_are_refused_and_none_is_dropped_or_left_unread(desk: Desk) -> None:
    tenant = desk.tenant
    rule = AlertRule("Courses", "meter", "courses.transactions.net", "absolute", Decimal(3))
    many = [f"p{one}@acme.example" for one in range(21)]

    for wrong in (many, ["ops@acme.example"] * 25 + ["nobody"]):
        with pytest.raises(InvalidInput), desk.world.db.begin(TenantScope(tenant.id)) as session:
            create_alert(session, tenant, AlertInput(rule, wrong), "user:x", utc_now())
