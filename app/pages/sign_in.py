"""The sign-in page: by password, by one's organisation, and why not; and the cookies of who came in."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from litestar import MediaType, Response
from litestar.datastructures import Cookie

from app.dependencies import COOKIE, database_of
from app.i18n import gettext as _
from app.i18n import reader
from app.pages.environment import render
from app.pages.frame import THEMES
from app.pages.visit import Req
from core.db import Database
from core.errors import Refused
from core.scope import GlobalScope, TenantScope
from tenants.errors import TenantUnknown
from tenants.reads import TenantView, find_tenant, password_allowed
from tenants.sso.reads import find_provider

__all__ = (
    "AT_COOKIE", "SignInForm", "local_path", "secure_cookies", "session_cookie", "sign_in_page", "tenant_named",
)  # fmt: skip

AT_COOKIE = "at"
"""Through which organisation this browser signed in last: its button is there the next time."""
_TENANT_PATHS = ("admin", "finance", "centre")


@dataclass(frozen=True, slots=True)
class SignInForm:
    """What the sign-in form sends."""

    email: str = ""
    password: str = ""
    next: str = "/"


@dataclass(frozen=True, slots=True)
class _Way:
    """By whom an organisation's people sign in; `href` empty: it has no provider."""

    slug: str
    name: str
    href: str
    passwords: bool


def sign_in_page(request: Req, data: SignInForm, refusal: Refused | None = None, slug: str = "") -> Response[str]:
    """Return the page; `slug` is the organisation of a sign-in that failed."""
    theme, target = request.cookies.get("theme", ""), local_path(data.next)
    named = slug or request.query_params.get("at", "").strip().lower()
    way = _way(database_of(request), named or _wanted(target) or request.cookies.get(AT_COOKIE, ""), target)
    # Whoever named it is told; a guess from an address or a cookie is not mentioned where it leads nowhere.
    unknown = bool(named) and (way is None or not way.href)
    text = render(
        "account/sign_in.html", theme=theme if theme in THEMES else "", reader=reader(), csrf_token="",
        problem=_(refusal.detail) if refusal else "", email=data.email, next=target,
        way=way if way and way.href else None, named=named, unknown=unknown and refusal is None,
        passwords=way is None or way.passwords or "password" in request.query_params or bool(data.email),
    )  # fmt: skip
    return Response(
        text, media_type=MediaType.HTML, status_code=refusal.status if refusal else 200,
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


def tenant_named(database: Database, slug: str) -> TenantView | None:
    """Return the customer of that short name, if there is one."""
    with database.begin(GlobalScope()) as session:
        try:
            return find_tenant(session, slug)
        except TenantUnknown:
            return None


def _way(database: Database, slug: str, target: str) -> _Way | None:
    tenant = tenant_named(database, slug) if slug and len(slug) <= 100 else None
    if tenant is None:
        return None
    with database.begin(TenantScope(tenant.id)) as session:
        provider, allowed = find_provider(session, tenant.id), password_allowed(session, tenant.id)
    on = provider is not None and provider.enabled
    href = f"/sign-in/sso/{tenant.slug}?next={quote(target)}" if on else ""
    return _Way(tenant.slug, provider.name if provider else "", href, allowed)


def _wanted(target: str) -> str:
    parts = urlsplit(target).path.split("/")
    return parts[2] if len(parts) > 2 and parts[1] in _TENANT_PATHS else ""


def local_path(target: str) -> str:
    r"""Return an address on this site, whatever a link said: none of these is one.

    >>> [local_path(one) for one in ("//else.example", "/\\else.example", "/\t/else.example", "https://x/", "next")]
    ['/', '/', '/', '/', '/']
    >>> local_path("/admin/acme/seats?period=2026-09")
    '/admin/acme/seats?period=2026-09'
    """
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target
    # Browsers drop tabs and newlines out of an address before they read it.
    return target if plain and all(char > " " and char != "\x7f" for char in target) else "/"


def secure_cookies(request: Req) -> bool:
    """Return whether cookies travel over TLS alone."""
    return bool(request.app.state.get("secure_cookies", False))


def session_cookie(request: Req, token: str, life_s: int) -> Cookie:
    """Return the cookie of a signed-in browser; no life ends it."""
    secure = secure_cookies(request)
    return Cookie(COOKIE, value=token, max_age=life_s, httponly=True, samesite="lax", secure=secure)
