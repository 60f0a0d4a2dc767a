"""Make a version of a quote: the contract as it will be, and what it comes to on the customer's real use."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from billing.quotes.actions.price_quote import QuoteInput, price_quote
from billing.quotes.errors import QuoteAlreadyAccepted
from billing.quotes.floors import refuse_below_floors
from billing.quotes.offers import State
from billing.quotes.reads import QuoteView, accepted_version, get_quote
from billing.quotes.store import add_quote, lock_quotes, next_version
from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("make_quote",)


def make_quote(session: Session, tenant: TenantView, given: QuoteInput, now: datetime) -> QuoteView:
    """Make a version of a quote.

    Args:
        session: scoped to the customer.
        tenant: the customer.
        given: the offer.
        now: the customer's time.

    Returns:
        The quote: a draft, open, or pending where it gives more away than its maker may grant alone.

    Raises:
        NotFound, VersionRetired, PlanInvalid, CurrencyNotPriced, TermsDontFit, InvalidInput: the
            contract could not be made like this.
        QuoteAlreadyAccepted: another version of that key is a contract (`quote_already_accepted`).
        BelowFloor, BelowMargin: on the customer's real year it is under a floor (`below_margin_floor`,
            `below_cost_margin`).
    """
    priced = price_quote(session, tenant, given, now)
    refuse_below_floors(priced, given.limit)
    sent = State.PENDING if priced.needs_approval else State.OPEN
    status = State.DRAFT if given.draft else sent
    lock_quotes(session, tenant.id)
    quote_id = new_id()
    key = given.key or f"Q-{str(quote_id)[-8:]}"
    accepted = accepted_version(session, tenant.id, key)
    if accepted is not None:
        raise QuoteAlreadyAccepted(key, accepted)
    version = next_version(session, tenant.id, key)
    row = {
        "tenant_id": tenant.id,
        "id": quote_id,
        "key": key,
        "version": version,
        "terms": msgspec.to_builtins(priced.terms),
        "valid_until": given.valid_until,
        "note": given.note,
        "status": status.value,
        "currency": priced.net.currency,
        "list_minor": priced.listed.amount_minor,
        "net_minor": priced.net.amount_minor,
        "term_list_minor": priced.term_listed.amount_minor,
        "term_net_minor": priced.term_net.amount_minor,
        "cost_minor": None if priced.cost is None else priced.cost.amount_minor,
        "term_cost_minor": None if priced.term_cost is None else priced.term_cost.amount_minor,
        "discount_percent": priced.discount_percent,
        "needs_approval": priced.needs_approval,
        "simulated_from": priced.simulated_from,
        "simulated_until": priced.simulated_until,
        "first_year": msgspec.to_builtins(priced.first_year),
        "created_by": given.actor,
        "created_at": now,
        "sent_at": now if status is State.OPEN else None,
        "reason": "",
    }
    add_quote(session, row)
    told = {"key": key, "version": version, "discount_percent": str(priced.discount_percent), "status": status.value}
    record_audit(session, tenant.id, given.actor, "make_quote", ("quote", str(quote_id)), told)
    return get_quote(session, tenant.id, quote_id)
