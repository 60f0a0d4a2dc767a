"""Files as rows as events: what is told from a file, what each row becomes, what is refused."""

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from metering.imports.faults import FileFault, RowFault
from metering.imports.numbers import number_of
from metering.imports.objects import flat, json_rows
from metering.imports.presets import PRESETS
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.validation import Rules, draft_event
from tests.builders.import_file import events, faults, opened

RULES = Rules(datetime(2026, 11, 24, 12, tzinfo=UTC), version_required=False)


COMMUNITY = "Author,Kind,Object,Date\nJörg,Reply,7,2026-03-04 10:00\n"


@pytest.mark.parametrize(
    ("data", "assumed"),
    [
        (COMMUNITY.encode(), "All bytes are valid UTF-8."),
        (COMMUNITY.encode("utf-8-sig"), "The byte-order mark says UTF-8."),
        (COMMUNITY.encode("utf-16"), "The byte-order mark says UTF-16."),
        (COMMUNITY.encode("utf-16-le"), "Every other byte is 0: read as UTF-16-LE without a byte-order mark."),
        (COMMUNITY.encode("cp1252"), "Not UTF-8 (see byte 26): read as Windows-1252."),
        (COMMUNITY.replace(",", ";").encode(), "The fields are separated by semicolon."),
        (COMMUNITY.replace(",", "\t").encode(), "The fields are separated by tab."),
        (COMMUNITY.replace(",", "|").replace("\n", "\r\n").encode(), "The fields are separated by pipe."),
        (b"sep=;\n" + COMMUNITY.replace(",", ";").encode(), "The first line says that fields are separated by semicolon."),
        (COMMUNITY.replace("\n", "\r").encode(), "The fields are separated by comma."),
    ],
)  # fmt: skip
def test_however_a_file_is_written_its_rows_are_the_same_events(folder: Path, data: bytes, assumed: str) -> None:
    plan, rows = opened(folder, data, preset="community-activity")

    (event,) = events(rows)
    assert assumed in plan.assumed
    assert (event["subject"], event["time"]) == ("Jörg", "2026-03-04T09:00:00Z")
    assert event["data"] == {"kind": "comment", "object_id": "7"}
    # In every encoding and with every delimiter the row is the same row.
    assert event["id"] == events(opened(folder, COMMUNITY.encode(), preset="community-activity")[1])[0]["id"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-04", "2026-03-03T23:00:00Z"),  # the day begins in Berlin
        ("2026-03-04T10:00:00+05:30", "2026-03-04T04:30:00Z"),
        ("2026-03-04 10:00:30", "2026-03-04T09:00:30Z"),
        ("25/03/26, 14:02", "2026-03-25T13:02:00Z"),
        ("04.03.2026 10:00", "2026-03-04T09:00:00Z"),
        ("25/03/2026 02:05 PM", "2026-03-25T13:05:00Z"),
        ("5 March 2026, 2:05 PM", "2026-03-05T13:05:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),  # shown twice: the earlier one
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),  # skipped: by the offset before the gap
        ("2026-07-01 09:15:00", "2026-07-01T07:15:00Z"),
    ],
)
def test_times_are_read_in_the_file_s_zone(folder: Path, text: str, instant: str) -> None:
    _, rows = opened(folder, f'Author,Kind,Object,Date\nx,Post,1,"{text}"\n'.encode(), preset="community-activity")

    assert [event["time"] for event in events(rows)] == [instant]


def test_a_zone_with_half_hours_is_read_too(folder: Path) -> None:
    body = b"Author,Kind,Object,Date\nx,Post,1,2026-03-04 10:00:00\n"

    _, rows = opened(folder, body, "Asia/Kolkata", preset="community-activity")

    assert [event["time"] for event in events(rows)] == ["2026-03-04T04:30:00Z"]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (("03/04/2026", "13/04/2026"), "day_first"),
        (("03/04/2026", "04/13/2026"), "month_first"),
        (("03/03/2026",), "day_first"),  # both readings are one
        (("03/04/2026",), None),
        (("13/04/2026", "04/13/2026"), None),
    ],
)
def test_the_order_of_days_and_months_is_proven_or_asked_for(
    folder: Path, dates: tuple[str, ...], order: str | None
) -> None:
    body = "Author,Kind,Object,Date\n" + "".join(f"x,Post,{n},{text}\n" for n, text in enumerate(dates))
    if order is None:
        with pytest.raises(InvalidInput) as refused:
            opened(folder, body.encode(), preset="community-activity")
        assert [error.code for error in refused.value.errors] == ["import_time_order_unclear"]
        return

    plan, _ = opened(folder, body.encode(), preset="community-activity")
    assert plan.mapping is not None
    assert plan.mapping.time.order == order


EVENTS = "id,type,time,subject,data.course_id,data.currency,data.amount"


@pytest.mark.parametrize(
    ("amounts", "read"),
    [
        (("1,234", "12,5"), ["1.234", "12.5"]),
        (("1,234", "12.5"), ["1234", "12.5"]),
        (("1,234", "1,234,567"), ["1234", "1234567"]),
        (("1.234", "1.234,50"), ["1234", "1234.50"]),
        (("1.234", "0.99"), ["1.234", "0.99"]),
        (("12", "1200"), ["12", "1200"]),
        (("1,234",), None),  # 1 and a bit, or a thousand
        (("1.234", "5"), None),
        (("0.99", "0,99"), None),
    ],
)
def test_where_fractions_begin_is_proven_or_asked_for(
    folder: Path, amounts: tuple[str, ...], read: list[str] | None
) -> None:
    rows = "".join(f'{n},course.purchased,2026-03-04 10:00:00,x,c,EUR,"{text}"\n' for n, text in enumerate(amounts))
    body = f"{EVENTS}\n{rows}".encode()
    if read is None:
        with pytest.raises(InvalidInput) as refused:
            opened(folder, body, preset="events")
        assert [(error.code, error.pointer) for error in refused.value.errors] == [
            ("import_numbers_unclear", "numbers")
        ]
        return

    assert [event["data"]["amount"] for event in events(opened(folder, body, preset="events")[1])] == read


@pytest.mark.parametrize(("numbers", "read"), [("decimal_point", "1234"), ("decimal_comma", "1.234")])
def test_where_fractions_begin_may_be_said(folder: Path, numbers: str, read: str) -> None:
    body = f'{EVENTS}\n1,course.purchased,2026-03-04 10:00:00,x,c,EUR,"1,234"\n'.encode()

    _, rows = opened(folder, body, preset="events", numbers=numbers)

    assert [event["data"]["amount"] for event in events(rows)] == [read]


def test_what_can_be_read_both_ways_only_further_down_is_refused_there(folder: Path) -> None:
    plain = "".join(f"{n},course.purchased,2026-03-04 10:00:00,x,c,EUR,5\n" for n in range(1_200))
    body = f'{EVENTS}\n{plain}x,course.purchased,2026-03-04 10:00:00,x,c,EUR,"1,234"\n'.encode()

    _, rows = opened(folder, body, preset="events")

    [fault] = [made for _, made in rows.read() if isinstance(made, RowFault)]
    assert (fault.code, fault.column) == ("value_invalid", "data.amount")
    assert "numbers=decimal_point" in fault.detail


MOODLE = (
    "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address\n"
    "\"25/03/26, 14:02:10\",Ann A,-,Course: Safety,System,Course viewed,\"The user with id '4' viewed the course with id '2'.\",web,::1\n"
    "\"25/03/26, 14:03:00\",Ann A,-,Forum: News,Forum,Post created,\"The user with id '4' has created the post with id '9' in the discussion with id '3'.\",web,::1\n"
    "\"25/03/26, 14:04:00\",Ann A,Bob B,Course: Safety,System,User enrolled in course,\"The user with id '4' enrolled the user with id '5' using the enrolment method 'manual' in the course with id '2'.\",web,::1\n"
    "\"25/03/26, 14:05:00\",Bob B,Bob B,Course: Safety,System,Course completed,\"The user with id '5' completed the course with id '2'.\",cron,\n"
    "\"25/03/26, 14:06:00\",Ann A,-,System,System,User has logged in,\"The user with id '4' has logged in.\",web,::1\n"
    '"25/03/26, 14:07:00",-,-,System,System,Course viewed,nobody,cron,\n'
)  # fmt: skip


def test_a_moodle_log_becomes_acts_of_user_ids_and_skips_what_is_no_act(folder: Path) -> None:
    _, rows = opened(folder, MOODLE.encode(), preset="moodle-logs")

    found = events(rows)
    assert [(one["type"], one["subject"], one["time"]) for one in found] == [
        ("activity.performed", "4", "2026-03-25T13:02:10Z"),
        ("contribution.created", "4", "2026-03-25T13:03:00Z"),
        ("course.enrolled", "5", "2026-03-25T13:04:00Z"),
        ("course.completed", "5", "2026-03-25T13:05:00Z"),
    ]
    assert found[0]["data"]["person"] == {"name": "Ann A"}
    assert found[2]["data"] == {"course_id": "2", "course_type": "wbt"}


def test_a_report_that_overlaps_says_the_same_of_the_same_day(folder: Path) -> None:
    header = PRESETS["viva-engage"].example
    week = "2026-11-10,ann@x.example,Ann,active,,2026-11-09,2,5,1,ENTERPRISE,7\n"
    month = "2026-11-12,ann@x.example,Ann,active,,2026-11-09,9,44,3,ENTERPRISE,30\n"
    idle = "2026-11-12,bob@x.example,Bob,active,,,0,0,0,ENTERPRISE,30\n"

    first, second = (
        events(opened(folder, f"{header}\n{body}".encode(), preset="viva-engage")[1]) for body in (week, month + idle)
    )

    assert first == second
    assert [one["type"] for one in first] == ["activity.performed", "contribution.created"]


def test_every_preset_makes_valid_events_of_its_own_header(folder: Path) -> None:
    values = {
        "Time": "2026-03-04 10:00", "Date": "2026-03-04", "Last Activity Date": "2026-03-04", "Kind": "Answer",
        "Enrolled": "2026-03-04", "Completed": "2026-03-05", "Status": "passed", "Event name": "Course viewed",
        "Description": "The user with id '4' viewed the course with id '2'.", "type": "course.launched",
        "time": "2026-03-04T10:00:00Z", "data.course_type": "ilt", "Posted Count": "2",
    }  # fmt: skip
    for key, preset in PRESETS.items():
        cells = ",".join(f'"{values.get(name, "a")}"' for name in preset.example.split(","))
        _, rows = opened(folder, f"{preset.example}\n{cells}\n".encode(), preset=key)
        made = [raw for _, row in rows.read() for _, raw in row]  # type: ignore[misc]
        assert made, key
        for raw in made:
            assert draft_event(raw, 0, RULES).metered, key


def test_a_mapping_of_one_s_own_cuts_looks_up_and_fills_in(folder: Path) -> None:
    mapping = {
        "source": "https://shop.example",
        "time": {"formats": ["%d|%m|%Y %H:%M"], "zone": "UTC"},
        "columns": {"Buyer": ["Kunde"]},
        "optional": ["Note"],
        "rules": [
            {
                "key": "bought", "when": [{"column": "State", "any_of": ["PAID"]}], "type": "course.purchased",
                "time": "When", "subject": {"column": "Buyer", "between": ["<", ">"]}, "id": {"template": "{No}/{Line}"},
                "data": {"course_id": "Item", "amount": {"column": "Price", "kind": "number"},
                         "currency": {"const": "EUR"}, "tags.note": "Note"},
            }
        ],
    }  # fmt: skip
    body = 'kunde;State;No;Line;Item;Price;When\n"Ann <ann@x>";paid;7;1;c-1;12,50;04|03|2026 10:00\nB;open;8;1;c;1;x\n'

    _, rows = opened(folder, body.encode(), mapping=json.dumps(mapping))

    assert events(rows) == [
        {
            "id": "7/1", "source": "https://shop.example", "type": "course.purchased", "time": "2026-03-04T10:00:00Z",
            "subject": "ann@x", "data": {"course_id": "c-1", "amount": "12.50", "currency": "EUR"},
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('a,b,7,2026-03-04\nb,"Post,7,2026-03-04\nc,Post,8,2026-03-04\n', [(3, "row_unreadable", "")]),
        ('b,"Po"st,7,2026-03-04\nc,Post,8,2026-03-04\n', [(2, "row_unreadable", "")]),
        ("b,Post,7\nc,Post,8,2026-03-04\n", [(2, "row_short", "")]),
        ("b,Post,7,2026-03-04,x\n", [(2, "row_long", "")]),
        ("b,Sing,7,2026-03-04\n", [(2, "value_unknown", "Kind")]),
        ("b,Post,7,31.31.2026\n", [(2, "time_unreadable", "Date")]),
        ("b,Post,7,\n", [(2, "value_missing", "Date")]),
        (f"b,Post,{'x' * 200_000},2026-03-04\nc,Post,8,2026-03-04\n", [(2, "row_unreadable", "")]),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_is_read(folder: Path, body: str, told: list[Any]) -> None:
    _, rows = opened(folder, f"Author,Kind,Object,Date\n{body}".encode(), preset="community-activity")

    assert [fault for fault in faults(rows) if (fault[0] > 1 and fault[1] != "value_unknown") or fault in told] == told


def test_bytes_that_are_not_of_the_encoding_spoil_their_own_row_only(folder: Path) -> None:
    body = b"Author,Kind,Object,Date\n\xff,Post,1,2026-03-04\nb,Post,2,2026-03-04\n"

    _, rows = opened(folder, body, preset="community-activity", encoding="utf-8")

    assert faults(rows) == [(2, "text_undecodable", "Author")]


def test_ndjson_lines_are_events_and_get_ids_where_they_have_none(folder: Path) -> None:
    line = {
        "type": "course.launched",
        "time": "2026-03-04T10:00:00Z",
        "subject": "a",
        "data": {"course_id": "c", "course_type": "wbt"},
    }
    other = dict(reversed(line.items()))
    body = "\n".join([json.dumps(line), "", json.dumps(other), '{"a": 1, "a": 2}', '{"a": NaN}', "[1]", '{"a"'])

    _, rows = opened(folder, body.encode(), source="lms")

    found = list(rows.read())
    assert [number for number, _ in found] == [1, 3, 4, 5, 6, 7]
    one, same = (json.loads(bytes(made[0][1])) for _, made in found[:2])  # type: ignore[index]
    assert one == same
    assert (one["source"], one["id"][:5]) == ("lms", "line-")
    assert [made.code.value for _, made in found[2:] if isinstance(made, RowFault)] == [
        "json_duplicate_key", "json_invalid", "json_invalid", "json_invalid",
    ]  # fmt: skip


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_parquet_of_other_types_is_read_as_the_texts_it_means(folder: Path) -> None:
    data = parquet(
        Author=pa.array([7.0, float("nan"), 9.0]),
        Kind=["Post", "Post", "Post"],
        Object=pa.array([1, 2, 3], pa.int64()),
        Date=pa.array([date(2026, 3, 4), None, date(2026, 3, 5)]),
        Community=pa.array(["x", None, "y"]).dictionary_encode(),
    )

    plan, rows = opened(folder, data, preset="community-activity")

    assert plan.format == "parquet"
    assert [
        json.loads(bytes(raw))["subject"]
        for _, made in rows.read()
        if not isinstance(made, RowFault)
        for _, raw in made
    ] == ["7", "9"]
    assert faults(rows) == [(2, "value_missing", "Date")]
    assert [number for number, _ in rows.read(after=2)] == [3]


@pytest.mark.parametrize("cut", [4, 40, 300])
def test_a_parquet_file_that_is_cut_off_is_refused(folder: Path, cut: int) -> None:
    data = parquet(Author=["a"], Kind=["Post"], Object=["1"], Date=["2026-03-04"])

    with pytest.raises(InvalidInput) as refused:
        opened(folder, data[:-cut], preset="community-activity")

    assert [error.code for error in refused.value.errors] == ["import_unreadable"]


def test_a_parquet_column_of_lists_is_refused(folder: Path) -> None:
    data = parquet(Author=[["a"]], Kind=["Post"], Object=["1"], Date=["2026-03-04"])

    with pytest.raises(InvalidInput, match="only single values"):
        opened(folder, data, preset="community-activity")


NOISE = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet='Author,KindObjectDate;"\n\r\t|{}[]:0123456789-/ \ufeffä\x00', max_size=300).map(str.encode),
    st.lists(st.text(max_size=12), max_size=20).map(lambda cells: (COMMUNITY + ",".join(cells)).encode()),
    st.recursive(st.none() | st.floats() | st.text(max_size=5), lambda x: st.dictionaries(st.text(max_size=5), x)).map(
        lambda value: json.dumps(value).encode()
    ),
    st.binary(max_size=200).map(lambda noise: b"PAR1" + noise + b"PAR1"),
    st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=4)).map(
        lambda hit: SAMPLE[: hit[0]] + hit[1] + SAMPLE[hit[0] + len(hit[1]) :]
    ),
)
SAMPLE = parquet(Author=["a"], Kind=["Post"], Object=["1"], Date=["2026-03-04"])


@settings(max_examples=80, deadline=None)
@given(data=NOISE, preset=st.sampled_from(["events", "community-activity", "moodle-logs"]))
def test_noise_is_refused_or_told_row_by_row_and_never_a_fault_of_ours(folder: Path, data: bytes, preset: str) -> None:
    try:
        _, rows = opened(folder, data, preset=preset)
        found = list(rows.read())
    except (InvalidInput, FileFault):
        return
    for _, made in found:
        for _, raw in made if not isinstance(made, RowFault) else ():
            try:
                draft_event(raw, 0, RULES)
            except FaultyEvent:
                continue


def test_numbers_of_a_file_keep_their_digits_and_have_an_end() -> None:
    lines = [
        b'{"price": 123456789012345.123456789012, "all": [0.33333333333333331], "small": 0.5}\n',
        b'{"price": 1e400}\n',
    ]
    (_, first), (_, second) = json_rows(lines, "utf-8")

    assert not isinstance(first, RowFault)
    assert flat(first[1], ["price", "all", "small"]) == ["123456789012345.123456789012", "[0.33333333333333331]", "0.5"]
    assert isinstance(second, RowFault)
    assert "out of range" in second.detail
    # Written out it would have a thousand million zeros.
    with pytest.raises(ValueError, match="out of range"):
        number_of("1e999999999", "plain")
