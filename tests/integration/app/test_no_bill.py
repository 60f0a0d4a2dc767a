"""What pages say where a customer has no bill: when the first comes, or that another one pays."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World

SOON = "The first bill comes when the first period"
ELSEWHERE = "Another customer pays for this one"


@pytest.mark.parametrize("path", ["/admin/{}", "/admin/{}/bills", "/sales/customers/{}"])
def test_who_is_paid_for_is_told_where_the_bills_are(client: TestClient[Litestar], world: World, path: str) -> None:
    parent = world.tenant("parent")
    world.tenant("child", parent_id=parent.id, bill_to_parent=True)
    world.key("vendor_sales")
    client.headers["accept"] = "text/html"
    mail = "vendor_sales@vendor.example"
    client.post("/sign-in", data={"email": mail, "password": "correct horse battery", "next": ""})

    of_the_parent, of_the_child = (client.get(path.format(slug)).text for slug in ("parent", "child"))

    assert SOON in of_the_parent
    assert ELSEWHERE not in of_the_parent
    assert ELSEWHERE in of_the_child
    assert SOON not in of_the_child
