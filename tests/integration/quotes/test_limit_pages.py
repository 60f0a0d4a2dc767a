"""The page of sellers' limits: set, changed, refused at the field, and for those who approve only."""

import re
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from billing.quotes.reads import limits
from core.db import Database
from core.scope import StewardScope
from tests.builders.world import World

PAGE = "/sales/limits"


def sign_in(client: TestClient[Litestar], world: World, role: str) -> str:
    """Return the token for forms of who is signed in now."""
    world.key(role)
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": f"{role}@vendor.example", "password": "correct horse battery"})
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sales/customers").text)
    assert token
    return token[1]


def test_limits_are_set_for_everybody_and_for_one_and_faults_stand_at_their_fields(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    world.tenant()
    world.key("vendor_sales")
    token = sign_in(client, world, "vendor_finance")

    def send(**said: str) -> Any:
        return client.post(PAGE, data={"csrf_token": token, **said})

    def held() -> dict[str, tuple[str, str]]:
        with db.begin(StewardScope()) as session:
            return {one.seller: (f"{one.discount_percent:f}", f"{one.floor_percent:f}") for one in limits(session)}

    empty = client.get(PAGE).text
    assert "No limits yet" in empty
    assert 'href="/sales/limits"' in client.get("/sales/approvals").text
    seller = re.search(r'<option value="(user:[0-9a-f-]+)">[^<]*vendor_sales@', empty)
    assert seller

    assert "Everybody not named" in send(seller="*", discount_percent="10", floor_percent="62.5").text
    made = send(seller=seller[1], discount_percent="15.25").text
    assert held() == {"*": ("10", "62.5"), seller[1]: ("15.25", "0")}
    assert 'value="15.25"' in made, "the form has what holds for this seller"
    assert 'value="62.5"' in client.get(f"{PAGE}?seller=*").text

    wrong = send(seller="user:nobody", discount_percent="101", floor_percent="-1")
    assert wrong.status_code == 422
    assert re.findall(r'class="error" id="f(\w+)-fault"', wrong.text) == [
        "seller", "discount_percent", "floor_percent",
    ]  # fmt: skip
    assert "Say how much they may give away" in send(seller="*", discount_percent="", floor_percent="5").text
    assert held()["*"] == ("10", "62.5")


def test_who_only_sells_sees_no_limits_and_sets_none(client: TestClient[Litestar], world: World, db: Database) -> None:
    world.tenant()
    token = sign_in(client, world, "vendor_sales")

    assert PAGE not in client.get("/sales/customers").text
    assert client.get(PAGE).status_code == 403
    raised = client.post(PAGE, data={"csrf_token": token, "seller": "*", "discount_percent": "99"})
    assert raised.status_code == 403
    with db.begin(StewardScope()) as session:
        assert limits(session) == ()
