"""What a quote speaks of by key, by name."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.quotes.offers import QuoteTerms
from core.errors import NotFound
from plans.reads import find_subscription, list_plans

__all__ = ("QuoteNames", "plan_names", "quote_names")


@dataclass(frozen=True, slots=True)
class QuoteNames:
    """Names for a reader; what has none is called by its key."""

    plans: Mapping[str, str]
    """Of plans and add-ons by key."""
    replaced: str
    """The plan of the contract that is replaced; empty: none is."""

    def plan(self, key: str) -> str:
        """Return what a plan or add-on is called."""
        return self.plans.get(key, key)


def plan_names(session: Session) -> dict[str, str]:
    """Return the names of all plans and add-ons by key."""
    return {plan.key: plan.name for plan in list_plans(session)}


def quote_names(session: Session, tenant_id: UUID, terms: QuoteTerms, now: datetime) -> QuoteNames:
    """Return the names of what an offer speaks of."""
    replaced = terms.replaces or ""
    with suppress(NotFound):
        replaced = find_subscription(session, tenant_id, replaced, now).plan_name if replaced else ""
    return QuoteNames(plan_names(session), replaced)
