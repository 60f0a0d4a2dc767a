"""Send, approve, decline and accept a quote; an accepted one is the contract with exactly its terms."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.quotes.actions.price_quote import replace_held, subscription_input
from billing.quotes.errors import (
    QuoteAlreadyAccepted,
    QuoteApproverIsMaker,
    QuoteExpired,
    QuoteNeedsApproval,
    QuoteNotOpen,
    QuoteSuperseded,
    QuoteTooDear,
)
from billing.quotes.floors import below_floor, below_margin, refuse_below_floors
from billing.quotes.offers import State, Trigger, advance
from billing.quotes.reads import LimitView, QuoteView, above_limit, get_quote
from billing.quotes.store import lock_quotes, set_quote
from core.periods import local_date
from plans.actions.subscribe import subscribe
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("accept_quote", "approve_quote", "decline_quote", "send_quote")


def send_quote(
    session: Session, tenant: TenantView, quote_id: UUID, actor: str, limit: LimitView, now: datetime
) -> QuoteView:
    """Send a draft: to the customer, or to whoever may approve it where it gives more away than its maker may.

    Args:
        session: scoped to the customer.
        tenant: the customer.
        quote_id: which version.
        actor: who sends it.
        limit: what its maker may grant today, whatever it was when the draft was made.
        now: the customer's time.

    Raises:
        NotFound, QuoteExpired, QuoteSuperseded, QuoteAlreadyAccepted, QuoteNotOpen: it is no draft, or nobody
            could accept it.
        BelowFloor, BelowMargin: it is under a floor of today (`below_margin_floor`, `below_cost_margin`).
    """
    lock_quotes(session, tenant.id)
    asks = above_limit(get_quote(session, tenant.id, quote_id), limit)
    quote, state = _decidable(session, tenant, quote_id, Trigger.ASK if asks else Trigger.SEND, now)
    refuse_below_floors(quote, limit)
    sent_at = None if asks else now
    set_quote(session, tenant.id, quote_id, status=state.value, sent_at=sent_at, needs_approval=asks)
    return _told(session, tenant, quote_id, actor, "send_quote")


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
    if quote.approved_by is not None:
        raise QuoteNotOpen(quote.key, "approved")
    if quote.created_by == actor:
        raise QuoteApproverIsMaker
    if quote.discount_percent > limit:
        raise QuoteTooDear(quote.discount_percent, limit)
    sent_at = quote.sent_at or now
    set_quote(session, tenant.id, quote_id, status=state.value, approved_by=actor, decided_at=now, sent_at=sent_at)
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


def accept_quote(
    session: Session, tenant: TenantView, quote_id: UUID, actor: str, limit: LimitView, now: datetime
) -> QuoteView:
    """Accept a quote: the subscription begins with exactly its terms, and what it replaces ends as it begins.

    Accepting it again changes nothing.

    Args:
        session: scoped to the customer.
        tenant: the customer.
        quote_id: which version.
        actor: who accepts it, for the customer.
        limit: what its maker may grant today.
        now: the customer's time.

    Raises:
        NotFound, QuoteExpired, QuoteSuperseded, QuoteAlreadyAccepted, QuoteNotOpen: it cannot be accepted (any more).
        QuoteNeedsApproval: limit or floor moved since it was sent (`quote_needs_approval`).
        Refused: whatever beginning the contract refuses; then nothing was done.
    """
    lock_quotes(session, tenant.id)  # who accepts it at the same moment is waited for
    known = get_quote(session, tenant.id, quote_id)
    if known.status is State.ACCEPTED:
        return known
    quote, state = _decidable(session, tenant, quote_id, Trigger.ACCEPT, now)
    below = below_floor(quote, limit) or below_margin(quote, limit)
    if below or (quote.approved_by is None and above_limit(quote, limit)):
        raise QuoteNeedsApproval(quote.key)
    replace_held(session, tenant, quote.terms, actor, now)
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
    if quote.accepted_version is not None:
        raise QuoteAlreadyAccepted(quote.key, quote.accepted_version)
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
