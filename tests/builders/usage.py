"""What tests ask of figures and their evidence over HTTP."""

from typing import Any

from tests.builders.suite import Suite
from tests.builders.world import bearer

__all__ = ("act", "evidence", "usage")


def usage(suite: Suite, key: str = "", **query: Any) -> Any:
    asked = {"meter": "members.active", "from": "2026-03-01", "to": "2026-04-01", **query}
    params = {name: value for name, value in asked.items() if value is not None}
    return suite.client.get("/v1/usage", params=params, headers=bearer(key or suite.key))


def evidence(suite: Suite, key: str = "", **query: Any) -> Any:
    params = {"meter": "members.active", "from": "2026-03-01", "to": "2026-04-01", **query}
    return suite.client.get("/v1/usage/evidence", params=params, headers=bearer(key or suite.key))


def act(suite: Suite, who: str, at: str, **data: Any) -> dict[str, Any]:
    return suite.tell("activity.performed", who, at, verb="read", object_type="page", object_id="1", **data)
