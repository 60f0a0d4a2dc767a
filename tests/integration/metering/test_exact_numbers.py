"""Numbers of more digits than a double keeps: at each door, in meters, corrections, files and what is given back."""

import json
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from metering.tasks import backfill_meters
from tests.builders.suite import Suite
from tests.builders.world import World, bearer
from tests.builders.xapi import VERSION, statement

Client = TestClient[Litestar]

LONG = "0.123456789012"  # 12 decimals: as many as are counted
LARGE = "123456789012345.123456789012"  # 27 digits; its double is 123456789012345.125
TOO_FINE = "1.1234567890120000000000000000000001"
METER: dict[str, Any] = {
    "key": "lab.hours", "filter": {"types": ["acme.lab"], "where": []}, "aggregation": "sum", "value_field": "hours",
    "fields": {"hours": "number", "code": "number"}, "dimensions": ["code"], "unit": "hour",
}  # fmt: skip


@pytest.fixture
def suite(client: Client, world: World) -> Suite:
    suite = Suite(client, world)
    assert client.post("/v1/meters", json=METER, headers=bearer(suite.key)).status_code == 201
    return suite


def lab(suite: Suite, number: str, event_id: str = "a", code: str = "1") -> Any:
    """Send an event with a number as it is written here."""
    event = json.dumps(suite.event("acme.lab", "ann", "2026-03-02 10:00", event_id=event_id, hours=0, code=1))
    text = event.replace('"hours": 0', f'"hours": {number}').replace('"code": 1', f'"code": {code}')
    headers = bearer(suite.key, **{"Content-Type": "application/cloudevents+json"})
    return suite.client.post("/v1/events", content=text.encode(), headers=headers).json()


def usage(suite: Suite, **more: Any) -> Any:
    params = {"meter": "lab.hours", "from": "2026-03-01", "to": "2026-04-01", **more}
    return suite.client.get("/v1/usage", params=params, headers=bearer(suite.key)).json()


def told(suite: Suite, event_id: str = "a") -> str:
    """Return an event's answer as text: a client's own decoder may round."""
    return str(suite.client.get(f"/v1/events/suite/{event_id}", headers=bearer(suite.key)).text)


def test_a_quantity_keeps_all_its_digits(suite: Suite) -> None:
    assert lab(suite, LARGE)["accepted"] == 1
    assert usage(suite)["total"] == LARGE
    assert f'"hours":{LARGE}' in told(suite)

    backfill_meters(suite.db)
    assert usage(suite)["total"] == LARGE
    # Sent again it is the same event; one that differs in the last digit only is not.
    assert lab(suite, LARGE)["duplicate"] == 1
    assert [item["id"] for item in lab(suite, LARGE[:-1] + "3")["conflicts"]] == ["a"]


def test_what_is_too_fine_to_be_counted_is_not_rounded_but_named(suite: Suite) -> None:
    assert lab(suite, TOO_FINE)["accepted"] == 1
    assert usage(suite)["total"] == "0"
    assert f'"hours":{TOO_FINE}' in told(suite)


def test_things_that_differ_in_a_late_digit_are_two(suite: Suite) -> None:
    for number in (1, 2):
        lab(suite, "1", event_id=f"e-{number}", code=f"1234567890123456789012345678901234567890.{number}")
    groups = usage(suite, group_by="code")["items"]
    assert sorted(item["group"]["code"][-3:] for item in groups) == ["0.1", "0.2"]


@pytest.mark.parametrize("number", ["1e400", "1e-400", "1e999999999"])
def test_a_number_out_of_range_is_refused_and_named(suite: Suite, number: str) -> None:
    [refused] = lab(suite, number)["rejected"]
    assert (refused["code"], "out of range" in refused["detail"]) == ("data_invalid", True)


def test_a_correction_keeps_all_its_digits(suite: Suite) -> None:
    lab(suite, "1")
    body = {
        "source": "suite", "id": "a", "kind": "replace", "reason": "a slip",
        "replacement": {"type": "acme.lab", "subject": "ann", "time": "2026-03-02T10:00:00Z", "data": {"hours": 0}},
    }  # fmt: skip

    def correct(number: str) -> Any:
        content = json.dumps(body).replace('"hours": 0', f'"hours": {number}').encode()
        headers = bearer(suite.key, **{"Content-Type": "application/json"})
        return suite.client.post("/v1/events/corrections", content=content, headers=headers)

    assert correct(LARGE).status_code == 201
    assert usage(suite)["total"] == LARGE
    assert f'"hours":{LARGE}' in told(suite)
    refused = correct("1e400")
    assert refused.status_code in (400, 422)
    assert "out of range" in refused.text


def test_a_condition_is_not_compared_with_another_number(suite: Suite) -> None:
    where = [{"field": "hours", "op": "gt", "value": 0}]
    body = METER | {"key": "lab.more", "filter": {"types": ["acme.lab"], "where": where}}
    headers = bearer(suite.key, **{"Content-Type": "application/json"})
    content = json.dumps(body).replace('"value": 0', f'"value": {LARGE}').encode()

    refused = suite.client.post("/v1/meters", content=content, headers=headers)

    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/filter/where/0/value", "value_type_wrong")
    where[0]["value"] = LARGE
    assert suite.client.post("/v1/meters", json=body, headers=headers).status_code == 201


def test_a_statement_is_given_back_with_the_digits_it_came_with(suite: Suite) -> None:
    sent = json.dumps(statement(result={"score": {"scaled": 0}})).replace(
        '"scaled": 0', '"scaled": 0.33333333333333331'
    )
    headers = bearer(suite.key, **{VERSION: "1.0.3", "Content-Type": "application/json"})
    posted = suite.client.post("/xapi/statements", content=sent.encode(), headers=headers)
    assert posted.status_code == 200, posted.text
    found = suite.client.get("/xapi/statements", params={"statementId": posted.json()[0]}, headers=headers)
    assert '"scaled":0.33333333333333331' in found.text


@pytest.mark.parametrize("value", ["not base64!", "YQ", "YQ=", "YQ==YQ==", "YQ\n==", "-_8="])
def test_data_that_is_no_base64_is_refused(suite: Suite, value: str) -> None:
    event = suite.event("acme.blob", "ann", "2026-03-02 10:00") | {"data_base64": value}
    del event["data"]
    [refused] = suite.post([event]).json()["rejected"]
    assert (refused["code"], refused["detail"].partition(":")[0]) == ("data_invalid", "data_base64 must be base64")

    assert suite.post([event | {"data_base64": "+/8="}]).json()["accepted"] == 1
