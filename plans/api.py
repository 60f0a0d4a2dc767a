"""The API of what is sold and held."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import NotFound
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.publish_version import publish_version
from plans.actions.retire_version import retire_version
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.actions.subscribe import AddonInput, SubscribeInput, subscribe
from plans.changes import Decision, direction
from plans.charges import Charge
from plans.entitlements import decide_entitlement
from plans.pricing import price_curve
from plans.pricing.tiers import spans_of
from plans.rating import RatedCharge, rate_period
from plans.reads import (
    find_subscription,
    get_plan,
    get_version,
    list_plans,
    measured_sources,
    subscriptions,
    versions,
)
from plans.schemas import (
    AddonBody,
    CancelBody,
    ChangeAnswer,
    ChangeBody,
    CurveAnswer,
    DraftAnswer,
    DraftBody,
    EntitlementAnswer,
    PlanAnswer,
    PlanPage,
    SubscriptionAnswer,
    SubscriptionBody,
    SubscriptionPage,
    VersionAnswer,
    VersionPage,
)
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
Highest = Annotated[int, Parameter(query="max", ge=1, le=1_000_000_000, description="The largest quantity.")]
POINTS = 50


class PlanController(Controller):
    """The catalogue: published versions for everyone, drafts for the vendor."""

    path = "/v1/plans"
    tags = ("plans",)

    @get("/", sync_to_thread=True)
    def all(
        self, principal: Principal, session: Session, kind: str | None = None, cursor: str = "", limit: Limit = 100
    ) -> PlanPage:
        """List plans and add-ons with the version that new customers get."""
        require(principal, Permission.CATALOGUE_READ)
        found = list_plans(session, kind)
        first = next((place + 1 for place, plan in enumerate(found) if plan.key == cursor), 0)
        page = found[first : first + limit]
        return PlanPage([PlanAnswer.of(plan) for plan in page], page[-1].key if len(found) > first + limit else None)

    @get("/{key:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, key: str) -> PlanAnswer:
        """Show a plan or an add-on."""
        require(principal, Permission.CATALOGUE_READ)
        return PlanAnswer.of(get_plan(session, key))

    @get("/{key:str}/versions", sync_to_thread=True)
    def versions(
        self, principal: Principal, session: Session, key: str, cursor: int = 0, limit: Limit = 50
    ) -> VersionPage:
        """List a plan's published versions, newest first."""
        require(principal, Permission.CATALOGUE_READ)
        get_plan(session, key)
        found = [version for version in versions(session, key) if not cursor or version.number < cursor]
        items = [VersionAnswer.of(version) for version in found[:limit]]
        return VersionPage(items, str(items[-1].number) if len(found) > limit else None)

    @get("/{key:str}/versions/{number:int}", sync_to_thread=True)
    def version(self, principal: Principal, session: Session, key: str, number: int) -> VersionAnswer:
        """Show a published version."""
        require(principal, Permission.CATALOGUE_READ)
        return VersionAnswer.of(get_version(session, key, number))

    @get("/{key:str}/versions/{number:int}/price-curve", sync_to_thread=True)
    def curve(
        self, principal: Principal, session: Session, key: str, number: int,
        charge: str | None = None, currency: str | None = None, highest: Highest = 1000,
    ) -> CurveAnswer:  # fmt: skip
        """Tell what a charge (the first by default) costs at quantities up to `max`, tier edges included."""
        require(principal, Permission.CATALOGUE_READ)
        document = get_version(session, key, number).document
        found = document.charges[0] if charge is None else document.charge(charge)
        if found is None:
            raise NotFound("charge", charge)
        priced_in = currency or next(document.currencies())
        return CurveAnswer.of(
            found.key, priced_in, price_curve(found, priced_in, _quantities(found, priced_in, highest))
        )

    @post("/{key:str}/versions", sync_to_thread=True)
    def save(self, principal: Principal, steward: Session, key: str, data: DraftBody) -> DraftAnswer:
        """Save the draft of a plan's next version, replacing the one there is; nobody else sees it."""
        require(principal, Permission.CATALOGUE_WRITE)
        plan = data.plan
        identity = PlanIdentity(plan.name, plan.family, plan.kind, plan.rank) if plan else None
        return DraftAnswer.of(save_draft(steward, DraftInput(key, data.document, identity, principal.actor), utc_now()))

    @post("/{key:str}/versions/{number:int}/publish", sync_to_thread=True, status_code=200)
    def publish(self, principal: Principal, steward: Session, key: str, number: int) -> VersionAnswer:
        """Publish the draft that has this number: from then on it never changes."""
        require(principal, Permission.CATALOGUE_WRITE)
        return VersionAnswer.of(publish_version(steward, key, principal.actor, utc_now(), number))

    @post("/{key:str}/versions/{number:int}/retire", sync_to_thread=True, status_code=200)
    def retire(self, principal: Principal, steward: Session, key: str, number: int) -> VersionAnswer:
        """Stop selling a version; whoever holds it keeps it."""
        require(principal, Permission.CATALOGUE_WRITE)
        return VersionAnswer.of(retire_version(steward, key, number, principal.actor, utc_now()))


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
        """Begin a contract; the same key and terms again are the same contract."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        plain = ("key", "version", "currency", "starts_on", "ends_on", "anchor_on", "purchase_order", "preview")
        fields = {name: getattr(data, name) for name in plain}
        given = SubscribeInput(tenant.id, data.plan, principal.actor, addons=_addons(data.addons), **fields)
        begun = subscribe(session, given, tenant_now(session, tenant))
        return Response(SubscriptionAnswer.of(begun, preview=data.preview), status_code=200 if data.preview else 201)

    @post("/subscriptions/{key:str}/change", sync_to_thread=True, status_code=200)
    def change(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: ChangeBody
    ) -> ChangeAnswer:
        """Change plan, version or add-ons, at once (the running period is cut) or with the period."""
        require(principal, Permission.SUBSCRIPTIONS_WRITE)
        now = tenant_now(session, tenant)
        found = find_subscription(session, tenant.id, key, now)
        fields = {name: getattr(data, name) for name in ("version", "when", "at", "preview")}
        addons = None if data.addons is None else _addons(data.addons)
        given = ChangeInput(tenant.id, found.id, principal.actor, data.plan, addons=addons, **fields)
        decision = change_subscription(session, given, now)
        way = direction(decision, {plan.key: plan.rank for plan in list_plans(session)})
        return ChangeAnswer.of(decision, way, _estimate(session, tenant, decision, now, data), preview=data.preview)

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
        return ChangeAnswer.of(decision, "end", _estimate(session, tenant, decision, now, data), preview=data.preview)

    @get("/entitlements/{feature:str}", sync_to_thread=True)
    def entitled(self, principal: Principal, session: Session, tenant: TenantView, feature: str) -> EntitlementAnswer:
        """Say whether the tenant may use a feature, and if not, why."""
        require(principal, Permission.SUBSCRIPTIONS_READ)
        return EntitlementAnswer.of(decide_entitlement(feature, tenant.status, subscriptions(session, tenant.id)))


def _addons(bodies: Sequence[AddonBody]) -> tuple[AddonInput, ...]:
    return tuple(AddonInput(addon.key, addon.quantity, addon.version) for addon in bodies)


def _estimate(
    session: Session, tenant: TenantView, decision: Decision, now: datetime, asked: ChangeBody | CancelBody
) -> list[RatedCharge]:
    """Rate, for a preview, the pieces of the running period by the use so far."""
    if not asked.preview:
        return []
    sources = measured_sources(session, tenant, now=now)
    return [rated for piece in decision.pieces for rated in rate_period(decision.after, piece, sources)]


def _quantities(charge: Charge, currency: str, highest: int) -> list[Fraction]:
    """Return evenly spread whole quantities, and both sides of every tier edge."""
    spread = {Fraction(highest * place // POINTS) for place in range(POINTS + 1)}
    price = charge.prices.get(currency)
    for span in spans_of(price) if price else ():
        spread |= {edge for edge in (span.low, span.low + 1) if 0 < edge <= highest}
    return sorted(spread)


route_handlers = (PlanController, SubscriptionController)
