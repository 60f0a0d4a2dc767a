"""Discounts of a contract: which hold when, and what they take off a line or a whole bill (pure)."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from core.money import Money, to_money
from core.periods import Period
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Off, Rated, Step, decimal_text
from plans.proration import part_of
from plans.rating.sources import Charged, RatedCharge
from plans.rating.stretches import same_terms, spans_of, stretch_of
from plans.subscriptions import BASE, HeldCharge, SubscriptionView
from plans.terms import Discount

__all__ = ("given_again", "has_discounts", "invoice_discounts", "line_discounts")


ADVANCE = ":advance"
"""What the charge key of a discount on fees in advance ends with."""
OWN = "contract"
"""The origin of a discount that the contract itself agrees on."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A discount in force."""

    discount: Discount
    since: datetime
    """It counts its periods from here."""
    lasts: tuple[datetime, datetime | None]
    """Since when and until when it is held as it is."""
    charges: frozenset[str] | None
    """Keys as they are billed; None: the whole bill."""
    origin: str = BASE
    """Whose it is: the plan's, the contract's own (`OWN`), or that of a coupon by its code."""

    def key(self, taken: Container[str]) -> str:
        """Return the key of its lines: its own, and where another one has that already, with its origin before it."""
        key = self.discount.key
        while key in taken or f"{key}{ADVANCE}" in taken:
            key = f"{self.origin}.{key}"
        return key


def has_discounts(subscription: SubscriptionView) -> bool:
    """Most contracts have no discount at all: a run of many thousands asks this first."""
    return bool(subscription.discounts) or any(held.document.discounts for held in subscription.holdings)


def given_again(before: Rated, after: Rated) -> Rated:
    """Return what a discount took off and does not take off a bill without what was refunded, positive or 0."""
    money = after.amount - before.amount
    [step] = before.steps
    return Rated(
        money, -before.quantity, (msgspec.structs.replace(step, amount=decimal_text(Fraction(money.decimal()))),)
    )


def line_discounts(subscription: SubscriptionView, held: HeldCharge, service: Span) -> tuple[Off, ...]:
    """Return what is taken off a charge's line: the plan's discounts, an add-on's, the contract's own, in order."""
    if not has_discounts(subscription):
        return ()
    return tuple(
        _off(found.discount, subscription.currency)
        for found in _in_force(subscription, service.period.starts_at)
        if found.charges is not None and held.key in found.charges
        if _counts(found, subscription, service, held.charge.interval_months)
    )


def invoice_discounts(
    subscription: SubscriptionView, span: Span, charged: Charged
) -> tuple[list[RatedCharge], list[RatedCharge]]:
    """Return the lines that take off from whole bills: from what a billing period bills in advance, and in arrears.

    A discount serves a stretch of the full period, as charges do: a plan's as long as the plan is held, whatever
    add-ons come and go. A percentage acts on each bill by itself. An amount is for the full period; it is taken off
    the advances first, which are billed first; the arrears of the stretch get what is left of it, at its end, and
    so what comes after it in order. A discount that holds has a line, of 0 too, so that late facts find it.

    Args:
        subscription: with its discounts.
        span: the billing period.
        charged: the charges of any of its billing periods, after line discounts.

    Returns:
        Those on arrears, and those on advances.
    """
    if not has_discounts(subscription):
        return [], []
    taking = _Taking(subscription, charged)
    # What is left for a discount depends on what was taken off earlier in the full period.
    for one in subscription.spans_until(span.period.starts_at, max(span.full.starts_at, subscription.starts_at)):
        if one.full == span.full:
            taking.take(one)
    return taking.take(span)


@dataclass(slots=True)
class _Taking:
    """What discounts take off in the billing periods of a full one, in order of time."""

    subscription: SubscriptionView
    charged: Charged
    left: dict[datetime, Fraction] = field(default_factory=dict)
    """What is left of the arrears of a billing period, by its start."""
    budgets: dict[tuple[str, str, Span], Fraction] = field(default_factory=dict)
    """What is left of a discount's amount, by its origin, key and stretch."""
    until: dict[tuple[str, str, Span], datetime] = field(default_factory=dict)
    """Up to when a discount has acted on the arrears of its stretch, by its origin, key and stretch."""
    plans: set[str] = field(default_factory=set)
    """Keys of the plans' discounts: a plan that is changed within the full period had its lines in it."""

    def take(self, span: Span) -> tuple[list[RatedCharge], list[RatedCharge]]:
        """Take off what a billing period bills; return the lines on its arrears and on its advances."""
        off: list[RatedCharge] = []
        off_in_advance: list[RatedCharge] = []
        in_force = [
            found
            for found in _in_force(self.subscription, span.period.starts_at)
            if found.charges is None and _counts(found, self.subscription, span)
        ]
        self.plans |= {found.discount.key for found in in_force if found.origin == BASE}
        named: set[str] = set()
        advances = self.charged.advances(span)
        left = _sum(advances)
        at_the_end = False
        for found in in_force:
            stretch = stretch_of(self.subscription, span, span.full, *found.lasts)
            key = found.discount.key if found.origin == BASE else found.key(self.plans | named)
            named.add(key)
            if advances:
                rest = Span(Period(span.period.starts_at, stretch.period.ends_at), span.full)
                off_in_advance.append(self._line(found, f"{key}{ADVANCE}", stretch, rest, left))
                left += Fraction(off_in_advance[-1].rated.amount.decimal())
            at_the_end = at_the_end or bool(found.discount.amounts)
            if not at_the_end or stretch.period.ends_at == span.period.ends_at:
                # Where another plan comes or goes, it may wait for the end in a part of its stretch only.
                place = (found.origin, found.discount.key, stretch)
                since = self.until.get(place, stretch.period.starts_at)
                served = Span(Period(since, span.period.ends_at), span.full)
                off += self._off_arrears(found, key, stretch, served)
                self.until[place] = span.period.ends_at
        return off, off_in_advance

    def _off_arrears(self, found: _Held, key: str, stretch: Span, served: Span) -> list[RatedCharge]:
        """Take a discount off what is left of the arrears of a part of its stretch; nothing where none are due."""
        spans = [one for one in spans_of(self.subscription, served) if self.charged.arrears(one)]
        for one in spans:
            self.left.setdefault(one.period.starts_at, _sum(self.charged.arrears(one)))
        if not spans:
            return []
        starts = [one.period.starts_at for one in spans]
        left = sum((self.left[start] for start in starts), Fraction(0))
        line = self._line(found, key, stretch, served, left)
        # The next discount may be for less than this stretch: each period bears its share.
        share = 1 + Fraction(line.rated.amount.decimal()) / left if left else Fraction(1)
        self.left |= {start: self.left[start] * share for start in starts}
        return [line]

    def _line(self, found: _Held, key: str, stretch: Span, served: Span, left: Fraction) -> RatedCharge:
        """Take a discount off what is left; what is left of its own amount goes down too."""
        tz, currency = self.subscription.schedule.tz, self.subscription.currency
        off, place = _off(found.discount, currency), (found.origin, found.discount.key, stretch)
        if place not in self.budgets:
            self.budgets[place] = off.amount * part_of(stretch.full, stretch.period, "by_second", tz)
        taken = min(left, left * off.percent / 100 + self.budgets[place])
        money = to_money(max(Fraction(0), taken), currency)
        self.budgets[place] -= min(self.budgets[place], Fraction(money.decimal()))
        return _line(found.discount, key, (served, part_of(served.full, served.period, "by_second", tz)), money)


def _in_force(subscription: SubscriptionView, instant: datetime) -> list[_Held]:
    view = subscription.at(instant)
    found: list[_Held] = []
    for holding in (view.base, *view.addon_holdings):
        if not holding.document.discounts:
            continue
        since, charges = subscription.held_since(holding), holding.document.charges
        same = subscription.unbroken(holding, same_terms)
        lasts = (same[0].starts_at, same[-1].ends_at)
        found += [_Held(one, since, lasts, _charges(one, holding.slot, charges)) for one in holding.document.discounts]
    found += [
        _Held(
            agreed.discount,
            agreed.starts_at,
            (agreed.starts_at, None),
            frozenset(agreed.discount.charges) or None,
            agreed.coupon or OWN,
        )
        for agreed in subscription.discounts
        if agreed.starts_at <= instant
    ]
    return found


def _charges(discount: Discount, slot: str, own: Sequence[Charge]) -> frozenset[str] | None:
    if slot == BASE:
        return frozenset(discount.charges) or None
    return frozenset(f"{slot}.{key}" for key in discount.charges or [charge.key for charge in own])


def _counts(found: _Held, subscription: SubscriptionView, span: Span, own_months: int | None = None) -> bool:
    """Tell whether the period is among the first ones; all pieces of a full period are one.

    Periods are a charge's own, else those of the plan as the discount begins: another interval later on neither
    stretches three months off to three years nor ends a year off with its first month.
    """
    if found.discount.periods is None:
        return True
    schedule = subscription.every(own_months or subscription.at(found.since).interval_months)
    return schedule.index_at(span.period.starts_at) - schedule.index_at(found.since) < found.discount.periods


def _off(discount: Discount, currency: str) -> Off:
    amount = discount.amounts.get(currency, Decimal(0))
    return Off(discount.key, Fraction(discount.percent or 0), Fraction(amount))


def _line(discount: Discount, key: str, of: tuple[Span, Fraction], taken: Money) -> RatedCharge:
    params = {"key": discount.key} | ({"percent": decimal_text(Fraction(discount.percent))} if discount.percent else {})
    step = Step(code="discount", amount=decimal_text(-Fraction(taken.decimal())), params=params)
    kind: Literal["usage", "advance"] = "advance" if key.endswith(ADVANCE) else "usage"
    key = f"discount:{key}"
    charge = Charge(key=key, name=discount.name, model="flat", prices={})
    rated, (span, part) = Rated(-taken, Decimal(1), (step,)), of
    return RatedCharge(key, charge, kind, span.period, part, rated, None)


def _sum(charged: Sequence[RatedCharge]) -> Fraction:
    return sum((Fraction(line.rated.amount.decimal()) for line in charged), Fraction(0))
