"""The addresses of keys in the admin workspace: made, shown once, rotated, revoked."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.connect import OVERLAPS, connect_tabs, overlap_of
from app.pages.admin.keys import ending, keys_table, scope_choices, wished_scopes
from app.pages.frame import Crumb
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, confirm_word, cursor_of
from core.clock import utc_now
from core.errors import Refused
from tenants.actions.create_user import NewKey
from tenants.actions.issue_api_key import KeyWish, issue_api_key, rotate_api_key
from tenants.actions.revoke_api_key import revoke_api_key
from tenants.errors import FormSentBefore
from tenants.reads import get_key, keys_of, users_of
from tenants.roles import Permission, permissions_of

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
"""Hours for which an old key may go on beside its successor."""


@get("/admin/{tenant_slug:str}/keys", sync_to_thread=True)
def listed(visit: TenantVisit) -> Response[str]:
    """The form, and the keys of this customer."""
    visit.need(Permission.CONNECT_WRITE)
    return _list_answer(visit)


@post("/admin/{tenant_slug:str}/keys", sync_to_thread=True)
def make(visit: TenantVisit, data: Form) -> Response[str]:
    """Make a key and show it this once."""
    visit.need(Permission.CONNECT_WRITE)

    def act() -> NewKey:
        wish = KeyWish(
            data.get("name", ""), data.get("email") or None, wished_scopes(data),
            ending(data.get("ends_on", ""), visit.tenant.tz),
        )  # fmt: skip
        return issue_api_key(visit.session, visit.principal, wish, utc_now())

    made = visit.attempt_once(data, act)
    if isinstance(made, Refused):
        return _list_answer(visit, made, None if isinstance(made, FormSentBefore) else data)
    return _made_answer(visit, made)


@get("/admin/{tenant_slug:str}/keys/{key_id:uuid}", sync_to_thread=True)
def one(visit: TenantVisit, key_id: UUID) -> Response[str]:
    """One key, to rotate or to revoke it."""
    visit.need(Permission.CONNECT_WRITE)
    return _one_answer(visit, key_id)


@post("/admin/{tenant_slug:str}/keys/{key_id:uuid}/rotate", sync_to_thread=True)
def rotate(visit: TenantVisit, key_id: UUID, data: Form) -> Response[str]:
    """Make a successor and show it this once."""
    visit.need(Permission.CONNECT_WRITE)
    overlap = timedelta(hours=overlap_of(data))
    made = visit.attempt_once(
        data, lambda: rotate_api_key(visit.session, visit.principal, key_id, overlap, utc_now())[0]
    )  # fmt: skip
    return _one_answer(visit, key_id, made) if isinstance(made, Refused) else _made_answer(visit, made)


@post("/admin/{tenant_slug:str}/keys/{key_id:uuid}/revoke", sync_to_thread=True)
def revoke(visit: TenantVisit, key_id: UUID, data: Form) -> Response[str] | Redirect:
    """End a key for good."""
    visit.need(Permission.CONNECT_WRITE)

    def act() -> None:
        confirm_word(data, _("revoke"))
        revoke_api_key(visit.session, key_id, visit.principal.actor, utc_now())

    done = visit.attempt(act)
    return _one_answer(visit, key_id, done) if isinstance(done, Refused) else Redirect(_base(visit), status_code=303)


def _list_answer(
    visit: TenantVisit, refusal: Refused | None = None, said: dict[str, str] | None = None
) -> Response[str]:
    others = users_of(visit.session, visit.tenant.id) if visit.may(Permission.TENANTS_WRITE) else ()
    reach = set(visit.principal.scopes) if not others else {s for user in others for s in permissions_of(user.role)}
    found = keys_of(visit.session, visit.tenant.id, cursor_of(visit.query.get("after")), PAGE_SIZE + 1)
    chosen = wished_scopes(said) if said is not None else ("events:write",)
    return visit.page(
        "admin/keys.html", "connect", *visit.crumbs(Crumb(_("Connect")), Crumb(_("Keys"))),
        status=refusal.status if refusal else 200, refusal=refusal, said=said or {},
        table=keys_table(found, visit.query, _base(visit), utc_now(), visit.tenant.tz), base=_base(visit),
        scopes=scope_choices(reach, chosen), users=[user.email for user in others if user.active],
        tabs=connect_tabs(visit, "keys"),
    )  # fmt: skip


def _made_answer(visit: TenantVisit, made: NewKey) -> Response[str]:
    crumbs = visit.crumbs(Crumb(_("Connect")), Crumb(_("Keys"), _base(visit)), Crumb(_("New key")))
    answer = visit.page("admin/key_made.html", "connect", *crumbs, made=made, base=_base(visit))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _one_answer(visit: TenantVisit, key_id: UUID, refusal: Refused | None = None) -> Response[str]:
    key, now = get_key(visit.session, visit.tenant.id, key_id), utc_now()
    crumbs = visit.crumbs(Crumb(_("Connect")), Crumb(_("Keys"), _base(visit)), Crumb(key.name))
    mine = key.user_id == visit.principal.user_id or visit.may(Permission.TENANTS_WRITE)
    return visit.page(
        "admin/key.html", "connect", *crumbs, status=refusal.status if refusal else 200, refusal=refusal, key=key,
        state=key.status(now), may_rotate=mine and key.status(now) == "active", tz=visit.tenant.tz,
        scopes=scope_choices(key.scopes, ()), here=f"{_base(visit)}/{key_id}", overlaps=OVERLAPS,
    )  # fmt: skip


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/keys"


route_handlers = (listed, make, one, rotate, revoke)
