"""Revenue at risk: contracts that end soon, and those on a version that is not the newest (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.money import Money
from core.periods import local_date, zone
from plans.states import State
from plans.subscriptions import SubscriptionView

__all__ = ("Reason", "Risk", "risks")


class Reason(StrEnum):
    """Why revenue is at risk."""

    ENDS = "ends"
    """The contract's term ends, or it was cancelled."""
    OLD_VERSION = "old_version"
    """It holds a version that is not sold to new customers any more: a move would change what it bills."""


@dataclass(frozen=True, slots=True)
class Risk:
    """A contract with its MRR in the last billed month."""

    customer: UUID
    subscription: UUID
    plan: str
    version: int
    newest: int
    reason: Reason
    on: date | None
    """The local day on which it is over; None where nothing is fixed."""
    amount: Money


def risks(
    held: Iterable[SubscriptionView], newest: Mapping[str, int], brings: Mapping[UUID, Money], now: datetime, days: int
) -> tuple[Risk, ...]:
    """Return what is at risk, the largest first; one contract can be so for two reasons.

    Args:
        held: contracts as they stand now.
        newest: the number of each plan's newest version that is sold.
        brings: MRR of the last billed month by contract; one that brings nothing is at no risk.
        now: the instant.
        days: how far ahead an end counts.
    """
    found = []
    for one in held:
        amount = brings.get(one.id)
        if amount is None or amount.amount_minor <= 0 or one.status not in (State.ACTIVE, State.ENDING):
            continue
        number, newest_number = one.version_number, newest.get(one.plan_key, one.version_number)
        if one.ends_at is not None and one.ends_at <= now + timedelta(days=days):
            over = local_date(one.ends_at, zone(one.time_zone))
            found.append(Risk(one.tenant_id, one.id, one.plan_key, number, newest_number, Reason.ENDS, over, amount))
        if number < newest_number and one.base.terms_id is None:
            found.append(
                Risk(one.tenant_id, one.id, one.plan_key, number, newest_number, Reason.OLD_VERSION, None, amount)
            )
    return tuple(sorted(found, key=lambda risk: (-risk.amount.amount_minor, str(risk.subscription), risk.reason)))
