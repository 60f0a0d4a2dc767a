"""What a handler may ask for by name: principal, tenant, session, steward.

One transaction per request: it commits after the handler returned and before the answer is sent,
so that a failing commit is a 500 and never a 201.
"""

import hmac
from base64 import b64decode
from collections.abc import AsyncGenerator
from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from sqlalchemy.orm import Session

from app.archiving import provide_settled
from app.offers import provide_offers
from app.quoted import provide_quote_words
from app.senders import senders_of
from app.transactions import transaction
from app.where_billed import provide_where_billed
from core.clock import utc_now
from core.db import Database
from core.errors import Forbidden
from core.scope import VENDOR_ID, GlobalScope, StewardScope, TenantScope
from tenants.actions.create_user import token_hash
from tenants.errors import CsrfMissing, TenantRequired, Unauthenticated
from tenants.principal import Principal
from tenants.reads import TenantView, principal_of_cookie

__all__ = ("COOKIE", "DEPENDENCIES", "Req", "authenticate", "guard_api")

COOKIE = "tb_session"
Req = Request[Any, Any, State]

_GUARDED = ("/v1/", "/xapi/", "/scim/")
_SAFE = ("GET", "HEAD", "OPTIONS")


def database_of(request: Req) -> Database:
    """Return the application's database."""
    found: Database = request.app.state.database
    return found


async def authenticate(request: Req) -> Principal:
    """Return who is asking, by bearer token or by the browser's cookie; the xAPI, open to all origins, takes no cookie.

    Raises:
        Unauthenticated: neither, or not valid (`unauthenticated`).
        CsrfMissing: a browser changes something without the page's token (`csrf_token_missing`).
    """
    header = request.headers.get("authorization", "")
    if header:
        return await senders_of(request.app).principal(_token(request, header))
    cookie = request.cookies.get(COOKIE)
    if not cookie or _is_xapi(request):
        raise Unauthenticated
    principal = await to_thread.run_sync(_by_cookie, database_of(request), cookie)
    if request.method not in _SAFE:
        await _check_csrf(request, principal)
    return principal


def _token(request: Req, header: str) -> str:
    """Return the API key: a bearer token; as the password of HTTP Basic where xAPI's clients speak."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() == "bearer" and token:
        return token
    if scheme.lower() == "basic" and _is_xapi(request):
        try:
            # The name is the sender's own affair: the key's id, or any.
            return b64decode(token, validate=True).decode().partition(":")[2]
        except ValueError:
            raise Unauthenticated from None
    raise Unauthenticated


def _is_xapi(request: Req) -> bool:
    return request.url.path.startswith("/xapi/")


def _by_cookie(database: Database, cookie: str) -> Principal:
    with database.begin(GlobalScope()) as session:
        principal = principal_of_cookie(session, token_hash(cookie), utc_now())
    if principal is None:
        raise Unauthenticated("Your session has ended. Sign in again.")
    return principal


async def _check_csrf(request: Req, principal: Principal) -> None:
    sent = request.headers.get("x-csrf-token", "")
    if not sent and request.content_type[0] in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent = str((await request.form()).get("csrf_token", ""))
    if not hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), principal.csrf_token.encode()):
        raise CsrfMissing


async def guard_api(connection: ASGIConnection[Any, Any, Any, State], _: BaseRouteHandler) -> None:
    """Ask who it is before anything of an API request is read, and whether the named tenant is theirs."""
    path = connection.url.path
    if isinstance(connection, Request) and path.startswith(_GUARDED) and not _is_open(connection):
        principal = await provide_principal(connection)
        if _named_tenant(connection) is not None:
            await _acting_tenant(connection, principal)


def _is_open(request: Req) -> bool:
    """Tell what an LMS in a browser asks before it shows a key."""
    return _is_xapi(request) and (request.method == "OPTIONS" or request.url.path.rstrip("/") == "/xapi/about")


async def provide_principal(request: Req) -> Principal:
    """Who is asking; known before anything else happens."""
    known: Principal | None = request.state.get("principal")
    if known is None:
        known = await authenticate(request)
        request.state.principal = known
    return known


def _named_tenant(request: Req) -> str | None:
    return request.path_params.get("tenant_slug") or request.headers.get("tbk-tenant") or None


async def _acting_tenant(request: Req, principal: Principal) -> TenantView | None:
    """Return whose data is meant; None where a vendor's key names nobody."""
    named = _named_tenant(request)
    if named is None and principal.tenant_id is None:
        return None
    return await senders_of(request.app).tenant(principal, named)


async def provide_tenant(request: Req, principal: Principal) -> TenantView:
    """Whose data is meant: the key's own tenant, the path's, or the header's."""
    tenant = await _acting_tenant(request, principal)
    if tenant is None:
        raise TenantRequired
    return tenant


async def provide_session(request: Req, principal: Principal) -> AsyncGenerator[Session, None]:
    """One transaction in the acting tenant's scope; the vendor's own where no tenant is named."""
    tenant = await _acting_tenant(request, principal)
    owner = tenant.id if tenant else VENDOR_ID
    async with transaction(database_of(request).begin(TenantScope(owner)), request, owner, principal) as session:
        yield session


async def provide_steward(request: Req, principal: Principal) -> AsyncGenerator[Session, None]:
    """One transaction over all tenants, for the vendor's people only."""
    if not principal.is_vendor:
        raise Forbidden("This is the vendor's own view. Use the tenant's address or key.")
    async with transaction(database_of(request).begin(StewardScope()), request, VENDOR_ID, principal) as session:
        yield session


async def provide_database(request: Req) -> Database:
    """The database itself, for the few jobs of several transactions (runs, clocks, sign-in)."""
    return database_of(request)


DEPENDENCIES = {
    "principal": Provide(provide_principal),
    "tenant": Provide(provide_tenant),
    "session": Provide(provide_session),
    "steward": Provide(provide_steward),
    "database": Provide(provide_database),
    "where_billed": Provide(provide_where_billed),
    "settled": Provide(provide_settled),
    "offers": Provide(provide_offers),
    "quote_words": Provide(provide_quote_words),
}
