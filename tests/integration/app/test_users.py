"""A customer's users: invited, given roles, shut out, and let choose another password; the last administrator stays."""

import re
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.listeners import listen
from app.mails import compose, over
from core.scope import VENDOR_ID, TenantScope
from tenants.mails.reads import mails
from tests.builders.world import World, bearer

PASSWORD = "correct horse battery"


class Desk:
    """An administrator of a customer, in the browser and over the API."""

    def __init__(self, client: TestClient[Litestar], world: World) -> None:
        listen()
        self.client, self.db, self.world, self.tenant = client, world.db, world, world.tenant()
        self.headers = bearer(world.key("tenant_admin", self.tenant))
        client.headers["accept"] = "text/html"

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        self.client.cookies.clear()
        return self.client.post("/sign-in", data={"email": email, "password": password})

    def send(self, path: str, **said: str) -> Any:
        self.sign_in("tenant_admin@acme.example")
        page = self.client.get("/admin/acme/users").text
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert token
        return self.client.post(f"/admin/acme/users{path}", data={"csrf_token": token[1], **said})

    def api(self, method: str, path: str = "", body: Any = None, headers: dict[str, str] | None = None) -> Any:
        self.client.cookies.clear()
        return self.client.request(method, f"/v1/users{path}", json=body, headers=headers or self.headers)

    def user(self, email: str) -> dict[str, Any]:
        return next(one for one in self.api("GET").json() if one["email"] == email)

    def link(self, scope_id: UUID | None = None, *, sent: bool = True) -> str:
        """Return where the newest mail leads: of the customer, or of the scope given."""
        scope_id = scope_id or self.tenant.id
        with self.db.begin(TenantScope(scope_id)) as session:
            mail = mails(session, scope_id)[0]
            assert (over(session, scope_id, mail) == "") is sent
        letter = compose(mail)
        assert letter is not None
        assert letter.link is not None
        return letter.link[1][letter.link[1].index("/welcome/") :]

    def mails(self) -> int:
        with self.db.begin(TenantScope(self.tenant.id)) as session:
            return len(mails(session, self.tenant.id))


@pytest.fixture
def desk(client: TestClient[Litestar], world: World) -> Desk:
    return Desk(client, world)


def test_an_administrator_invites_the_finance_lead_who_chooses_a_password_and_comes_in(desk: Desk) -> None:
    done = desk.send("", name="Fin Ance", email="fin@acme.example", role="tenant_finance")
    assert "is on its way" in done.text
    assert "has not come in yet" in done.text

    link = desk.link()
    desk.client.cookies.clear()
    shown = desk.client.get(link).text
    assert "Your role: Finance" in shown
    came = desk.client.post(link, data={"password": PASSWORD})
    assert came.url.path == "/finance/acme", "to where their work is"
    assert desk.client.get(link).status_code == 409
    assert desk.user("fin@acme.example")["has_password"] is True
    assert "password" in desk.send("", name="x", email="fin@acme.example", role="tenant_finance").text
    assert (
        desk.api("POST", "/invitations", {"email": "fin@acme.example", "name": "F", "role": "tenant_finance"}).json()[
            "code"
        ]
        == "key_in_use"
    )


def test_who_has_not_come_in_is_invited_again_as_what_they_are_to_be_now(desk: Desk) -> None:
    for role in ("tenant_auditor", "tenant_admin"):
        body = {"email": "new@acme.example", "name": "New", "role": role}
        assert desk.api("POST", "/invitations", body).status_code == 201
    assert (desk.user("new@acme.example")["role"], desk.mails()) == ("tenant_admin", 2)


def test_an_invitation_that_names_a_centre_by_now_counts_and_one_that_nobody_could_take_does_not(desk: Desk) -> None:
    desk.world.cost_centres(desk.tenant, "sales", "legal")
    body = {"email": "new@acme.example", "name": "New", "role": "tenant_auditor"}
    assert desk.api("POST", "/invitations", body).status_code == 201

    for change, pointer in (
        ({"role": "vendor_admin"}, "/role"), ({"role": "boss"}, "/role"), ({"role": "cost_centre_owner"}, "/cost_centre"),
        ({"cost_centre": "sales"}, "/cost_centre"),
        ({"role": "cost_centre_owner", "cost_centre": "nowhere"}, "/cost_centre"),
    ):  # fmt: skip
        refused = desk.api("POST", "/invitations", body | change)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    for centre in ("sales", "legal"):
        own = {"role": "cost_centre_owner", "cost_centre": centre, "name": "Newer"}
        assert desk.api("POST", "/invitations", body | own).status_code == 201
        known = desk.user("new@acme.example")
        assert (known["role"], known["cost_centre"], known["name"]) == ("cost_centre_owner", centre, "Newer")


def test_what_nobody_can_be_is_refused_at_its_place(desk: Desk) -> None:
    def fault(**body: Any) -> Any:
        answer = desk.api(
            "POST", "/invitations", {"email": "a@acme.example", "name": "A", "role": "tenant_admin"} | body
        )
        return answer.status_code, answer.json()["errors"][0]["pointer"]

    assert fault(email="nobody") == (422, "/email")
    assert fault(email="a b@acme.example") == (422, "/email")
    assert fault(name=" ") == (422, "/name")
    assert fault(role="vendor_admin") == (422, "/role")
    assert fault(role="cost_centre_owner") == (422, "/cost_centre")
    assert desk.mails() == 0


def test_another_password_is_chosen_by_a_link_that_works_once_while_the_old_one_holds_until_then(desk: Desk) -> None:
    desk.world.key("tenant_finance", desk.tenant)
    user = desk.user("tenant_finance@acme.example")
    assert "old one holds" in desk.send(f"/{user['id']}/password-link").text
    link = desk.link()
    desk.sign_in("tenant_finance@acme.example")
    old_browser = dict(desk.client.cookies)
    assert desk.client.get("/finance/acme").status_code == 200

    desk.client.cookies.clear()
    assert "Another password" in desk.client.get(link).text
    assert desk.client.post(link, data={"password": "quite another one"}).url.path == "/finance/acme"

    desk.client.cookies.clear()
    desk.client.cookies.update(old_browser)
    assert desk.client.get("/finance/acme").url.path == "/sign-in", "other browsers are signed out"
    assert desk.sign_in("tenant_finance@acme.example").status_code == 401
    assert desk.sign_in("tenant_finance@acme.example", "quite another one").status_code == 200
    assert desk.client.post(link, data={"password": "a third one, long"}).status_code == 409
    desk.link(sent=False)  # a mail that still waits is not sent any more


def test_who_forgot_gets_a_mail_and_who_is_nobody_is_told_the_same(desk: Desk) -> None:
    def ask(email: str) -> Any:
        desk.client.cookies.clear()
        return desk.client.post("/sign-in/forgotten", data={"email": email})

    nobody, somebody = ask("nobody@acme.example"), ask(" Tenant_Admin@acme.example ")
    assert (nobody.status_code, somebody.status_code, desk.mails()) == (200, 200, 1)
    assert nobody.text.replace("nobody@", "tenant_admin@") == somebody.text
    assert desk.client.post(desk.link(), data={"password": "quite another one"}).url.path == "/admin/acme"

    answers = [ask("tenant_admin@acme.example").status_code for _ in range(3)]
    assert (answers, desk.mails()) == ([200, 200, 429], 3)
    assert desk.sign_in("tenant_admin@acme.example", "quite another one").status_code == 200, "signing in is no matter"


def test_one_of_the_vendors_own_who_forgot_gets_a_mail_too(desk: Desk) -> None:
    desk.world.key("vendor_sales", None)
    asked = desk.client.post("/sign-in/forgotten", data={"email": "vendor_sales@vendor.example"})
    assert asked.status_code == 200

    link = desk.link(VENDOR_ID)
    assert "vendor_sales@vendor.example at Tollbook" in desk.client.get(link).text
    assert desk.client.post(link, data={"password": "quite another one"}).url.path == "/sales/customers"
    assert desk.client.get(link).status_code == 409, "it works once"
    assert desk.sign_in("vendor_sales@vendor.example", "quite another one").url.path == "/sales/customers"
    assert desk.sign_in("vendor_sales@vendor.example").status_code == 401


def test_who_is_shut_out_is_out_at_once_and_gets_no_link(desk: Desk) -> None:
    finance = desk.world.key("tenant_finance", desk.tenant)
    user = desk.user("tenant_finance@acme.example")
    assert desk.client.get("/v1/me", headers=bearer(finance)).status_code == 200

    assert "Shut out" in desk.send(f"/{user['id']}", act="shut_out").text

    assert desk.user("tenant_finance@acme.example")["active"] is False
    assert desk.sign_in("tenant_finance@acme.example").status_code == 401
    assert desk.api("POST", f"/{user['id']}/password-link").json()["code"] == "user_shut_out"
    desk.client.post("/sign-in/forgotten", data={"email": "tenant_finance@acme.example"})
    assert desk.mails() == 0
    assert (
        desk.api("PATCH", f"/{user['id']}", {"active": True, "role": "tenant_auditor"}).json()["role"]
        == "tenant_auditor"
    )
    assert desk.sign_in("tenant_finance@acme.example").status_code == 200


def test_the_last_administrator_who_could_sign_in_stays_one(desk: Desk) -> None:
    me = desk.user("tenant_admin@acme.example")["id"]
    invited = {"email": "two@acme.example", "name": "Two", "role": "tenant_admin"}
    desk.api("POST", "/invitations", invited)  # who could not sign in yet

    for change in ({"active": False}, {"role": "tenant_auditor"}):
        refused = desk.api("PATCH", f"/{me}", change)
        assert (refused.status_code, refused.json()["code"]) == (409, "sso_nobody_could_sign_in")
    assert "No other administrator could sign in" in desk.send(f"/{me}", act="shut_out").text
    desk.client.post(desk.link(), data={"password": PASSWORD})
    assert desk.api("PATCH", f"/{me}", {"role": "tenant_auditor"}).status_code == 200


def test_a_cost_centre_owner_is_invited_with_the_centre_and_stays_one(desk: Desk) -> None:
    desk.world.cost_centres(desk.tenant, "sales")
    done = desk.send("", name="Own", email="own@acme.example", role="cost_centre_owner", cost_centre="sales")
    assert "(sales)" in done.text
    user = desk.user("own@acme.example")
    assert desk.api("PATCH", f"/{user['id']}", {"role": "tenant_admin"}).json()["errors"][0]["code"] == "role_unknown"
    assert desk.api("PATCH", f"/{user['id']}", {"active": False}).json()["active"] is False


def test_only_who_gives_roles_reaches_users_and_no_other_customers(desk: Desk) -> None:
    other = desk.world.tenant("other")
    stranger = bearer(desk.world.key("tenant_admin", other))
    mine = desk.user("tenant_admin@acme.example")["id"]
    for role in ("tenant_finance", "tenant_auditor"):
        weak = bearer(desk.world.key(role, desk.tenant))
        assert desk.api("GET", headers=weak).status_code == 403
        assert desk.api("POST", f"/{mine}/password-link", headers=weak).status_code == 403
    assert [one["email"] for one in desk.api("GET", headers=stranger).json()] == ["tenant_admin@other.example"]
    assert desk.api("PATCH", f"/{mine}", {"active": False}, headers=stranger).status_code == 404
    assert desk.api("POST", f"/{mine}/password-link", headers=stranger).status_code == 404
