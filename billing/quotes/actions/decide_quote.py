"""Approve, decline and accept a quote; an accepted one is the contract with exactly its terms."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.quotes.actions.make_quote import subscription_input
from billing.quotes.errors import QuoteApproverIsMaker, QuoteExpired, QuoteNotOpen, QuoteSuperseded, QuoteTooDear
from billing.quotes.offers import State, Trigger, advance
from billing.quotes.reads import QuoteView, get_quote
from billing.quotes.store import lock_quotes, set_quote
from core.periods import local_date
from plans.actions.subscribe import subscribe
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("accept_quote", "approve_quote", "decline_quote")


def approve_quote(
    session: Session, tenant: TenantView, quote_id: UUID, actor: str, limit: Decimal, now: datetime
) -> QuoteView:
    """Approve a quote that gives more away than its maker may.

    Args:
        session: scoped to the customer.
        tenant: the customer.
        quote_id: which version.
        actor: who approves, not its maker.
        limit: what they may grant, in per cent of list price.
        now: the customer's time.

    Raises:
        NotFound, QuoteExpired, QuoteSuperseded, QuoteNotOpen: it cannot be decided on any more.
        QuoteApproverIsMaker: they made it themselves (`quote_approver_is_maker`).
        QuoteTooDear: it is above their limit too (`approval_limit_exceeded`).
    """
    quote, state = _decidable(session, tenant, quote_id, Trigger.APPROVE, now)
    if quote.created_by == actor:
        raise QuoteApproverIsMaker
    if quote.discount_percent > limit:
        raise QuoteTooDear(quote.discount_percent, limit)
    set_quote(session, tenant.id, quote_id, status=state.value, approved_by=actor, decided_at=now)
    return _told(session, tenant, quote_id, actor, "approve_quote")


def decline_quote(
    session: Session, tenant: TenantView, quote_id: UUID, actor: str, reason: str, now: datetime
) -> QuoteView:
    """Decline a quote: the approver's no, or the customer's.

    Raises:
        NotFound, QuoteExpired, QuoteSuperseded, QuoteNotOpen: it cannot be decided on any more.
    """
    _, state = _decidable(session, tenant, quote_id, Trigger.DECLINE, now)
    set_quote(session, tenant.id, quote_id, status=state.value, reason=reason, decided_at=now)
    return _told(session, tenant, quote_id, actor, "decline_quote")


def accept_quote(session: Session, tenant: TenantView, quote_id: UUID, actor: str, now: datetime) -> QuoteView:
    """Accept a quote: the subscription begins with exactly its terms. Accepting it again changes nothing.

    Raises:
        NotFound, QuoteExpired, QuoteSuperseded, QuoteNotOpen: it cannot be accepted (any more).
        Refused: whatever beginning the contract refuses; then nothing was done.
    """
    known = get_quote(session, tenant.id, quote_id)
    if known.status is State.ACCEPTED:
        return known
    quote, state = _decidable(session, tenant, quote_id, Trigger.ACCEPT, now)
    begun = subscribe(
        session, subscription_input(tenant, quote.terms, f"quote-{quote.key}-{quote.version}", actor), now
    )
    values = {"subscription_id": begun.id, "accepted_by": actor, "accepted_at": now}
    set_quote(session, tenant.id, quote_id, status=state.value, **values)
    return _told(session, tenant, quote_id, actor, "accept_quote")


def _decidable(
    session: Session, tenant: TenantView, quote_id: UUID, trigger: Trigger, now: datetime
) -> tuple[QuoteView, State]:
    """Lock the customer's quotes and return this one with the state it moves to."""
    lock_quotes(session, tenant.id)
    quote = get_quote(session, tenant.id, quote_id)
    state = advance(quote.status, trigger)
    if state is None:
        raise QuoteNotOpen(quote.key, quote.status.value)
    if quote.version < quote.newest:
        raise QuoteSuperseded(quote.key, quote.version, quote.newest)
    if local_date(now, tenant.tz) > quote.valid_until:
        raise QuoteExpired(quote.key, quote.valid_until)
    return quote, state


def _told(session: Session, tenant: TenantView, quote_id: UUID, actor: str, what: str) -> QuoteView:
    quote = get_quote(session, tenant.id, quote_id)
    detail = {"key": quote.key, "version": quote.version}
    record_audit(session, tenant.id, actor, what, ("quote", str(quote_id)), detail)
    return quote
