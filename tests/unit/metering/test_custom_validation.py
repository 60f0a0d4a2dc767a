"""What is wrong with a definition is told with a pointer, a code and what was meant."""

from typing import Any

import msgspec
import pytest

from metering.custom.definition import MeterDefinition, definition_hash, name_and_version
from metering.custom.validation import faults_of

LEVEL: dict[str, Any] = {"aggregation": "peak_concurrent", "closed_by": ["lab.closed"], "longest_s": 60}


def faults(**content: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults_of(definition(**content))]


def definition(**content: Any) -> MeterDefinition:
    base = {"filter": {"types": ["activity.performed"]}, "aggregation": "count", "unit": "thing"}
    return msgspec.convert(base | content, MeterDefinition)


def where(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"types": ["course.launched"], "where": [{"field": field, "op": op, "value": value}]}


def detail(**content: Any) -> str:
    [fault] = faults_of(definition(**content))
    return fault.detail


def test_what_is_well_said_is_accepted() -> None:
    assert faults(filter=where("course_type", "in", ["wbt", "ilt"]), dimensions=["course_id", "tags.team"]) == []
    assert faults(filter=where("class_starts_at", "lt", "2026-03-01T00:00:00Z")) == []
    assert faults(filter=where("waived", "eq", True)) == []
    assert faults(**LEVEL, filter={"types": ["lab.opened"]}) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"filter": where("cours_id", "eq", "x")}, ("/filter/where/0/field", "field_unknown")),
        ({"filter": where("waived", "eq", "yes")}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("course_id", "eq", 7)}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("course_id", "lt", "x")}, ("/filter/where/0/op", "operator_wrong")),
        ({"filter": where("waived", "prefix", "t")}, ("/filter/where/0/op", "operator_wrong")),
        ({"filter": where("course_id", "in", "x")}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("course_id", "in", [])}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("course_id", "eq", ["x"])}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("course_id", "exists", "x")}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("course_type", "in", ["wbt", "itl"])}, ("/filter/where/0/value/1", "value_unknown")),
        ({"filter": where("class_starts_at", "lt", "soon")}, ("/filter/where/0/value", "value_type_wrong")),
        ({"filter": where("audience", "eq", "partner")}, ("/filter/where/0/field", "field_reserved")),
        ({"filter": where("person.name", "eq", "Ann")}, ("/filter/where/0/field", "field_reserved")),
        ({"filter": {"types": ["course.lunched"]}}, ("/filter/types/0", "event_type_unknown")),
        ({"aggregation": "sum"}, ("/value_field", "value_field_missing")),
        ({"value_field": "verb"}, ("/value_field", "value_field_superfluous")),
        ({"aggregation": "max", "value_field": "verb"}, ("/value_field", "value_field_wrong")),
        ({"unique_field": "object_id"}, ("/unique_field", "unique_field_superfluous")),
        ({"aggregation": "unique", "unique_field": "object"}, ("/unique_field", "field_unknown")),
        ({"percentile": 95}, ("/percentile", "percentile_wrong")),
        ({**LEVEL, "longest_s": None}, ("/longest_s", "longest_missing")),
        ({**LEVEL, "closed_by": []}, ("/closed_by", "closed_by_missing")),
        ({**LEVEL, "closed_by": ["activity.performed"]}, ("/closed_by", "closes_what_it_opens")),
        ({"longest_s": 60}, ("/closed_by", "closed_by_superfluous")),
        ({"dimensions": ["verb", "verb"]}, ("/dimensions/1", "dimension_duplicate")),
        ({"dimensions": ["cost_centre"]}, ("/dimensions/0", "field_reserved")),
        ({"fields": {"verb": "number"}}, ("/fields/verb", "field_type_wrong")),
        ({"fields": {"person.email": "text"}}, ("/fields/person.email", "field_reserved")),
    ],
)
def test_each_fault_has_its_pointer_and_code(content: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults(**content) == [expected]


def test_a_slip_is_told_what_was_meant() -> None:
    assert "Did you mean 'course_id'?" in detail(filter=where("cours_id", "eq", "x"))
    assert "Did you mean 'ilt'?" in detail(filter=where("course_type", "eq", "itl"))
    assert "Did you mean 'course.launched'?" in detail(filter={"types": ["course.lunched"]})
    assert '"fields": {"seconds": "number"}' in detail(aggregation="sum", value_field="seconds")


def test_a_person_in_the_data_is_not_told_apart_by_its_key() -> None:
    content = {"filter": {"types": ["contribution.accepted"]}, "aggregation": "unique", "unique_field": "contributor"}

    assert faults(**content) == [("/unique_field", "field_reserved")]


def test_equal_content_has_an_equal_hash_and_names_carry_versions() -> None:
    assert definition_hash(definition()) == definition_hash(definition(dimensions=[], description=""))
    assert definition_hash(definition()) != definition_hash(definition(unit="other"))
    assert name_and_version("a.b@12") == ("a.b", 12)
    assert name_and_version("a.b@x") == ("a.b@x", None)
