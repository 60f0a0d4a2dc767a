"""Alerts over the API, on a clock that is moved."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.mails import compose
from core.clock import utc_now
from core.scope import TenantScope
from plans.alerts import tasks
from plans.alerts.tasks import watch
from plans.charges import Charge
from tenants.mails.reads import mails
from tenants.reads import TenantView
from tests.builders.bill import price
from tests.builders.world import World, bearer

ALERTS = "/v1/alerts"
EACH_START = Charge(
    key="starts", name="Course starts", model="per_unit", meter="courses.transactions.charged",
    prices=price(unit=Decimal(2)),
)  # fmt: skip


class Desk:
    """An administrator of a customer on a test clock, at noon of 20 November 2026 in Berlin."""

    def __init__(self, client: TestClient[Litestar], world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client, self.world, self.monkeypatch = client, world, monkeypatch
        self.vendor = world.key("vendor_admin")
        body = {"name": "t", "now": "2026-11-20T11:00:00Z"}
        self.clock = client.post("/v1/test-clocks", json=body, headers=bearer(self.vendor)).json()["id"]
        self.tenant: TenantView = world.tenant(test_clock_id=self.clock)
        self.headers = bearer(world.key("tenant_admin", self.tenant))
        self.later = timedelta(0)

    def call(self, method: str, path: str = "", body: Any = None, **query: str) -> Any:
        return self.client.request(method, f"{ALERTS}{path}", headers=self.headers, json=body, params=query)

    def alert(self, **changes: Any) -> str:
        body = {"name": "Courses", "subject": "meter", "key": "courses.transactions.net", "when": "absolute"}
        answer = self.call("POST", "", body | {"value": "3", "recipients": ["ops@acme.example"]} | changes)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["id"]
        return made

    def enrol(self, *days: str, centre: str | None = None, kind: str = "course.enrolled") -> None:
        events = [
            {
                "specversion": "1.0", "id": f"{day}-{index}-{centre}-{kind}", "source": "lms", "type": kind,
                "time": f"{day}T09:00:00Z", "subject": f"person-{day}-{index}-{centre}",
                "data": {"course_id": "c1", "course_type": "wbt"} | ({"cost_centre": centre} if centre else {}),
            }
            for index, day in enumerate(days)
        ]  # fmt: skip
        headers = self.headers | {"Content-Type": "application/cloudevents-batch+json"}
        answer = self.client.post("/v1/events", json=events, headers=headers)
        assert answer.json()["accepted"] == len(days), answer.text

    def go(self, to: str) -> None:
        path = f"/v1/test-clocks/{self.clock}/advance"
        assert self.client.post(path, json={"to": to}, headers=bearer(self.vendor)).status_code == 201

    def watch(self) -> int:
        """Look an hour later by the service's clock."""
        self.later += timedelta(hours=1)
        later = self.later
        self.monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + later)
        return watch(self.world.db)

    def history(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/history").json()["items"]
        return found

    def subjects(self) -> list[str]:
        with self.world.db.begin(TenantScope(self.tenant.id)) as session:
            return [letter.subject for one in mails(session, self.tenant.id) if (letter := compose(one))]
