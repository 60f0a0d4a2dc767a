"""Discounts of a contract: which hold when, and what they take off a line or a whole bill (pure)."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from core.money import Money, to_money
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Off, Rated, Step, decimal_text
from plans.proration import part_of
from plans.rating.sources import RatedCharge
from plans.subscriptions import BASE, HeldCharge, SubscriptionView
from plans.terms import Discount

__all__ = ("invoice_discounts", "line_discounts")


ADVANCE = ":advance"
"""What the charge key of a discount on fees in advance ends with."""
OWN = "contract"
"""The origin of a discount that the contract itself agrees on."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A discount in force."""

    discount: Discount
    since: datetime
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


def line_discounts(subscription: SubscriptionView, held: HeldCharge, service: Span) -> tuple[Off, ...]:
    """Return what is taken off a charge's line: the plan's discounts, an add-on's, the contract's own, in order."""
    if not _has_any(subscription):
        return ()
    months = held.charge.interval_months or subscription.interval_months
    return tuple(
        _off(found.discount, subscription.currency)
        for found in _in_force(subscription, service.period.starts_at)
        if found.charges is not None and held.key in found.charges and _counts(found, subscription, service, months)
    )


def invoice_discounts(
    subscription: SubscriptionView, span: Span, arrears: Sequence[RatedCharge], advances: Sequence[RatedCharge]
) -> tuple[list[RatedCharge], list[RatedCharge]]:
    """Return the lines that take off from the whole of a period: of its arrears, and of its advances.

    A percentage acts on each by itself. An amount is taken off the advances first, which are billed
    first; the arrears get what is left of it. A discount that holds has a line, of 0 too, so that
    late facts find it.

    Args:
        subscription: with its discounts.
        span: the billing period.
        arrears: its lines due in arrears, after line discounts.
        advances: its lines due in advance.
    """
    lines: dict[str, list[RatedCharge]] = {"usage": [], "advance": []}
    if not _has_any(subscription):
        return lines["usage"], lines["advance"]
    left = {"usage": _sum(arrears), "advance": _sum(advances)}
    part = part_of(span.full, span.period, "by_second", subscription.schedule.tz)
    currency = subscription.currency
    named: set[str] = set()
    for found in _in_force(subscription, span.period.starts_at):
        if found.charges is not None or not _counts(found, subscription, span, subscription.interval_months):
            continue
        off = _off(found.discount, currency)
        budget = off.amount * part
        key = found.key(named)
        named |= {key, f"{key}{ADVANCE}"}
        for kind, charged in (("advance", advances), ("usage", arrears)):
            if not charged:
                continue
            taken = min(left[kind], left[kind] * off.percent / 100 + budget)
            money = to_money(max(Fraction(0), taken), currency)
            exact = Fraction(money.decimal())
            budget -= min(budget, exact)
            left[kind] -= exact
            lines[kind].append(_line(found.discount, key, (span, part), money, in_advance=kind == "advance"))
    return lines["usage"], lines["advance"]


def _has_any(subscription: SubscriptionView) -> bool:
    """Most contracts have no discount at all: a run of many thousands asks this first."""
    return bool(subscription.discounts) or any(held.document.discounts for held in subscription.holdings)


def _in_force(subscription: SubscriptionView, instant: datetime) -> list[_Held]:
    view = subscription.at(instant)
    found: list[_Held] = []
    for holding in (view.base, *view.addon_holdings):
        since = subscription.held_since(holding)
        charges = holding.document.charges
        found += [_Held(one, since, _charges(one, holding.slot, charges)) for one in holding.document.discounts]
    found += [
        _Held(
            agreed.discount, agreed.starts_at, frozenset(agreed.discount.charges) or None, agreed.coupon or "contract"
        )
        for agreed in subscription.discounts
        if agreed.starts_at <= instant
    ]
    return found


def _charges(discount: Discount, slot: str, own: Sequence[Charge]) -> frozenset[str] | None:
    if slot == BASE:
        return frozenset(discount.charges) or None
    return frozenset(f"{slot}.{key}" for key in discount.charges or [charge.key for charge in own])


def _counts(found: _Held, subscription: SubscriptionView, span: Span, months: int) -> bool:
    """Tell whether the period is among the first ones; all pieces of a full period are one."""
    if found.discount.periods is None:
        return True
    schedule = subscription.schedule.every(months)
    return schedule.index_at(span.period.starts_at) - schedule.index_at(found.since) < found.discount.periods


def _off(discount: Discount, currency: str) -> Off:
    amount = discount.amounts.get(currency, Decimal(0))
    return Off(discount.key, Fraction(discount.percent or 0), Fraction(amount))


def _line(discount: Discount, key: str, of: tuple[Span, Fraction], taken: Money, *, in_advance: bool) -> RatedCharge:
    params = {"key": discount.key} | ({"percent": decimal_text(Fraction(discount.percent))} if discount.percent else {})
    step = Step(code="discount", amount=decimal_text(-Fraction(taken.decimal())), params=params)
    key = f"discount:{key}{ADVANCE if in_advance else ''}"
    charge = Charge(key=key, name=discount.name, model="flat", prices={})
    rated, (span, part) = Rated(-taken, Decimal(1), (step,)), of
    return RatedCharge(key, charge, "advance" if in_advance else "usage", span.period, part, rated, None)


def _sum(charged: Sequence[RatedCharge]) -> Fraction:
    return sum((Fraction(line.rated.amount.decimal()) for line in charged), Fraction(0))
