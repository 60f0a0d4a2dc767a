"""Minimum commitments: what is missing to the least that was agreed on, as a line (pure)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.money import to_money
from core.periods import Period
from plans.charges import Charge
from plans.documents import PlanDocument
from plans.periods import Span
from plans.pricing import Rated, Step, decimal_text
from plans.rating.lines import FAIR_USE
from plans.rating.sources import RatedCharge
from plans.subscriptions import BASE, SubscriptionView
from plans.terms import Commitment

__all__ = ("period_true_ups", "term_true_ups")

Billed = Callable[[Span], Sequence[RatedCharge]]
"""A billing period → all its lines, arrears and advances, after discounts."""


def period_true_ups(subscription: SubscriptionView, span: Span, billed: Sequence[RatedCharge]) -> list[RatedCharge]:
    """Return a line for each commitment of a billing period: what the lines of the period lack, 0 where nothing.

    1,000 a month, of which 10 of 30 days: 333.33; 200 billed → 133.33.

    Args:
        subscription: with the version in force at the period's start.
        span: the billing period.
        billed: its lines, arrears and advances, after discounts.
    """
    part = Fraction(span.period.duration_us, span.full.duration_us)
    return [
        _line(due, subscription.currency, span.period, part, _counting(billed, due.counts))
        for due in _due(subscription, span)
        if due.term is None
    ]


def term_true_ups(subscription: SubscriptionView, span: Span, billed: Billed) -> list[RatedCharge]:
    """Return a line for each commitment whose term ends with this billing period (or whose subscription does).

    The version in force in the term's last period says what is owed. The term is reckoned as a
    whole, so that late facts of any month in it move the true-up the other way.

    Args:
        subscription: with all it ever held.
        span: the billing period.
        billed: gives the lines of any of its periods; this one's too.
    """
    lines = []
    for due in _due(subscription, span):
        if due.term is None:
            continue
        ran = Period(max(due.term.starts_at, subscription.starts_at), span.period.ends_at)
        charged = [line for one in subscription.spans_until(ran.ends_at, ran.starts_at) for line in billed(one)]
        whole = due.commitment.early_end == "due" and ran.ends_at < due.term.ends_at
        owed = Period(ran.starts_at, due.term.ends_at) if whole else ran
        part = Fraction(owed.duration_us, due.term.duration_us)
        lines.append(_line(due, subscription.currency, span.period, part, _counting(charged, due.counts)))
    return lines


@dataclass(frozen=True, slots=True)
class _Due:
    """A commitment that has a line in a billing period."""

    commitment: Commitment
    key: str
    """Under which it is billed: its own, and where another one of the period has that already, with its add-on."""
    counts: frozenset[str] | None
    """Keys of what counts towards it; None: everything that is billed."""
    term: Period | None
    """The full term that ends with the billing period; None: it is for each billing period."""


def _due(subscription: SubscriptionView, span: Span) -> list[_Due]:
    """Return the commitments of a billing period and those whose term ends with it, the plan's first."""
    view = subscription.at(span.period.starts_at)
    if not view.base.bills:
        return []
    found: list[_Due] = []
    taken: set[str] = set()
    for slot, document in ((BASE, view.document), *view.addons):
        for commitment in document.commitments:
            term = None
            if commitment.months is not None:
                term = subscription.schedule.every(commitment.months).at(span.period.starts_at)
                ends_at = term.ends_at if subscription.ends_at is None else min(term.ends_at, subscription.ends_at)
                if span.period.ends_at != ends_at:
                    continue
            key = f"{slot}.{commitment.key}" if commitment.key in taken else commitment.key
            taken.add(key)
            found.append(_Due(commitment, key, _counted_keys(commitment, slot, document), term))
    return found


def _counted_keys(commitment: Commitment, slot: str, document: PlanDocument) -> frozenset[str] | None:
    if slot == BASE:
        return frozenset(commitment.charges) or None
    own = [charge.key for charge in document.charges]
    return frozenset(f"{slot}.{key}" for key in commitment.charges or own)


def _counting(billed: Sequence[RatedCharge], keys: frozenset[str] | None) -> Fraction:
    lines = [line for line in billed if keys is None or line.charge_key.removesuffix(FAIR_USE) in keys]
    return sum((Fraction(line.rated.amount.decimal()) for line in lines), Fraction(0))


def _line(due: _Due, currency: str, period: Period, part: Fraction, counts: Fraction) -> RatedCharge:
    """Tell the true-up by its two sides: the commitment, less what counts towards it."""
    agreed = Fraction(to_money(Fraction(due.commitment.amounts.get(currency, Decimal(0))) * part, currency).decimal())
    missing = max(Fraction(0), agreed - counts)
    steps = [Step(code="committed", amount=decimal_text(agreed), params={"part": str(part)})]
    # More than was committed takes off no more than all of it.
    taken = missing - agreed
    steps += [Step(code="counted", amount=decimal_text(taken), params={"of": decimal_text(counts)})] if taken else []
    key = f"commitment:{due.key}"
    charge = Charge(key=key, name=due.commitment.name, model="flat", prices={})
    return RatedCharge(
        key, charge, "usage", period, part, Rated(to_money(missing, currency), Decimal(1), tuple(steps)), None
    )
