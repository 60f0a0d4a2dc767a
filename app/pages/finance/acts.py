"""The addresses of the finance workspace that change something. A refusal shows the page again with its reason."""

from typing import Annotated
from uuid import UUID

from litestar import Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.finance.pages import base_of, pools_answer, preview_answer, rules_answer, run_answer
from app.pages.finance.rules import starter_rules
from app.pages.visit import TenantVisit, confirm_word
from billing.chargebacks.actions.approve_run import approve_run
from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.post_run import post_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.actions.withdraw_run import withdraw_run
from core.errors import InputError, InvalidInput, Refused
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Answer = Response[str] | Redirect


@post("/finance/{tenant_slug:str}/pools", sync_to_thread=True)
def take_bill(visit: TenantVisit, data: Form) -> Answer:
    """Take a bill into a pool."""
    visit.need(Permission.CHARGEBACK_WRITE)
    made = visit.attempt(lambda: create_pool_from_invoice(
        visit.session, visit.tenant, _uuid(data.get("invoice_id", "")), visit.principal.actor, visit.now
    ))  # fmt: skip
    if isinstance(made, Refused):
        return pools_answer(visit, made)
    return _to(f"{base_of(visit)}/pools?period={made.period}")


@post("/finance/{tenant_slug:str}/rules/start", sync_to_thread=True)
def start_rules(visit: TenantVisit) -> Answer:
    """Set rules to begin with."""
    visit.need(Permission.CHARGEBACK_WRITE)
    actor = visit.principal.actor
    made = visit.attempt(lambda: set_rules(visit.session, visit.tenant, starter_rules(), actor, visit.now))
    return rules_answer(visit, made) if isinstance(made, Refused) else _to(f"{base_of(visit)}/rules")


@post("/finance/{tenant_slug:str}/runs", sync_to_thread=True)
def make_run(visit: TenantVisit, data: Form) -> Answer:
    """Make a run of what the preview shows, for somebody else to approve."""
    visit.need(Permission.CHARGEBACK_WRITE)
    period, maker = data.get("period", ""), visit.principal.user_id
    made = visit.attempt(lambda: create_run(visit.session, visit.tenant, period, maker, visit.now))
    if isinstance(made, Refused):
        return preview_answer(visit, made)
    return _to(f"{base_of(visit)}/runs/{made.id}")


@post("/finance/{tenant_slug:str}/runs/{run_id:uuid}/approve", sync_to_thread=True)
def approve(visit: TenantVisit, run_id: UUID, data: Form) -> Answer:
    """Approve a run that somebody else made."""
    visit.need(Permission.CHARGEBACK_APPROVE)
    approver = visit.principal.user_id

    def act() -> object:
        confirm_word(data, _("approve"))
        return approve_run(visit.session, visit.tenant.id, run_id, approver, visit.now)

    return _after(visit, run_id, visit.attempt(act))


@post("/finance/{tenant_slug:str}/runs/{run_id:uuid}/post", sync_to_thread=True)
def post_it(visit: TenantVisit, run_id: UUID, data: Form) -> Answer:
    """Post an approved run: final."""
    visit.need(Permission.CHARGEBACK_WRITE)

    def act() -> object:
        confirm_word(data, _("post"))
        return post_run(visit.session, visit.tenant.id, run_id, visit.principal.actor, visit.now)

    return _after(visit, run_id, visit.attempt(act))


@post("/finance/{tenant_slug:str}/runs/{run_id:uuid}/withdraw", sync_to_thread=True)
def withdraw(visit: TenantVisit, run_id: UUID, data: Form) -> Answer:
    """Withdraw a run that is not posted, with a reason."""
    visit.need(Permission.CHARGEBACK_WRITE)
    reason, actor = data.get("reason", "").strip(), visit.principal.actor
    act = visit.attempt(lambda: withdraw_run(visit.session, visit.tenant.id, run_id, reason, actor, visit.now))
    return _after(visit, run_id, act)


def _after(visit: TenantVisit, run_id: UUID, done: object) -> Answer:
    if isinstance(done, Refused):
        return run_answer(visit, run_id, done)
    return _to(f"{base_of(visit)}/runs/{run_id}")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        detail = _("The form names no bill. Reload the page and try again.")
        raise InvalidInput(InputError("invoice_id", "malformed", detail)) from error


def _to(target: str) -> Redirect:
    return Redirect(target, status_code=303)


route_handlers = (take_bill, start_rules, make_run, approve, post_it, withdraw)
