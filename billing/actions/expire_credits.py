"""Let prepaid credits lapse that expired, or go on as their terms say."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.move_credits import Mover, bring_credits, move
from billing.actions.post_transfers import Booking, conversion_for, earn_credits
from billing.prepaid import BlockTerms, lapse, months_after
from billing.reads import GrantView, get_grant, rolled_of
from core.money import Money
from tenants.reads import TenantView, get_legal_entity

__all__ = ("expire_credits", "lapses_at")

SETTLING = timedelta(days=1)
"""What was used before a block expired is billed when grace has passed; so long after that it lapses for good."""


def lapses_at(expires_at: datetime, payer: TenantView) -> datetime:
    """Return when what is left of a block lapses."""
    return expires_at + timedelta(hours=payer.grace_hours) + SETTLING


def expire_credits(session: Session, tenant: TenantView, grant_id: UUID, actor: str, now: datetime) -> bool:
    """Let what is left of an expired block lapse: what was paid for it becomes revenue; what rolls over goes on.

    Args:
        session: scoped to the payer.
        tenant: the payer. What was used in the block's time is billed when its grace has passed.
        grant_id: the block.
        actor: who or what does so.
        now: the payer's time.

    Returns:
        Whether something lapsed or rolled over; not where somebody was faster, or before its time.
    """
    held = get_grant(session, tenant.id, grant_id, lock=True)
    left = held.remaining.amount_minor
    if not left or held.expires_at is None or lapses_at(held.expires_at, tenant) > now:
        return False
    rolls = held.rollover_percent if held.rollover_months is not None else None
    before = rolled_of(session, tenant.id, grant_id)
    became = lapse(held.amount.amount_minor, left, held.deferred.amount_minor, rolls, before)
    mover = Mover(tenant.id, held.legal_entity_id, held.amount.currency, None, actor, now)
    if became.lapsed_minor:
        moved_id = move(session, mover, grant_id, "expired", (-became.lapsed_minor, -became.breakage_minor))
        _post(session, held, became.breakage_minor, moved_id, now)
    if became.rolled_minor:
        _roll_over(session, mover, held, became.rolled_minor, held.deferred.amount_minor - became.breakage_minor)
    return True


def _post(session: Session, held: GrantView, breakage_minor: int, moved_id: UUID, now: datetime) -> None:
    """Book it under its movement: a block lapses again where credits came back to it since."""
    if not breakage_minor:
        return
    assert held.invoice_id is not None, "what has a price was sold by a document"
    day, currency = now.astimezone(UTC).date(), held.amount.currency
    entity = get_legal_entity(session, held.legal_entity_id)
    dated = conversion_for(session, currency, entity.base_currency, day)
    booking = Booking(held.tenant_id, entity.id, held.invoice_id, dated, day, now)
    earn_credits(session, booking, held.id, Money(breakage_minor, currency), "credits_lapsed", str(moved_id))


def _roll_over(session: Session, mover: Mover, held: GrantView, amount_minor: int, deferred_minor: int) -> None:
    """Go on in a new block with its part of the price, once: what is left of that lapses."""
    move(session, mover, held.id, "rolled_over", (-amount_minor, -deferred_minor))
    assert held.expires_at is not None
    terms = BlockTerms(
        name=held.name,
        amount_minor=amount_minor,
        starts_at=held.expires_at,
        expires_at=months_after(held.expires_at, held.rollover_months, held.time_zone),
        time_zone=held.time_zone,
        origin="rollover",
        priority=held.priority,
        subscription_id=held.subscription_id,
        charges=held.charges,
        meters=held.meters,
        refundable=held.refundable,
    )
    sold_by = Mover(mover.tenant_id, mover.legal_entity_id, mover.currency, held.invoice_id, mover.actor, mover.now)
    bring_credits(session, sold_by, terms, deferred_minor, rolled_from=held.id)
