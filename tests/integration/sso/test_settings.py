"""Setting single sign-on up: by API and on the page, never without a way in, and never another customer's."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.clock import utc_now
from core.scope import GlobalScope, TenantScope
from core.settings import secret_key
from tenants.actions.erase_person import erase_person
from tenants.sso.actions.set_provider import reseal_sso_secret
from tests.builders.provider import SECRET
from tests.builders.world import bearer
from tests.integration.sso.conftest import CALLBACK, Customer

PASSWORD = {"email": "ann@acme.example", "password": "correct horse battery"}


def by_password(customer: Customer) -> int:
    status = customer.client.post("/sign-in", data=PASSWORD, follow_redirects=False).status_code
    customer.client.cookies.clear()
    return status


def test_the_secret_is_sealed_and_never_shown(customer: Customer) -> None:
    made = customer.set_up()
    kept = customer.set_up(client_secret=None, name="Renamed")

    assert (made.status_code, made.json()["has_secret"], made.json()["redirect_uri"]) == (200, True, CALLBACK)
    assert SECRET not in made.text + kept.text + str(customer.audited("set_sso"))
    with customer.world.db.begin(TenantScope(customer.tenant.id)) as session:
        sealed = session.execute(text("select secret from sso_provider")).scalar_one()
    assert SECRET.encode() not in bytes(sealed)
    assert customer.sign_in("ann").status_code == 303


def test_the_secret_opens_under_a_new_secret_key_once_it_is_sealed_anew(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.set_up()

    monkeypatch.setenv("SECRET_KEY_BEFORE", secret_key())
    monkeypatch.setenv("SECRET_KEY", "another-" + "y" * 32)
    with customer.world.db.begin(TenantScope(customer.tenant.id)) as session:
        assert reseal_sso_secret(session, customer.tenant.id) == 1
    monkeypatch.delenv("SECRET_KEY_BEFORE")

    assert customer.sign_in("ann").status_code == 303


def test_passwords_are_switched_off_by_an_administrator_who_came_in_by_the_provider(customer: Customer) -> None:
    too_soon = customer.set_up(password_allowed=False)
    customer.set_up()
    never_yet = customer.set_up(password_allowed=False)
    assert by_password(customer) == 303

    customer.sign_in("ann")
    customer.client.cookies.clear()
    off = customer.set_up(password_allowed=False)

    assert [one.json().get("code") for one in (too_soon, never_yet)] == ["sso_nobody_could_sign_in"] * 2
    assert (off.status_code, off.json()["password_allowed"], by_password(customer)) == (200, False, 403)
    assert customer.sign_in("ann").status_code == 303


def test_while_passwords_are_off_nothing_takes_the_last_way_in(customer: Customer) -> None:
    customer.set_up()
    customer.sign_in("ann")
    customer.client.cookies.clear()
    customer.set_up(password_allowed=False)
    headers = bearer(customer.key)
    user = customer.client.get("/v1/sso/links", headers=headers).json()["items"][0]["user_id"]

    tries = [
        customer.set_up(password_allowed=False, enabled=False),
        customer.set_up(password_allowed=False, client_id="another"),
        customer.set_up(password_allowed=False, issuer="http://127.0.0.1:9"),
        customer.client.delete("/v1/sso", headers=headers),
        customer.client.delete(f"/v1/sso/links/{user}", headers=headers),
    ]

    assert [(one.status_code, one.json()["code"]) for one in tries] == [(409, "sso_nobody_could_sign_in")] * 5
    assert customer.sign_in("ann").status_code == 303
    customer.client.cookies.clear()
    assert (customer.set_up(password_allowed=True).status_code, by_password(customer)) == (200, 303)
    assert customer.client.delete("/v1/sso", headers=headers).status_code == 204


def test_who_came_in_by_the_provider_is_not_made_another_by_an_invitation(customer: Customer) -> None:
    customer.user("bob")
    body = {"email": "bob@acme.example", "name": "Bob", "role": "tenant_auditor"}
    before = customer.client.post("/v1/users/invitations", headers=bearer(customer.key), json=body)
    customer.set_up()
    assert customer.sign_in("bob").status_code == 303
    customer.client.cookies.clear()

    again = customer.client.post("/v1/users/invitations", headers=bearer(customer.key), json=body | {"name": "Benno"})

    assert (before.status_code, again.status_code, again.json()["code"]) == (201, 409, "key_in_use")


def test_faults_are_named_with_their_fields(customer: Customer) -> None:
    rules = [{"group": "it", "role": "vendor_admin"}, {"group": "it", "role": "tenant_admin"}]

    answer = customer.set_up(
        name=" ", client_id="ünïcode", default_role="tenant_admin", group_roles=rules, groups_claim=""
    )

    assert {one["pointer"] for one in answer.json()["errors"]} == {
        "/name", "/client_id", "/default_role", "/groups_claim", "/group_roles/0/role", "/group_roles/1/group",
    }  # fmt: skip
    assert customer.set_up(create_missing=True).json()["errors"][0]["code"] == "role_missing"


def test_no_other_customer_and_no_lesser_role_or_key_reaches_it(customer: Customer) -> None:
    customer.set_up()
    other = customer.world.tenant("other")
    stranger, finance = customer.world.key("tenant_admin", other), customer.world.key("tenant_finance", customer.tenant)
    body = {"name": "keys only", "scopes": ["connect:write"]}
    narrow = customer.client.post("/v1/api-keys", headers=bearer(customer.key), json=body).json()["token"]

    assert customer.client.get("/v1/sso", headers=bearer(stranger)).status_code == 404
    assert customer.client.get("/v1/sso", headers=bearer(stranger, "acme")).status_code == 404
    for key in (finance, narrow):
        assert customer.client.get("/v1/sso", headers=bearer(key)).status_code == 403
        assert customer.client.put("/v1/sso", headers=bearer(key), json={}).status_code in (400, 403)


def test_rows_of_another_customer_are_neither_seen_nor_written(customer: Customer) -> None:
    customer.set_up()
    customer.sign_in("ann")
    other = customer.world.tenant("other")

    for scope in (TenantScope(other.id), GlobalScope()):
        for table in ("sso_provider", "sso_link"):
            with customer.world.db.begin(scope) as session:
                assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0
    insert = text(
        "insert into sso_link (tenant_id, issuer, subject, user_id, linked_at, used_at)"
        " select :tenant, 'i', 's', id, now(), now() from user_account limit 1"
    )
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        customer.world.db.begin(TenantScope(other.id)) as session,
    ):
        session.execute(insert, {"tenant": customer.tenant.id})


def test_who_is_erased_is_not_linked_any_more(customer: Customer) -> None:
    customer.user("bob")
    customer.world.people(customer.tenant, "b", email="bob@acme.example")
    customer.set_up()
    customer.sign_in("bob")
    customer.client.cookies.clear()

    with customer.world.db.begin(TenantScope(customer.tenant.id)) as session:
        erase_person(session, customer.tenant.id, "bob@acme.example", "system:tests", utc_now())

    assert customer.client.get("/v1/sso/links", headers=bearer(customer.key)).json()["items"] == []
    assert customer.sign_in("bob").status_code == 403


def test_the_page_sets_it_up_tests_it_and_says_what_is_wrong(customer: Customer) -> None:
    customer.client.post("/sign-in", data=PASSWORD, follow_redirects=False)
    token = customer.client.get("/admin/acme/sso").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {
        "csrf_token": token, "name": "Acme ID", "issuer": customer.provider.issuer, "client_id": "tollbook",
        "client_secret": SECRET, "scopes": "groups", "enabled": "on", "password_allowed": "on",
        "link_by_email": "on", "groups_claim": "groups", "group.0": "books", "role.0": "tenant_finance",
        "group.1": "", "role.1": "tenant_auditor", "default_role": "",
    }  # fmt: skip

    def send(path: str = "", **changes: str) -> str:
        answer = customer.client.post(f"/admin/acme/sso{path}", data=form | changes)
        assert answer.status_code < 500, answer.text
        return str(answer.text)

    bad = send(issuer="https://10.0.0.1", name="Kept")
    shown, tried = send(), send("/test")
    without = {key: value for key, value in form.items() if key not in ("password_allowed", "client_secret")}
    off = customer.client.post("/admin/acme/sso", data=without)

    assert "no public address" in bad
    assert 'value="Kept"' in bad
    assert f'value="{CALLBACK}"' in shown
    assert 'value="books"' in shown
    assert SECRET not in bad + shown
    assert tried.count("badge-good") == 3
    assert (off.status_code, "No administrator has signed in by exactly this provider" in off.text) == (409, True)
    assert customer.sign_in("ann").status_code == 303
