"""A month that comes back out of a file brings no name of who was erased meanwhile back to stay."""

from pathlib import Path

import pytest

from plans.licensing.tasks import rename_devices_of_erased
from tests.builders.archive import Killed, Shelves, killed_at
from tests.builders.suite import Suite
from tests.builders.world import World, bearer
from tests.integration.directory.test_erasure import rows_that_name
from tests.integration.licensing.test_pools_api import Client

MONTH, NAME = "2024-03", "annegret"


@pytest.fixture
def shelves(client: Client, world: World, tmp_path: Path) -> Shelves:
    suite = Suite(client, world)
    for act, at in (("started", "12:00"), ("ended", "13:00")):
        suite.tell(f"session.{act}", "ann", f"2024-03-01 {at}", session_id=f"{NAME}-1", device_id=f"{NAME}'s laptop")
    suite.tell("session.started", "bob", "2024-03-01 12:30", session_id="b", device_id="bob's")
    return Shelves(suite, tmp_path)


def erase_ann(shelves: Shelves) -> None:
    suite = shelves.suite
    answer = suite.client.post("/v1/people/ann/erase", json={}, headers=bearer(suite.key))
    assert answer.status_code == 200, answer.text
    assert rename_devices_of_erased(suite.db) == 1


def test_a_restored_month_is_renamed_as_the_erasure_was(shelves: Shelves) -> None:
    before = shelves.figures(MONTH)
    shelves.archive(MONTH)
    erase_ann(shelves)
    assert rename_devices_of_erased(shelves.suite.db) == 0

    shelves.restore(MONTH)
    assert rename_devices_of_erased(shelves.suite.db) == 1

    assert rows_that_name(shelves.suite, NAME) == []  # type: ignore[arg-type]
    assert "fact" in rows_that_name(shelves.suite, "bob's")  # type: ignore[arg-type]
    assert shelves.figures(MONTH) == before
    # Archived again, the file has the aliases too.
    shelves.archive(MONTH)
    assert not any(NAME in (fact.body or "") + str(fact.attributes) for fact in shelves.in_the_file(MONTH))


def test_a_restore_that_was_killed_leaves_no_name_either(shelves: Shelves) -> None:
    shelves.archive(MONTH)
    erase_ann(shelves)

    with pytest.raises(Killed):
        shelves.restore(MONTH, reached=killed_at("slice"))
    assert "fact" in rows_that_name(shelves.suite, NAME)  # type: ignore[arg-type]

    assert rename_devices_of_erased(shelves.suite.db) == 1
    assert rows_that_name(shelves.suite, NAME) == []  # type: ignore[arg-type]
