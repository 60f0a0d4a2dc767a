import json
from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256
from uuid import UUID

from billing.evidence import evidence_rows, manifest, write_evidence
from core.periods import Period
from metering.measurement import Entry, Exclusion, Measurement

TENANT, PERSON, OTHER = UUID(int=1), UUID(int=0xBEEF), UUID(int=0xCAFE)
PERIOD = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
AT = datetime(2026, 10, 5, 8, tzinfo=UTC)


def entry(person: UUID) -> Entry:
    return Entry(
        person, 7, Fraction(1, 3), Fraction(1, 3), "active_by_event", AT, "lms", UUID(int=9), "e-1",
        (("audience", "customer"),), (("4711", Fraction(1)),),
    )  # fmt: skip


def measurement(*people: UUID) -> Measurement:
    excluded = (Exclusion(OTHER, 8, "weight_zero", AT, "lms", UUID(int=10), "e-2"),)
    return Measurement("members.active", PERIOD, "people", Fraction(1), tuple(map(entry, people)), excluded)


def test_the_file_says_who_was_counted_by_which_event_and_who_was_not_and_why():
    rows = [
        json.loads(line) for line in write_evidence(evidence_rows(TENANT, measurement(PERSON))).content.splitlines()
    ]
    counted = next(row for row in rows if row["counted"])
    excluded = next(row for row in rows if not row["counted"])

    assert (counted["event_id"], counted["reason"], counted["quantity"]) == ("e-1", "active_by_event", "0.333333333333")
    assert counted["cost_centres"] == {"4711": "1"}
    assert (counted["from"], counted["to"]) == ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    assert (excluded["event_id"], excluded["reason"]) == ("e-2", "weight_zero")


def test_no_internal_id_of_a_person_stands_in_it():
    content = write_evidence(evidence_rows(TENANT, measurement(PERSON))).content

    assert str(PERSON).encode() not in content
    assert PERSON.hex.encode() not in content


def test_the_order_in_which_people_are_read_changes_no_byte():
    people = [UUID(int=n) for n in range(1, 20)]

    one = write_evidence(evidence_rows(TENANT, measurement(*people)))
    assert write_evidence(evidence_rows(TENANT, measurement(*reversed(people)))) == one
    assert (one.count, one.sha256) == (20, sha256(one.content).hexdigest())


def test_with_one_consumer_the_document_carries_the_hash_of_its_file():
    file = write_evidence(evidence_rows(TENANT, measurement(PERSON)))

    assert manifest([(TENANT, file.count, file.sha256)]).sha256 == file.sha256


def test_a_paying_parents_list_names_counts_and_hashes_only():
    listed = manifest([(UUID(int=2), 5, "b" * 64), (UUID(int=1), 3, "a" * 64)])

    assert listed.count == 8
    assert listed.sha256 == sha256(listed.content).hexdigest()
    assert [json.loads(line)["count"] for line in listed.content.splitlines()] == [3, 5]
