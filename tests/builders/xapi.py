"""Statements, and a client that sends them as an LMS does."""

import json
from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from core.ids import new_id
from tests.builders.world import bearer

ADL = "http://adlnet.gov/expapi/verbs/"
COURSE = "http://adlnet.gov/expapi/activities/course"
VERSION = "X-Experience-API-Version"


def statement(**changes: Any) -> dict[str, Any]:
    """Return a valid statement: Ana experienced a page."""
    whole = {
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example", "name": "ana"}},
        "verb": {"id": ADL + "experienced", "display": {"en": "experienced"}},
        "object": {"objectType": "Activity", "id": "https://lms.example/page/1"},
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def about_course(verb: str, **changes: Any) -> dict[str, Any]:
    thing = {
        "id": "https://lms.example/course/1",
        "definition": {"type": COURSE, "name": {"en": "Safety", "de": "Sicherheit"}},
    }
    return statement(verb={"id": ADL + verb}, object=thing, **changes)


def voiding(target: str, **changes: Any) -> dict[str, Any]:
    return statement(verb={"id": ADL + "voided"}, object={"objectType": "StatementRef", "id": target}, **changes)


@dataclass
class Lrs:
    """A record store as seen by one key."""

    client: TestClient[Litestar]
    key: str
    version: str = "1.0.3"

    def headers(self, **more: str) -> dict[str, str]:
        return bearer(self.key, **{VERSION: self.version, **more})

    def post(self, body: Any, content_type: str = "application/json", **more: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers(**{"Content-Type": content_type, **more})
        return self.client.post("/xapi/statements", content=content, headers=headers)

    def put(self, statement_id: str, body: Any) -> Any:
        return self.client.put(
            "/xapi/statements", params={"statementId": statement_id}, json=body, headers=self.headers()
        )

    def get(self, **query: Any) -> Any:
        return self.client.get("/xapi/statements", params=query, headers=self.headers())

    def ids(self, **query: Any) -> list[str]:
        """Return the ids of a page that is there."""
        answer = self.get(**query)
        assert answer.status_code == 200, answer.text
        return [found["id"] for found in answer.json()["statements"]]

    def store(self, **changes: Any) -> str:
        """Store a statement and return its id."""
        answer = self.post(statement(**changes))
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0])


def fresh_id() -> str:
    return str(new_id())
