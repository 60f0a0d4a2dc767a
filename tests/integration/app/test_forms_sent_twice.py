"""A form that makes something makes it once, however often a browser sends the very same form."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
ADMIN = "/admin/acme"
KEY = {"name": "LMS", "scope.people:read": "on"}
HOOK = {"url": "https://acme.example/hook", "description": "LMS"}
ALERT = {"name": "Members", "what": "meter:members.active", "when": "percent", "value": "80", "limit": "10"}


@pytest.fixture
def admin(client: Client, world: World) -> Client:
    """Acme's administrator, signed in with a browser."""
    world.key("tenant_admin", world.tenant())
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data={"email": "tenant_admin@acme.example", "password": "correct horse battery"})
    return client


def opened(client: Client, page: str, action: str = "") -> dict[str, str]:
    """Return the hidden fields of a form, as the page shows it at this moment."""
    shown = client.get(page).text
    form = re.search(rf'<form[^>]* action="{re.escape(action or page)}".*?</form>', shown, re.DOTALL)
    assert form
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def secrets(text: str) -> list[str]:
    return re.findall(r'value="((?:tb_|whsec_)[^"]+)"', text)


def things(client: Client, page: str) -> list[str]:
    """Return the ids of what the list leads to."""
    return re.findall(rf'<a href="{page}/([0-9a-f-]{{36}})"', client.get(page).text)


@pytest.mark.parametrize(("page", "wish"), [(f"{ADMIN}/keys", KEY), (f"{ADMIN}/webhooks", HOOK)])
def test_a_reload_makes_no_second_secret_and_says_so(admin: Client, page: str, wish: dict[str, str]) -> None:
    form = opened(admin, page) | wish

    made, reloaded = admin.post(page, data=form), admin.post(page, data=form)

    assert len(secrets(made.text)) == 1
    assert (reloaded.status_code, secrets(reloaded.text)) == (409, [])
    assert "it was not made again" in reloaded.text
    assert secrets(made.text)[0] not in reloaded.text
    # A key of the fixture's own is in the list as well.
    assert len(things(admin, page)) == (2 if "keys" in page else 1)


@pytest.mark.parametrize(("page", "wish"), [(f"{ADMIN}/keys", KEY), (f"{ADMIN}/webhooks", HOOK)])
def test_a_successor_is_made_once(admin: Client, page: str, wish: dict[str, str]) -> None:
    admin.post(page, data=opened(admin, page) | wish)
    here = f"{page}/{things(admin, page)[0]}"
    form = opened(admin, here, f"{here}/rotate") | {"hours": "24"}

    made, reloaded = (admin.post(f"{here}/rotate", data=form) for _ in range(2))

    assert len(secrets(made.text)) == 1
    assert (reloaded.status_code, secrets(reloaded.text)) == (409, [])
    again = admin.post(f"{here}/rotate", data=opened(admin, here, f"{here}/rotate") | {"hours": "24"})
    assert len(secrets(again.text)) == 1, "asked for anew it is made anew"


def test_who_goes_back_to_the_form_and_asks_for_something_else_gets_it(admin: Client) -> None:
    page = f"{ADMIN}/keys"
    form = opened(admin, page)

    first, second = (admin.post(page, data=form | KEY | {"name": name}) for name in ("LMS", "Reports"))

    assert len(secrets(first.text)) == len(secrets(second.text)) == 1


def test_a_form_that_was_refused_may_be_sent_again(admin: Client) -> None:
    page = f"{ADMIN}/webhooks"
    form = opened(admin, page) | HOOK | {"url": "http://acme.example/plain"}

    refused = [admin.post(page, data=form).status_code for _ in range(2)]

    assert refused == [422, 422], "for the same reason, not for having been sent"


def test_an_alert_and_a_licence_file_are_made_once(admin: Client, db: Database, world: World) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))
    vendor = bearer(world.key("vendor_admin"), "acme")
    admin.post("/v1/subscriptions", headers=vendor, json={"plan": "standard-named", "key": "main"})
    for page, wish in ((f"{ADMIN}/alerts", ALERT), (f"{ADMIN}/licence-files", {"name": "Frankfurt", "ends_on": ""})):
        form: dict[str, Any] = opened(admin, page) | wish

        made, again = (admin.post(page, data=form, follow_redirects=False) for _ in range(2))

        assert (made.status_code, again.status_code) == (303, 409), unescape(made.text)[-500:]
        assert len(things(admin, page)) == 1
