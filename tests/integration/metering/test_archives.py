"""Old facts go into files: figures, duplicates and seats stay as they were; nothing is lost or doubled."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import TenantScope
from metering.actions.rebuild_usage import rebuild_usage
from metering.actions.verify_archive import verify_archive
from metering.errors import ArchiveDamaged, ArchiveNotFound, FactsArchived
from tests.builders.archive import Killed, Shelves, killed_at
from tests.builders.suite import Suite
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
MONTH, NEXT = "2024-03", "2024-04"
VIEWED = {"verb": "viewed", "object_type": "page", "object_id": "p"}
STEPS = ("begun", "copied", "named", "written", "slice", "archived")


def tell_a_spring(suite: Suite) -> None:
    """Two months of every kind of fact; a session lies over the end of March, a seat is used in March only.

    Who is idle in April shows in the thirty days before it, so that of March only its first day may leave.
    """
    suite.tell("membership.opened", "ann", "2024-01-01 00:00", community_id="c")
    suite.tell("seat.assigned", "ann", "2024-03-01 08:00", pool="pro")
    for number, (act, post) in enumerate((("01 10", "01 11"), ("01 14", "01 15"), ("31 10", "31 11"))):
        suite.tell("activity.performed", "ann", f"2024-03-{act}:00", **VIEWED)
        suite.tell("contribution.created", "bob", f"2024-03-{post}:00", kind="post", object_id=f"o-{number}")
    suite.tell("course.enrolled", "bob", "2024-03-05 09:00", course_id="c-1", course_type="wbt")
    suite.tell("session.started", "ann", "2024-03-01 12:00", session_id="s-1")
    suite.tell("session.ended", "ann", "2024-03-01 13:00", session_id="s-1")
    suite.tell("session.started", "bob", "2024-03-31 23:30", session_id="s-2")
    suite.tell("session.ended", "bob", "2024-04-01 01:00", session_id="s-2")
    suite.tell("activity.performed", "ann", "2024-04-02 10:00", **VIEWED)


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    return Suite(client, world)


@pytest.fixture
def shelves(suite: Suite, tmp_path: Path) -> Shelves:
    tell_a_spring(suite)
    return Shelves(suite, tmp_path)


def test_figures_of_an_archived_month_and_its_neighbour_stay(shelves: Shelves) -> None:
    before = shelves.figures(MONTH, NEXT)
    assert (before["members.active", MONTH], before["sessions.concurrent.peak", NEXT]) == (2, 1)

    shelves.archive(MONTH)

    assert shelves.statuses() == ["archived"]
    # Of 1 March: 2 acts of ann less the first of her seat, 2 of bob, and her session's two ends.
    # What is of the 31st stays, since April needs it to tell who is idle and what was open when it began.
    assert len(shelves.in_the_file(MONTH)) == 5
    assert shelves.figures(MONTH, NEXT) == before


def test_every_month_whose_file_has_what_is_asked_for_is_named_at_once(shelves: Shelves) -> None:
    shelves.archive(MONTH)
    shelves.archive(NEXT)

    # What is of the rest of March lies in April's file.
    with pytest.raises(FactsArchived, match=r"of 2024-03, 2024-04 are archived.*each: .* --month 2024-03"):
        shelves.suite.measure("members.active", MONTH)
    assert shelves.restore(NEXT) + shelves.restore(MONTH) > 0
    assert shelves.suite.figure("members.active", MONTH) == 2


def test_who_was_counted_in_an_archived_month_is_refused_with_the_way_back(shelves: Shelves) -> None:
    shelves.archive(MONTH)

    with pytest.raises(FactsArchived, match="archive restore --tenant acme --month 2024-03"):
        shelves.suite.measure("members.active", MONTH)
    answer = shelves.suite.client.get(
        "/v1/usage",
        params={"meter": "contributions", "from": "2024-03-01", "to": "2024-04-01", "group_by": "kind"},
        headers=bearer(shelves.suite.key),
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "facts_archived")
    # Days were kept; and what stands on memberships and courses is measured as ever.
    days = {"meter": "contributions", "from": "2024-03-01", "to": "2024-04-01", "granularity": "day"}
    told = shelves.suite.client.get("/v1/usage", params=days, headers=bearer(shelves.suite.key)).json()
    assert [item["quantity"] for item in told["items"] if item["quantity"] != "0"] == ["2", "1"]
    assert shelves.suite.figure("courses.transactions.charged", MONTH) == 1


def test_a_repeat_is_a_duplicate_a_change_a_conflict_and_what_is_new_is_refused(shelves: Shelves) -> None:
    suite = shelves.suite
    event = suite.tell("activity.performed", "eve", "2024-03-01 16:00", **VIEWED)
    shelves.archive(MONTH)
    rows = shelves.rows()
    fresh = suite.event("activity.performed", "eve", "2024-03-01 17:00", **VIEWED)
    now = suite.event("activity.performed", "eve", "2024-05-13 10:00", **VIEWED)

    answer = suite.client.post(
        "/v1/events", json=[event, {**event, "data": {**event["data"], "object_id": "q"}}, fresh, now, {**event, "time": now["time"]}],
        headers=bearer(suite.key),
    ).json()  # fmt: skip

    assert (answer["accepted"], answer["duplicate"]) == (1, 2)
    assert [(fault["index"], fault["code"]) for fault in answer["conflicts"]] == [(1, "conflict")]
    assert [(fault["index"], fault["code"]) for fault in answer["rejected"]] == [(2, "period_archived")]
    assert len(shelves.rows()["keys"]) == len(rows["keys"]) + 1


def test_of_one_identity_in_a_request_the_first_whose_month_takes_events_is_stored(shelves: Shelves) -> None:
    suite = shelves.suite
    shelves.archive(MONTH)
    late = suite.event("activity.performed", "eve", "2024-03-01 17:00", **VIEWED)
    on_line = {**late, "time": suite.event("activity.performed", "eve", "2024-05-13 10:00", **VIEWED)["time"]}

    answer = suite.client.post("/v1/events", json=[late, on_line, late], headers=bearer(suite.key)).json()

    assert (answer["accepted"], answer["duplicate"], answer["conflicts"]) == (1, 1, [])
    assert [(fault["index"], fault["code"]) for fault in answer["rejected"]] == [(0, "period_archived")]


def test_an_archived_event_is_neither_shown_nor_corrected_until_it_is_back(shelves: Shelves) -> None:
    suite = shelves.suite
    event = suite.tell("contribution.created", "eve", "2024-03-01 16:00", kind="post", object_id="x")
    shelves.archive(MONTH)
    body = {"source": event["source"], "id": event["id"], "kind": "void", "reason": "a test"}

    refused = suite.client.post("/v1/events/corrections", json=body, headers=bearer(suite.key))
    assert (refused.status_code, refused.json()["code"]) == (409, "event_archived")
    into_it = {"kind": "replace", "replacement": {"type": event["type"], "time": event["time"], "subject": "eve",
               "data": event["data"]}, "source": "suite", "id": "later", "reason": "a test"}  # fmt: skip
    assert suite.client.post("/v1/events/corrections", json=into_it, headers=bearer(suite.key)).status_code == 409

    shelves.restore(MONTH)
    suite.correct(event, "void")
    assert suite.figure("contributions", MONTH) == 3


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_nothing_is_lost_or_doubled(
    shelves: Shelves, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metering.archive.files.AT_ONCE", 2)
    monkeypatch.setattr("metering.reads.archives.AT_ONCE", 2)
    before, figures = shelves.rows(), shelves.figures(MONTH, NEXT)

    with pytest.raises(Killed):
        shelves.archive(MONTH, reached=killed_at(step))
    # Whatever is gone from here is in the file, and the figures are told all the same.
    here = {row[0] for row in shelves.rows()["facts"]}
    gone = {row[0] for row in before["facts"]} - here
    assert shelves.rows()["keys"] == before["keys"]
    assert not gone or gone <= {fact.event_key for fact in shelves.in_the_file(MONTH)}
    assert shelves.figures(MONTH, NEXT) == figures

    shelves.archive(MONTH)
    assert shelves.statuses() == ["archived"]
    assert shelves.figures(MONTH, NEXT) == figures
    assert not list(shelves.directory.rglob("*.partial"))
    kept = {row[0] for row in shelves.rows()["facts"]}
    assert kept.isdisjoint({fact.event_key for fact in shelves.in_the_file(MONTH)})

    assert shelves.restore(MONTH) == 5
    assert shelves.rows() == before


@pytest.mark.parametrize("step", ["begun", "slice", "restored"])
def test_a_killed_restore_is_begun_again(shelves: Shelves, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metering.archive.files.AT_ONCE", 2)
    before, figures = shelves.rows(), shelves.figures(MONTH, NEXT)
    shelves.archive(MONTH)

    with pytest.raises(Killed):
        shelves.restore(MONTH, reached=killed_at(step))
    assert shelves.figures(MONTH, NEXT) == figures
    if step != "restored":
        shelves.restore(MONTH)

    assert (shelves.statuses(), shelves.rows()) == (["restored"], before)
    with pytest.raises(ArchiveNotFound):
        shelves.restore(MONTH)


def test_a_restore_stops_the_deleting_of_a_month_that_is_being_archived(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metering.archive.files.AT_ONCE", 2)
    before = shelves.rows()

    def restored(step: str) -> None:
        if step == "slice" and shelves.statuses() == ["written"]:
            shelves.restore(MONTH)

    shelves.archive(MONTH, reached=restored)

    assert (shelves.statuses(), shelves.rows()) == (["restored"], before)
    shelves.archive(MONTH)
    assert shelves.statuses() == ["archived"]


def test_a_restore_that_another_overtook_puts_nothing_back_into_a_month_that_left_again(
    shelves: Shelves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metering.archive.files.AT_ONCE", 2)
    shelves.archive(MONTH)
    away = shelves.rows()

    def overtaken(step: str) -> None:
        if step == "slice" and shelves.statuses() == ["restoring"]:
            shelves.restore(MONTH)
            shelves.archive(MONTH)

    shelves.restore(MONTH, reached=overtaken)

    assert (shelves.statuses(), shelves.rows()) == (["archived"], away)


def test_two_workers_at_once_write_one_archive(shelves: Shelves) -> None:
    before = shelves.rows()

    def meanwhile(step: str) -> None:
        if step == "copied":
            shelves.archive(MONTH)  # sees that somebody writes, and leaves it to them

    shelves.archive(MONTH, reached=meanwhile)
    shelves.archive(MONTH)

    assert len(list(shelves.directory.rglob("facts.parquet"))) == 1
    shelves.restore(MONTH)
    assert shelves.rows() == before


def test_a_file_that_was_changed_deletes_and_restores_nothing(shelves: Shelves) -> None:
    with pytest.raises(Killed):
        shelves.archive(MONTH, reached=killed_at("written"))
    before = shelves.rows()
    path = shelves.file(MONTH)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")

    with pytest.raises(ArchiveDamaged, match="not what was written"):
        shelves.archive(MONTH)
    assert (shelves.statuses(), shelves.rows()) == (["written"], before)
    path.unlink()
    with pytest.raises(ArchiveDamaged):
        shelves.restore(MONTH)

    path.write_bytes(whole)
    shelves.archive(MONTH)
    assert shelves.statuses() == ["archived"]


def test_a_seat_that_was_used_long_ago_cools_down_as_before(shelves: Shelves) -> None:
    # Ann's only act while she held it is of 1 March 2024; released on 10 May, it is billable until 9 June.
    shelves.suite.tell("seat.released", "ann", "2024-05-10 10:00", pool="pro")
    shelves.suite.tell("seat.assigned", "bob", "2024-05-01 10:00", pool="pro")
    shelves.suite.tell("seat.released", "bob", "2024-05-10 10:00", pool="pro")
    before = [shelves.suite.figure(f"seats.named.{kind}", "2024-06") for kind in ("peak", "prorated")]
    assert before[0] == 1

    shelves.archive(MONTH)
    shelves.archive(NEXT)

    assert [shelves.suite.figure(f"seats.named.{kind}", "2024-06") for kind in ("peak", "prorated")] == before


def test_corrected_events_stay_so_that_their_replacements_hold(shelves: Shelves) -> None:
    event = shelves.suite.tell("contribution.created", "eve", "2024-03-01 16:00", kind="post", object_id="x")
    shelves.suite.correct(event, "replace", time="2024-06-03T10:00:00+02:00")

    shelves.archive(MONTH)

    assert shelves.suite.figure("contributions", "2024-06") == 1


def test_no_personal_data_is_in_the_files(suite: Suite, tmp_path: Path) -> None:
    shelves = Shelves(suite, tmp_path)
    person = {"name": "Ann Secret", "email": "ann.secret@acme.example", "external_id": "secret-7"}
    suite.tell("activity.performed", "secret-subject", "2024-03-01 10:00", person=person, **VIEWED)
    suite.tell("contribution.accepted", "secret-subject", "2024-03-01 11:00", contributor="secret-other", object_id="o")
    shelves.archive(MONTH)

    [table] = [pq.read_table(shelves.file(MONTH))]
    everything = repr(table.to_pylist()).lower() + (shelves.file(MONTH).parent / "manifest.json").read_text().lower()
    assert table.num_rows == 2
    assert "secret" not in everything


def test_a_month_is_proven_from_its_files_by_the_code_that_measures(shelves: Shelves) -> None:
    suite = shelves.suite
    shelves.archive(MONTH)
    shelves.archive(NEXT)
    # What is learnt of people later changes nothing of the proof.
    suite.merge("ann", "bob", suite.month("2024-06").ends_at.replace(year=2030))

    for month in (MONTH, NEXT):
        with suite.db.begin(TenantScope(suite.tenant.id)) as session:
            proof = verify_archive(session, suite.tenant, suite.month(month), shelves.directory)
        assert (proof.differences, proof.meters > 5) == ((), True)
    # Nothing that was laid over is left behind.
    with pytest.raises(FactsArchived):
        suite.measure("members.active", MONTH)


def test_a_proof_that_fails_names_the_figure(shelves: Shelves, database_url: str) -> None:
    import psycopg  # noqa: PLC0415

    shelves.archive(MONTH)
    # Somebody deletes an act that was left here because April needs it: bob's of 31 March.
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("delete from fact where occurred_at = '2024-03-31 11:00+02'")

    with shelves.suite.db.begin(TenantScope(shelves.suite.tenant.id)) as session:
        proof = verify_archive(session, shelves.suite.tenant, shelves.suite.month(MONTH), shelves.directory)

    assert "contributions: 3 was recorded, 2 is measured" in proof.differences


def test_a_rebuild_of_rollups_leaves_archived_months_alone(shelves: Shelves) -> None:
    figures = shelves.figures(MONTH, NEXT)
    shelves.archive(MONTH)

    rebuilt = rebuild_usage(shelves.suite.db, shelves.suite.tenant)

    # Of 1 March an act is left here, for ann's seat; the hour still tells both of that morning.
    assert (rebuilt.hours, rebuilt.wrong_days, rebuilt.figures.differences) == ((), (), ())
    assert shelves.figures(MONTH, NEXT) == figures
    shelves.restore(MONTH)
    assert rebuild_usage(shelves.suite.db, shelves.suite.tenant).hours == ()
    assert shelves.figures(MONTH, NEXT) == figures
