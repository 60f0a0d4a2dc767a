"""What a browser is shown where nothing can be: in words for people, with a way back."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.error_page import page_at
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
SIGN_IN = {"email": "tenant_admin@acme.example", "password": "correct horse battery"}
ID = "00000000-0000-0000-0000-000000000001"


def ways(page: str) -> list[str]:
    """Return where the page's buttons lead."""
    return [unescape(href) for href in re.findall(r'<a class="btn[^"]*" href="([^"]+)"', page)]


def back_to(page: str) -> str:
    """Return the page that signing in leads to."""
    sign_in = urlsplit(ways(page)[0])
    assert sign_in.path == "/sign-in"
    return parse_qs(sign_in.query)["next"][0]


@pytest.fixture
def browser(client: Client, world: World) -> Client:
    """A browser whose session has ended."""
    world.key("tenant_admin", world.tenant())
    client.headers["accept"] = "text/html"
    client.cookies.set("tb_session", "ended-long-ago")
    return client


def test_a_form_after_the_session_has_ended_says_so_and_leads_back_through_the_sign_in(browser: Client) -> None:
    page = "/admin/acme/people?search=ann"

    told = browser.post(
        "/admin/acme/people/erase", data={"who": "ann"}, headers={"referer": f"{browser.base_url}{page}"}
    )

    assert told.status_code == 401
    assert "Your session has ended" in told.text
    assert "Bearer" not in told.text
    assert "Authorization" not in told.text
    assert back_to(told.text) == page
    browser.cookies.clear()
    led = browser.post("/sign-in", data=SIGN_IN | {"next": back_to(told.text)}, follow_redirects=False)
    assert led.headers["location"] == page


@pytest.mark.parametrize(
    ("sent_to", "referer", "led_to"),
    [
        ("people/erase", "", "/admin/acme/people"),
        # Some other site, or one of this name: never led there.
        ("people/erase", "https://else.example/admin/acme/keys", "/admin/acme/people"),
        ("people/erase", "{here}//else.example", "/"),
        # What a preview was answered with cannot be asked for.
        ("people/erase", "{here}/admin/acme/people/erase?show=left", "/admin/acme/people"),
        (f"webhooks/{ID}/deliveries/{ID}/replay", "", f"/admin/acme/webhooks/{ID}/deliveries/{ID}"),
        ("alerts/preview", "", "/admin/acme/alerts"),
    ],
)
def test_without_a_page_to_lead_back_to_it_is_the_one_above(
    browser: Client, sent_to: str, referer: str, led_to: str
) -> None:
    headers = {"referer": referer.format(here=str(browser.base_url).rstrip("/"))}

    told = browser.post(f"/admin/acme/{sent_to}", data={}, headers=headers)

    assert (told.status_code, back_to(told.text)) == (401, led_to)


def test_programs_are_told_of_keys_as_before(browser: Client) -> None:
    cookie = browser.post("/admin/acme/people", data={}, headers={"accept": "application/json"})
    key = browser.post("/admin/acme/people", data={}, headers=bearer("tb_wrong"))

    assert (cookie.status_code, cookie.json()["detail"]) == (401, "Your session has ended. Sign in again.")
    assert key.status_code == 401
    assert "Authorization: Bearer" in key.text


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/admin/acme/seat-pools/learners/assign", "/admin/acme/seat-pools/learners"),
        (f"/admin/acme/alerts/{ID}/test", f"/admin/acme/alerts/{ID}"),
        ("/admin/acme/alerts/preview", "/admin/acme/alerts"),
        ("/account/theme", "/"),
        ("/sign-out", "/"),
    ],
)
def test_the_address_of_a_form_says_what_it_is_and_leads_to_the_page(browser: Client, address: str, page: str) -> None:
    told = browser.get(address)

    assert told.status_code == 405
    assert "A form is sent to this address" in told.text
    assert "Method Not Allowed" not in told.text
    assert ways(told.text)[0] == page


def test_a_program_is_told_which_methods_an_address_takes(client: Client) -> None:
    told = client.get("/v1/events/corrections").json()

    assert (told["status"], told["code"]) == (405, "method_not_allowed")
    assert told["detail"] == "This address does not take GET; it takes POST."


def test_a_name_that_is_written_out_wins_over_one_that_stands_for_any(client: Client) -> None:
    routes = client.app.routes

    assert page_at(routes, "/admin/acme/people/stay") == "/admin/acme/people"
    assert page_at(routes, f"/admin/acme/people/{ID}") == f"/admin/acme/people/{ID}"
    assert page_at(routes, "/nothing/at/all") == "/"


def test_what_a_page_refuses_is_told_without_the_words_of_the_api(client: Client, world: World) -> None:
    world.key("tenant_admin", world.tenant())
    client.headers["accept"] = "text/html"
    client.post("/sign-in", data=SIGN_IN)
    page = client.get("/admin/acme/seat-pools").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token
    pool = {"csrf_token": token[1], "key": "learners", "name": "Learners", "seats": "2"}
    client.post("/admin/acme/seat-pools", data=pool)

    taken = client.post("/admin/acme/seat-pools", data=pool | {"seats": "3"})
    missing = client.get("/admin/acme/seat-pools/others")

    assert "There is a seat pool 'learners' with other rules already. Change that one" in unescape(taken.text)
    assert "Check the id, and that it is this customer's." in unescape(missing.text)
    for told in (taken, missing):
        assert "PATCH" not in told.text
        assert "your key" not in told.text
