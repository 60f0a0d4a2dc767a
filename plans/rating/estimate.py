"""What a change will bill: the very lines of the running period, before and after (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.money import Money
from plans.changes import TICK, Decision
from plans.periods import Span
from plans.pricing import Rated, Step, decimal_text
from plans.rating import CREDITS, RatedCharge, Sources, rate_advance, rate_period
from plans.subscriptions import SubscriptionView, charges_of

__all__ = ("NOTHING_FORESEEN", "Foreseen", "NextPeriod", "estimate_change", "estimate_next", "estimate_periods")


@dataclass(frozen=True, slots=True)
class NextPeriod:
    """The billing period after the running one, and what it will bill by the use so far."""

    span: Span
    lines: tuple[RatedCharge, ...]


Foreseen = tuple[Sequence[RatedCharge], NextPeriod | None]
"""What a preview shows: the lines of the running period, and the period after it."""
NOTHING_FORESEEN: Foreseen = ((), None)


def estimate_periods(subscription: SubscriptionView, spans: Iterable[Span], sources: Sources) -> list[RatedCharge]:
    """Return the lines of billing periods, each in advance and in arrears, by the use that `sources` know."""
    return [
        line
        for span in spans
        for line in (*rate_advance(subscription, span), *rate_period(subscription, span, sources))
    ]


def estimate_change(before: SubscriptionView, decision: Decision, sources: Sources) -> list[RatedCharge]:
    """Return what the running period will bill after a change.

    Fees that were billed in advance for the whole period are told as their difference, as the next
    bill does; all else as that bill will have it. Of a change that is dated back so are the periods up to now.

    Args:
        before: the subscription as it stands.
        decision: what becomes of it.
        sources: use so far.
    """
    lines = _paid_before(before, decision)
    was = {span.period.starts_at: span for span in (decision.running, *decision.followed)}
    then = {span.period.starts_at: span for span in (*decision.pieces, *decision.following)}
    for starts_at in sorted(was.keys() | then.keys()):
        due = rate_advance(decision.after, then[starts_at]) if starts_at in then else ()
        if starts_at in was:
            due = _differences(rate_advance(before, was[starts_at]), due)
        lines += due
        if starts_at in then:
            lines += rate_period(decision.after, then[starts_at], sources)
    return lines


def estimate_next(decision: Decision, sources: Sources) -> NextPeriod | None:
    """Return the period that begins where the running one ends, with its fees; None where the contract is over by then.

    A change at the end of a period shows there. Nothing has been used in it yet but what goes on (members, seats).

    Args:
        decision: what becomes of the contract.
        sources: use so far.
    """
    after = decision.after
    ends_at = [decision.running, *decision.pieces, *decision.following][-1].period.ends_at
    found = next(after.spans_until(ends_at + TICK, since=ends_at), None)
    return None if found is None else NextPeriod(found, tuple(estimate_periods(after, [found], sources)))


def _paid_before(before: SubscriptionView, decision: Decision) -> list[RatedCharge]:
    """Return what comes back of fees that were billed in advance in an earlier period and reach beyond the change."""
    begins = decision.running.period.starts_at
    charges = [charge for _, charge in charges_of(before.at(begins)) if charge.in_advance]
    if not charges:
        return []
    since = decision.running.full.starts_at
    for months in {charge.interval_months for charge in charges if charge.interval_months}:
        since = min(since, before.every(months).at(begins).starts_at)
    lines: list[RatedCharge] = []
    for span in before.spans_until(begins):
        if span.period.starts_at >= since:
            lines += _differences(rate_advance(before, span), rate_advance(decision.after, span))
    return lines


def _differences(billed: Iterable[RatedCharge], due: Iterable[RatedCharge]) -> tuple[RatedCharge, ...]:
    """Return what is due in advance less what was billed so; what is not due any more comes back, but for credits."""
    listed = {line.charge_key: line for line in billed}
    lines = []
    for line in due:
        was = listed.pop(line.charge_key, None)
        lines.append(line if was is None else _difference(line, was))
    lines += [_nothing(line) for line in listed.values() if not line.charge_key.startswith(CREDITS)]
    return tuple(line for line in lines if line.rated.amount.amount_minor or line.rated.quantity)


def _nothing(billed: RatedCharge) -> RatedCharge:
    zero = Rated(Money(0, billed.rated.amount.currency), Decimal(0), ())
    return _difference(replace(billed, rated=zero), billed)


def _difference(now: RatedCharge, billed: RatedCharge) -> RatedCharge:
    amount = now.rated.amount - billed.rated.amount
    steps = tuple(
        Step(
            code=code,
            amount=decimal_text(sign * Fraction(side.rated.amount.decimal())),
            quantity=decimal_text(Fraction(side.quantity)),
        )
        for code, side, sign in (("now", now, 1), ("before", billed, -1))
    )
    quantity = Decimal(now.quantity) - Decimal(billed.quantity)
    return replace(now, rated=Rated(amount, quantity, steps))
