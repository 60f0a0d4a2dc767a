"""A version of a plan or add-on, ready to be held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from plans.errors import AddonNotOffered, CurrencyNotPriced, IntervalDiffers
from plans.reads.catalogue import get_plan, get_version, newest_version
from plans.subscriptions import BASE, Holding, SubscriptionView

__all__ = ("Wish", "offered", "refuse_unfit")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: a plan or an add-on, in a certain version or the newest, and how many of it."""

    kind: Literal["base", "addon"]
    plan_key: str
    version: int | None = None
    quantity: int = 1


def offered(session: Session, wish: Wish, starts_at: datetime) -> Holding:
    """Return what is wanted as a holding from `starts_at` on.

    Raises:
        NotFound: there is no such plan or version (`not_found`).
        VersionRetired: that version is not sold any more (`version_retired`).
        AddonNotOffered: an add-on stands where a plan should, or the other way (`addon_not_offered`).
    """
    plan = get_plan(session, wish.plan_key)
    if plan.kind != wish.kind:
        raise AddonNotOffered(plan.key, "a plan" if wish.kind == "base" else "an add-on")
    if wish.version is None:
        version = newest_version(session, plan.key)
    else:
        version = get_version(session, plan.key, wish.version, on_sale=True)
    return Holding(
        slot=BASE if plan.kind == "base" else plan.key,
        plan_key=plan.key,
        plan_name=plan.name,
        version_id=version.id,
        version_number=version.number,
        document=version.document,
        quantity=wish.quantity,
        starts_at=starts_at,
        ends_at=None,
    )


def refuse_unfit(contract: SubscriptionView) -> None:
    """Refuse a contract whose versions don't fit its currency, or whose add-ons don't fit the plan beside them.

    Raises:
        CurrencyNotPriced: a charge has no price in the currency (`currency_not_priced`).
        IntervalDiffers: an add-on is held with a plan that is billed at another interval (`interval_differs`).
    """
    plans = [held for held in contract.holdings if held.slot == BASE]
    for holding in contract.holdings:
        months = holding.document.interval_months
        for plan in plans:
            if plan.document.interval_months != months and holding.meets(plan):
                raise IntervalDiffers(holding.plan_key, months, plan.document.interval_months)
        for charge in holding.document.charges:
            if contract.currency not in charge.prices:
                raise CurrencyNotPriced(charge.key, contract.currency)
