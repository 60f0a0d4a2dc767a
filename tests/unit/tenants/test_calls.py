"""A call takes no longer than it may, whatever the receiver does."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenants import calling
from tenants.calling import Call, call

HERE = (ip_network("127.0.0.0/8"),)


def _certificate(path: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def dripping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An https address that answers one header after the other, and never ends."""
    _certificate(tmp_path / "here.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "here.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "here.pem")
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as line:
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.05):
                line.sendall(b"X-More: to come\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/hook"
        over.set()


def test_a_receiver_that_drips_its_answer_over_tls_is_cut_off(dripping: str) -> None:
    began = time.monotonic()

    call(dripping, Call(b"{}", whole_s=0.5), HERE)

    assert time.monotonic() - began < 2


def test_a_name_that_nobody_resolves_is_given_up_like_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(calling, "CONNECT_S", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    began = time.monotonic()

    answer = call("https://slow.example/hook", Call(b"{}"), ())

    over.set()
    assert time.monotonic() - began < 5
    assert (answer.status, "was not resolved" in answer.error) == (None, True)


def test_what_went_wrong_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    refused = call(f"http://127.0.0.1:{free}/hook", Call(b"{}"), HERE)

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    mistyped = call("https://hoks.example/hook", Call(b"{}"), ())

    assert refused.error == "The connection was refused: nothing listens at that port."
    assert mistyped.error == ("The host's name leads to no address (Name or service not known). Look for a slip in it.")
