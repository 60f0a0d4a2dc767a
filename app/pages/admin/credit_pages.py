"""The addresses of prepaid credits: for the customer; and where the vendor sells, grants and takes them back."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.admin.credit_form import Offered, credit_faults, credit_sections, offered_of, sold_view, to_credits
from app.pages.admin.credits import (
    block_facts,
    credits_table,
    done_text,
    leaving_of,
    moved_table,
    usable_stats,
)
from app.pages.frame import Crumb
from app.pages.previewed import SEEN, FormPage, Previewed, carried
from app.pages.said import Maker
from app.pages.tables import PAGE_SIZE
from app.pages.visit import TenantVisit, confirm_word, cursor_of
from billing.actions.buy_credits import Bought, buy_credits
from billing.actions.refund_credits import RefundInput, refund_credits
from billing.actions.withdraw_credits import WithdrawalInput, withdraw_credits
from billing.reads import get_grant, get_invoice, grants_page, movements_page, usable
from core.errors import InputError, InvalidInput, Refused
from plans.errors import ContractChanged
from plans.reads import subscriptions
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@get("/admin/{tenant_slug:str}/credits", sync_to_thread=True)
def blocks(visit: TenantVisit) -> Response[str]:
    """What can be used now, and all blocks."""
    visit.need(Permission.INVOICES_READ)
    tenant = visit.tenant
    found = grants_page(visit.session, tenant.id, cursor_of(visit.query.get("after")), PAGE_SIZE + 1)
    table = credits_table(found, _base(visit), visit.now, tenant.tz, visit.query)
    stats = usable_stats(usable(visit.session, tenant.id, visit.now))
    crumbs = visit.crumbs(Crumb(_("Prepaid credits")))
    return visit.page(
        "admin/credits.html", "credits", *crumbs, table=table, stats=stats, base=_base(visit),
        may_sell=visit.may(Permission.INVOICES_WRITE),
    )  # fmt: skip


@get("/admin/{tenant_slug:str}/credits/new", sync_to_thread=True)
def new(visit: TenantVisit) -> Response[str]:
    """The form of credits that are sold or granted."""
    visit.need(Permission.INVOICES_WRITE)
    return _new(visit, {"currency": _offered(visit).currencies[0], "how": "sold"})


@post("/admin/{tenant_slug:str}/credits/preview", sync_to_thread=True, status_code=200)
def preview(visit: TenantVisit, data: Form) -> Response[str]:
    """The form again, beside the block and its invoice; nothing is written."""
    visit.need(Permission.INVOICES_WRITE)
    return _new(visit, data, show=True)


@post("/admin/{tenant_slug:str}/credits", sync_to_thread=True)
def sell(visit: TenantVisit, data: Form) -> Answer:
    """Sell or grant what was previewed."""
    visit.need(Permission.INVOICES_WRITE)

    def act() -> Bought:
        given = to_credits(data, visit.tenant.id, visit.principal.actor, _offered(visit))
        done = buy_credits(visit.session, given, visit.now)
        # Looked at behind the lock of the account: sent twice, even at once, it is sold once.
        if _newest(visit, beside=done.grant.id) != data.get(SEEN):
            raise ContractChanged
        return done

    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _new(visit, data, done, show=isinstance(done, ContractChanged))
    return Redirect(f"{_base(visit)}/{done.grant.id}?done=brought", status_code=303)


@get("/admin/{tenant_slug:str}/credits/{grant_id:uuid}", sync_to_thread=True)
def block(visit: TenantVisit, grant_id: UUID) -> Response[str]:
    """One block with its ledger."""
    visit.need(Permission.INVOICES_READ)
    return _block(visit, grant_id)


@post("/admin/{tenant_slug:str}/credits/{grant_id:uuid}/leave", sync_to_thread=True)
def leave(visit: TenantVisit, grant_id: UUID, data: Form) -> Answer:
    """Take back what was granted, or give back what was paid for, as far as it is left."""
    visit.need(Permission.INVOICES_WRITE)
    tenant_id, actor, reason = visit.tenant.id, visit.principal.actor, data.get("reason", "").strip()[:500]

    def act() -> str:
        if not reason:
            raise InvalidInput(InputError("reason", "reason_missing", _("Say why; it goes into the audit trail.")))
        confirm_word(data, data.get("act", ""))
        if data.get("act") == _("refund"):
            refund_credits(visit.session, RefundInput(tenant_id, grant_id, reason, actor), visit.now)
            return "refunded"
        withdraw_credits(visit.session, WithdrawalInput(tenant_id, grant_id, reason, actor), visit.now)
        return "withdrawn"

    done = visit.attempt(act)
    if isinstance(done, Refused):
        return _block(visit, grant_id, done)
    return Redirect(f"{_base(visit)}/{grant_id}?done={done}", status_code=303)


def _block(visit: TenantVisit, grant_id: UUID, refusal: Refused | None = None) -> Response[str]:
    tenant, session = visit.tenant, visit.session
    held = get_grant(session, tenant.id, grant_id)
    found = movements_page(session, tenant.id, grant_id, cursor_of(visit.query.get("after")), PAGE_SIZE + 1)
    documents = {one.invoice_id for one in found if one.invoice_id is not None}
    numbers = {one: get_invoice(session, tenant.id, one).number or "" for one in documents}
    crumbs = visit.crumbs(Crumb(_("Prepaid credits"), _base(visit)), Crumb(held.name))
    return visit.page(
        "admin/credit.html", "credits", *crumbs, held=held, status=refusal.status if refusal else 200,
        facts=block_facts(held, visit.now, tenant.tz, dict(_offered(visit).charges)), refusal=refusal,
        leaving=leaving_of(held) if visit.may(Permission.INVOICES_WRITE) else None, here=f"{_base(visit)}/{grant_id}",
        done=done_text(visit.parameters.get("done", "")),
        table=moved_table(found, f"/admin/{tenant.slug}/bills", numbers, tenant.tz, visit.query),
    )  # fmt: skip


def _new(
    visit: TenantVisit, data: dict[str, str], refusal: Refused | None = None, *, show: bool = False
) -> Response[str]:  # fmt: skip
    offered = _offered(visit)

    def look() -> Previewed:
        given = to_credits(data, visit.tenant.id, visit.principal.actor, offered)
        bought = buy_credits(visit.session, replace(given, preview=True), visit.now)
        return Previewed(sold_view(bought, visit.tenant, offered), _newest(visit), carried(data))

    shown = visit.attempt(look) if show else None
    refusal = refusal or (shown if isinstance(shown, Refused) else None)
    faults = credit_faults(refusal) if refusal else ()
    title = _("Credits for %(name)s") % {"name": visit.tenant.name}
    told = _("They pay the customer's bills before tax, until they are used up or expire.")
    sections = credit_sections(Maker(data, faults), offered)
    page = FormPage(title, told, _base(visit), sections, back_to=_("Back to the credits"))
    return visit.page(
        "layouts/previewed_form.html", "credits",
        *visit.crumbs(Crumb(_("Prepaid credits"), _base(visit)), Crumb(title)), form=page, faults=faults,
        status=refusal.status if refusal else 200, shown=shown if isinstance(shown, Previewed) else None,
        back=_base(visit),
    )  # fmt: skip


def _newest(visit: TenantVisit, beside: UUID | None = None) -> str:
    """Return which block came last: what a preview is told by; `beside` the one that comes now."""
    found = [one.id for one in grants_page(visit.session, visit.tenant.id, None, 2) if one.id != beside]
    return str(found[0]) if found else ""


def _offered(visit: TenantVisit) -> Offered:
    return offered_of(visit.tenant, subscriptions(visit.session, visit.tenant.id, visit.now))


def _base(visit: TenantVisit) -> str:
    return f"/admin/{visit.tenant.slug}/credits"


route_handlers = (blocks, new, preview, sell, block, leave)
