"""A customer with a provider, and somebody in front of a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import VENDOR_ID, TenantScope
from core.settings import load_sso_networks
from tenants.actions.create_user import UserInput, create_user
from tenants.reads import TenantView
from tenants.sso.provider import forget_kept
from tests.builders.provider import SECRET, Provider, provider
from tests.builders.world import ACTOR, LONG_AGO, World, bearer

CALLBACK = "http://testserver.local/sign-in/sso/acme/callback"


@pytest.fixture(scope="session")
def identity_provider() -> Iterator[Provider]:
    with provider(CALLBACK) as running:
        yield running


@dataclass
class Customer:
    """acme, whose administrator ann has a user, and the provider where she has an account."""

    client: TestClient[Litestar]
    world: World
    tenant: TenantView
    provider: Provider
    key: str

    def set_up(self, **changes: Any) -> Response:
        body = {
            "name": "Acme ID", "issuer": self.provider.issuer, "client_id": "tollbook", "client_secret": SECRET,
            "scopes": "groups", "link_by_email": True,
        } | changes  # fmt: skip
        return self.client.put("/v1/sso", headers=bearer(self.key), json=body)

    def begin(self, target: str = "/admin/acme/people") -> str:
        answer = self.client.get(f"/sign-in/sso/acme?next={target}", follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def sign_in(self, name: str, target: str = "/admin/acme/people", **changed: str) -> Response:
        return self.client.get(self.provider.answer_to(self.begin(target), name, **changed), follow_redirects=False)

    def user(self, name: str, role: str = "tenant_finance", **changes: Any) -> None:
        given = UserInput(f"{name}@acme.example", name, role, self.tenant.id, **changes)
        with self.world.db.begin(TenantScope(given.tenant_id or VENDOR_ID)) as session:
            create_user(session, given, ACTOR, LONG_AGO)

    def me(self) -> tuple[str, str] | None:
        """Return e-mail address and role of whoever this browser is; it is nobody afterwards."""
        answer = self.client.get("/v1/me")
        self.client.cookies.delete("tb_session", domain="testserver.local") if answer.status_code == 200 else None
        return (answer.json()["email"], answer.json()["role"]) if answer.status_code == 200 else None

    def audited(self, action: str) -> list[Any]:
        lines = self.client.get("/v1/audit?limit=200", headers=bearer(self.key)).json()["items"]
        return [line["detail"] for line in lines if line["action"] == action]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Providers on this machine may be called."""
    monkeypatch.setenv("SSO_NETWORKS", "127.0.0.0/8")
    load_sso_networks.cache_clear()
    forget_kept()
    yield
    load_sso_networks.cache_clear()


@pytest.fixture
def customer(client: TestClient[Litestar], world: World, identity_provider: Provider, here: None) -> Customer:
    acme = world.tenant()
    return Customer(client, world, acme, identity_provider, world.key("tenant_admin", acme, name="ann"))
