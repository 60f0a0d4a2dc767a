"""Take back what is left of prepaid credits that cost nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.move_credits import Mover, move
from billing.errors import CreditsNotWithdrawable
from billing.reads import GrantView, get_grant
from core.errors import InputError, InvalidInput
from core.money import Money
from tenants.actions.record_audit import record_audit

__all__ = ("WithdrawalInput", "withdraw_credits")


@dataclass(frozen=True, slots=True)
class WithdrawalInput:
    """What is to be taken back; preview and execution take the very same."""

    tenant_id: UUID
    grant_id: UUID
    reason: str
    actor: str
    preview: bool = False
    """Decide and show, write nothing."""


def withdraw_credits(session: Session, given: WithdrawalInput, now: datetime) -> tuple[GrantView, Money]:
    """Take back what is left of a block that was granted; what it paid stays paid.

    A draft that reckoned with it is refused as it is finalised, and refreshed. What a later document gives back of
    its draws is on the block again, and can be taken back too.

    Returns:
        The block as it is (or with `preview` was), and how much is taken back.

    Raises:
        NotFound: the payer has no such block (`not_found`).
        InvalidInput: there is no reason (`invalid_input`).
        CreditsNotWithdrawable: it was paid for, it came with a contract, or nothing is left of it
            (`credits_not_withdrawable`).
    """
    held = get_grant(session, given.tenant_id, given.grant_id, lock=not given.preview)
    if not given.reason.strip():
        raise InvalidInput(InputError("/reason", "reason_missing", "Say why; it goes into the audit trail."))
    if held.paid.amount_minor or held.subscription_id is not None or not held.remaining.amount_minor:
        raise CreditsNotWithdrawable(held.name)
    if given.preview:
        return held, held.remaining
    mover = Mover(given.tenant_id, held.legal_entity_id, held.amount.currency, None, given.actor, now)
    move(session, mover, held.id, "revoked", (-held.remaining.amount_minor, 0))
    detail = {"amount": held.remaining.text(), "currency": held.amount.currency, "reason": given.reason.strip()}
    record_audit(session, given.tenant_id, given.actor, "withdraw_credits", ("credits", str(held.id)), detail)
    return get_grant(session, given.tenant_id, given.grant_id), held.remaining
