"""Quotes as answers ask about them: the contract of one, moved to the days asked about."""

from dataclasses import replace
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.answers.offered import Days, Offer, Offers
from billing.quotes.actions.price_quote import subscription_input
from billing.quotes.offers import begun_on
from billing.quotes.reads import QuoteView, find_quote, plan_names
from plans.actions.subscribe import subscribe
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView, tenant_now

__all__ = ("QuotesOffered",)


class QuotesOffered(Offers):
    """Looks into quotes, which answers know nothing of."""

    def find(self, session: Session, offer_id: UUID) -> Offer:
        """Return a quote of any customer, whatever became of it.

        Raises:
            NotFound: there is none of that id (`not_found`).
        """
        quote = find_quote(session, offer_id)
        name = plan_names(session).get(quote.terms.plan, quote.terms.plan)

        def begun(scoped: Session, tenant: TenantView, days: Days) -> SubscriptionView:
            return _begun(scoped, tenant, quote, days)

        return Offer(quote.id, f"{quote.key} · {quote.version}", quote.terms.plan, name, quote.currency, begun)


def _begun(session: Session, tenant: TenantView, quote: QuoteView, days: Days) -> SubscriptionView:
    """Return the contract by the very request that accepting the quote executes, on other days."""
    first_day, after = days
    terms = begun_on(msgspec.structs.replace(quote.terms, currency=quote.currency), first_day)
    given = subscription_input(tenant, terms, "", quote.created_by, preview=True)
    ends_on = min(terms.ends_on, after)
    phases = tuple(phase for phase in given.phases if phase.starts_on < ends_on)
    return subscribe(session, replace(given, ends_on=ends_on, phases=phases), tenant_now(session, tenant), whole=False)
