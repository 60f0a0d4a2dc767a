"""Keys, and the rows that are copied."""

import json
from datetime import UTC, datetime
from struct import unpack_from
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from core.ids import new_id
from metering.bodies import unpacked_body
from metering.ingest.keys import event_key
from metering.ingest.packing import Ids, PackedRow, Packer, instant_of, microseconds
from metering.ingest.validation import Rules, draft_event

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def fields(row: bytes) -> list[bytes | None]:
    """Read a row of PostgreSQL's binary COPY format, by its documentation."""
    (count,) = unpack_from(">h", row)
    offset, found = 2, []
    for _ in range(count):
        (length,) = unpack_from(">i", row, offset)
        offset += 4
        found.append(None if length < 0 else row[offset : offset + length])
        offset += max(length, 0)
    assert offset == len(row)
    return found


class Everybody(dict[str, int]):
    """Ids for whatever is asked."""

    def __missing__(self, key: str) -> int:
        return len(key) + 1


def packed(tenant: UUID, **changes: Any) -> PackedRow:
    whole = {
        "id": "1", "source": "s", "type": "contribution.created", "time": "2026-11-24T10:00:00Z", "subject": "ann",
        "data": {"kind": "answer", "object_id": "o"},
    } | changes  # fmt: skip
    draft = draft_event(Raw(json.dumps(whole).encode()), 0, Rules(NOW, version_required=False))
    return Packer(tenant, NOW, Ids(Everybody(), Everybody(), Everybody(ann=7, bob=8))).pack(draft)


def body_of(row: PackedRow) -> Any:
    return json.loads(unpacked_body(fields(row.body_row)[3] or b""))


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.uuids(), st.lists(st.tuples(words, words, words, st.one_of(st.none(), st.dictionaries(words, words)))))
def test_every_row_carries_the_one_tenant_of_its_packer(tenant: UUID, events: list[Any]) -> None:
    for event_id, source, subject, data in events:
        row = packed(tenant, id=event_id, source=source, type="custom", subject=subject, data=data)

        key = event_key(source, event_id)
        for table in (row.key_row, row.fact_row, row.body_row):
            assert fields(table)[:2] == [tenant.bytes, key]


def test_a_fact_has_its_instants_ids_and_typed_fields() -> None:
    row = packed(UUID(int=5), data={"kind": "answer", "object_id": "o", "free": [1], "cost_centre": "K1"})

    _, _, occurred, accepted, type_id, source_id, identity_id, attributes = fields(row.fact_row)
    assert instant_of(unpack_from(">q", occurred or b"")[0]) == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert instant_of(unpack_from(">q", accepted or b"")[0]) == NOW
    assert (unpack_from(">i", type_id or b""), unpack_from(">i", source_id or b"")) == ((21,), (2,))
    assert unpack_from(">q", identity_id or b"") == (7,)
    # A version byte, then JSON: without the field that no meter knows.
    assert (attributes or b"")[:1] == b"\1"
    assert json.loads((attributes or b"")[1:]) == {"kind": "answer", "object_id": "o", "cost_centre": "K1"}
    assert body_of(row) == {
        "id": "1", "source": "s", "type": "contribution.created", "time": "2026-11-24T10:00:00Z",
        "data": {"kind": "answer", "object_id": "o", "free": [1], "cost_centre": "K1"},
    }  # fmt: skip


def test_an_event_without_typed_fields_has_no_attributes() -> None:
    assert fields(packed(UUID(int=5), type="custom", data={"x": 1}).fact_row)[7] is None
    assert fields(packed(UUID(int=5), type="custom", data=None).fact_row)[7] is None


def test_personal_data_is_stripped_and_person_keys_become_identities() -> None:
    person = {"class": "guest", "audience": "partner", "name": "Ann Lee", "email": "ann@x.example", "external_id": "E9"}
    row = packed(UUID(int=5), data={"kind": "answer", "object_id": "o", "object_owner": "bob", "person": person})

    assert body_of(row)["data"] == {
        "kind": "answer", "object_id": "o", "object_owner": 8, "person": {"class": "guest", "audience": "partner"},
    }  # fmt: skip
    assert json.loads((fields(row.fact_row)[7] or b"")[1:]) == {"kind": "answer", "object_id": "o", "object_owner": 8}
    for stored in (row.fact_row, row.key_row, json.dumps(body_of(row)).encode()):
        assert not any(secret in stored for secret in (b"ann", b"Ann", b"E9", b"bob"))
    assert [(trait.trait, trait.value, trait.identity_id) for trait in row.traits] == [
        ("class", "guest", 7),
        ("audience", "partner", 7),
    ]
    assert row.profile is not None
    assert (row.profile.name, row.profile.external_id, row.profile.replaces) == ("Ann Lee", "E9", False)


def test_numbers_stay_exact_decimals() -> None:
    row = packed(UUID(int=5), type="class.attended", data={"course_id": "c", "class_id": "k", "minutes": 45.10})

    assert json.loads((fields(row.fact_row)[7] or b"")[1:])["minutes"] == "45.1"


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_instants_survive_the_way_to_microseconds_and_back(instant: datetime) -> None:
    assert instant_of(microseconds(instant)) == instant


@given(words, words, words, words)
def test_keys_are_equal_exactly_when_source_and_id_are(source: str, event_id: str, other: str, other_id: str) -> None:
    assert event_key(source, event_id) == event_key(source, event_id)
    assert (event_key(source, event_id) == event_key(other, other_id)) == ((source, event_id) == (other, other_id))


def test_source_and_id_do_not_run_together() -> None:
    assert event_key("ab", "c") != event_key("a", "bc")


def test_keys_of_time_ordered_ids_keep_their_order() -> None:
    # 0x0190… milliseconds, as RFC 9562 has them at the front of a UUIDv7.
    early, late = "01900000-0000-7000-8000-000000000000", "01900000-0001-7fff-bfff-ffffffffffff"
    assert event_key("s", early)[:6] == bytes.fromhex("019000000000")
    assert event_key("s", early) < event_key("s", late)
    # The ULID specification's example: 01ARZ3NDEK is 1469922850259 ms.
    assert event_key("s", "01ARZ3NDEKTSV4RRFFQ69G5FAV")[:6] == (1469922850259).to_bytes(6, "big")
    made = [event_key("s", str(new_id())) for _ in range(3)]
    assert [key[:5] for key in made] == sorted(key[:5] for key in made)


@pytest.mark.parametrize(
    "event_id",
    [
        "00000000-0000-4000-8000-000000000000",
        "zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz",
        "ILOU0000000000000000000000",
        "0" * 9 + "é" + "0" * 16,
        "12345678 9012-7",
    ],
)
def test_ids_that_only_look_like_it_have_hashed_keys(event_id: str) -> None:
    assert len(event_key("s", event_id)) == 16
    assert event_key("s", event_id)[:6] != event_key("t", event_id)[:6]


def test_keys_of_one_time_ordered_id_differ_by_source() -> None:
    assert event_key("s", "01ARZ3NDEKTSV4RRFFQ69G5FAV") != event_key("t", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
