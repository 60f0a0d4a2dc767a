"""What sales does in the demo: limits, a plan's next version, quotes in every state, and two contracts that change.

The contracts change in the full world only: small ones are for tests, which reckon a whole year anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from app.demo.steps import note_step
from app.demo.world import Customer
from billing.costs.actions.set_costs import set_costs
from billing.costs.reads import CostsView, costs_on
from billing.quotes.actions.decide_quote import accept_quote, approve_quote, decline_quote
from billing.quotes.actions.make_quote import make_quote
from billing.quotes.actions.price_quote import QuoteInput
from billing.quotes.actions.set_limit import set_limit
from billing.quotes.offers import OfferPhase, QuoteTerms
from billing.quotes.reads import LimitView, QuoteView, limit_of
from core.db import Database
from core.periods import add_months, local_date
from core.scope import GlobalScope, StewardScope, TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.save_draft import DraftInput, save_draft
from plans.catalogue.prices import in_all_currencies
from plans.charges import Charge, Price
from plans.documents import PlanDocument
from plans.reads import find_subscription, get_plan
from plans.terms import Discount
from tenants.reads import TenantView, users_of

__all__ = ("change_contract", "make_offers")

STEP = "offers"
SELLER_LIMIT, APPROVER_LIMIT, FLOOR = Decimal(10), Decimal(30), Decimal(60)
EXPIRED_DAYS = 40
CHANGES = {"alpina-clinic": 9, "alpina-logistics": 9}
"""By customer: with the bill of which month of the world its contract changes."""


def _charge(key: str, name: str, **told: Any) -> Charge:
    return Charge(key=key, name=name, **told)


COSTS = PlanDocument(
    charges=(
        _charge("hosting", "Hosting", model="flat", prices=in_all_currencies(Price(amount=Decimal(20)))),
        _charge(
            "support", "Support of active members", model="per_unit", meter="members.active",
            prices=in_all_currencies(Price(unit=Decimal("0.45"))),
        ),
        _charge(
            "content", "Licensed content", model="per_unit", meter="courses.transactions.charged",
            prices=in_all_currencies(Price(unit=Decimal("0.95"))),
        ),
    )
)  # fmt: skip
"""What serving a customer costs the vendor, a month."""


def change_contract(db: Database, customer: Customer, tenant: TenantView, month: int, now: datetime) -> None:
    """Move the clinic up a tier and let the forwarder go, each with the end of the period that runs then."""
    if CHANGES.get(customer.slug) != month:
        return
    with db.begin(TenantScope(tenant.id)) as session:
        held = find_subscription(session, tenant.id, f"{customer.slug}-suite", now)
        if customer.slug == "alpina-clinic":
            change = ChangeInput(
                tenant.id, held.id, "system:demo", plan_key="standard-concurrent", when="at_period_end"
            )
            change_subscription(session, change, now)
        else:
            cancel_subscription(session, CancelInput(tenant.id, held.id, "system:demo", reason="moved away"), now)
        note_step(session, tenant.id, f"{STEP} {month}")


@dataclass(frozen=True, slots=True)
class _Offer:
    """A quote: for whom, of what, and what became of it."""

    slug: str
    key: str
    plan: str
    percent: int = 0
    draft: bool = False
    ago_days: int = 0
    open_days: int = 30
    months: int = 12
    ramp: int = 0
    """From so many months on, twice as many of the plan."""
    replaces: bool = False
    """What the customer holds ends as it begins."""
    then: Callable[["_Desk", QuoteView], object] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who decides on a quote of one customer, when."""

    session: Session
    tenant: TenantView
    seller: str
    approver: str
    customer: str
    now: datetime


def _approve_and_accept(desk: _Desk, made: QuoteView) -> None:
    approve_quote(desk.session, desk.tenant, made.id, desk.approver, APPROVER_LIMIT, desk.now)
    limit = LimitView(desk.seller, SELLER_LIMIT, FLOOR)
    accept_quote(desk.session, desk.tenant, made.id, desk.customer, limit, desk.now)


def _decline(desk: _Desk, made: QuoteView) -> None:
    reason = "The board wants to stay on the light plan for another year."
    decline_quote(desk.session, desk.tenant, made.id, desk.customer, reason, desk.now)


OFFERS = (
    _Offer("alpina-clinic", "upgrade-idea", "full-concurrent", draft=True),
    _Offer("open-water", "three-years", "standard-named", 18, months=36),
    _Offer("lakeshore-university", "renewal", "full-concurrent", 8, months=24, ramp=12),
    _Offer("open-water", "spring-offer", "standard-concurrent", 5, ago_days=EXPIRED_DAYS, open_days=30),
    _Offer("open-water", "autumn-offer", "standard-named", 10, then=_decline),
)
ACCEPTED = _Offer(
    "alpina-waterworks", "full-suite", "full-concurrent", 15, replaces=True, open_days=0, then=_approve_and_accept
)
"""In the full world only: it is a contract, which tests of small worlds don't know."""


def make_offers(db: Database, tenants: dict[str, TenantView], now: datetime, *, whole: bool) -> int:
    """Set costs and sellers' limits, draft a plan's next version and make the quotes; return how many of these.

    Args:
        db: the database.
        tenants: the customers by slug.
        now: the end of the world's time.
        whole: the full world, with the draft, and the contract that comes of a quote.
    """
    with db.begin(GlobalScope()) as session:
        people = {one.role: f"user:{one.id}" for one in users_of(session, None)}
    seller, approver = people["vendor_sales"], people["vendor_finance"]
    with db.begin(StewardScope()) as session:
        set_costs(session, add_months(now.date().replace(day=1), -24), COSTS, approver, now)
        set_limit(session, LimitView("*", SELLER_LIMIT, FLOOR), approver, now)
        set_limit(session, LimitView(approver, APPROVER_LIMIT, FLOOR), approver, now)
        limit, costs = limit_of(session, seller), costs_on(session, now.date())
        if whole:
            _draft_next_version(session, seller, now)
    offers = (*OFFERS, ACCEPTED) if whole else OFFERS
    for offer in offers:
        tenant, at = tenants[offer.slug], now - timedelta(days=offer.ago_days)
        with db.begin(TenantScope(tenant.id)) as session:
            given = _input(offer, local_date(at, tenant.tz), seller, limit, costs)
            made = make_quote(session, tenant, given, at)
            if offer.then is not None:
                admin = next(one.id for one in users_of(session, tenant.id) if one.role == "tenant_admin")
                offer.then(_Desk(session, tenant, seller, approver, f"user:{admin}", at), made)
    return len(offers)


def _draft_next_version(session: Session, author: str, now: datetime) -> None:
    """Write what active members are to cost next: what that means for who holds the plan can then be looked at."""
    plan, dearer = get_plan(session, "full-active"), in_all_currencies(Price(unit=Decimal("4.50")))
    assert plan.newest is not None, "the catalogue has published it"
    charges = tuple(
        msgspec.structs.replace(charge, prices=dearer) if charge.key == "active_members" else charge
        for charge in plan.newest.document.charges
    )
    document = msgspec.structs.replace(plan.newest.document, charges=charges)
    save_draft(session, DraftInput(plan.key, document, None, author), now)


def _input(offer: _Offer, today: date, seller: str, limit: LimitView, costs: CostsView | None) -> QuoteInput:
    starts_on = add_months(today.replace(day=1), 1)
    discounts = (Discount(key="quoted", name="Multi-year discount", percent=Decimal(offer.percent)),)
    terms = QuoteTerms(
        plan=offer.plan,
        starts_on=starts_on,
        term_months=offer.months,
        discounts=discounts if offer.percent else (),
        replaces=f"{offer.slug}-suite" if offer.replaces else None,
        phases=(OfferPhase(starts_on=add_months(starts_on, offer.ramp), quantity=2),) if offer.ramp else (),
    )
    until = today + timedelta(days=offer.open_days)
    return QuoteInput(terms, until, seller, limit, key=offer.key, draft=offer.draft, costs=costs)
