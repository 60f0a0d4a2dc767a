"""What serving a customer costs: a sheet of costs, billed on the customer's use by the code that bills plans."""

from dataclasses import dataclass

import msgspec

from billing.actions.compose_draft import Taxes
from billing.answers.actions.simulate import simulate_subscription
from billing.answers.contracts import Terms, contract
from billing.answers.reads.figures import Figures
from billing.answers.results import net_of
from billing.costs.reads import CostsView
from core.money import Money
from core.periods import local_date
from plans.rating import Sources
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("Costing", "costing", "reckon_costs")


@dataclass(frozen=True, slots=True)
class Costing:
    """A contract, and its costs as one of the same days: nobody's, and billed as any other."""

    priced: SubscriptionView
    costs: SubscriptionView | None
    """None: no sheet says what it costs in its currency."""

    @property
    def both(self) -> tuple[SubscriptionView, ...]:
        """What figures are needed for."""
        return (self.priced,) if self.costs is None else (self.priced, self.costs)


def costing(tenant: TenantView, priced: SubscriptionView, sheet: CostsView | None) -> Costing:
    """Return a contract with what it costs as a contract.

    Args:
        tenant: the customer.
        priced: what is sold to them; it has an end.
        sheet: what holds; None: nothing is known.
    """
    if sheet is None or any(priced.currency not in charge.prices for charge in sheet.document.charges):
        return Costing(priced, None)
    assert priced.ends_at is not None, "what is simulated has an end"
    # Cost and price are of the same figure: meters count as the customer's plan says.
    document = msgspec.structs.replace(sheet.document, policies=priced.at(priced.starts_at).document.policies)
    first, after = local_date(priced.starts_at, tenant.tz), local_date(priced.ends_at, tenant.tz)
    return Costing(priced, contract(tenant, Terms("costs", "costs", "", document, priced.currency, first, after)))


def reckon_costs(figures: Figures, costed: Costing, taxes: Taxes, sources: Sources | None = None) -> Money | None:
    """Return what a contract costs from its first to its last day, before tax; None where that is not known.

    Args:
        figures: the customer's, made for both contracts of `costed`.
        costed: the contract and its costs.
        taxes: of the customer's documents.
        sources: figures that the contract is priced on, where they are not those that were measured.
    """
    costs = costed.costs
    if costs is None:
        return None
    assert costs.ends_at is not None, "what is simulated has an end"
    if sources is None:
        figures.prepare(costs, [span.period for span in costs.spans_until(costs.ends_at)])
        sources = figures.sources(costed.priced)
    documents = simulate_subscription(figures, costs, taxes, sources)
    return net_of((one.draft for one in documents), costs.currency)
