"""A customer's suite that sends facts over HTTP, and what is measured of them."""

import json
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.periods import Period, month_period
from core.scope import TenantScope
from metering.measurement import Measurement
from metering.reads import measure
from tenants.reads import TenantView
from tests.builders.world import World, bearer


class Suite:
    """A customer's suite that sends facts, and what is measured of them."""

    def __init__(
        self,
        client: TestClient[Litestar],
        world: World,
        slug: str = "acme",
        zone: str = "Europe/Berlin",
        **changes: Any,
    ) -> None:
        self.client, self.db = client, world.db
        self.tenant: TenantView = world.tenant(slug, time_zone=zone, **changes)
        self.key = world.key("tenant_admin", self.tenant)
        self._number = 0

    def event(
        self, event_type: str, who: str, at: str, source: str = "suite", event_id: str = "", **data: Any
    ) -> dict[str, Any]:
        self._number += 1
        instant = datetime.fromisoformat(at).replace(tzinfo=self.tenant.tz)
        return {
            "specversion": "1.0",
            "id": event_id or f"e-{self._number}",
            "source": source,
            "type": event_type,
            "time": instant.isoformat(),
            "subject": who,
            "data": data,
        }

    def post(self, events: Sequence[dict[str, Any]]) -> Any:
        return self.client.post(
            "/v1/events",
            content=json.dumps(events).encode(),
            headers=bearer(self.key, **{"Content-Type": "application/cloudevents-batch+json"}),
        )

    def send(self, *events: dict[str, Any]) -> None:
        answer = self.post(events)
        assert answer.json()["accepted"] == len(events), answer.text

    def tell(self, event_type: str, who: str, at: str, **data: Any) -> dict[str, Any]:
        event = self.event(event_type, who, at, **data)
        self.send(event)
        return event

    def correct(self, event: dict[str, Any], kind: str, **replacement: Any) -> None:
        body: dict[str, Any] = {"source": event["source"], "id": event["id"], "kind": kind, "reason": "a test"}
        if replacement:
            body["replacement"] = {
                k: v for k, v in event.items() if k in ("type", "time", "subject", "data")
            } | replacement
        answer = self.client.post("/v1/events/corrections", json=body, headers=bearer(self.key))
        assert answer.status_code == 201, answer.text

    def measure(self, meter: str, month: str = "2026-03", **options: Any) -> Measurement:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            return measure(session, self.tenant, meter, self.month(month), **options)

    def figure(self, meter: str, month: str = "2026-03", **options: Any) -> Fraction:
        return self.measure(meter, month, **options).quantity

    def month(self, text_: str) -> Period:
        year, month = text_.split("-")
        return month_period(int(year), int(month), self.tenant.tz)

    def sql(self, statement: str, **values: Any) -> Any:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            return session.execute(text(statement), {"tenant": self.tenant.id, **values})

    def merge(self, who: str, into: str, recorded_at: datetime) -> None:
        self.sql(
            "insert into identity_link (tenant_id, identity_id, recorded_at, person_id)"
            " select :tenant, a.id, :at, b.home_person_id from identity a, identity b where a.key = :who and b.key = :into",
            at=recorded_at, who=who, into=into,
        )  # fmt: skip
