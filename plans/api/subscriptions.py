"""The API of contracts."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.redeem_coupon import RedeemInput, redeem_coupon
from plans.actions.renew_subscription import RenewInput, renew_subscription
from plans.actions.subscribe import AddonInput, SubscribeInput, subscribe
from plans.actions.withdraw_change import WithdrawInput, withdraw_change
from plans.changes import direction
from plans.rating.estimate import NOTHING_FORESEEN
from plans.reads import Phase, find_subscription, list_plans, subscriptions
from plans.reads.foresight import foresee, foresee_begun
from plans.schemas.subscriptions import (
    AddonBody,
    CancelBody,
    ChangeAnswer,
    ChangeBody,
    DiscountAnswer,
    PauseBody,
    RedeemBody,
    RenewBody,
    SubscriptionAnswer,
    SubscriptionBody,
    SubscriptionPage,
    WithdrawBody,
)
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("SubscriptionController",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class SubscriptionController(Controller):
    """Contracts. What would happen is asked with `"preview": true` and else the same request."""

    path = "/v1"
    tags = ("subscriptions",)

    @get("/subscriptions", sync_to_thread=True)
    def all(
        self, principal: Principal, session: Session, tenant: TenantView, cursor: str = "", limit: Limit = 50
    ) -> SubscriptionPage:
        """List the tenant's contracts by start."""
        require(principal, Permission.SUBSCRIPTIONS_READ)
        found = subscriptions(session, tenant.id)
        first = next((place + 1 for place, view in enumerate(found) if str(view.id) == cursor), 0)
        page = [SubscriptionAnswer.of(view) for view in found[first : first + limit]]
        return SubscriptionPage(page, str(page[-1].id) if len(found) > first + limit else None)

    @get("/subscriptions/{key:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> SubscriptionAnswer:
        """Show a contract by id or by its key."""
        require(principal, Permission.SUBSCRIPTIONS_READ)
        return SubscriptionAnswer.of(find_subscription(session, tenant.id, key))

    @post("/subscriptions", sync_to_thread=True)
    def begin(
        self, principal: Principal, session: Session, tenant: TenantView, data: SubscriptionBody
    ) -> Response[SubscriptionAnswer]:
        """Begin a contract, with trial, phases, negotiated terms and discounts; the same again is the same contract."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        if not data.preview:
            own = any(phase.terms is not None for phase in data.phases)
            _refuse_alone(principal, terms=data.terms is not None, phases=own, discounts=bool(data.discounts))
        now = tenant_now(session, tenant)
        begun = subscribe(session, _wish(tenant, data, principal.actor), now)
        lines = foresee_begun(session, tenant, begun, now)[0] if data.preview else ()
        answer = SubscriptionAnswer.of(begun, preview=data.preview, estimate=lines)
        return Response(answer, status_code=200 if data.preview else 201)

    @post("/subscriptions/{key:str}/change", sync_to_thread=True, status_code=200)
    def change(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: ChangeBody
    ) -> ChangeAnswer:
        """Change plan, version, quantity, terms or add-ons, at once (the running period is cut) or with the period."""
        if not data.preview:
            _refuse_alone(principal, terms=data.terms is not None)
        addons = None if data.addons is None else _addons(data.addons)
        plain = ("version", "quantity", "terms", "keep_later", "when", "at", "preview")
        wanted = {name: getattr(data, name) for name in plain} | {"plan_key": data.plan, "addons": addons}
        return _change(principal, session, tenant, key, wanted)

    @post("/subscriptions/{key:str}/pause", sync_to_thread=True, status_code=200)
    def pause(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: PauseBody
    ) -> ChangeAnswer:
        """Put a contract to rest: from then on nothing is billed and nothing granted, until it is resumed."""
        return _change(principal, session, tenant, key, msgspec.structs.asdict(data) | {"mode": "paused"})

    @post("/subscriptions/{key:str}/resume", sync_to_thread=True, status_code=200)
    def resume(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: PauseBody
    ) -> ChangeAnswer:
        """End a pause, or a trial before its time."""
        return _change(principal, session, tenant, key, msgspec.structs.asdict(data) | {"mode": "regular"})

    @post("/subscriptions/{key:str}/withdraw", sync_to_thread=True, status_code=200)
    def withdraw(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: WithdrawBody
    ) -> ChangeAnswer:
        """Withdraw a change that was agreed on for later: what is held before it goes on."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        now = tenant_now(session, tenant)
        found = find_subscription(session, tenant.id, key, now)
        given = WithdrawInput(tenant.id, found.id, principal.actor, data.at, data.preview)
        decision = withdraw_change(session, given, now)
        foreseen = foresee(session, tenant, found, decision, now) if data.preview else NOTHING_FORESEEN
        return ChangeAnswer.of(decision, "same_plan", foreseen, preview=data.preview)

    @post("/subscriptions/{key:str}/renew", sync_to_thread=True, status_code=200)
    def renew(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: RenewBody
    ) -> SubscriptionAnswer:
        """Let a contract go on to a later end, or without one."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        now = tenant_now(session, tenant)
        found = find_subscription(session, tenant.id, key, now)
        given = RenewInput(tenant.id, found.id, principal.actor, data.ends_on, data.preview)
        return SubscriptionAnswer.of(renew_subscription(session, given, now), preview=data.preview)

    @post("/subscriptions/{key:str}/coupons", sync_to_thread=True, status_code=200)
    def redeem(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: RedeemBody
    ) -> DiscountAnswer:
        """Redeem a coupon: its discount counts from the first period that is not billed yet."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        now = tenant_now(session, tenant)
        found = find_subscription(session, tenant.id, key, now)
        given = RedeemInput(tenant.id, found.id, data.code, principal.actor, data.preview)
        return DiscountAnswer.of(redeem_coupon(session, given, now))

    @post("/subscriptions/{key:str}/cancel", sync_to_thread=True, status_code=200)
    def cancel(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: CancelBody
    ) -> ChangeAnswer:
        """End a contract with the running period or at once; what was used is billed as usual."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        now = tenant_now(session, tenant)
        found = find_subscription(session, tenant.id, key, now)
        given = CancelInput(tenant.id, found.id, principal.actor, data.when, data.at, data.reason, data.preview)
        decision = cancel_subscription(session, given, now)
        foreseen = foresee(session, tenant, found, decision, now) if data.preview else NOTHING_FORESEEN
        return ChangeAnswer.of(decision, "end", foreseen, preview=data.preview)


def _refuse_alone(principal: Principal, **agreed: bool) -> None:
    """Refuse what is agreed on for one contract alone, unless its author may approve quotes: limits are held there.

    Raises:
        InvalidInput: somebody else has to agree (`quote_needs_approval`).
    """
    given = [name for name, is_given in agreed.items() if is_given]
    if given and not principal.may(Permission.QUOTES_APPROVE):
        detail = (
            "Prices and discounts for one contract alone are agreed on by a quote, which knows what its seller may"
            " grant: make one (POST /v1/quotes). Who may approve quotes needs none."
        )
        raise InvalidInput(*(InputError(f"/{name}", "quote_needs_approval", detail) for name in given))


def _addons(bodies: Sequence[AddonBody]) -> tuple[AddonInput, ...]:
    return tuple(AddonInput(addon.key, addon.quantity, addon.version) for addon in bodies)


def _wish(tenant: TenantView, data: SubscriptionBody, actor: str) -> SubscribeInput:
    plain = (
        "key", "version", "currency", "starts_on", "ends_on", "anchor_on", "purchase_order", "quantity", "terms",
        "trial_days", "coupon", "renews_months", "notice_days", "preview",
    )  # fmt: skip
    phases = tuple(Phase(p.starts_on, p.plan, p.version, p.quantity, p.terms) for p in data.phases)
    told = {name: getattr(data, name) for name in plain} | {"phases": phases, "discounts": tuple(data.discounts)}
    return SubscribeInput(tenant.id, data.plan, actor, addons=_addons(data.addons), **told)


def _change(
    principal: Principal, session: Session, tenant: TenantView, key: str, wanted: dict[str, Any]
) -> ChangeAnswer:
    """Change a contract, or with `preview` show what it would be and bill: one request type for both."""
    require(principal, Permission.SUBSCRIPTIONS_WRITE)
    now = tenant_now(session, tenant)
    found = find_subscription(session, tenant.id, key, now)
    given = ChangeInput(tenant.id, found.id, principal.actor, **wanted)
    decision = change_subscription(session, given, now)
    way = direction(decision, {plan.key: plan.rank for plan in list_plans(session)})
    foreseen = foresee(session, tenant, found, decision, now) if given.preview else NOTHING_FORESEEN
    return ChangeAnswer.of(decision, way, foreseen, preview=given.preview)
