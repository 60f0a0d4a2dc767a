"""What crashes leave behind: folders that no month names, and hours that tell facts which are gone."""

import shutil
from pathlib import Path

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from metering.actions.clear_orphans import clear_orphans
from metering.actions.rebuild_usage import rebuild_usage
from tests.builders.archive import Killed, Shelves, killed_at
from tests.builders.suite import Suite
from tests.builders.world import World

MONTH = "2024-03"


@pytest.fixture
def shelves(client: TestClient[Litestar], world: World, tmp_path: Path) -> Shelves:
    suite = Suite(client, world)
    for hour in (10, 11, 12):
        suite.tell("contribution.created", "bob", f"2024-03-01 {hour}:00", kind="post", object_id=f"o-{hour}")
    return Shelves(suite, tmp_path)


def clear(shelves: Shelves, older_than_s: float = 0) -> int:
    return clear_orphans(shelves.suite.db, shelves.suite.tenant, shelves.directory, older_than_s=older_than_s)


def folders(shelves: Shelves) -> list[Path]:
    return sorted(shelves.directory.glob("*/*/*"))


def test_a_folder_that_a_crash_left_is_removed_once_it_is_old_and_nothing_is_lost(shelves: Shelves) -> None:
    before = shelves.rows()
    with pytest.raises(Killed):
        shelves.archive(MONTH, reached=killed_at("named"))
    [left] = folders(shelves)

    assert clear(shelves, older_than_s=3600) == 0
    shelves.archive(MONTH)
    assert (len(folders(shelves)), clear(shelves)) == (2, 1)

    # The month's own folder stays, and everything comes back from it.
    assert folders(shelves) == [shelves.file(MONTH).parent]
    assert left not in folders(shelves)
    shelves.restore(MONTH)
    assert shelves.rows() == before
    # Restored, the month still names its folder.
    assert clear(shelves) == 0


def test_before_the_month_is_written_all_facts_of_a_left_folder_are_here(shelves: Shelves) -> None:
    with pytest.raises(Killed):
        shelves.archive(MONTH, reached=killed_at("named"))

    assert (clear(shelves), folders(shelves)) == (1, [])
    shelves.archive(MONTH)
    assert shelves.statuses() == ["archived"]


def test_a_folder_with_a_fact_that_is_nowhere_else_stays(shelves: Shelves, database_url: str) -> None:
    with pytest.raises(Killed):
        shelves.archive(MONTH, reached=killed_at("named"))
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("delete from fact where occurred_at = '2024-03-01 11:00+01'")

    assert (clear(shelves), len(folders(shelves))) == (0, 1)
    shelves.archive(MONTH)
    assert (clear(shelves), len(folders(shelves))) == (0, 2)


def test_folders_of_restored_and_again_archived_months_and_damaged_ones(shelves: Shelves) -> None:
    shelves.archive(MONTH)
    shelves.restore(MONTH)
    shelves.archive(MONTH)
    assert (len(folders(shelves)), clear(shelves)) == (2, 1)

    damaged = shelves.file(MONTH).parent.with_name("0" * 32)
    shutil.copytree(shelves.file(MONTH).parent, damaged)
    (damaged / "facts.parquet").write_bytes(b"no parquet")
    partial = damaged.with_name("1" * 32 + ".partial")
    partial.mkdir()
    assert clear(shelves) == 0
    assert damaged in folders(shelves)
    assert partial in folders(shelves)


def test_an_hour_that_tells_facts_which_are_gone_is_found_and_mended(shelves: Shelves, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("delete from fact where occurred_at = '2024-03-01 11:00+01'")

    [wrong] = rebuild_usage(shelves.suite.db, shelves.suite.tenant).hours

    assert (wrong.type, f"{wrong.hour:%d %H}", wrong.told, wrong.facts) == ("contribution.created", "01 10", 1, 0)
    assert rebuild_usage(shelves.suite.db, shelves.suite.tenant).hours == ()
