"""Keys, tenants, problems and idempotency through the API."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from core.db import Database
from core.scope import TenantScope
from core.settings import secret_key
from tenants.reads import audit_page
from tests.builders.world import World, bearer

PEOPLE = [{"key": "ann", "active_from": "2026-01-01T00:00:00Z"}]


def test_without_a_key_everything_but_the_health_check_is_401(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/me")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == 'Bearer realm="Tollbook"'
    assert client.get("/healthz").status_code == 200


def test_a_vendor_key_must_name_the_tenant(client: TestClient[Litestar], world: World) -> None:
    world.tenant("acme")
    key = world.key("vendor_admin")

    assert client.get("/v1/people", headers=bearer(key)).json()["code"] == "tenant_required"
    assert client.get("/v1/people", headers=bearer(key, "acme")).status_code == 200
    assert client.get("/v1/people", headers=bearer(key, "nobody")).json()["code"] == "tenant_unknown"


def test_another_tenant_looks_like_one_that_does_not_exist(client: TestClient[Litestar], world: World) -> None:
    acme, _ = world.tenant("acme"), world.tenant("beta")
    key = world.key("tenant_admin", acme)

    other = client.get("/v1/people", headers=bearer(key, "beta"))
    nobody = client.get("/v1/people", headers=bearer(key, "nobody"))

    assert (
        (other.status_code, other.json()["code"])
        == (nobody.status_code, nobody.json()["code"])
        == (404, "tenant_unknown")
    )


def test_a_role_that_may_not_is_told_which_scope_it_lacks(client: TestClient[Litestar], world: World) -> None:
    acme = world.tenant("acme")
    key = world.key("cost_centre_owner", acme, cost_centre="hr")

    answer = client.get("/v1/people", headers=bearer(key))

    assert answer.status_code == 403
    assert "people:read" in answer.json()["detail"]


@pytest.mark.parametrize("token", ["forgé", "forge", ""])
def test_a_forged_token_of_the_page_is_refused_whatever_is_in_it(
    client: TestClient[Litestar], world: World, token: str
) -> None:
    world.key("tenant_admin", world.tenant())
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})

    by_form = client.post("/admin/acme/keys", data={"csrf_token": token, "name": "x"})
    by_header = client.post("/v1/api-keys", json={"name": "x"}, headers={"X-CSRF-Token": token.encode()})

    for answer in (by_form, by_header):
        assert answer.status_code == 403
    assert by_header.json()["code"] == "csrf_token_missing"


def test_the_same_idempotency_key_gives_the_first_answer_and_acts_once(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme = world.tenant("acme")
    headers = bearer(world.key("tenant_admin", acme), **{"Idempotency-Key": "k1"})

    first = client.post("/v1/people", headers=headers, json=PEOPLE)
    again = client.post("/v1/people", headers=headers, json=PEOPLE)
    other = client.post("/v1/people", headers=headers, json=[])

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() == {"given": 1}
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    with db.begin(TenantScope(acme.id)) as session:
        assert [line.action for line in audit_page(session, acme.id)].count("import_people") == 1


def test_a_first_answer_is_given_again_to_nobody_else_and_to_nobody_who_may_less_than_then(
    client: TestClient[Litestar], world: World, db: Database
) -> None:
    acme = world.tenant("acme")
    whole = world.key("tenant_admin", acme)
    narrow = client.post("/v1/api-keys", headers=bearer(whole), json={"name": "n", "scopes": ["connect:write"]})

    def ask(key: str) -> Any:
        return client.post("/v1/api-keys", headers=bearer(key, **{"Idempotency-Key": "k1"}), json={"name": "suite"})

    first = ask(whole)

    assert (ask(narrow.json()["token"]).status_code, ask(whole).json()) == (403, first.json())
    others = ask(world.key("tenant_finance", acme))
    assert others.status_code in (403, 409)
    assert ask(world.key("tenant_admin", acme, name="eve")).json()["code"] == "idempotency_conflict"


def test_an_answer_that_shows_a_secret_is_kept_sealed_and_opens_under_the_secret_before(
    client: TestClient[Litestar], world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = world.tenant("acme")
    headers = bearer(world.key("tenant_admin", acme), **{"Idempotency-Key": "k1"})

    first = client.post("/v1/api-keys", headers=headers, json={"name": "suite"})

    with db.begin(TenantScope(acme.id)) as session:
        (kept,) = session.execute(text("select body from idempotency_record")).scalars()
    assert first.json()["token"].encode() not in kept
    monkeypatch.setenv("SECRET_KEY_BEFORE", secret_key())
    monkeypatch.setenv("SECRET_KEY", "another-" + "y" * 32)
    assert client.post("/v1/api-keys", headers=headers, json={"name": "suite"}).json() == first.json()
    monkeypatch.delenv("SECRET_KEY_BEFORE")
    gone = client.post("/v1/api-keys", headers=headers, json={"name": "suite"})
    assert (gone.status_code, gone.json()["code"]) == (409, "idempotency_conflict")


def test_a_body_of_the_wrong_shape_is_400_and_names_the_field(client: TestClient[Litestar], world: World) -> None:
    key = world.key("tenant_admin", world.tenant("acme"))

    answer = client.post("/v1/people", headers=bearer(key), json=[{"key": "ann", "active_from": "yesterday"}])

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert "active_from" in answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"id": "1", "kind": "void", "reason": "twice"}, "/source"),
        ({"source": "s", "id": "1", "kind": "void", "reason": "twice", "why": "x"}, "/why"),
    ],
)
def test_a_field_that_is_missing_or_too_many_is_where_the_pointer_leads(
    client: TestClient[Litestar], world: World, body: dict[str, str], pointer: str
) -> None:
    key = world.key("tenant_admin", world.tenant("acme"))

    answer = client.post("/v1/events/corrections", headers=bearer(key), json=body)

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (400, [pointer])


def test_a_pattern_is_told_in_words(client: TestClient[Litestar], world: World) -> None:
    key = world.key("tenant_admin", world.tenant("acme"))

    answer = client.post("/v1/pools", headers=bearer(key), json={"key": "A b", "name": "Seats", "seats": 5})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert answer.json()["detail"] == (
        "/key: Expected letters of A to Z, digits, dots, dashes and underscores, a letter or digit first"
    )


def test_a_tenant_with_several_faults_is_told_all_of_them(client: TestClient[Litestar], world: World) -> None:
    world.entity()
    body = {
        "slug": "A B",
        "name": "x",
        "legal_entity": "eu",
        "time_zone": "Mars/Base",
        "currency": "XXQ",
        "country": "DE",
        "billing_name": "x",
        "billing_address": "x",
    }

    answer = client.post("/v1/tenants", headers=bearer(world.key("vendor_admin")), json=body)

    assert answer.status_code == 422
    assert {error["code"] for error in answer.json()["errors"]} == {
        "slug_invalid",
        "time_zone_unknown",
        "currency_unknown",
    }
