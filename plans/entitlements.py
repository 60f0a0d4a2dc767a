"""May this customer use that feature? Granted, or the first reason why not (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from plans.documents import Feature
from plans.states import State
from plans.subscriptions import SubscriptionView

__all__ = ("Entitlement", "Reason", "decide_entitlement", "granting", "is_served", "with_use")


class Reason(StrEnum):
    """Why not, in the order in which reasons are looked at; a closed list."""

    SUSPENDED = "suspended"
    """The customer is suspended or closed."""
    PAUSED = "paused"
    """The contract that grants it is at rest."""
    EXPIRED = "expired"
    """Every contract that granted it is over."""
    NOT_IN_PLAN = "not_in_plan"
    """No contract grants it."""
    LIMIT_REACHED = "limit_reached"
    """It is granted, and this period's limit is used up."""
    POOL_FULL = "pool_full"
    """It is granted, and every seat of the floating pool of the same key is in use."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer; `detail` says how far it goes where it is granted, or which add-on would bring it."""

    feature: str
    reason: Reason | None
    detail: Feature | None
    used: Decimal | None = None
    """Of a metered one: what the running billing period used."""

    @property
    def granted(self) -> bool:
        """Whether the feature may be used."""
        return self.reason is None


def is_served(tenant_status: str) -> bool:
    """Return whether a customer of that status may use anything at all: neither suspended nor closed."""
    return tenant_status not in ("suspended", "closed")


def decide_entitlement(feature: str, tenant_status: str, subscriptions: Sequence[SubscriptionView]) -> Entitlement:
    """Decide from the contracts as they stand now.

    Args:
        feature: its key.
        tenant_status: the customer's.
        subscriptions: all of the customer's.

    Returns:
        Granted by any running contract; of several the one that reaches furthest.
    """
    if not is_served(tenant_status):
        return Entitlement(feature, Reason.SUSPENDED, None)
    running = [view for view in subscriptions if view.status in (State.ACTIVE, State.ENDING)]
    said = [found for view in running if view.base.mode != "paused" for found in _said(view, feature)]
    grants = [found for found in said if found.granted]
    if grants:
        return Entitlement(feature, None, max(grants, key=_reach))
    paused = [found for view in running if view.base.mode == "paused" for found in _said(view, feature)]
    if any(found.granted for found in paused):
        return Entitlement(feature, Reason.PAUSED, None)
    ended = [view.at(view.ends_at) for view in subscriptions if view.status == State.ENDED and view.ends_at]
    if not said and any(found.granted for view in ended for found in _said(view, feature)):
        return Entitlement(feature, Reason.EXPIRED, None)
    return Entitlement(feature, Reason.NOT_IN_PLAN, said[0] if said else None)


def granting(entitlement: Entitlement, subscriptions: Sequence[SubscriptionView]) -> SubscriptionView:
    """Return the contract that grants what was decided to be granted; one at rest grants nothing."""
    return next(
        view
        for view in subscriptions
        if view.status in (State.ACTIVE, State.ENDING)
        and view.base.mode != "paused"
        and entitlement.detail in _said(view, entitlement.feature)
    )


def with_use(entitlement: Entitlement, used: Decimal) -> Entitlement:
    """Return a metered entitlement with its use: granted while it is below the limit.

    >>> with_use(Entitlement("exports", None, Feature(limit=10, meter="m")), Decimal(10)).reason
    <Reason.LIMIT_REACHED: 'limit_reached'>
    """
    limit = entitlement.detail.limit if entitlement.detail else None
    reached = limit is not None and used >= limit
    return replace(entitlement, used=used, reason=Reason.LIMIT_REACHED if reached else entitlement.reason)


def _said(view: SubscriptionView, feature: str) -> list[Feature]:
    documents = [view.document, *(document for _, document in view.addons)]
    return [document.features[feature] for document in documents if feature in document.features]


def _reach(feature: Feature) -> tuple[bool, int]:
    return feature.limit is None, feature.limit or 0
