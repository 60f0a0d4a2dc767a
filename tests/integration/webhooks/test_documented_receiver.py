"""The receiver that the docs show takes what Tollbook signs, and nothing else."""

import re
import threading
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from core.settings import load_webhook_networks
from tenants.webhooks import tasks
from tests.builders.world import World, bearer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the documented receiver listens."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "connect.md").read_text(), re.DOTALL)
    (written,) = [block for block in blocks if "class Receiver" in block]
    names: dict[str, Any] = {"__name__": "documented"}
    exec(compile(written, "docs/connect.md", "exec"), names)
    names["Receiver"].log_message = lambda *_: None
    monkeypatch.setenv("WEBHOOK_NETWORKS", "127.0.0.0/8")
    load_webhook_networks.cache_clear()
    with HTTPServer(("127.0.0.1", 0), names["Receiver"]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
    load_webhook_networks.cache_clear()


def test_it_takes_what_is_signed_with_its_secret_and_refuses_the_rest(
    client: TestClient[Litestar], world: World, db: Database, address: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    headers = bearer(world.key("tenant_admin", world.tenant()))
    hook = client.post("/v1/webhooks", json={"url": address}, headers=headers).json()

    def told() -> dict[str, Any]:
        client.post(f"/v1/webhooks/{hook['id']}/test", headers=headers)
        tasks.send_webhooks(db)
        newest: dict[str, Any] = client.get(f"/v1/webhooks/{hook['id']}/deliveries", headers=headers).json()["items"][0]
        return newest

    monkeypatch.setenv("SECRET", hook["secret"])
    assert told()["status"] == "delivered"
    assert "webhook.test" in capsys.readouterr().out
    monkeypatch.setenv("SECRET", "whsec_" + "A" * 43 + "=")
    assert (told()["answer_status"], capsys.readouterr().out) == (401, "")
