"""An address that must not be called is refused when it is entered, however it is written; else when it is called."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from structlog.testing import capture_logs

from core.clock import utc_now
from core.db import Database
from core.scope import TenantScope
from tenants.webhooks import tasks
from tenants.webhooks.store import set_endpoint
from tests.builders.world import World, bearer

HOOKS = "/v1/webhooks"
WRITTEN = ("https://2130706433/", "https://127.1/", "https://localhost/", "https://１２７.0.0.1/", "https://a..b/")


def test_it_is_refused_at_the_entry_however_it_is_written(client: TestClient[Litestar], world: World) -> None:
    admin = bearer(world.key("tenant_admin", world.tenant()))
    hook = client.post(HOOKS, headers=admin, json={"url": "https://acme.example/hook"}).json()
    provider = {"name": "Acme", "client_id": "tollbook", "default_role": "tenant_auditor", "enabled": True}

    def codes(url: str) -> list[str]:
        made = client.post(HOOKS, headers=admin, json={"url": url}).json()
        changed = client.put(f"{HOOKS}/{hook['id']}", headers=admin, json={"url": url}).json()
        issuer = client.put("/v1/sso", headers=admin, json=provider | {"issuer": url}).json()
        return [made["code"], changed["code"], *(one["code"] for one in issuer["errors"])]

    for url in WRITTEN:
        assert codes(url) == ["webhook_address_forbidden", "webhook_address_forbidden", "issuer_forbidden"], url
    assert [one["url"] for one in client.get(HOOKS, headers=admin).json()["items"]] == ["https://acme.example/hook"]


def test_what_was_not_let_out_says_so_by_its_code_and_is_logged_once(
    client: TestClient[Litestar], world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = world.tenant()
    admin = bearer(world.key("tenant_admin", acme))
    hook = client.post(HOOKS, headers=admin, json={"url": "https://acme.example/hook"}).json()
    with db.begin(TenantScope(acme.id)) as session:  # as a name that led elsewhere when it was entered
        set_endpoint(session, acme.id, hook["id"], url="https://10.0.0.1/s3cret?token=t0ken")
    client.post(f"{HOOKS}/{hook['id']}/test", headers=admin)

    with capture_logs() as lines:
        first = tasks.send_webhooks(db)
        monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + tasks.BACK_OFF[1])
        again = tasks.send_webhooks(db)

    assert (first, again) == (1, 1)
    (line,) = client.get(f"{HOOKS}/{hook['id']}/deliveries", headers=admin).json()["items"]
    assert (line["status"], line["attempts"], line["answer_status"]) == ("due", 2, None)
    assert line["error"].endswith("(webhook_address_forbidden)")
    (told,) = [one for one in lines if one["event"] == "webhook_refused"]
    assert (told["tenant"], told["host"], told["code"]) == (str(acme.id), "10.0.0.1", "webhook_address_forbidden")
    assert "s3cret" not in str(lines)
    assert "t0ken" not in str(lines)
