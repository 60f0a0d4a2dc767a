"""Content that runs in a browser, in a page of another origin, talks to the record store (CORS)."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.scope import TenantScope
from tenants.actions.create_user import UserInput, create_user
from tenants.reads import TenantView
from tests.builders.world import World
from tests.builders.xapi import VERSION, Lrs, statement

Client = TestClient[Litestar]

LISTED = re.compile(r"[^,\s]+")


def listed(answer: Any, header: str) -> set[str]:
    return set(LISTED.findall(answer.headers[header].lower()))


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/xapi/statements", {"get", "head", "options", "post", "put"}),
        ("/xapi/about", {"get", "head", "options"}),
        ("/xapi/agents", {"get", "head", "options"}),
        ("/xapi/activities/state", {"delete", "get", "head", "options", "post", "put"}),
    ],
)
def test_a_browser_may_ask_without_a_key_what_it_may_send(client: Client, path: str, methods: set[str]) -> None:
    asked = {"Origin": "https://lms.example", "Access-Control-Request-Method": "POST"}
    answer = client.options(path, headers=asked | {"Access-Control-Request-Headers": "authorization"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert listed(answer, "Access-Control-Allow-Methods") == methods == listed(answer, "Allow")
    allowed = {"authorization", "content-type", "if-match", "if-none-match", "x-experience-api-version", "tbk-tenant"}
    assert allowed <= listed(answer, "Access-Control-Allow-Headers")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers[VERSION]


def test_a_page_of_another_origin_may_read_answers_and_refusals(lrs: Lrs, client: Client) -> None:
    answers = [
        lrs.get(),
        lrs.post(statement()),
        lrs.post(b"{"),
        client.get("/xapi/statements"),
        client.get("/xapi/about"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 400, 401, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        told = {"etag", "last-modified", "x-experience-api-version", "x-experience-api-consistent-through"}
        assert told <= listed(answer, "Access-Control-Expose-Headers")
    # Only there: the rest of the API is for programs and for pages of its own.
    assert "Access-Control-Allow-Origin" not in client.get("/v1/me").headers
    assert client.options("/v1/usage").status_code == 401


def test_a_sign_in_of_the_browser_counts_for_nothing_at_the_xapi(
    world: World, client: Client, tenant: TenantView
) -> None:
    email = f"{tenant.slug}@example.com"
    user = UserInput(email, "Ann", "tenant_admin", tenant.id, password="correct horse battery")
    with world.db.begin(TenantScope(tenant.id)) as session:
        create_user(session, user, "system:tests", datetime(2026, 1, 1, tzinfo=UTC))
    try:
        client.post("/sign-in", data={"email": email, "password": "correct horse battery"})
        assert client.get("/v1/me").status_code == 200
        assert client.get("/xapi/statements", headers={VERSION: "1.0.3"}).status_code == 401
    finally:
        client.cookies.clear()
