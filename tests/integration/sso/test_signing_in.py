"""Signing in at a real provider: who comes in, as what, and who does not."""

import pytest

from core.clock import utc_now
from core.scope import TenantScope
from tenants.actions.deactivate_person import deactivate_person
from tests.builders.world import bearer
from tests.integration.sso.conftest import Customer


def test_a_user_comes_in_by_the_verified_address_once_and_by_the_subject_from_then_on(customer: Customer) -> None:
    customer.set_up()

    first = customer.sign_in("ann")
    known_as = customer.me()
    customer.set_up(link_by_email=False)
    again = customer.sign_in("ann")

    assert (first.status_code, first.headers["location"], known_as) == (
        303,
        "/admin/acme/people",
        ("ann@acme.example", "tenant_admin"),
    )
    assert (again.status_code, customer.me()) == (303, known_as)
    assert customer.audited("link_sso") == [{"issuer": customer.provider.issuer}]


def test_linking_by_address_is_the_customer_s_to_allow(customer: Customer) -> None:
    customer.set_up(link_by_email=False)

    refused = customer.sign_in("ann")

    assert (refused.status_code, customer.me()) == (403, None)
    assert "There is no user here for ann@acme.example" in refused.text
    assert customer.audited("refuse_sign_in") == [{"code": "sso_user_unknown"}]


def test_an_address_that_the_provider_did_not_verify_tells_nobody(customer: Customer) -> None:
    customer.user("dora")
    customer.set_up(create_missing=True, default_role="tenant_auditor")

    refused = customer.sign_in("dora")

    assert (refused.status_code, customer.me()) == (403, None)
    assert "does not say that it verified dora@acme.example" in refused.text


def test_a_new_user_is_made_where_that_is_wanted_with_the_default_role(customer: Customer) -> None:
    customer.set_up()
    unknown = customer.sign_in("bob").status_code

    customer.set_up(create_missing=True, default_role="tenant_auditor")
    made = customer.sign_in("bob").status_code

    assert (unknown, made, customer.me()) == (403, 303, ("bob@acme.example", "tenant_auditor"))


def test_groups_give_roles_and_take_them(customer: Customer) -> None:
    rules = [{"group": "it", "role": "tenant_admin"}, {"group": "books", "role": "tenant_finance"}]
    customer.set_up(create_missing=True, group_roles=rules)

    assert (customer.sign_in("bob").status_code, customer.me()) == (303, ("bob@acme.example", "tenant_finance"))
    assert (customer.sign_in("cy").status_code, customer.me()) == (403, None)
    customer.set_up(group_roles=[rules[0]], default_role="tenant_auditor")
    assert (customer.sign_in("bob").status_code, customer.me()) == (303, ("bob@acme.example", "tenant_auditor"))


def test_groups_never_take_the_role_of_the_last_administrator(customer: Customer) -> None:
    customer.set_up(group_roles=[{"group": "books", "role": "tenant_finance"}])

    assert (customer.sign_in("ann").status_code, customer.me()) == (303, ("ann@acme.example", "tenant_admin"))
    customer.user("second", "tenant_admin", password="another long one")
    assert (customer.sign_in("ann").status_code, customer.me()) == (303, ("ann@acme.example", "tenant_finance"))


def test_who_has_left_does_not_come_in_nor_is_made_anew(customer: Customer) -> None:
    left = customer.world.people(customer.tenant, "b", email="Bob@Acme.example")["b"]
    customer.set_up(create_missing=True, default_role="tenant_auditor")
    with customer.world.db.begin(TenantScope(customer.tenant.id)) as session:
        deactivate_person(session, customer.tenant.id, left, utc_now(), "system:tests", utc_now())

    refused = customer.sign_in("bob")

    assert (refused.status_code, customer.me()) == (403, None)
    assert "Your access here has ended" in refused.text


def test_a_user_whom_the_directory_shut_out_does_not_come_in(customer: Customer) -> None:
    headers = bearer(customer.key) | {"Content-Type": "application/scim+json"}
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob",
        "emails": [{"value": "bob@acme.example", "primary": True}],
    }  # fmt: skip
    customer.user("bob")
    customer.set_up()
    made = customer.client.post("/scim/v2/Users", headers=headers, json=user).json()
    assert customer.sign_in("bob").status_code == 303
    customer.me()

    customer.client.put(f"/scim/v2/Users/{made['id']}", headers=headers, json=user | {"active": False})

    refused = customer.sign_in("bob")
    assert (refused.status_code, customer.me()) == (403, None)


def test_another_customer_s_user_is_never_reached(customer: Customer) -> None:
    other = customer.world.tenant("other")
    customer.world.key("tenant_admin", other, name="bob")
    customer.set_up(create_missing=True, default_role="tenant_auditor")
    # A user of another customer with the very address that the provider verified.
    with customer.world.db.begin(TenantScope(other.id)) as session:
        from tenants.actions.create_user import UserInput, create_user  # noqa: PLC0415

        create_user(session, UserInput("cy@acme.example", "cy", "tenant_admin", other.id), "system:tests", utc_now())

    refused = customer.sign_in("cy")

    assert (refused.status_code, customer.me()) == (403, None)


@pytest.mark.parametrize(
    "target", ["//elsewhere.example/", "/%09/elsewhere.example", "https://elsewhere.example/", "/%5Celsewhere.example"]
)
def test_no_address_leads_to_another_site_after_signing_in(customer: Customer, target: str) -> None:
    customer.set_up()

    assert customer.sign_in("ann", target).headers["location"] == "/"


def test_the_sign_in_page_shows_the_button_of_whom_one_comes_from(customer: Customer) -> None:
    customer.set_up()
    page = customer.client.get("/sign-in").text
    wanted = customer.client.get("/sign-in?next=/admin/acme/seats").text
    nobody = customer.client.get("/sign-in?at=nobody").text
    customer.sign_in("ann")
    remembered = customer.client.get("/sign-in").text

    assert ["Sign in with Acme ID" in one for one in (page, wanted, nobody, remembered)] == [False, True, False, True]
    assert 'href="/sign-in/sso/acme?next=/admin/acme/seats"' in wanted
    assert "There is no single sign-on for “nobody”" in nobody
