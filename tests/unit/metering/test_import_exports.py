"""Files as other systems really export them: what their words, times and numbers come to, and what is asked back."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from metering.imports.faults import RowFault
from tests.builders.import_file import events, faults, opened

TRANSCRIPT = "User,Course,Status,Enrolled,Completed,Cancelled\n"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,c,Abgeschlossen,2026-11-01,2026-11-02,", ("value_unknown", "Status")),
        ("a,c,Complete-WBT,2026-11-01,2026-11-02,", ("value_unknown", "Status")),
        ("a,c,,2026-11-01,2026-11-02,", ("value_missing", "Status")),
        ("a,c,Completed,2026-11-01,,", ("value_missing", "Completed")),
        ("a,c,Cancelled,2026-11-01,,", ("value_missing", "Cancelled")),
        ("a,c,Storniert,2026-11-01,,2026-11-02", ("value_unknown", "Status")),
    ],
)
def test_a_transcript_s_row_that_may_be_a_completion_or_cancellation_is_never_passed_over(
    folder: Path, row: str, told: tuple[str, str]
) -> None:
    _, rows = opened(folder, f"{TRANSCRIPT}{row}\n".encode(), preset="lms-transcript")

    assert faults(rows) == [(2, *told)]


@pytest.mark.parametrize(
    ("row", "types"),
    [
        ("a,c,Passed,2026-11-01,2026-11-02,", ["course.enrolled", "course.completed"]),
        ("a,c,Failed,2026-11-01,2026-11-02,", ["course.enrolled"]),
        ("a,c,In Progress,2026-11-01,,", ["course.enrolled"]),
        ("a,c,Zugewiesen,2026-11-01,,", ["course.enrolled"]),
        ("a,c,Withdrawn,2026-11-01,,2026-11-02", ["course.enrolled", "course.cancelled"]),
    ],
)
def test_a_transcript_s_status_says_what_became_of_an_enrolment(folder: Path, row: str, types: list[str]) -> None:
    _, rows = opened(folder, f"{TRANSCRIPT}{row}\n".encode(), preset="lms-transcript")

    assert [one["type"] for one in events(rows)] == types


def test_a_moodle_guest_is_nobody(folder: Path) -> None:
    body = (
        "Time,User full name,Event context,Component,Event name,Description\n"
        '"25/03/26, 14:02:10",Guest user ,Course: S,System,Course viewed,'
        "\"The user with id '1' viewed the course with id '2'.\"\n"
    )

    _, rows = opened(folder, body.encode(), preset="moodle-logs")

    assert events(rows) == []


VIVA = "User Principal Name,Last Activity Date,Posted Count"


@pytest.mark.parametrize(("count", "posted"), [("1,204", True), ("1.204", True), ("0", False), ("", False)])
@pytest.mark.parametrize("idle", [0, 1_200])
def test_whether_anything_was_posted_does_not_hang_on_where_fractions_begin(
    folder: Path, count: str, posted: bool, idle: int
) -> None:
    rows = "".join(f"b{n}@x.example,2026-11-09,0\n" for n in range(idle))
    body = f'{VIVA}\n{rows}ann@x.example,2026-11-09,"{count}"\n'.encode()

    _, read = opened(folder, body, preset="viva-engage")

    made = [one["type"] for one in events(read) if one["subject"] == "ann@x.example"]
    assert made == ["activity.performed"] + ["contribution.created"] * posted


def test_a_count_that_is_no_number_is_told(folder: Path) -> None:
    _, rows = opened(folder, f"{VIVA}\nann@x.example,2026-11-09,many\n".encode(), preset="viva-engage")

    assert faults(rows) == [(2, "value_invalid", "Posted Count")]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Nov 1, 2026 10:30 AM", "2026-11-01T09:30:00Z"),
        ("01-Nov-2026", "2026-10-31T23:00:00Z"),
        ("01-NOV-26 14:05", "2026-11-01T13:05:00Z"),
        ("Tuesday, 3 November 2026, 10:30 AM", "2026-11-03T09:30:00Z"),
        ("2026-11-01 09:30:00 UTC", "2026-11-01T09:30:00Z"),
        ("2026-11-01 09:30:00 +0100", "2026-11-01T08:30:00Z"),
        ("2026/11/4", "2026-11-03T23:00:00Z"),
        ("2026/11/04 9:05", "2026-11-04T08:05:00Z"),
        ("2026.11.04", "2026-11-03T23:00:00Z"),
    ],
)
def test_times_of_other_systems_are_read(folder: Path, text: str, instant: str) -> None:
    _, rows = opened(folder, f'Author,Kind,Object,Date\nx,Post,1,"{text}"\n'.encode(), preset="community-activity")

    assert [event["time"] for event in events(rows)] == [instant]


@pytest.mark.parametrize("text", ["1 Novembre 2026", "Nov 31, 2026", "32-Nov-2026", "2026/13/01", "10:30 AM", "May"])
def test_what_is_no_time_is_told(folder: Path, text: str) -> None:
    _, rows = opened(folder, f'Author,Kind,Object,Date\nx,Post,1,"{text}"\n'.encode(), preset="community-activity")

    assert faults(rows) == [(2, "time_unreadable", "Date")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04" + bytes(3000), "Save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000), "Save the sheet as CSV"),
        (b"\x1f\x8b\x08" + bytes(3000), "Unpack it"),
        (b"\x28\xb5\x2f\xfd" + bytes(3000), "Unpack it"),
        (b"%PDF-1.7\n", "CSV, NDJSON or Parquet"),
        (b"<html><table><tr><td>User</td></tr></table></html>", "CSV, NDJSON or Parquet"),
    ],
)
@pytest.mark.parametrize("media", ["text/csv", "application/x-ndjson"])
def test_a_file_of_another_kind_is_called_by_its_name(folder: Path, data: bytes, said: str, media: str) -> None:
    with pytest.raises(InvalidInput, match=said) as refused:
        opened(folder, data, preset="lms-transcript", content_type=media)

    assert [error.code for error in refused.value.errors] == ["import_unreadable"]


def test_a_title_above_the_header_is_asked_away(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="delete the lines above it"):
        opened(folder, f"Transcript report\n\n{TRANSCRIPT}".encode(), preset="lms-transcript")


def test_a_column_that_is_found_is_nobody_s_near_match(folder: Path) -> None:
    body = "User,Kurs,Status,Enrolled,Completed,Score\na,c,Passed,2026-11-01,2026-11-02,5\n"

    with pytest.raises(InvalidInput) as refused:
        opened(folder, body.encode(), preset="lms-transcript")

    [error] = refused.value.errors
    assert "Did you mean 'Score'" not in error.detail
    assert "Kurs" in error.detail


def details(rows: Any) -> list[str]:
    return [made.detail for _, made in rows.read() if isinstance(made, RowFault)]


def test_an_unknown_status_says_what_is_known(folder: Path) -> None:
    _, rows = opened(folder, f"{TRANSCRIPT}a,c,Erledigt,2026-11-01,2026-11-02,\n".encode(), preset="lms-transcript")

    assert "“Erledigt” is not one of completed," in details(rows)[0]
