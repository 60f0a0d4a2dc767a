"""Signing in by one's organisation: off to its provider, and back."""

import structlog
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.response import Redirect

from app.pages.sign_in import (
    AT_COOKIE,
    SignInForm,
    local_path,
    secure_cookies,
    session_cookie,
    sign_in_page,
    tenant_named,
)
from app.pages.visit import Req
from core.clock import utc_now
from core.db import Database
from core.errors import Refused
from core.scope import TenantScope
from tenants.actions.record_audit import record_audit
from tenants.actions.start_session import SESSION_LIFE, SignedIn
from tenants.reads import TenantView
from tenants.sso.actions.begin_sign_in import begin_sign_in
from tenants.sso.actions.finish_sign_in import ACTOR, finish_sign_in
from tenants.sso.actions.read_answer import Arrival, read_answer
from tenants.sso.api import redirect_uri_of
from tenants.sso.attempts import LIFE_S
from tenants.sso.errors import NotSetUp
from tenants.sso.reads import ProviderView, provider_for

__all__ = ("route_handlers",)

ATTEMPT_COOKIE = "tb_sso"
YEAR_S = 365 * 24 * 3600
_log = structlog.get_logger("tollbook.sso")


@get("/sign-in/sso/{slug:str}", sync_to_thread=True)
def leave(request: Req, database: Database, slug: str) -> Response[str] | Redirect:
    """Send the browser to the organisation's provider."""
    target = local_path(request.query_params.get("next", "/"))
    try:
        _, provider = _provider(database, slug)
        begun = begin_sign_in(provider, redirect_uri_of(request, slug), target)
    except Refused as refusal:
        return _refused(request, slug, refusal, target)
    answer = Redirect(begun.url, status_code=303, headers={"Cache-Control": "no-store"})
    answer.set_cookie(_attempt_cookie(request, begun.cookie, LIFE_S))
    return answer


@get("/sign-in/sso/{slug:str}/callback", sync_to_thread=True)
def come_back(request: Req, database: Database, slug: str) -> Response[str] | Redirect:
    """Let in whom the provider's answer proves, or say why not; either way this sign-in is over."""
    try:
        tenant, provider = _provider(database, slug)
        cookie, query = request.cookies.get(ATTEMPT_COOKIE, ""), dict(request.query_params)
        arrival = read_answer(provider, redirect_uri_of(request, slug), cookie, query)
        signed_in = _let_in(database, tenant, provider, arrival)
    except Refused as refusal:
        answer = _refused(request, slug, refusal)
        answer.set_cookie(_attempt_cookie(request, "", 0))
        return answer
    led = Redirect(local_path(arrival.next), status_code=303, headers={"Cache-Control": "no-store"})
    led.set_cookie(_attempt_cookie(request, "", 0))
    led.set_cookie(session_cookie(request, signed_in.token, int(SESSION_LIFE.total_seconds())))
    secure = secure_cookies(request)
    led.set_cookie(Cookie(AT_COOKIE, value=tenant.slug, max_age=YEAR_S, httponly=True, samesite="lax", secure=secure))
    return led


def _provider(database: Database, slug: str) -> tuple[TenantView, ProviderView]:
    tenant = tenant_named(database, slug)
    if tenant is None:
        raise NotSetUp(slug[:100])
    with database.begin(TenantScope(tenant.id)) as session:
        return tenant, provider_for(session, tenant.id, tenant.slug)


def _let_in(database: Database, tenant: TenantView, provider: ProviderView, arrival: Arrival) -> SignedIn:
    try:
        with database.begin(TenantScope(tenant.id)) as session:
            return finish_sign_in(session, provider, arrival.identity, utc_now())
    except Refused as refusal:
        # The transaction above rolled back; that somebody was refused stands in the trail, not who.
        with database.begin(TenantScope(tenant.id)) as session:
            detail = {"code": refusal.code}
            record_audit(session, tenant.id, ACTOR, "refuse_sign_in", ("tenant", str(tenant.id)), detail)
        raise


def _refused(request: Req, slug: str, refusal: Refused, target: str = "/") -> Response[str]:
    _log.warning("sso_refused", tenant=slug[:100], code=refusal.code, detail=refusal.detail[:500])
    return sign_in_page(request, SignInForm(next=target), refusal, slug)


def _attempt_cookie(request: Req, value: str, life_s: int) -> Cookie:
    secure = secure_cookies(request)
    return Cookie(
        ATTEMPT_COOKIE, value=value, max_age=life_s, path="/sign-in/sso", httponly=True, samesite="lax", secure=secure
    )


route_handlers = (leave, come_back)
