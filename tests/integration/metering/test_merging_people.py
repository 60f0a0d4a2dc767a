"""Two accounts of one person over HTTP: what a merge would do, doing it, and taking it back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import VENDOR_ID, TenantScope
from tenants.actions.run_test_clock import create_test_clock
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
    return {(one["meter"], one["month"]): (one["before"], one["after"]) for one in answer.json()["effects"]}


def test_a_preview_tells_the_effect_and_changes_nothing(suite: Suite) -> None:
    answer = ask(suite, "a.lee", "merge", into="ann", preview=True)

    assert (answer.status_code, answer.json()["preview"]) == (200, True)
    # Ann and Bob instead of three people.
    assert effects(answer) == {
        ("members.active", "2026-03"): ("3", "2"),
        ("members.contributors", "2026-03"): ("3", "2"),
    }
    assert suite.figure("members.active") == 3


def test_merged_people_count_once_and_unmerged_ones_twice_again(suite: Suite) -> None:
    done = ask(suite, "a.lee", "merge", into="ann")

    assert (done.json()["identities"], suite.figure("members.active")) == (1, 2)
    assert ask(suite, "a.lee", "merge", into="ann").json()["code"] == "same_person"
    back = ask(suite, "a.lee", "unmerge", preview=True)
    assert effects(back)["members.active", "2026-03"] == ("2", "3")
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


def test_what_cannot_be_done_is_refused(suite: Suite, world: World) -> None:
    assert ask(suite, "nobody", "merge", into="ann").json()["code"] == "person_unknown"
    assert ask(suite, "ann", "merge", into="nobody").status_code == 404
    assert ask(suite, "ann", "merge", into="bob", reason=" ").json()["errors"][0]["code"] == "reason_missing"
    finance = world.key("tenant_finance", suite.tenant)
    body = {"into": "bob", "reason": "x"}
    assert suite.client.post("/v1/people/ann/merge", json=body, headers=bearer(finance)).status_code == 403
