"""What a change will bill: the very lines of the running period, before and after (pure)."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from plans.changes import Decision
from plans.periods import Span
from plans.pricing import Rated, Step, decimal_text
from plans.rating import RatedCharge, Sources, rate_advance, rate_period
from plans.subscriptions import SubscriptionView

__all__ = ("estimate_change", "estimate_periods")


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
    bill does; all else as that bill will have it.

    Args:
        before: the subscription as it stands.
        decision: what becomes of it.
        sources: use so far.
    """
    if not decision.pieces:
        return []
    billed = {line.charge_key: line for line in rate_advance(before, decision.running)}
    first, *rest = decision.pieces
    lines = [
        _difference(line, billed[line.charge_key]) if line.charge_key in billed else line
        for line in rate_advance(decision.after, first)
    ]
    lines = [line for line in lines if line.rated.amount.amount_minor or line.rated.quantity]
    lines += rate_period(decision.after, first, sources)
    return lines + estimate_periods(decision.after, rest, sources)


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
