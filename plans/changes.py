"""What a change or a cancellation does to a subscription, decided before anything is written (pure).

Preview and execution take the same decision; only the execution writes it down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from core.periods import Period
from plans.errors import ChangeAlreadyAtThatInstant, ChangeInThePast, ChangeOutsidePeriod, ChangePending, ChangesNothing
from plans.periods import Span, cut
from plans.states import State, Trigger, advance, state_at
from plans.subscriptions import BASE, Holding, SubscriptionView

__all__ = ("Decision", "Timing", "When", "decide_cancellation", "decide_change", "direction", "running_span")

When = Literal["prorate_now", "at_period_end"]
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """When something is to happen: at once (or at an instant in the running period), or with its end."""

    when: When
    at: datetime | None
    """With `prorate_now`: the instant; None is `now`."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that will be different, and the subscription as it then is."""

    effective_at: datetime
    running: Span
    """The billing period it falls in, as it was."""
    pieces: tuple[Span, ...]
    """What becomes of that period: itself, two pieces, or what is left of it before the end."""
    closes: tuple[Holding, ...]
    """Versions that end at `effective_at`."""
    opens: tuple[Holding, ...]
    """Versions that begin there."""
    after: SubscriptionView


def decide_change(
    subscription: SubscriptionView, known: Sequence[Span], wanted: Sequence[Holding], timing: Timing
) -> Decision:
    """Decide a change to the versions wanted: what stays the same goes on, the rest ends or begins.

    Args:
        subscription: as it stands.
        known: its stored billing periods, in order.
        wanted: base plan and add-ons as they are to be; their instants are ignored.
        timing: when.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        ChangeInThePast: the instant is before now (`change_in_the_past`).
        ChangeOutsidePeriod: the instant is after the running period (`change_outside_period`).
        ChangeAlreadyAtThatInstant: something changes there already (`change_already_at_that_instant`).
        ChangePending: something changes later already (`change_pending`).
        ChangesNothing: it holds exactly this already (`changes_nothing`).
    """
    advance(state_at(subscription.starts_at, subscription.ends_at, timing.now), Trigger.CHANGE)
    running = running_span(subscription, known, timing.now)
    at = _effective(running, timing)
    _refuse_collision(subscription, at)
    current = [holding for holding in subscription.holdings if holding.ends_at is None]
    kept = [holding for holding in current if any(_same(holding, other) for other in wanted)]
    opens = tuple(
        replace(holding, starts_at=at, ends_at=None)
        for holding in wanted
        if not any(_same(holding, other) for other in kept)
    )
    closes = tuple(holding for holding in current if holding not in kept)
    if not closes and not opens:
        raise ChangesNothing
    holdings = [replace(holding, ends_at=at) if holding in closes else holding for holding in subscription.holdings]
    holdings = sorted([*holdings, *opens], key=lambda holding: (holding.slot, holding.starts_at))
    after = replace(subscription, holdings=tuple(holdings), as_of=at)
    return Decision(at, running, _pieces(running, at), closes, opens, after)


def decide_cancellation(subscription: SubscriptionView, known: Sequence[Span], timing: Timing) -> Decision:
    """Decide a cancellation: the subscription ends, and with it the running period if it is at once.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        ChangeInThePast: the instant is before now (`change_in_the_past`).
        ChangeOutsidePeriod: the instant is after the running period (`change_outside_period`).
        ChangeAlreadyAtThatInstant: it would end as it begins (`change_already_at_that_instant`).
    """
    trigger = Trigger.CANCEL_NOW if timing.when == "prorate_now" else Trigger.CANCEL_AT_PERIOD_END
    advance(state_at(subscription.starts_at, subscription.ends_at, timing.now), trigger)
    running = running_span(subscription, known, timing.now)
    at = _effective(running, timing)
    if at <= subscription.starts_at:
        raise ChangeAlreadyAtThatInstant(at)
    state = State.ENDED if at <= timing.now else State.ENDING
    after = replace(subscription, ends_at=at, status=state, as_of=at)
    pieces = tuple(piece for piece in _pieces(running, at) if piece.period.ends_at <= at)
    return Decision(at, running, pieces, (), (), after)


def running_span(subscription: SubscriptionView, known: Sequence[Span], now: datetime) -> Span:
    """Return the billing period that holds `now`, stored or still to be stored.

    Args:
        subscription: it has begun and is not over at `now`.
        known: its stored billing periods, in order.
        now: the instant.
    """
    stored = next((span for span in known if now in span.period), None)
    if stored is not None:
        return stored
    full = subscription.schedule.at(now)
    # Wherever a version begins or ends, a period does: at once by a cut, or with it anyway.
    edges = [subscription.starts_at, subscription.ends_at]
    edges += [edge for holding in subscription.holdings for edge in (holding.starts_at, holding.ends_at)]
    begins = max([full.starts_at, *(edge for edge in edges if edge is not None and edge <= now)])
    ends = min([full.ends_at, *(edge for edge in edges if edge is not None and edge > now)])
    return Span(Period(begins, ends), full)


def direction(
    decision: Decision, ranks: Mapping[str, int]
) -> Literal["upgrade", "downgrade", "same_tier", "same_plan"]:
    """Tell which way a change goes, by the order of the family and never by comparing prices.

    Args:
        decision: of a change.
        ranks: the rank of each plan by key.

    Returns:
        `upgrade`, `downgrade`, `same_tier` (another plan of it) or `same_plan`.
    """
    before = next((holding for holding in decision.closes if holding.slot == BASE), None)
    after = next((holding for holding in decision.opens if holding.slot == BASE), None)
    if before is None or after is None or before.plan_key == after.plan_key:
        return "same_plan"
    step = ranks[after.plan_key] - ranks[before.plan_key]
    if step == 0:
        return "same_tier"
    return "upgrade" if step > 0 else "downgrade"


def _effective(running: Span, timing: Timing) -> datetime:
    if timing.when == "at_period_end":
        return running.period.ends_at
    at = timing.at or timing.now
    if at < timing.now:
        raise ChangeInThePast(at, timing.now)
    if at >= running.period.ends_at:
        raise ChangeOutsidePeriod(at, running.period.ends_at)
    return at


def _refuse_collision(subscription: SubscriptionView, at: datetime) -> None:
    instants = [i for holding in subscription.holdings for i in (holding.starts_at, holding.ends_at) if i is not None]
    if at in instants or at == subscription.ends_at:
        raise ChangeAlreadyAtThatInstant(at)
    if max(instants) > at:
        raise ChangePending(max(instants))


def _pieces(running: Span, at: datetime) -> tuple[Span, ...]:
    inside = running.period.starts_at < at < running.period.ends_at
    return cut(running, at) if inside else (running,)


def _same(holding: Holding, other: Holding) -> bool:
    return (holding.slot, holding.version_id, holding.quantity) == (other.slot, other.version_id, other.quantity)
