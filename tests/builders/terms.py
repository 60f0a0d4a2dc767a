"""Contracts nobody signed, for tests of answers."""

from datetime import date
from typing import Any

from billing.answers.actions.simulate import Simulated, simulate, taxes_for
from billing.answers.contracts import Terms
from billing.answers.reads.figures import Figures
from core.db import Database
from core.scope import TenantScope
from plans.catalogue.suite import POLICIES
from plans.charges import Charge
from plans.documents import PlanDocument
from tenants.reads import TenantView


def terms(*charges: Charge, **changes: Any) -> Terms:
    document = PlanDocument(charges=charges, policies=POLICIES, interval_months=changes.pop("interval_months", 1))
    fields: dict[str, Any] = {
        "label": "wish",
        "plan_key": "small",
        "plan_name": "small",
        "document": document,
        "currency": "EUR",
        "starts_on": date(2026, 8, 1),
        "ends_on": date(2026, 11, 1),
        "anchor_on": date(2026, 1, 1),
    }
    return Terms(**(fields | changes))


def simulated(db: Database, tenant: TenantView, wish: Terms) -> tuple[Simulated, ...]:
    with db.begin(TenantScope(tenant.id)) as session:
        return simulate(Figures(session, tenant, [wish]), wish, taxes_for(session, tenant))


def simulated_lines(documents: tuple[Simulated, ...]) -> list[list[tuple[str, str, str, int]]]:
    """Charge, kind, quantity and amount in minor units, a list for each document."""
    return [
        [(line.charge_key, line.kind, f"{line.quantity.normalize():f}", line.amount_minor) for line in one.draft.lines]
        for one in documents
    ]
