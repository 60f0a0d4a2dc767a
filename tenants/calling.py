"""Calling an address that a customer named, and no other: the name is resolved once, and that is what is called.

A host that is, or resolves to, an address of a private, loopback or link-local network is refused. What
can be told from the host alone, in whichever way it is written, is told when somebody enters it; names
are judged at the moment of the call, so that one that changes its mind in between does not help.
Redirects are not followed: their answer counts as a failure. Webhooks and sign-in providers are called
from here.
"""

import contextlib
import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ("AddressForbidden", "Answer", "Call", "call", "check_url", "place_of")

CONNECT_S = 5.0
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is the public internet (RFC 4291); what lies outside may be another network's address
in disguise, as those of NAT64 are (64:ff9b::/96)."""
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_NAME_MAX = 253
"""The longest host name there can be (RFC 1035), without the dot that may end it."""
_NO_NAME = "There is no host of that name. Look for a slip in the address."


class AddressForbidden(Exception):
    """An address that must not be called; its text says why. Who was given it refuses with a code of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent, what is kept of the answer (bytes), and how long the whole may take."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    keep: int = 0
    whole_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status with the first bytes of the body, or an error in one sentence."""

    status: int | None
    error: str = ""
    body: bytes = b""
    forbidden: bool = False
    """Whether nothing was called, since the address must not be."""

    @property
    def well(self) -> bool:
        """Whether it was taken: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class _Place:
    secure: bool
    host: str
    port: int
    path: str


def check_url(url: str, allowed: Sequence[Network]) -> _Place:
    """Return the parts of an address that may be called.

    Args:
        url: what the customer gave.
        allowed: private networks that may be called, by plain http too.

    Raises:
        AddressForbidden: another scheme, a user or a fragment in it, no host that could be, or a private address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressForbidden("This is no address. Give one like https://example.com/path.") from None
    schemes = ("https", "http") if allowed else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise AddressForbidden("Give an address that begins with https:// and names a host.")
    if parts.username or parts.password or parts.fragment or any(c in url for c in "\r\n\t "):
        raise AddressForbidden("Leave user names, fragments and blanks out of the address.")
    host = _host_as_resolved(parts.hostname)
    address = _address_in(host)
    if address is not None:
        _refuse_private(address, allowed)
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(secure, host, port or (443 if secure else 80), path)


def _host_as_resolved(given: str) -> str:
    """Return a host in the letters that the resolver sees: full-width digits and ideographic dots are plain ones.

    >>> _host_as_resolved("１２７。0.0.1"), _host_as_resolved("bücher.example")
    ('127.0.0.1', 'xn--bcher-kva.example')
    """
    if ":" in given:  # an address of IPv6, which the parser has read as one
        return given
    # Bounded before it is converted, for that takes long for what is long; what ends with a dot ends with its root.
    name = given if len(given) <= _NAME_MAX + 1 else ""
    try:
        name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    labels = name.removesuffix(".").split(".")
    if len(name.removesuffix(".")) > _NAME_MAX or not all(_LABEL.fullmatch(one) for one in labels):
        raise AddressForbidden(_NO_NAME)
    return name


def _address_in(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host is in itself, as the resolver reads it; None for a name that has to be asked for.

    >>> _address_in("0x7f.1"), _address_in("2130706433"), _address_in("hooks.localhost"), _address_in("example.com")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    name = host.removesuffix(".")
    last = name.rpartition(".")[2]
    if last == "localhost":  # with all below it, the machine's own (RFC 6761)
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        if ":" in host:
            return ipaddress.ip_address(host)
        # It reads what the resolver does: decimal, hexadecimal, octal, and fewer than four parts.
        return ipaddress.IPv4Address(socket.inet_aton(name)) if _NUMBER.fullmatch(last) else None
    except (OSError, ValueError):
        raise AddressForbidden(_NO_NAME) from None


def place_of(url: str) -> str:
    """Return host and path of an address, for the trail that is kept for ever: a query may hold the receiver's token.

    >>> place_of("https://example.com/hooks?token=s3cret")
    'https://example.com/hooks'
    """
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _refuse_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: Sequence[Network]) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    for one in (address, mapped):
        if one is None or _within(one, allowed):
            continue
        if not one.is_global or one.is_multicast or (one.version == 6 and one not in _UNICAST):
            raise AddressForbidden("The host has no public address. Only the public internet is called.")


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in allowed)


def _resolve(place: _Place, allowed: Sequence[Network]) -> str:
    """Return the one address that is called; refused where any of the host's is private, or public without TLS."""
    found = _looked_up(place)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        _refuse_private(parsed, allowed)
        if not place.secure and not _within(parsed, allowed):
            raise AddressForbidden("Plain http is for private networks that are named in the settings. Use https.")
    return addresses[0]


def _looked_up(place: _Place) -> list[Any]:
    """Ask for the name's addresses, but wait no longer than for a connection: the system's resolver waits minutes."""
    answers: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=CONNECT_S)
    except queue.Empty:
        raise TimeoutError(f"the name {place.host} was not resolved in {CONNECT_S:g} seconds") from None
    if isinstance(found, Exception):
        raise found
    return found


def call(url: str, given: Call, allowed: Sequence[Network]) -> Answer:
    """Call an address and return what came of it; never raises, and takes no longer than it may."""
    connection: http.client.HTTPConnection | None = None
    ends_at = time.monotonic() + given.whole_s
    try:
        place = check_url(url, allowed)
        sock = socket.create_connection((_resolve(place, allowed), place.port), timeout=CONNECT_S)
        # TLS takes the socket over and leaves nothing in it to shut: the watch holds the line itself.
        line = sock.dup()
        watch = threading.Timer(ends_at - time.monotonic(), _cut, (line,))
        watch.daemon = True
        watch.start()
        try:
            if place.secure:
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=place.host)
            sock.settimeout(given.whole_s)
            connection = http.client.HTTPConnection(place.host, place.port)
            connection.sock = sock
            connection.request(given.method, place.path, body=given.body or None, headers=dict(given.headers))
            answer = connection.getresponse()
            return Answer(answer.status, _leads_on(answer), answer.read(given.keep))
        finally:
            watch.cancel()
            line.close()
    except AddressForbidden as refusal:
        return Answer(None, str(refusal), forbidden=True)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        late = time.monotonic() >= ends_at
        return Answer(None, f"There was no whole answer in {given.whole_s:g} seconds." if late else _why(error)[:300])
    finally:
        if connection is not None:
            connection.close()


def _why(error: Exception) -> str:
    """Return what went wrong in words of whoever has to mend it."""
    text = f"{type(error).__name__}: {error}"
    match error:
        case socket.gaierror():
            text = f"The host's name leads to no address ({error.strerror}). Look for a slip in it."
        case UnicodeError():
            text = f"The host's name is none ({error})."
        case ConnectionRefusedError():
            text = "The connection was refused: nothing listens at that port."
        case ssl.SSLCertVerificationError():
            text = f"The host's certificate is not accepted: {error.verify_message}."
        case ssl.SSLError():
            text = f"No secure connection came about: {error.reason or error}."
        case TimeoutError():
            text = f"There was no answer in time: {error}."
        case http.client.RemoteDisconnected() | ConnectionResetError() | BrokenPipeError():
            text = "The host ended the connection without an answer."
    return text


def _leads_on(answer: http.client.HTTPResponse) -> str:
    """Return what a redirect says, since it is not followed; '' for other answers."""
    if not 300 <= answer.status < 400:
        return ""
    where = (answer.getheader("Location") or "").split("?")[0][:200]
    return f"A redirect is not followed. It leads to {where}." if where else "A redirect is not followed."


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
