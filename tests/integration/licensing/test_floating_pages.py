"""Floating pools on their pages: how full, who is in, whose seat lingers, and who was not let in."""

from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

BASE = "/admin/acme/floating-pools"


def test_the_pages_tell_who_is_in_and_who_was_not_let_in(client: TestClient[Litestar], world: World) -> None:
    tenant = world.tenant()
    key = bearer(world.key("tenant_admin", tenant))
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    assert "No floating pools yet" in client.get(BASE).text
    assert f'href="{BASE}"' in client.get("/admin/acme/concurrency").text

    client.post("/v1/pools", json={"key": "cad", "name": "Drawing", "seats": 2, "linger_s": 600}, headers=key)
    ids = {}
    for person in ("ada", "ben", "cleo"):
        body = {"person": person, "client_key": person, "group": "hr"}
        answer = client.post("/v1/pools/cad/leases", json=body, headers=key)
        ids[person] = answer.json().get("id")
    assert ids["cleo"] is None
    assert client.delete(f"/v1/leases/{ids['ben']}", headers=key).status_code == 204

    listed = client.get(BASE).text
    assert "Drawing" in listed
    page = client.get(f"{BASE}/cad").text
    now = client.get(f"{BASE}/cad/live").text
    for text in (page, now):
        assert "2 <small>of 2</small>" in text, "a seat that lingers is taken"
        assert ">In<" in text
        assert ">Lingers<" in text
        assert "1 <small>0 true</small>" in text, "Cleo may still get in"
    assert "Every seat was in use" in page
    assert ">Not let in so far<" in page
    assert '"values":["0"' in page
    assert '"2"]' in page
    assert client.get(f"{BASE}/none").status_code == 404
