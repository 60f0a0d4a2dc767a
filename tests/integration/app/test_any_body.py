"""Whatever is sent to whichever route, it is never answered with a fault of ours.

Bodies are made from the OpenAPI document: of the right shape with odd values in it, and of no shape at all.
"""

import json
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.world import World, bearer

Client = TestClient[Litestar]
Json = Any
PATHS = {"uuid": "01890000-0000-7000-8000-00000000dead", "int": "7"}

TEXTS = (
    "", " ", "a", "acme", "2026-01-01", "2026-01-10T10:00:00Z", "2026-13-45", "0001-01-01T00:00:00Z", "12.50", "-1", "1e400",
    "EUR", "DE", "a\0b", "\ud83d\ude00" * 40, "x" * 70_000, "'; drop table fact; --", "../../etc", "<b>", "@", "a@example.com",
    PATHS["uuid"], "*",
)  # fmt: skip
NUMBERS = (0, 1, -1, 7, 2**31, 2**63, -(2**63) - 1, 10**40, 0.1, 1e308, 12345678901234567890.5)
OTHERS: tuple[Json, ...] = (None, True, [], {}, [[]], {"": ""}, [None], *NUMBERS, *TEXTS)
SIMPLE: dict[str, tuple[Json, ...]] = {
    "boolean": (True, False), "integer": NUMBERS, "number": NUMBERS, "null": (None,), "string": TEXTS,
}  # fmt: skip
FORMS: dict[str, tuple[Json, ...]] = {
    "date": ("2026-01-01", "0001-01-01", "9999-12-31"), "uuid": (PATHS["uuid"],),
    "date-time": ("2026-01-10T10:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
}  # fmt: skip
WHOLE = (
    b"", b" ", b"{", b"[]", b"null", b"0", b'""', b"\xff\xfe", b'{"a": NaN}', b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"x":{"a":1,"a":2}}', b"[1, 2", b'{"\\ud800": 1}', b'{"name":"\xff"}',
    b'{"name":"\xed\xa0\x80"}',
)  # fmt: skip


def made(schema: Json, parts: dict[str, Json], chance: random.Random, depth: int = 0) -> Json:
    """Return a value of a schema, here and there an odd one."""
    if chance.random() < 0.12 or depth > 6:
        return chance.choice(OTHERS)
    while "$ref" in schema or "oneOf" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else chance.choice(schema["oneOf"])
    if "const" in schema or schema.get("enum"):
        return schema.get("const", chance.choice(schema.get("enum", [None])))
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if kind == "object":
        return _object(schema, parts, chance, depth)
    if kind == "array":
        items = schema.get("items") or {}
        return [made(items, parts, chance, depth + 1) for _ in range(chance.randrange(3))]
    return chance.choice(FORMS.get(schema.get("format", "")) or SIMPLE.get(kind, TEXTS))


def _object(schema: Json, parts: dict[str, Json], chance: random.Random, depth: int) -> Json:
    needed = set(schema.get("required", ()))
    found = {
        name: made(part, parts, chance, depth + 1)
        for name, part in schema.get("properties", {}).items()
        if name in needed or chance.random() < 0.6
    }
    further = schema.get("additionalProperties")
    if isinstance(further, dict):
        found["any"] = made(further, parts, chance, depth + 1)
    return found


def routes(client: Client) -> tuple[list[tuple[str, str, list[Json]]], dict[str, Json]]:
    """Return method, path and the schemas of the body of each route that takes one, and the parts of schemas."""
    document = client.app.openapi_schema.to_schema()
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in ("post", "put", "patch", "delete"):
                content = operation.get("requestBody", {}).get("content", {})
                kinds = {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p["in"] == "path"}
                filled = re.sub(r"\{([^}]+)\}", lambda part: _named(kinds.get(part[1], {})), path)  # noqa: B023 - used at once
                found.append((method, filled, [one.get("schema", {}) for one in content.values()]))
    return found, document["components"]["schemas"]


def _named(schema: Json) -> str:
    return (
        PATHS["uuid"] if schema.get("format") == "uuid" else PATHS["int"] if schema.get("type") == "integer" else "acme"
    )


@pytest.fixture
def headers(world: World) -> list[dict[str, str]]:
    tenant, vendor = world.key("tenant_admin", world.tenant("acme")), world.key("vendor_admin")
    return [bearer(tenant), bearer(vendor), bearer(vendor, **{"Tbk-Tenant": "acme"})]


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_no_body_is_answered_with_a_fault_of_ours(client: Client, headers: list[dict[str, str]], seed: int) -> None:
    chance = random.Random(seed)
    found, parts = routes(client)
    assert len(found) > 100

    for method, path, schemas in found:
        if schemas and chance.random() < 0.8:
            body = json.dumps(made(chance.choice(schemas), parts, chance)).encode()
        else:
            body = chance.choice(WHOLE)
        who = chance.choice(headers) | {"Content-Type": "application/json", "X-Experience-API-Version": "2.0.0"}
        answer = client.request(method, path, content=body, headers=who)
        assert answer.status_code < 500, (seed, method, path, body[:2_000], answer.text)


DEEP = b"[" * 5_000 + b"]" * 5_000
TWICE = b'{"kind":"void","kind":"replace"}'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/events/corrections"), ("POST", "/v1/meters"), ("POST", "/v1/xapi/forget"),
        ("PUT", "/v1/xapi/mapping/rules"), ("POST", "/v1/seat-pools"), ("POST", "/v1/pools/acme/leases"),
        ("POST", "/scim/v2/Users"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("body", "said"), [(DEEP, "more than 64 levels deep"), (b'{"a":' + DEEP + b"}", "64 levels"), (TWICE, "'kind' stands twice")]
)  # fmt: skip
def test_what_a_decoder_dies_of_or_half_loses_is_refused(
    client: Client, headers: list[dict[str, str]], method: str, path: str, body: bytes, said: str
) -> None:
    media = "application/scim+json" if path.startswith("/scim") else "application/json"

    for _ in range(2):  # the second time past the framework's layers, where there is a way
        answer = client.request(method, path, content=body, headers=headers[0] | {"Content-Type": media})

        assert answer.status_code == 400
        assert said in answer.json()["detail"]
