"""Two accounts of one person over HTTP: what a merge would do, doing it, and taking it back."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import VENDOR_ID, TenantScope
from plans.api import people
from plans.catalogue.suite import POLICIES
from plans.documents import PlanDocument
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.bill import FEE, Books
from tests.builders.suite import Suite
from tests.builders.world import World, bearer

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def suite(client: TestClient[Litestar], world: World) -> Suite:
    with world.db.begin(TenantScope(VENDOR_ID)) as session:
        clock = create_test_clock(session, "march", NOW, "system:tests", NOW)
    suite = Suite(client, world, test_clock_id=clock)
    for who in ("ann", "a.lee", "bob"):
        suite.tell("contribution.created", who, "2026-03-02 10:00", kind="post", object_id="1")
    return suite


def ask(suite: Suite, key: str, act: str, **body: Any) -> Any:
    return suite.client.post(f"/v1/people/{key}/{act}", json={"reason": "one badge"} | body, headers=bearer(suite.key))


def effects(answer: Any) -> dict[tuple[str, str], tuple[str, str]]:
    return {(one["meter"], one["period_starts_on"]): (one["before"], one["after"]) for one in answer.json()["effects"]}


def test_a_preview_tells_the_effect_and_changes_nothing(suite: Suite) -> None:
    answer = ask(suite, "a.lee", "merge", into="ann", preview=True)

    assert (answer.status_code, answer.json()["preview"]) == (200, True)
    # Ann and Bob instead of three people.
    assert effects(answer) == {
        ("members.active", "2026-03-01"): ("3", "2"),
        ("members.contributors", "2026-03-01"): ("3", "2"),
    }
    assert suite.figure("members.active") == 3


def test_a_preview_measures_before_and_after_at_one_instant(client: TestClient[Litestar], world: World) -> None:
    suite = Suite(client, world, slug="running")  # by the machine's clock, which goes on meanwhile
    now = datetime.now(UTC)
    level = {
        "key": "lab.level", "filter": {"types": ["acme.level"]}, "fields": {"v": "number"},
        "aggregation": "time_weighted", "value_field": "v", "unit": "x",
    }  # fmt: skip
    assert client.post("/v1/meters", json=level, headers=bearer(suite.key)).status_code == 201
    suite.send(*(suite.event("acme.level", who, now.isoformat(), v=5) for who in ("ann", "a.lee")))

    answer = ask(suite, "a.lee", "merge", into="ann", preview=True)

    assert answer.json()["effects"] == []


def test_what_comes_in_between_is_no_effect_of_the_merge(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = people._figures

    def and_meanwhile(*given: Any) -> Any:
        figures = measured(*given)
        suite.send(
            suite.event("contribution.created", f"new-{uuid4()}", "2026-03-03T10:00:00Z", kind="post", object_id="2")
        )
        return figures

    monkeypatch.setattr(people, "_figures", and_meanwhile)
    for preview in (True, False):
        answer = ask(suite, "a.lee", "merge", into="ann", preview=preview)
        (before, after), _ = effects(answer).values()
        assert int(after) == int(before) - 1
    # Bob, Ann, and two who came each time.
    assert suite.figure("members.active") == 6


def test_merged_people_count_once_and_unmerged_ones_twice_again(suite: Suite) -> None:
    done = ask(suite, "a.lee", "merge", into="ann")

    assert (done.json()["identities"], suite.figure("members.active")) == (1, 2)
    assert ask(suite, "a.lee", "merge", into="ann").json()["code"] == "same_person"
    back = ask(suite, "a.lee", "unmerge", preview=True)
    assert effects(back)["members.active", "2026-03-01"] == ("2", "3")
    # The clock stands still: what is recorded later is later all the same.
    assert ask(suite, "a.lee", "unmerge").status_code == 200
    assert suite.figure("members.active") == 3
    assert ask(suite, "a.lee", "unmerge").json()["code"] == "not_merged"
    assert ask(suite, "a.lee", "merge", into="ann").status_code == 200
    assert suite.figure("members.active") == 2


def test_who_was_merged_before_comes_along_and_goes_back_alone(suite: Suite) -> None:
    ask(suite, "a.lee", "merge", into="ann")
    assert ask(suite, "ann", "merge", into="bob").json()["identities"] == 2
    assert suite.figure("members.active") == 1

    assert ask(suite, "a.lee", "unmerge").json()["identities"] == 1
    assert suite.figure("members.active") == 2


def who_is(suite: Suite, *keys: str) -> list[str]:
    """Return by which keys each of them is known."""
    shown = (suite.client.get(f"/v1/people/{key}", headers=bearer(suite.key)).json() for key in keys)
    return [" ".join(sorted(one["keys"])) for one in shown]


def test_who_was_found_to_be_somebody_stays_it_when_that_one_goes_back(suite: Suite) -> None:
    ask(suite, "a.lee", "merge", into="ann")
    ask(suite, "ann", "merge", into="bob")

    assert ask(suite, "ann", "unmerge").json()["identities"] == 2
    assert who_is(suite, "a.lee", "ann", "bob") == ["a.lee ann", "a.lee ann", "bob"]
    assert suite.figure("members.active") == 2
    assert ask(suite, "a.lee", "unmerge").json()["identities"] == 1
    assert who_is(suite, "a.lee", "ann", "bob") == ["a.lee", "ann", "bob"]


def test_out_of_a_long_chain_go_those_who_came_by_way_of_that_person(suite: Suite, world: World) -> None:
    world.people(suite.tenant, "dan", "eve")
    ask(suite, "a.lee", "merge", into="ann")
    ask(suite, "eve", "merge", into="bob")  # never was Ann
    ask(suite, "ann", "merge", into="bob")
    ask(suite, "bob", "merge", into="dan")
    assert who_is(suite, "ann") == ["a.lee ann bob dan eve"]

    assert ask(suite, "ann", "unmerge").json()["identities"] == 2
    assert who_is(suite, "a.lee", "ann", "bob", "eve", "dan") == ["a.lee ann"] * 2 + ["bob dan eve"] * 3
    assert ask(suite, "bob", "unmerge").json()["identities"] == 2
    assert who_is(suite, "bob", "eve", "dan") == ["bob eve"] * 2 + ["dan"]


def test_who_was_taken_back_by_themselves_before_is_not_taken_along(suite: Suite) -> None:
    ask(suite, "a.lee", "merge", into="ann")
    ask(suite, "ann", "merge", into="bob")
    ask(suite, "a.lee", "unmerge")

    assert ask(suite, "ann", "unmerge").json()["identities"] == 1
    assert who_is(suite, "a.lee", "ann", "bob") == ["a.lee", "ann", "bob"]

    # Said once more by itself, it is another finding: that A. Lee is Bob holds whoever Ann is.
    ask(suite, "a.lee", "merge", into="ann")
    ask(suite, "ann", "merge", into="bob")
    ask(suite, "a.lee", "unmerge")
    ask(suite, "a.lee", "merge", into="bob")
    assert ask(suite, "ann", "unmerge").json()["identities"] == 1
    assert who_is(suite, "a.lee", "ann", "bob") == ["a.lee bob", "ann", "a.lee bob"]


def test_who_is_somebody_at_the_instant_at_which_others_become_them_is_not_taken_along(suite: Suite) -> None:
    ask(suite, "a.lee", "merge", into="ann")
    ask(suite, "ann", "merge", into="bob")
    ask(suite, "a.lee", "unmerge")
    ask(suite, "bob", "merge", into="a.lee")  # the clock stands still

    assert ask(suite, "ann", "unmerge").json()["identities"] == 1
    assert who_is(suite, "a.lee", "ann", "bob") == ["a.lee bob", "ann", "a.lee bob"]


@pytest.mark.parametrize(("key", "into"), [("nobody", "ann"), ("ann", "nobody")])
def test_who_is_unknown_is_told_before_anything_is_measured(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, key: str, into: str
) -> None:
    measured = 0

    def measure(*_: Any) -> dict[Any, Any]:
        nonlocal measured
        measured += 1
        return {}

    monkeypatch.setattr(people, "_figures", measure)

    for preview in (True, False):
        refused = ask(suite, key, "merge", into=into, preview=preview)
        assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")
    assert ask(suite, "nobody", "unmerge").status_code == 404
    assert measured == 0
    assert ask(suite, "a.lee", "merge", into="ann", preview=True).status_code == 200
    assert measured == 2


def test_what_cannot_be_done_is_refused(suite: Suite, world: World) -> None:
    assert ask(suite, "nobody", "merge", into="ann").json()["code"] == "person_unknown"
    assert ask(suite, "ann", "merge", into="nobody").status_code == 404
    assert ask(suite, "ann", "merge", into="bob", reason=" ").json()["errors"][0]["code"] == "reason_missing"
    finance = world.key("tenant_finance", suite.tenant)
    body = {"into": "bob", "reason": "x"}
    assert suite.client.post("/v1/people/ann/merge", json=body, headers=bearer(finance)).status_code == 403


def test_the_preview_tells_all_open_periods_and_own_meters_too(suite: Suite, world: World) -> None:
    books = Books(world.db, world, now=NOW)
    document = PlanDocument(charges=(FEE,), policies=POLICIES)
    books.subscribe(suite.tenant, books.publish("small", document), date(2026, 1, 1))
    for who in ("ann", "a.lee"):
        suite.tell("contribution.created", who, "2026-01-10 10:00", kind="post", object_id="2")
        suite.tell("session.started", who, "2026-02-10 10:00", session_id=who)
    meter = {"key": "creators", "filter": {"types": ["contribution.created"]}, "aggregation": "unique",
             "unit": "person"}  # fmt: skip
    made = suite.client.post("/v1/meters", json=meter, headers=bearer(suite.key))
    assert made.status_code == 201, made.text

    told = effects(ask(suite, "a.lee", "merge", into="ann", preview=True))

    # January, February and March are billed by nobody yet.
    assert told["members.contributors", "2026-01-01"] == ("2", "1")
    assert told["creators@1", "2026-01-01"] == ("2", "1")
    # Two were in at once in February: one person, by what counts there.
    assert told["sessions.concurrent.peak", "2026-02-01"] == ("2", "1")
    assert told["members.contributors", "2026-03-01"] == ("3", "2")
