"""What is wrong with an answer or a provider: said, safe, and nobody is in or half in."""

import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx import Response

from core.settings import load_sso_networks
from tenants.sso import provider as talk
from tenants.sso.provider import forget_kept
from tests.builders.world import bearer
from tests.integration.sso.conftest import CALLBACK, Customer


def refused(answer: Response, status: int, words: str) -> bool:
    """Tell whether an answer is the sign-in page with that reason, no session, and the attempt ended."""
    cookies = answer.headers.get("set-cookie", "")
    over = "callback" not in str(answer.request.url) or 'tb_sso=""' in cookies
    return answer.status_code == status and words in answer.text and "tb_session" not in cookies and over


def test_an_answer_without_the_browser_s_own_attempt_is_refused(customer: Customer) -> None:
    customer.set_up()
    url = customer.provider.answer_to(customer.begin(), "ann")
    state = parse_qs(urlsplit(url).query)["state"][0]
    cookie = customer.client.cookies["tb_sso"]

    for changed in (url.replace(state, "st_other"), f"{CALLBACK}?code=x"):
        assert refused(customer.client.get(changed), 400, "not begun in this browser")
        customer.client.cookies.set("tb_sso", cookie, domain="testserver.local", path="/sign-in/sso")
    customer.client.cookies.clear()
    assert refused(customer.client.get(url), 400, "not begun in this browser")
    customer.client.cookies.set("tb_sso", "AAAA" + cookie[4:], domain="testserver.local", path="/sign-in/sso")
    assert refused(customer.client.get(url), 400, "not begun in this browser")


def test_an_answer_meant_for_another_customer_is_refused(customer: Customer) -> None:
    other = customer.world.tenant("other")
    customer.set_up()
    key = customer.world.key("tenant_admin", other)
    body = {"name": "Other", "issuer": customer.provider.issuer, "client_id": "tollbook"}
    customer.client.put("/v1/sso", headers=bearer(key), json=body)

    url = customer.provider.answer_to(customer.begin(), "ann").replace("/sso/acme/", "/sso/other/")

    assert refused(customer.client.get(url), 400, "not begun in this browser")


def test_a_code_is_good_once(customer: Customer) -> None:
    customer.set_up()
    url = customer.provider.answer_to(customer.begin(), "ann")
    cookie = customer.client.cookies["tb_sso"]

    assert customer.client.get(url, follow_redirects=False).status_code == 303
    customer.client.cookies.clear()
    customer.client.cookies.set("tb_sso", cookie, domain="testserver.local", path="/sign-in/sso")

    assert refused(customer.client.get(url), 401, "good once and for a short time (invalid_grant")


def test_a_token_of_another_sign_in_and_a_code_of_another_browser_are_refused(customer: Customer) -> None:
    customer.set_up()

    other_nonce = customer.sign_in("ann", nonce="another sign-in's")
    other_challenge = customer.sign_in("ann", code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")

    assert refused(other_nonce, 401, "it belongs to another sign-in")
    assert refused(other_challenge, 401, "did not take the sign-in&#39;s code")
    assert customer.me() is None


def test_an_answer_of_another_provider_or_a_refusal_of_the_right_one_is_said(customer: Customer) -> None:
    customer.set_up()

    url = customer.provider.answer_to(customer.begin(), "ann")
    mixed_up = customer.client.get(url.partition("&iss=")[0] + "&iss=https%3A%2F%2Felse.example")
    state = parse_qs(urlsplit(customer.begin()).query)["state"][0]
    denied = customer.client.get(
        CALLBACK,
        params={
            "state": state,
            "iss": customer.provider.issuer,
            "error": "access_denied",
            "error_description": "<b>no</b>",
        },
    )

    assert refused(mixed_up, 401, "the answer came from another provider")
    assert refused(denied, 403, "access_denied: &lt;b&gt;no&lt;/b&gt;")


def test_a_wrong_secret_is_told_by_the_sign_in_and_by_the_test(customer: Customer) -> None:
    customer.set_up(client_secret="not the secret")

    answer = customer.sign_in("ann")
    tried = customer.client.post("/v1/sso/test", headers=bearer(customer.key)).json()

    assert refused(answer, 401, "does not accept the client id and secret")
    assert [(one["step"], one["ok"]) for one in tried] == [("description", True), ("keys", True), ("client", False)]
    assert "does not accept the client id and secret" in tried[2]["detail"]


def test_a_provider_that_works_passes_the_test(customer: Customer) -> None:
    customer.set_up()

    tried = customer.client.post("/v1/sso/test", headers=bearer(customer.key)).json()

    assert [one["ok"] for one in tried] == [True, True, True]


def test_a_provider_that_calls_itself_otherwise_is_named(customer: Customer) -> None:
    right, wrong = customer.provider.issuer, f"{customer.provider.issuer}/"
    customer.set_up(issuer=wrong)

    answer = customer.client.get("/sign-in/sso/acme")

    assert refused(answer, 502, f"The provider calls itself &#39;{right}&#39;, not &#39;{wrong}&#39;")


def test_a_provider_that_is_down_is_said_to_be(customer: Customer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    customer.set_up(issuer=f"http://127.0.0.1:{port}")

    assert refused(customer.client.get("/sign-in/sso/acme"), 502, "nothing listens at that port")


@pytest.fixture
def odd() -> Iterator[Any]:
    """Serve raw answers of HTTP, each to one call; None never answers."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(raw: bytes | None) -> str:
            def answer() -> None:
                with server.accept()[0] as line:
                    line.recv(65_536)
                    line.sendall(raw) if raw is not None else over.wait(10)

            threading.Thread(target=answer, daemon=True).start()
            return f"http://127.0.0.1:{server.getsockname()[1]}"

        yield serve
        over.set()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (None, "could not be called"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "answered with HTTP 302"),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", "no description of an OpenID Connect provider"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 600_000 + b"{}", "no description of an OpenID Connect provider"),
        (b"nonsense\r\n\r\n", "could not be called"),
    ],
    ids=["silent", "redirect", "no JSON", "endless", "no HTTP"],
)
def test_an_odd_provider_is_refused_in_time(
    customer: Customer, odd: Any, monkeypatch: pytest.MonkeyPatch, raw: bytes | None, words: str
) -> None:
    monkeypatch.setattr(talk, "WHOLE_S", 0.3)
    customer.set_up(issuer=odd(raw))

    assert refused(customer.client.get("/sign-in/sso/acme"), 502, words)


def test_private_addresses_are_refused_when_written_and_when_a_name_leads_there(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSO_NETWORKS")
    load_sso_networks.cache_clear()
    forget_kept()

    written = customer.set_up(issuer="https://169.254.169.254")
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _host, port, **_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))],
    )
    customer.set_up(issuer="https://harmless.example")
    led_there = customer.client.get("/sign-in/sso/acme")

    assert (written.status_code, written.json()["errors"][0]["code"]) == (422, "issuer_forbidden")
    assert refused(led_there, 502, "no public address")


def test_a_customer_without_a_provider_or_with_one_switched_off_says_so(customer: Customer) -> None:
    assert refused(customer.client.get("/sign-in/sso/acme"), 404, "no single sign-on for &#39;acme&#39;")
    assert refused(customer.client.get("/sign-in/sso/nobody"), 404, "no single sign-on for &#39;nobody&#39;")
    customer.set_up()
    url = customer.provider.answer_to(customer.begin(), "ann")
    customer.set_up(enabled=False)
    assert refused(customer.client.get(url), 404, "no single sign-on for &#39;acme&#39;")
