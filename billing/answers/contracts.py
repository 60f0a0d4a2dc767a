"""A contract that nobody has signed, as the value that bills are reckoned from."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import msgspec

from core.periods import day_start
from metering.policies import DEFAULT_POLICIES, CountingPolicies
from plans.documents import PlanDocument
from plans.states import state_at
from plans.subscriptions import BASE, Holding, SubscriptionView
from tenants.reads import TenantView

__all__ = ("Addon", "Terms", "contract", "policies_of", "under")

NOBODY = UUID(int=0)
"""Id of what is not stored."""


@dataclass(frozen=True, slots=True)
class Addon:
    """An add-on of a contract, and how many of it."""

    key: str
    name: str
    document: PlanDocument
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What would be signed. Published, draft or negotiated: the document says all."""

    label: str
    """How this contract is told from others, for instance `light 3` or `light draft`."""
    plan_key: str
    plan_name: str
    document: PlanDocument
    currency: str
    starts_on: date
    """The first local day."""
    ends_on: date
    """The local day on which it is over."""
    addons: tuple[Addon, ...] = ()
    quantity: int | None = None
    """How many of the plan are bought; None: nobody said, and one is billed."""
    anchor_on: date | None = None
    """The local day by which periods are cut; None: the first day."""


def policies_of(terms: Terms) -> CountingPolicies:
    """Return how its meters count: what its activation would bind."""
    return terms.document.policies or DEFAULT_POLICIES


def under(terms: Terms, policies: CountingPolicies, label: str = "") -> Terms:
    """Return the same contract with another reading of its meters."""
    document = msgspec.structs.replace(terms.document, policies=policies)
    return replace(terms, document=document, label=label or terms.label)


def contract(tenant: TenantView, terms: Terms) -> SubscriptionView:
    """Return the subscription that the terms would be, from their first day."""
    starts_at, ends_at = day_start(terms.starts_on, tenant.tz), day_start(terms.ends_on, tenant.tz)
    many = terms.quantity or 1
    base = Holding(BASE, terms.plan_key, terms.plan_name, NOBODY, 0, terms.document, many, starts_at, None)
    addons = [
        Holding(addon.key, addon.key, addon.name, NOBODY, 0, addon.document, addon.quantity, starts_at, None)
        for addon in terms.addons
    ]
    return SubscriptionView(
        id=NOBODY,
        tenant_id=tenant.id,
        key=terms.label,
        payer_tenant_id=tenant.payer_id,
        currency=terms.currency,
        starts_at=starts_at,
        ends_at=ends_at,
        anchor_on=terms.anchor_on or terms.starts_on,
        time_zone=tenant.time_zone,
        purchase_order=tenant.purchase_order,
        status=state_at(starts_at, ends_at, starts_at),
        holdings=(base, *sorted(addons, key=lambda holding: holding.slot)),
        as_of=starts_at,
    )
