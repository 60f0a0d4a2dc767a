"""What a seller may agree on in a contract without a quote: as much as a quote would need nobody else for."""

from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.pages.sales.quote_preview import share
from app.pages.visit import TenantVisit
from billing.costs.reads import costs_on
from billing.quotes.actions.price_quote import QuoteInput, price_quote
from billing.quotes.floors import refuse_below_floors
from billing.quotes.offers import OfferPhase, QuoteAddon, QuoteTerms
from billing.quotes.reads import limit_of
from core.errors import InputError, InvalidInput
from plans.actions.subscribe import SubscribeInput
from tenants.roles import Permission

__all__ = ("hold_to_limit",)

YEAR_MONTHS, LONGEST_MONTHS = 12, 120


def hold_to_limit(visit: TenantVisit, steward: Session, given: SubscribeInput) -> tuple[str, ...]:
    """Say what a contract gives away, and refuse what its seller may not grant alone.

    Args:
        visit: who sells, and to whom.
        steward: reads limits and costs, which are the vendor's.
        given: the contract. One that has neither terms of its own nor a discount is not judged.

    Returns:
        In a sentence what it gives away; nothing where it is not judged.

    Raises:
        InvalidInput: it is more than the seller may grant (`quote_needs_approval`).
        BelowFloor, BelowMargin: nobody may sell it (`below_margin_floor`, `below_cost_margin`).
        Those of `price_quote`.
    """
    if given.terms is None and not given.discounts:
        return ()
    terms, actor = _offered(visit, given), visit.principal.actor
    limit = limit_of(steward, actor)
    asked = QuoteInput(terms, visit.today, actor, limit, costs=costs_on(steward, terms.starts_on))
    priced = price_quote(visit.session, visit.tenant, asked, visit.now)
    refuse_below_floors(priced, limit)
    words = {"given": share(priced.discount_percent), "limit": share(limit.discount_percent)}
    if priced.needs_approval and not visit.may(Permission.QUOTES_APPROVE):
        told = (
            _(
                "This gives away %(given)s of the list price, on what the customer really used; you may grant %(limit)s"
                " alone. Make a quote of it: somebody else approves it."
            )
            if priced.discount_percent > limit.discount_percent
            else _(
                "What this gives away is not known, since the customer used nothing yet, or its costs are not. Make a"
                " quote of it: somebody else approves it."
            )
        )
        raise InvalidInput(InputError("", "quote_needs_approval", told % words))
    return (_("It gives away %(given)s of the list price, on what the customer really used.") % words,)


def _offered(visit: TenantVisit, given: SubscribeInput) -> QuoteTerms:
    """Return the contract as a quote would offer it; without an end its first year is looked at."""
    starts_on = given.starts_on or visit.today
    months = YEAR_MONTHS
    if given.ends_on is not None:
        months = (given.ends_on.year - starts_on.year) * 12 + given.ends_on.month - starts_on.month
    return QuoteTerms(
        plan=given.plan_key,
        version=given.version,
        starts_on=starts_on,
        term_months=min(max(months, 1), LONGEST_MONTHS),
        currency=given.currency,
        quantity=given.quantity,
        addons=tuple(QuoteAddon(key=one.key, quantity=one.quantity, version=one.version) for one in given.addons),
        terms=given.terms,
        trial_days=given.trial_days,
        phases=tuple(
            OfferPhase(starts_on=one.starts_on, plan=one.plan_key, version=one.version, quantity=one.quantity)
            for one in given.phases
        ),
        discounts=given.discounts,
    )
