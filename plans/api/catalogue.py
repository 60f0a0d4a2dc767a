"""The API of the catalogue."""

from fractions import Fraction
from typing import Annotated

from litestar import Controller, delete, get, post, put
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import NotFound
from plans.actions.create_coupon import CouponInput, create_coupon
from plans.actions.create_family import create_family
from plans.actions.discard_draft import discard_draft
from plans.actions.end_coupon import end_coupon
from plans.actions.order_family import order_family
from plans.actions.publish_version import publish_version
from plans.actions.retire_version import retire_version
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.charges import Charge
from plans.differences import differences
from plans.documents import PlanDocument
from plans.errors import DraftMissing
from plans.pricing import price_curve
from plans.pricing.tiers import spans_of
from plans.reads import FamilyView, coupons, draft, families, get_coupon, get_plan, get_version, list_plans, versions
from plans.schemas.catalogue import (
    CouponAnswer,
    CouponBody,
    CouponPage,
    CurveAnswer,
    DiffAnswer,
    DraftAnswer,
    DraftBody,
    FamilyAnswer,
    FamilyBody,
    FamilyPage,
    FamilyTiersBody,
    PlanAnswer,
    PlanPage,
    VersionAnswer,
    VersionPage,
)
from tenants.principal import Principal, require
from tenants.roles import Permission

__all__ = ("CouponController", "FamilyController", "PlanController")

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

    @get("/{key:str}/versions/{number:int}/diff", sync_to_thread=True)
    def diff(
        self, principal: Principal, session: Session, steward: Session, key: str, number: int, to: str = "draft"
    ) -> DiffAnswer:
        """Say in words what changes from a version to another one (`to=3`) or to the draft (`to=draft`).

        What it means in money is a simulation of the customers on it under both.
        """
        require(principal, Permission.CATALOGUE_WRITE if to == "draft" else Permission.CATALOGUE_READ)
        before = get_version(session, key, number).document
        return DiffAnswer.of(key, str(number), to, differences(before, _other(session, steward, key, to)))

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

    @get("/{key:str}/draft", sync_to_thread=True)
    def draft(self, principal: Principal, steward: Session, key: str) -> DraftAnswer:
        """Show the draft of a plan's next version, as it was saved."""
        require(principal, Permission.CATALOGUE_WRITE)
        found = draft(steward, key)
        if found is None:
            raise NotFound("draft of plan", key)
        return DraftAnswer.of(found)

    @delete("/{key:str}/draft", sync_to_thread=True)
    def discard(self, principal: Principal, steward: Session, key: str) -> None:
        """Discard the draft of a plan's next version; what is published stays as it is."""
        require(principal, Permission.CATALOGUE_WRITE)
        discard_draft(steward, key, principal.actor)

    @post("/{key:str}/versions/{number:int}/retire", sync_to_thread=True, status_code=200)
    def retire(self, principal: Principal, steward: Session, key: str, number: int) -> VersionAnswer:
        """Stop selling a version; whoever holds it keeps it."""
        require(principal, Permission.CATALOGUE_WRITE)
        return VersionAnswer.of(retire_version(steward, key, number, principal.actor, utc_now()))


class FamilyController(Controller):
    """Families: plans that are ordered from light to full, which is what an upgrade is told by."""

    path = "/v1/plan-families"
    tags = ("plans",)

    @get("/", sync_to_thread=True)
    def all(self, principal: Principal, session: Session, cursor: str = "", limit: Limit = 100) -> FamilyPage:
        """List families by key."""
        require(principal, Permission.CATALOGUE_READ)
        found = [view for view in families(session) if view.key > cursor]
        page = [FamilyAnswer(view.key, view.name) for view in found[:limit]]
        return FamilyPage(page, page[-1].key if len(found) > limit else None)

    @post("/", sync_to_thread=True)
    def create(self, principal: Principal, steward: Session, data: FamilyBody) -> FamilyAnswer:
        """Create a family that plans can be put into."""
        require(principal, Permission.CATALOGUE_WRITE)
        made = create_family(steward, FamilyView(data.key, data.name), principal.actor)
        return FamilyAnswer(made.key, made.name)

    @put("/{key:str}/tiers", sync_to_thread=True)
    def order(self, principal: Principal, steward: Session, key: str, data: FamilyTiersBody) -> PlanPage:
        """Order all plans of a family from light to full; alternatives share a tier. Contracts stay as they are."""
        require(principal, Permission.CATALOGUE_WRITE)
        order_family(steward, key, data.tiers, principal.actor)
        return PlanPage([PlanAnswer.of(one) for one in list_plans(steward, "base") if one.family_key == key], None)


class CouponController(Controller):
    """Coupons: codes that bring a discount, with limits that hold whoever redeems at the same moment."""

    path = "/v1/coupons"
    tags = ("plans",)

    @get("/", sync_to_thread=True)
    def all(self, principal: Principal, session: Session, cursor: str = "", limit: Limit = 100) -> CouponPage:
        """List coupons by code, with how often each was redeemed."""
        require(principal, Permission.CATALOGUE_WRITE)
        found = [view for view in coupons(session) if view.code > cursor]
        page = [CouponAnswer.of(view) for view in found[:limit]]
        return CouponPage(page, page[-1].code if len(found) > limit else None)

    @get("/{code:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, code: str) -> CouponAnswer:
        """Show a coupon."""
        require(principal, Permission.CATALOGUE_WRITE)
        return CouponAnswer.of(get_coupon(session, code))

    @post("/", sync_to_thread=True)
    def create(self, principal: Principal, steward: Session, data: CouponBody) -> CouponAnswer:
        """Create a coupon; what it brings never changes."""
        require(principal, Permission.CATALOGUE_WRITE)
        given = CouponInput(
            data.code, data.discount, principal.actor, tuple(data.plans), data.max_redemptions, data.valid_until
        )
        return CouponAnswer.of(create_coupon(steward, given, utc_now()))

    @post("/{code:str}/end", sync_to_thread=True, status_code=200)
    def end(self, principal: Principal, steward: Session, code: str) -> CouponAnswer:
        """End a coupon at once: nobody redeems it any more, who has redeemed it keeps what it brought."""
        require(principal, Permission.CATALOGUE_WRITE)
        return CouponAnswer.of(end_coupon(steward, code, principal.actor, utc_now()))


def _other(session: Session, steward: Session, key: str, to: str) -> PlanDocument:
    if to != "draft":
        return get_version(session, key, int(to) if to.isdecimal() and len(to) < 10 else 0).document
    found = draft(steward, key)
    if found is None:
        raise DraftMissing(key)
    return found.document


def _quantities(charge: Charge, currency: str, highest: int) -> list[Fraction]:
    """Return evenly spread whole quantities, and both sides of every tier edge."""
    spread = {Fraction(highest * place // POINTS) for place in range(POINTS + 1)}
    price = charge.prices.get(currency)
    for span in spans_of(price) if price else ():
        spread |= {edge for edge in (span.low, span.low + 1) if 0 < edge <= highest}
    return sorted(spread)
