"""What was corrected about an event, as whoever reads its history is told."""

from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

Client = TestClient[Litestar]
EVENT = {
    "specversion": "1.0", "id": "1", "source": "suite", "type": "contribution.accepted", "subject": "ann",
    "time": "2026-01-10T10:00:00Z", "data": {"object_id": "o", "contributor": "carl"},
}  # fmt: skip
INSTEAD = {
    "type": "contribution.accepted", "time": "2026-01-11T00:00:00Z", "subject": "bob",
    "data": {"object_id": "o", "contributor": "dora", "hours": 2.50},
}  # fmt: skip


def send(client: Client, key: str) -> None:
    answer = client.post("/v1/events", json=[EVENT], headers=bearer(key))
    assert answer.json()["accepted"] == 1


def correct(client: Client, key: str, **changes: Any) -> dict[str, Any]:
    body = {"source": "suite", "id": "1", "kind": "replace", "reason": "it was Bob", "replacement": INSTEAD} | changes
    answer = client.post("/v1/events/corrections", json=body, headers=bearer(key))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_replacement_is_read_as_the_event_it_is(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())
    send(client, key)
    correct(client, key)

    for shown in (
        client.get("/v1/events/suite/1", headers=bearer(key)).json(),
        client.get("/v1/events", params={"from": "2026-01-01T00:00:00Z"}, headers=bearer(key)).json()["items"][0],
    ):
        assert shown["data"]["contributor"] == "carl"
        assert shown["corrections"][0]["replacement"] == INSTEAD


def test_whom_a_replacement_names_is_for_those_who_may_see_people(client: Client, world: World) -> None:
    acme = world.tenant()
    admin = world.key("tenant_admin", acme)
    send(client, admin)
    correct(client, admin)
    finance = bearer(world.key("vendor_finance"), **{"Tbk-Tenant": acme.slug})

    shown = client.get("/v1/events/suite/1", headers=finance).json()

    assert (shown["subject"], shown["data"]["contributor"]) == (None, None)
    replacement = shown["corrections"][0]["replacement"]
    assert (replacement["subject"], replacement["data"]["contributor"]) == (None, None)
    assert set(replacement) == {"type", "time", "subject", "data"}


def test_a_correction_says_whether_its_event_is_there_or_waited_for(client: Client, world: World) -> None:
    key = world.key("tenant_admin", world.tenant())

    early = correct(client, key, kind="void", replacement=None)
    send(client, key)
    late = correct(client, key, kind="void", replacement=None)

    assert (early["waits"], late["waits"]) == (True, False)
