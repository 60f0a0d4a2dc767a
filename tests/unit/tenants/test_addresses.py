"""Which addresses may be called: names are judged by what they resolve to, when they are called."""

import socket
from ipaddress import ip_network
from typing import Any

import pytest

from tenants.calling import AddressForbidden, Call, call, check_url

HERE = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/hook",
        "https://",
        "https://user:pw@example.com/hook",
        "https://example.com/hook#part",
        "https://example.com/a b",
        "https://example.com:99999/",
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[fd00::1]/hook",
        "https://[2002:7f00:1::]/hook",
        "https://[64:ff9b::a9fe:a9fe]/hook",
        "https://[64:ff9b:1::a00:1]/hook",
        "https://[::10.0.0.1]/hook",
        "https://[fec0::1]/hook",
        "https://0.0.0.0/hook",
        "https://100.64.0.1/hook",
        "https://224.0.0.1/hook",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://0x7f.1/",
        "https://0x/",
        "https://127.0.0.1./",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https://１０．1．2．3/",
        "https://169.254.43518/",
        "https://localhost/",
        "https://LocalHost./",
        "https://ｌｏｃａｌｈｏｓｔ/",
        "https://hooks.localhost/",
        "https://a..b/",
        "https://a。。b/",
        "https://.example.com/",
        "https://./",
        "https://1.2.3.256/",
        "https://example.1/",
        "https://ex%61mple.com/",
        "https://ex!ample.com/",
        f"https://{'a' * 64}.example/",
        f"https://{'a' * 300}/",
        f"https://{'ü' * 300}.example/",
        f"https://{'.'.join(['a' * 49] * 6)}/",
    ],
)
def test_what_is_no_public_https_address_is_refused(url: str) -> None:
    with pytest.raises(AddressForbidden):
        check_url(url, ())


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://Example。COM./", "example.com."),
        ("https://my_hooks.example.com/", "my_hooks.example.com"),
        ("https://1.2.3.4.example/", "1.2.3.4.example"),
        ("https://intranet/", "intranet"),
        ("https://134744072/", "134744072"),  # 8.8.8.8
        (f"https://{'a' * 63}.example/", f"{'a' * 63}.example"),
    ],
)
def test_a_host_that_can_be_is_taken_in_the_letters_that_the_resolver_sees(url: str, host: str) -> None:
    assert check_url(url, ()).host == host


@pytest.mark.parametrize("host", ["127.1", "localhost", "hooks.localhost", "2130706433", "0x7f.1"])
def test_an_allowed_network_is_allowed_in_whichever_way_it_is_written(host: str) -> None:
    assert check_url(f"http://{host}:8080/hook", HERE).host == host


def test_a_public_address_and_an_allowed_network_are_taken() -> None:
    assert (check_url("https://example.com/hook?a=1", ()).path, check_url("https://example.com", ()).port) == (
        "/hook?a=1",
        443,
    )
    assert check_url("https://[2606:4700::1111]/hook", ()).host == "2606:4700::1111"
    assert check_url("http://127.0.0.1:8080/hook", HERE).port == 8080
    with pytest.raises(AddressForbidden):
        check_url("https://10.1.2.3/hook", HERE)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["fe80::1%2"]], ids=str)
def test_a_name_that_resolves_to_a_private_address_is_never_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    def resolved(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    def connect(*_: Any, **__: Any) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(socket, "create_connection", connect)

    answer = call("https://harmless.example/hook", Call(b"{}"), ())

    assert (answer.status, answer.forbidden) == (None, True)
    assert "no public address" in answer.error


def test_plain_http_is_for_the_private_networks_that_are_named_and_no_public_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolved(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)

    answer = call("http://harmless.example/hook", Call(b"{}"), HERE)

    assert (answer.status, "Use https" in answer.error) == (None, True)
