"""A customer whose directory speaks SCIM."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from tenants.reads import TenantView
from tests.builders.world import World, bearer

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
WORK = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Sender:
    """What a directory does, with its key."""

    client: TestClient[Litestar]
    world: World
    tenant: TenantView
    key: str

    @property
    def db(self) -> Database:
        return self.world.db

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.request(method, f"/scim/v2{path}", json=body, headers=bearer(self.key, **headers))

    def create(self, user_name: str, work: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        body = {"schemas": [CORE], "userName": user_name, **more}
        if work is not None:
            body |= {"schemas": [CORE, WORK], WORK: work}
        answer = self.call("POST", "/Users", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Any:
        return self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def replace(self, user: dict[str, Any], path: str, value: Any) -> None:
        answer = self.patch(f"/Users/{user['id']}", {"op": "replace", "path": path, "value": value})
        assert answer.status_code == 200, answer.text

    def group(self, name: str, *users: dict[str, Any]) -> dict[str, Any]:
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [{"value": user["id"]} for user in users],
        }
        answer = self.call("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def seat_pool(self, key: str) -> None:
        pool = {"key": key, "name": key, "seats": 10}
        assert self.client.post("/v1/seat-pools", headers=bearer(self.key), json=pool).status_code == 201

    def rules(self, *rules: tuple[str, str, str]) -> Any:
        body = {"rules": [{"group": group, "kind": kind, "target": target} for group, kind, target in rules]}
        return self.client.put("/v1/directory/rules", headers=bearer(self.key), json=body)


def person_of(user: dict[str, Any]) -> UUID:
    return UUID(user["id"])
