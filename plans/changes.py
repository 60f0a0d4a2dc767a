"""What a change or a cancellation does to a subscription, decided before anything is written (pure).

Preview and execution take the same decision; only the execution writes it down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from core.periods import Period
from plans.errors import (
    ChangeAlreadyAtThatInstant,
    ChangeInThePast,
    ChangeOutsidePeriod,
    ChangePending,
    ChangesNothing,
    NothingPending,
    TermsDontFit,
)
from plans.periods import Span, cut
from plans.states import State, Trigger, advance, state_at
from plans.subscriptions import BASE, Holding, SubscriptionView

__all__ = (
    "CancelWhen",
    "Decision",
    "Timing",
    "When",
    "decide_cancellation",
    "decide_change",
    "decide_end",
    "decide_non_renewal",
    "decide_withdrawal",
    "direction",
    "effective_at",
    "running_span",
)

When = Literal["prorate_now", "at_period_end"]
CancelWhen = Literal["prorate_now", "at_period_end", "at_term_end", "at_instant"]
TICK = timedelta(microseconds=1)
COMPARED = ("slot", "version_id", "quantity", "mode", "terms_id")
"""What makes a holding another one."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When something is to happen: at once (or at an instant in the running period), or with its end."""

    when: When
    at: datetime | None
    """With `prorate_now`: the instant; None is `now`."""
    now: datetime
    keep_later: bool = False
    """Change before something that is agreed on for later, which stays as it was agreed on."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that will be different, and the subscription as it then is."""

    effective_at: datetime
    running: Span
    """The billing period it falls in, as it was."""
    pieces: tuple[Span, ...]
    """What becomes of that period: itself, two pieces, or what is left of it before the end. The piece that begins
    with a change of the interval is the first period of the new one, and may be longer than what ran."""
    closes: tuple[Holding, ...]
    """Versions that end at `effective_at`."""
    opens: tuple[Holding, ...]
    """Versions that begin there."""
    after: SubscriptionView
    following: tuple[Span, ...] = ()
    """The periods between those and now, where the change is dated back."""
    followed: tuple[Span, ...] = ()
    """The periods between the running one and now, as they were: other ones where the interval changes."""


def effective_at(subscription: SubscriptionView, known: Sequence[Span], timing: Timing) -> datetime:
    """Return the instant at which a change takes place.

    Args:
        subscription: as it stands.
        known: its stored billing periods, in order.
        timing: when.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        ChangeInThePast: the instant is before the contract (`change_in_the_past`).
        ChangeAlreadyAtThatInstant: something changes at the instant named (`change_already_at_that_instant`).
        ChangeOutsidePeriod: the instant is after the running period (`change_outside_period`).
    """
    advance(state_at(subscription.starts_at, subscription.ends_at, timing.now), Trigger.CHANGE)
    if timing.when == "prorate_now" and timing.at is not None:
        # The running period ends with a change that is agreed on: its instant is not wrong for lying outside.
        _refuse_taken(subscription, timing.at)
    return _effective(_changed_span(subscription, known, timing), timing)


def decide_change(
    subscription: SubscriptionView, known: Sequence[Span], wanted: Sequence[Holding], timing: Timing
) -> Decision:
    """Decide a change to the versions wanted: what stays the same goes on, the rest ends or begins.

    What is held at the instant is changed up to the point at which something else is agreed on
    (the next phase of a ramp, the end of a trial, a change at the end of the period).

    Args:
        subscription: as it stands.
        known: its stored billing periods, in order.
        wanted: base plan and add-ons as they are to be; their instants are ignored.
        timing: when.

    Raises:
        Those of `effective_at`.
        ChangePending: something changes later, and it is not said that it stays (`change_pending`).
        ChangesNothing: it holds exactly this already (`changes_nothing`).
    """
    at = effective_at(subscription, known, timing)
    running = _changed_span(subscription, known, timing)
    _refuse_collision(subscription, at, keep_later=timing.keep_later)
    current = [holding for holding in subscription.holdings if holding.holds_at(at)]
    kept = [holding for holding in current if any(_same(holding, other) for other in wanted)]
    opens = tuple(
        replace(holding, starts_at=at, ends_at=_until(subscription, holding.slot, at))
        for holding in wanted
        if not any(_same(holding, other) for other in kept)
    )
    closes = tuple(holding for holding in current if holding not in kept)
    if not closes and not opens:
        raise ChangesNothing
    held = {holding.slot for holding in subscription.holdings if holding.starts_at < at}
    for holding in opens:
        if holding.ends_at is not None and holding.slot not in held:
            # What begins later in this slot is its chain's head: nothing can be put before it.
            raise ChangePending(holding.ends_at)
    holdings = [replace(holding, ends_at=at) if holding in closes else holding for holding in subscription.holdings]
    holdings = sorted([*holdings, *opens], key=lambda holding: (holding.slot, holding.starts_at))
    after = replace(subscription, holdings=tuple(holdings), as_of=at)
    pieces = _changed(running, after, at)
    following = _begun_after(after, pieces[-1], at, timing.now)
    return Decision(
        at, running, pieces, closes, opens, after, following, _begun_after(subscription, running, at, timing.now)
    )


def _changed_span(subscription: SubscriptionView, known: Sequence[Span], timing: Timing) -> Span:
    """Return the billing period that a change falls in: the running one, or where it is dated back, an earlier one."""
    at = timing.at if timing.when == "prorate_now" else None
    if at is None or not subscription.starts_at <= at < timing.now:
        at = timing.now
    return running_span(subscription, known, at)


def _until(subscription: SubscriptionView, slot: str, at: datetime) -> datetime | None:
    """Return where what is held in a slot ends or another version of it begins, as was agreed on before."""
    held = [holding for holding in subscription.holdings if holding.slot == slot]
    ends = [holding.ends_at for holding in held if holding.holds_at(at) and holding.ends_at is not None]
    return min([*ends, *(holding.starts_at for holding in held if holding.starts_at > at)], default=None)


def decide_cancellation(subscription: SubscriptionView, known: Sequence[Span], timing: Timing) -> Decision:
    """Decide a cancellation: the subscription ends, and with it the running period if it is at once.

    Dated back, it ends an earlier period, and those after it are none.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        ChangeInThePast: the instant is before the contract (`change_in_the_past`).
        ChangeOutsidePeriod: the instant is after the running period (`change_outside_period`).
        ChangeAlreadyAtThatInstant: it would end as it begins (`change_already_at_that_instant`).
    """
    trigger = Trigger.CANCEL_NOW if timing.when == "prorate_now" else Trigger.CANCEL_AT_PERIOD_END
    advance(state_at(subscription.starts_at, subscription.ends_at, timing.now), trigger)
    running = _changed_span(subscription, known, timing)
    at = _effective(running, timing)
    if at <= subscription.starts_at:
        raise ChangeAlreadyAtThatInstant(at)
    state = State.ENDED if at <= timing.now else State.ENDING
    after = replace(subscription, ends_at=at, renews_months=None, status=state, as_of=at)
    pieces = tuple(piece for piece in _pieces(running, at) if piece.period.ends_at <= at)
    return Decision(at, running, pieces, (), (), after, followed=_begun_after(subscription, running, at, timing.now))


def decide_withdrawal(subscription: SubscriptionView, at: datetime | None, now: datetime) -> Decision:
    """Decide that what was agreed on for later does not come: what is held before it goes on in its place.

    Args:
        subscription: as it stands.
        at: the instant of the change; None: the only one there is.
        now: the current instant.

    Returns:
        `closes` are the versions that never begin, `opens` those that go on, with their new end.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        NothingPending: nothing changes then, or several things do and none is named (`nothing_pending`).
    """
    advance(state_at(subscription.starts_at, subscription.ends_at, now), Trigger.CHANGE)
    pending = [edge for edge in subscription.edges() if edge > now and edge != subscription.ends_at]
    # A trial ends as it was agreed on: what follows it is the contract itself.
    pending = [edge for edge in pending if subscription.at(edge - TICK).base.mode != "trial"]
    if at is None and len(pending) == 1:
        at = pending[0]
    if at is None or at not in pending:
        raise NothingPending(pending)
    never = [holding for holding in subscription.holdings if holding.starts_at == at]
    ends = {holding.slot: holding.ends_at for holding in never}
    stays = [held for held in subscription.holdings if held.starts_at != at]
    heads = ends.keys() - {held.slot for held in stays if held.ends_at == at}
    if any(held.slot in heads and held.starts_at > at for held in stays):
        raise NothingPending(pending)  # what follows an add-on that never began would hang in the air
    left = [replace(held, ends_at=ends.get(held.slot)) if held.ends_at == at else held for held in stays]
    going_on = [new for new, held in zip(left, stays, strict=True) if held.ends_at == at]
    after = replace(subscription, holdings=tuple(left))
    running = running_span(subscription, (), now)
    # A period that the change had cut is whole again; any other one stays as it is.
    begins = running.period.starts_at
    pieces = tuple(after.spans_until(begins + TICK, since=begins))
    return Decision(at, running, pieces, tuple(never), tuple(going_on), after)


def decide_non_renewal(subscription: SubscriptionView, known: Sequence[Span], now: datetime) -> Decision:
    """Decide that a term does not renew: the subscription ends where it was agreed to.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        TermsDontFit: it has no end, so that there is no term (`terms_dont_fit`).
    """
    advance(state_at(subscription.starts_at, subscription.ends_at, now), Trigger.CANCEL_AT_PERIOD_END)
    if subscription.ends_at is None:
        raise TermsDontFit("The subscription has no term that ends. Cancel it 'at_period_end' or 'prorate_now'.")
    running = running_span(subscription, known, now)
    return Decision(subscription.ends_at, running, (running,), (), (), replace(subscription, renews_months=None))


def decide_end(subscription: SubscriptionView, known: Sequence[Span], timing: Timing) -> Decision:
    """Decide that the subscription ends at an instant (`timing.at`) in its running period, an earlier or a later one.

    What ends before that anyway ends where it was agreed to, and does not renew.

    Raises:
        SubscriptionNotIn: it has not begun or is over (`subscription_state`).
        ChangeInThePast: the instant is before the contract (`change_in_the_past`).
        ChangeAlreadyAtThatInstant: it would end as it begins (`change_already_at_that_instant`).
    """
    at = timing.at or timing.now
    if subscription.ends_at is not None and at >= subscription.ends_at:
        return decide_non_renewal(subscription, known, timing.now)
    if at in running_span(subscription, known, timing.now).period or at < timing.now:
        return decide_cancellation(subscription, known, Timing("prorate_now", at, timing.now))
    advance(state_at(subscription.starts_at, subscription.ends_at, timing.now), Trigger.CANCEL_AT_PERIOD_END)
    running = running_span(subscription, known, timing.now)
    after = replace(subscription, ends_at=at, renews_months=None, status=State.ENDING, as_of=at)
    return Decision(at, running, (running,), (), (), after)


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
    full = subscription.full_at(now)
    # Wherever a version begins or ends, a period does: at once by a cut, or with it anyway.
    edges = [subscription.starts_at, subscription.ends_at, *subscription.edges()]
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
    if at < running.period.starts_at:
        raise ChangeInThePast(at, timing.now)
    if at >= running.period.ends_at:
        raise ChangeOutsidePeriod(at, running.period.ends_at)
    return at


def _refuse_collision(subscription: SubscriptionView, at: datetime, *, keep_later: bool) -> None:
    _refuse_taken(subscription, at)
    last = subscription.edges()[-1]
    if last > at and not keep_later:
        raise ChangePending(last)


def _refuse_taken(subscription: SubscriptionView, at: datetime) -> None:
    if at in subscription.edges() or at == subscription.ends_at:
        raise ChangeAlreadyAtThatInstant(at)


def _changed(running: Span, after: SubscriptionView, at: datetime) -> tuple[Span, ...]:
    """Return what a change makes of the period in which it takes place, or with the end of which it does."""
    if at == running.period.ends_at:
        return (running,)
    [then] = after.spans_until(at + TICK, since=at)
    before = running.period.clip(running.period.starts_at, at)
    return (then,) if before is None else (Span(before, running.full), then)


def _begun_after(contract: SubscriptionView, span: Span, at: datetime, now: datetime) -> tuple[Span, ...]:
    """Return the billing periods after one that have begun, where something is dated back; else none."""
    return tuple(contract.spans_until(now + TICK, span.period.ends_at)) if at < now else ()


def _pieces(running: Span, at: datetime) -> tuple[Span, ...]:
    inside = running.period.starts_at < at < running.period.ends_at
    return cut(running, at) if inside else (running,)


def _same(holding: Holding, other: Holding) -> bool:
    return all(getattr(holding, name) == getattr(other, name) for name in COMPARED)
