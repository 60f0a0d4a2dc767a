"""The life of a subscription: which trigger leads from which state where. All else is refused.

The state is derived from the stored instants whenever it is asked for, never stored: no sweeper
has to run for a subscription to begin or end on time.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from plans.errors import SubscriptionNotIn

__all__ = ("TRANSITIONS", "State", "Trigger", "advance", "state_at")


class State(StrEnum):
    """Where a subscription stands."""

    SCHEDULED = "scheduled"
    """Agreed on; begins later."""
    ACTIVE = "active"
    """Runs with no end in sight."""
    ENDING = "ending"
    """Runs, and its end is known."""
    ENDED = "ended"
    """Over; only late facts still concern it."""


class Trigger(StrEnum):
    """What can happen to a subscription."""

    START = "start"
    """Time reaches its start."""
    CHANGE = "change"
    """Another plan, version or other add-ons."""
    CANCEL_AT_PERIOD_END = "cancel_at_period_end"
    """It is to end with the running period."""
    CANCEL_NOW = "cancel_now"
    """It ends at once; the running period is cut."""
    RENEW = "renew"
    """It goes on beyond the end that was agreed on, to a later one."""
    CONTINUE = "continue"
    """It goes on without an end."""
    END = "end"
    """Time reaches its end."""


TRANSITIONS: Final[dict[tuple[State, Trigger], State]] = {
    (State.SCHEDULED, Trigger.START): State.ACTIVE,
    (State.ACTIVE, Trigger.CHANGE): State.ACTIVE,
    (State.ACTIVE, Trigger.CANCEL_AT_PERIOD_END): State.ENDING,
    (State.ACTIVE, Trigger.CANCEL_NOW): State.ENDED,
    (State.ENDING, Trigger.CHANGE): State.ENDING,
    (State.ENDING, Trigger.CANCEL_AT_PERIOD_END): State.ENDING,
    (State.ENDING, Trigger.CANCEL_NOW): State.ENDED,
    (State.ENDING, Trigger.RENEW): State.ENDING,
    (State.ENDING, Trigger.CONTINUE): State.ACTIVE,
    (State.ENDING, Trigger.END): State.ENDED,
}


def advance(state: State, trigger: Trigger) -> State:
    """Return the state that the trigger leads to.

    Raises:
        SubscriptionNotIn: the trigger is not allowed in that state (`subscription_state`).

    >>> advance(State.ACTIVE, Trigger.CANCEL_AT_PERIOD_END)
    <State.ENDING: 'ending'>
    """
    after = TRANSITIONS.get((state, trigger))
    if after is None:
        raise SubscriptionNotIn(state, trigger)
    return after


def state_at(starts_at: datetime, ends_at: datetime | None, now: datetime) -> State:
    """Return the state at `now`; a start or an end is reached at its very instant."""
    if now < starts_at:
        return State.SCHEDULED
    if ends_at is None:
        return State.ACTIVE
    return State.ENDED if now >= ends_at else State.ENDING
