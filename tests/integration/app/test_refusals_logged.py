"""What is refused is one line in the log: where, with which code, and without any value."""

from litestar import Litestar
from litestar.testing import TestClient
from structlog.testing import capture_logs

from tests.builders.world import World, bearer


def test_a_refusal_leaves_one_line_that_names_nobody(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant()
    admin = bearer(world.key("tenant_admin", acme))
    pool = {"key": "main", "name": "Main", "seats": -3, "secret": "ann@acme.example"}

    with capture_logs() as lines:
        client.get("/v1/plans/ann@acme.example", headers=admin)
        client.post("/v1/seat-pools", json=pool, headers=admin)
        client.get("/v1/seat-pools")
        client.get("/v1/seat-pools", headers=admin)
        client.get("/no/such/ann@acme.example")

    told = [line for line in lines if line["event"] == "refused"]
    assert [(line["method"], line["address"], line["status"], line["code"]) for line in told] == [
        ("GET", "/v1/plans/{key}", 404, "not_found"),
        ("POST", "/v1/seat-pools", 400, "malformed_request"),
        ("GET", "/v1/seat-pools", 401, "unauthenticated"),
        ("GET", "unknown", 404, "not_found"),
    ]
    assert told[1]["errors"]
    assert "ann@" not in str(told)
