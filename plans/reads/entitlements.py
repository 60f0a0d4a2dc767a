"""May this customer use a feature, and how much of it is left?"""

from sqlalchemy.orm import Session

from core.money import quantize_quantity
from metering.reads import Measuring, Reading
from plans.changes import running_span
from plans.entitlements import Entitlement, decide_entitlement, granting, with_use
from plans.reads.periods import periods
from plans.reads.subscriptions import subscriptions
from tenants.reads import TenantView, tenant_now

__all__ = ("entitlement_of",)


def entitlement_of(session: Session, tenant: TenantView, feature: str) -> Entitlement:
    """Return whether a customer may use a feature now.

    One that is metered is measured in the running billing period of the contract that grants it, as
    its bill will be.

    Args:
        session: scoped to the tenant.
        tenant: the customer.
        feature: its key.
    """
    now = tenant_now(session, tenant)
    contracts = subscriptions(session, tenant.id, now)
    found = decide_entitlement(feature, tenant.status, contracts)
    if found.detail is None or found.detail.meter is None or not found.granted:
        return found
    view = granting(found, contracts)
    known = [period.span for period in periods(session, tenant.id, view.id)]
    running = running_span(view, known, now).full
    # The figure that its bill will have; who was counted in it, which takes several times as long, nobody asked.
    figure = Measuring(session, tenant, Reading(now=now)).figure(found.detail.meter, running)
    return with_use(found, quantize_quantity(figure))
