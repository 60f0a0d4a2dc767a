"""The page of concurrency: the curve against the limit as it changed, and who was not let in, by day and by hour."""

import re
from typing import Any

import msgspec
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

PAGE = "/admin/acme/concurrency?period=2026-11"


def charts(page: str) -> dict[str, Any]:
    """The data of the page's charts by title."""
    found = re.findall(r'<script type="application/json">(\{.*?\})</script>', page)
    return {one["title"]: one for one in map(msgspec.json.decode, found)}


def values(chart: Any) -> dict[str, dict[str, str | None]]:
    """Each series of a chart: what it says at which name of the axis."""
    return {one["name"]: dict(zip(chart["x"], one["values"], strict=True)) for one in chart["series"]}


class Desk:
    """An administrator in the browser and by key, on a clock that stands at nine in the morning of 3 November 2026."""

    def __init__(self, client: TestClient[Litestar], world: World) -> None:
        self.client, self.vendor = client, bearer(world.key("vendor_admin"))
        body = {"name": "t", "now": "2026-11-03T08:00:00Z"}
        self.clock = client.post("/v1/test-clocks", json=body, headers=self.vendor).json()["id"]
        self.key = bearer(world.key("tenant_admin", world.tenant(test_clock_id=self.clock)))
        client.headers["accept"] = "text/html"
        client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})

    def go(self, to: str) -> None:
        path = f"/v1/test-clocks/{self.clock}/advance"
        assert self.client.post(path, json={"to": to}, headers=self.vendor).status_code == 201

    def ask(self, person: str) -> int:
        body = {"person": person, "client_key": person}
        return self.client.post("/v1/pools/cad/leases", json=body, headers=self.key).status_code

    def seats(self, seats: int) -> None:
        assert self.client.patch("/v1/pools/cad", json={"seats": seats}, headers=self.key).status_code == 200

    def make(self, seats: int) -> None:
        assert self.client.post("/v1/pools", json={"key": "cad", "seats": seats}, headers=self.key).status_code == 201


def test_the_month_shows_the_limit_as_a_step_and_denials_by_day_and_hour(
    client: TestClient[Litestar], world: World
) -> None:
    desk = Desk(client, world)
    desk.make(2)
    assert [desk.ask(one) for one in ("ann", "bob", "cleo", "dan")] == [201, 201, 409, 409]
    desk.go("2026-11-03T08:05:00Z")
    desk.seats(3)
    assert desk.ask("dan") == 201  # within ten minutes: his denial is no true one
    desk.go("2026-11-05T08:00:00Z")
    desk.seats(1)
    assert [desk.ask("ann"), desk.ask("bob")] == [201, 409]
    desk.go("2026-11-06T08:00:00Z")

    shown = charts(client.get(f"{PAGE}&day=2026-11-03").text)
    month = values(shown["Highest number at once, day by day"])
    limit = month["Limit of the floating pools"]
    assert [limit[f"{day} Nov"] for day in range(1, 7)] == [None, None, "3", "3", "3", "1"]
    assert [month["Peak of the day"][f"{day} Nov"] for day in (2, 3)] == ["0", "3"]
    denied = values(shown["Not let in, day by day"])
    assert [denied["True denials"][f"{day} Nov"] for day in range(2, 7)] == ["0", "1", "0", "1", "0"]
    assert denied["Had to wait, or may still be let in"]["3 Nov"] == "1"
    # Nine o'clock in Berlin: two seats until five past, three from then on.
    day = values(shown["At once on 3 Nov 2026"])
    assert [day["Limit of the floating pools"][at] for at in ("08:55", "09:00", "09:05")] == [None, "2", "3"]
    assert values(shown["Not let in on 3 Nov 2026, hour by hour"])["True denials"]["09:00"] == "1"


def test_without_pools_or_denials_the_page_says_so(client: TestClient[Litestar], world: World) -> None:
    desk = Desk(client, world)

    plain = client.get(PAGE).text
    assert "Limit of the floating pools" not in plain
    assert "Everybody was let in" not in plain
    assert "outside of floating pools too" not in plain
    desk.make(2)
    page, before = client.get(PAGE).text, client.get("/admin/acme/concurrency?period=2026-10").text
    assert "Everybody was let in" in page
    assert "In the figure is everybody who was in, outside of floating pools too" in page
    assert "Not let in" not in page
    assert "Everybody was let in" not in before, "there was no pool yet"
