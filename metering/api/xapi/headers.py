"""What every answer of the xAPI carries, for pages of any origin too, and the old browsers' way to send."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request
from litestar.datastructures import MutableScopeHeaders, State
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from core.clock import utc_now
from metering.ingest.bodies import MAX_BODY_BYTES
from metering.reads.statements import LONGEST_WRITE
from metering.xapi.values import instant_text
from metering.xapi.versions import Version, version_of_header

__all__ = ("ALTERNATE", "CONSISTENT", "VERSION", "XapiHeaders")

VERSION = "X-Experience-API-Version"
CONSISTENT = "X-Experience-API-Consistent-Through"
ALTERNATE = "xapi_alternate"
"""In the request's state: the method that the alternate syntax means, or why it is refused."""
_AS_HEADERS = (
    "authorization", "x-experience-api-version", "content-type", "content-length", "if-match", "if-none-match",
    "accept-language",
)  # fmt: skip
_CHALLENGES = ('Basic realm="xAPI", charset="UTF-8"', 'Bearer realm="xAPI"')
# A page of any origin may send: it needs a key for everything, and none that its browser keeps is taken here
# (no cookies, no Access-Control-Allow-Credentials), so that nobody else's sign-in can be used.
_ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        f"ETag, Last-Modified, {VERSION}, {CONSISTENT}, Tbk-Unmetered, Retry-After, RateLimit, RateLimit-Policy"
    ),
}
_BEFORE_A_REQUEST = {
    "Access-Control-Allow-Headers": (
        f"Authorization, Content-Type, Content-Encoding, If-Match, If-None-Match, Accept-Language, {VERSION},"
        " Tbk-Tenant"
    ),
    "Access-Control-Max-Age": "7200",
}
"""What a browser asks before it sends (OPTIONS); two hours are as long as any remembers."""


class XapiHeaders(ASGIMiddleware):
    """Puts version, instant of consistency and what other origins may read on every answer, refusals included."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Handle one request."""
        if scope["type"] == ScopeType.HTTP and _is_alternate(scope):
            receive = await _rewritten(scope, receive)
        request: Request[Any, Any, State] = Request(scope)
        spoken = _spoken(request)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers.setdefault(VERSION, spoken.value)
                known: datetime | None = request.state.get(CONSISTENT)
                headers.setdefault(CONSISTENT, instant_text(known or utc_now() - LONGEST_WRITE))
                for name, value in _ANY_ORIGIN.items():
                    headers.setdefault(name, value)
                if request.method == "OPTIONS":
                    headers.update(_BEFORE_A_REQUEST | _methods_of(request))
                if message["status"] == 401:
                    _name_both_schemes(headers)
            await send(message)

        await next_app(scope, receive, answer)


def _name_both_schemes(headers: MutableScopeHeaders) -> None:
    """Say which ways there are to show a key (RFC 9110), each in a field of its own: some clients read one only."""
    headers.pop("WWW-Authenticate", None)
    for challenge in _CHALLENGES:
        headers.add("WWW-Authenticate", challenge)


def _spoken(request: Request[Any, Any, State]) -> Version:
    """Return the version of the answer; who names none is told the one that their key spoke last."""
    known: dict[int, Version] = request.app.state.setdefault("xapi_spoken", {})
    sender = hash(request.headers.get("authorization", ""))
    version = version_of_header(request.headers.get(VERSION.lower(), ""))
    if version is None:
        return known.get(sender, Version.TWO)
    if len(known) > 1_000:
        known.clear()
    known[sender] = version
    return version


def _methods_of(request: Request[Any, Any, State]) -> dict[str, str]:
    """Return the methods of a path; the framework's own answer knows those of one of its handlers only."""
    path = request.url.path.rstrip("/")
    routes = [route for route in request.app.routes if isinstance(route, HTTPRoute) and route.path == path]
    methods = ", ".join(sorted({method for route in routes for method in route.methods}))
    return {"Allow": methods, "Access-Control-Allow-Methods": methods}


def _is_alternate(scope: HTTPScope) -> bool:
    """Return whether it is a POST that means another method; xAPI 2.0 has no such thing."""
    if scope["method"] != "POST" or b"method=" not in scope["query_string"]:
        return False
    headers = dict(scope["headers"])
    form = headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded")
    version = version_of_header(headers.get(b"x-experience-api-version", b"").decode("latin-1"))
    return form and version is not Version.TWO


async def _rewritten(scope: HTTPScope, receive: Receive) -> Receive:
    """Turn the request into the one that is meant: parameters, headers and content come from the form."""
    body = await _body(receive)
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    headers = {name.lower(): value for name, value in form if name.lower() in _AS_HEADERS}
    content = dict(form).get("content", "").encode()
    headers.setdefault("content-type", "application/json")
    headers["content-length"] = str(len(content))
    method = dict(query).get("method", "").upper()
    scope["state"][ALTERNATE] = (method, _refusal(method, query, dict(form), headers))
    kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in headers]
    scope["headers"] = [*kept, *((n.encode(), v.encode("latin-1", "replace")) for n, v in headers.items())]
    scope["query_string"] = urlencode([
        (name, value) for name, value in form if name.lower() not in _AS_HEADERS and name != "content"
    ]).encode()  # fmt: skip
    return _receiver(content)


def _refusal(method: str, query: list[tuple[str, str]], form: dict[str, str], headers: dict[str, str]) -> str:
    """Return why the request is refused, or ''."""
    if version_of_header(headers.get(VERSION.lower(), "")) is Version.TWO:
        return "xAPI 2.0 has no alternate request syntax. Send the request itself."
    if len(query) > 1:
        return "With the alternate request syntax 'method' is the only parameter of the address."
    if method not in ("GET", "HEAD", "PUT", "POST"):
        return f"The alternate request syntax knows GET, HEAD, PUT and POST, not '{method[:20]}'."
    if method in ("PUT", "POST") and "content" not in form:
        return "The alternate request syntax sends a statement as the form's parameter 'content'."
    return ""


def _receiver(content: bytes) -> Receive:
    async def receive() -> Any:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


async def _body(receive: Receive) -> bytes:
    """Read the form; what is over the limit is cut and then not understood."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"") if message["type"] == "http.request" else b""
        if not message.get("more_body") or len(body) > 2 * MAX_BODY_BYTES:
            return bytes(body)


def http_date(instant: datetime) -> str:
    """Return an instant as HTTP writes it, to the second."""
    return instant.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
