"""Hold contracts as somebody saw them, so that what they previewed is what they get."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from core.periods import local_date
from plans.errors import ContractChanged
from plans.reads.subscriptions import get_subscription, subscriptions
from plans.store import lock_contracts, lock_subscription
from plans.subscriptions import SubscriptionView

__all__ = ("hold_all_as_seen", "hold_as_seen", "mark_of")


def mark_of(*contracts: SubscriptionView) -> str:
    """Return a short mark of all that was agreed on, and of the local day on which it was looked at.

    Equal marks: the same versions, quantities, modes, terms, discounts and end, on the same day. What is used
    meanwhile changes no mark.
    """
    return sha256(msgspec.json.encode([_told(one) for one in contracts])).hexdigest()[:32]


def hold_as_seen(
    session: Session, tenant_id: UUID, subscription_id: UUID, mark: str, now: datetime
) -> SubscriptionView:
    """Lock a contract for this transaction, if it is still as it was seen.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        subscription_id: which contract.
        mark: its `mark_of` when it was looked at.
        now: the current instant for the tenant.

    Raises:
        NotFound: there is no such subscription (`not_found`).
        ContractChanged: it is another one by now (`contract_changed`).
    """
    lock_subscription(session, tenant_id, subscription_id)
    contract = get_subscription(session, tenant_id, subscription_id, now)
    if mark_of(contract) != mark:
        raise ContractChanged
    return contract


def hold_all_as_seen(session: Session, tenant_id: UUID, mark: str, now: datetime, key: str = "") -> None:
    """Let nobody else begin a contract in this transaction, if all that there are are still as they were seen.

    Of two who begin one after the same preview, the second waits for the first and then sees another contract.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        mark: the `mark_of` all contracts when they were looked at.
        now: the current instant for the tenant.
        key: of the contract that is to be begun. Where there is one of that key, beginning it anew is settled by
            its terms: the same ones are the same contract, however often they are sent.

    Raises:
        ContractChanged: there are others by now (`contract_changed`).
    """
    lock_contracts(session, tenant_id)
    held = subscriptions(session, tenant_id, now)
    if mark_of(*held) != mark and key not in {one.key for one in held}:
        raise ContractChanged


def _told(one: SubscriptionView) -> tuple[object, ...]:
    held = [(h.slot, h.version_id, h.quantity, h.mode, h.terms_id, h.starts_at, h.ends_at) for h in one.holdings]
    discounts = [(agreed.discount.key, agreed.coupon, agreed.starts_at) for agreed in one.discounts]
    today = local_date(one.as_of, one.schedule.tz)
    return one.id, one.ends_at, one.renews_months, one.notice_days, held, discounts, today
