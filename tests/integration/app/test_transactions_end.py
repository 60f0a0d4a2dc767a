"""A request's transaction is over when its answer is there, also where the answer is a refusal."""

import gc
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

Client = TestClient[Litestar]


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    """What is not ended is not ended by the garbage collector either."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("tenant_admin", "GET", "/v1/people", 200),
        ("tenant_auditor", "POST", "/v1/people", 403),
        ("tenant_admin", "GET", "/v1/people/nobody", 404),
        ("vendor_admin", "GET", "/v1/people", 400),
        ("tenant_admin", "GET", "/v1/plans/suite/versions/1/diff", 403),
        ("vendor_admin", "GET", "/v1/tenants", 200),
        ("vendor_auditor", "POST", "/v1/tenants", 400),
        ("vendor_admin", "GET", "/v1/tenants/nobody", 404),
    ],
)
def test_no_transaction_goes_on_after_the_answer(
    client: Client, world: World, role: str, method: str, path: str, status: int
) -> None:
    tenant = None if role.startswith("vendor") else world.tenant()
    key = world.key(role, tenant)
    client.get("/v1/people", headers=bearer(key))  # who asks is known from here on, and looked up no more meanwhile

    for turn in range(3):
        headers = bearer(key) | ({"Idempotency-Key": str(turn)} if method == "POST" else {})
        answer = client.request(method, path, headers=headers, json=[] if method == "POST" else None)

        open_now = [engine.pool.checkedout() for engine in (world.db.app, world.db.steward)]  # type: ignore[attr-defined]
        assert (answer.status_code, open_now) == (status, [0, 0]), answer.text
