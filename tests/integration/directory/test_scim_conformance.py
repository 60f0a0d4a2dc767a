"""scim2-tester, whole, against the real service and its database."""

from typing import Any

from litestar import Litestar
from litestar.testing import TestClient
from scim2_client import BaseSyncSCIMClient
from scim2_tester import Status, check_server

from tests.builders.directory import Sender
from tests.builders.world import bearer

BASE = "http://testserver.local/scim/v2/"


class Engine(BaseSyncSCIMClient):
    """scim2-client over the test client: each request goes through the whole application."""

    def __init__(self, client: TestClient[Litestar], key: str) -> None:
        super().__init__()
        self.client, self.key = client, key

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return "://" not in endpoint or endpoint.startswith(BASE)

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def request(self, method: str, url: str, **options: Any) -> Any:
        options["headers"] = {**(options.get("headers") or {}), **bearer(self.key)}
        return self.client.request(method, url if "://" in url else BASE + url.lstrip("/"), **options)


def test_the_whole_of_scim2_tester_passes(sender: Sender) -> None:
    results = check_server(Engine(sender.client, sender.key))

    bad = [f"{one.title}: {one.reason}" for one in results if one.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert bad == []
    assert sum(1 for one in results if one.status == Status.SUCCESS) >= 120
    assert [one.title for one in results if one.status == Status.SKIPPED] == []
