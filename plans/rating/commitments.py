"""Minimum commitments: what is missing to the least that was agreed on, as a line (pure)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import takewhile

from core.money import Money, to_money
from core.periods import Period
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Rated, Step, decimal_text
from plans.rating.lines import FAIR_USE, rate_so_far
from plans.rating.sources import RatedCharge, Sources
from plans.rating.stretches import spans_of, stretch_of
from plans.subscriptions import BASE, Holding, SubscriptionView
from plans.terms import Commitment

__all__ = ("period_true_ups", "term_true_ups")

Billed = Callable[[Span], Sequence[RatedCharge]]
"""A billing period → all its lines, arrears and advances, after discounts."""


def period_true_ups(subscription: SubscriptionView, span: Span, billed: Billed, sources: Sources) -> list[RatedCharge]:
    """Return a line for each commitment of a full period that is settled with a billing period, 0 where nothing lacks.

    1,000 a month, held for 10 of 30 days: 333.33; 200 billed → 133.33. What is held all month is settled
    with the month, whatever add-ons come and go.

    Args:
        subscription: with all it ever held.
        span: the billing period.
        billed: gives the lines of any of its periods, arrears and advances, after discounts.
        sources: for what add-ons came to by the instant at which a change settles it.
    """
    settled = [due for due in _due(subscription, span) if due.commitment.months is None]
    return [_true_up(subscription, span, due, billed, sources) for due in settled]


def term_true_ups(subscription: SubscriptionView, span: Span, billed: Billed, sources: Sources) -> list[RatedCharge]:
    """Return a line for each commitment over a term that is settled with a billing period.

    That is where its term ends, and before that where the contract does, or where what is held then
    commits to nothing any more under its key: leaving a commitment is ending it early. The term is reckoned as a
    whole, so that late facts of any month in it move the true-up the other way.

    Args:
        subscription: with all it ever held.
        span: the billing period.
        billed: gives the lines of any of its periods; this one's too.
        sources: for what add-ons came to by the instant at which a change settles it.
    """
    settled = [due for due in _due(subscription, span) if due.commitment.months is not None]
    return [_true_up(subscription, span, due, billed, sources) for due in settled]


@dataclass(frozen=True, slots=True)
class _Due:
    """A commitment that is settled with a billing period."""

    commitment: Commitment
    """As it stood last."""
    slot: str
    key: str
    """Under which it is billed: its own, and where another one has that already, with its add-on."""
    stretch: Span
    """For how long it was held, in its full period or term."""
    held: tuple[Holding, ...]
    """The versions that committed to it, in order."""


def _due(subscription: SubscriptionView, span: Span) -> list[_Due]:
    """Return the commitments that are settled with a billing period, the plan's first."""
    view = subscription.at(span.period.starts_at)
    found: list[_Due] = []
    taken: set[str] = set()
    for holding in (view.base, *view.addon_holdings):
        for commitment in holding.document.commitments:
            chain = subscription.unbroken(holding, partial(_goes_on, commitment, subscription.currency))
            stretch = _stretch(subscription, span, commitment, chain)
            if stretch is None or stretch.period.ends_at != span.period.ends_at:
                continue
            # A line over a term is that of the billing period with which it is settled.
            lasts = (span,) if commitment.months is not None else spans_of(subscription, stretch)
            known = taken | _beside(subscription, holding, lasts)
            key = f"{holding.slot}.{commitment.key}" if commitment.key in known else commitment.key
            taken.add(key)
            found.append(_Due(commitment, holding.slot, key, stretch, chain))
    return found


def _stretch(
    subscription: SubscriptionView, span: Span, commitment: Commitment, chain: Sequence[Holding]
) -> Span | None:
    """Return for how long a commitment is held around a billing period; None where it is not in force there.

    A term runs on in a pause, so that a pause at its end is no way out of it. Nothing runs in a trial.
    """
    mode = subscription.at(span.period.starts_at).base.mode
    since, until = chain[0].starts_at, chain[-1].ends_at
    if commitment.months is None:
        return stretch_of(subscription, span, span.full, since, until) if mode == "regular" else None
    if mode == "trial":
        return None
    plans = [held for held in subscription.holdings if held.slot == BASE]
    tried = [held.ends_at for held in plans if held.mode == "trial" and held.ends_at is not None]
    tried = [ends_at for ends_at in tried if ends_at <= span.period.starts_at]
    full = subscription.every(commitment.months).at(span.period.starts_at)
    ends = [at for at in (full.ends_at, until, subscription.ends_at) if at is not None]
    return Span(Period(max(full.starts_at, since, *tried), min(ends)), full)


def _goes_on(commitment: Commitment, currency: str, one: Holding, after: Holding) -> bool:
    """Tell whether a commitment of one version goes on in the next: under its key, over the same length.

    One that is due as a whole is not got rid of by another one for less.
    """
    before, then = _agreed(one, commitment), _agreed(after, commitment)
    if before is None or then is None or one.mode == "trial":
        return False
    if before.months is None or before.early_end == "prorated":
        return True
    return then.early_end == "due" and _amount(then, currency) >= _amount(before, currency)


def _agreed(holding: Holding, commitment: Commitment) -> Commitment | None:
    """Return what a version commits to under the key of a commitment, over the same length."""
    wanted = (commitment.key, commitment.months)
    return next((one for one in holding.document.commitments if (one.key, one.months) == wanted), None)


def _amount(commitment: Commitment, currency: str) -> Fraction:
    return Fraction(commitment.amounts.get(currency, Decimal(0)))


def _beside(subscription: SubscriptionView, holding: Holding, spans: Sequence[Span]) -> set[str]:
    """Return under which keys others have lines within billing periods that an add-on's would be taken for.

    They may be settled at another time: one of a month with its end, one over a term where it is left.

    Args:
        subscription: with all it ever held.
        holding: the add-on, which gives way to the plan and to earlier add-ons; a plan gives way to nobody.
        spans: the billing periods that the add-on's line is for.
    """
    found: set[str] = set()
    if holding.slot == BASE:
        return found
    for span in spans:
        view = subscription.at(span.period.starts_at)
        for one in (view.base, *takewhile(lambda addon: addon.slot != holding.slot, view.addon_holdings)):
            for commitment in one.document.commitments:
                chain = subscription.unbroken(one, partial(_goes_on, commitment, subscription.currency))
                stretch = _stretch(subscription, span, commitment, chain)
                if stretch and (commitment.months is None or stretch.period.ends_at == span.period.ends_at):
                    found.add(commitment.key)
    return found


def _true_up(subscription: SubscriptionView, span: Span, due: _Due, billed: Billed, sources: Sources) -> RatedCharge:
    """Tell what is missing by its two sides: what was committed for the time, less what counts towards it.

    A charge of an add-on that a change of plan leaves whole is billed after it: what it came to by then counts before,
    and only the rest of it after.
    """
    owed = part = counts = Fraction(0)
    for committed, of in _committed(due):
        part += of
        owed += _amount(committed, subscription.currency) * of
    spans = spans_of(subscription, due.stretch)
    for one in spans:
        counts += _counting(billed(one), _counted_keys(subscription.at(one.period.starts_at), due))
    for sign, one, at in ((1, spans[-1], due.stretch.period.ends_at), (-1, spans[0], due.stretch.period.starts_at)):
        so_far = rate_so_far(subscription, one, at, due.stretch.full, sources)
        counts += sign * _counting(so_far, _counted_keys(subscription.at(one.period.starts_at), due))
    period = due.stretch.period if due.commitment.months is None else span.period
    return _line(due, period, (to_money(owed, subscription.currency), part), counts)


def _committed(due: _Due) -> Iterator[tuple[Commitment, Fraction]]:
    """Yield what was committed to, with the part of the full period or term for which it was."""
    period, full = due.stretch.period, due.stretch.full
    for held in due.held:
        committed, ran = _agreed(held, due.commitment), period.clip(held.starts_at, held.ends_at or period.ends_at)
        if committed is not None and ran is not None:
            yield committed, Fraction(ran.duration_us, full.duration_us)
    if due.commitment.months is not None and due.commitment.early_end == "due" and period.ends_at < full.ends_at:
        yield due.commitment, Fraction(Period(period.ends_at, full.ends_at).duration_us, full.duration_us)


def _counted_keys(view: SubscriptionView, due: _Due) -> frozenset[str] | None:
    """Return the keys of what counts towards a commitment at an instant; None: everything that is billed."""
    holding = view.base if due.slot == BASE else next(held for held in view.addon_holdings if held.slot == due.slot)
    committed = _agreed(holding, due.commitment)
    assert committed is not None, "each version of its chain commits to it"
    if due.slot == BASE:
        return frozenset(committed.charges) or None
    own = [charge.key for charge in holding.document.charges]
    return frozenset(f"{due.slot}.{key}" for key in committed.charges or own)


def _counting(billed: Sequence[RatedCharge], keys: frozenset[str] | None) -> Fraction:
    lines = [line for line in billed if keys is None or line.charge_key.removesuffix(FAIR_USE) in keys]
    return sum((Fraction(line.rated.amount.decimal()) for line in lines), Fraction(0))


def _line(due: _Due, period: Period, owed: tuple[Money, Fraction], counts: Fraction) -> RatedCharge:
    """Tell the true-up by its two sides: the commitment, less what counts towards it."""
    agreed, part, currency = Fraction(owed[0].decimal()), owed[1], owed[0].currency
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
