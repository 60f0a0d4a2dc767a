"""Prepaid credits of a contract: which blocks begin with a billing period, and what they cost (pure)."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from core.money import to_money
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Rated, Step, decimal_text
from plans.rating.sources import RatedCharge
from plans.subscriptions import BASE, Holding, SubscriptionView
from plans.terms import CreditBlock

__all__ = ("CREDITS", "block_of", "rate_blocks")

CREDITS = "credits:"
"""What the charge key of a block begins with."""


def rate_blocks(subscription: SubscriptionView, span: Span) -> list[RatedCharge]:
    """Return a line for each block of credits that begins with a billing period; free ones cost 0.

    A block is never prorated, and a change of version or quantity brings none before its time.
    Neither discounts nor commitments see it: it is money paid beforehand, not use.
    """
    view = subscription.at(span.period.starts_at)
    if not view.base.bills:
        return []
    return [
        _line(subscription, holding, block, span)
        for holding in (view.base, *view.addon_holdings)
        for block in holding.document.credits
        if _begins(subscription, holding, block, span)
    ]


def block_of(
    subscription: SubscriptionView, charge_key: str, starts_at: datetime
) -> tuple[CreditBlock, str, int] | None:
    """Return the block that a line with this key is for, its slot, and how many of it; None for any other line.

    Args:
        subscription: with all it ever held.
        charge_key: of the line.
        starts_at: of the line's period.
    """
    view = subscription.at(starts_at)
    for holding in (view.base, *view.addon_holdings):
        for block in holding.document.credits:
            if _key(holding, block) == charge_key:
                return block, holding.slot, holding.quantity
    return None


def _begins(subscription: SubscriptionView, holding: Holding, block: CreditBlock, span: Span) -> bool:
    since = subscription.held_since(holding)
    if block.months is None:
        return since == span.period.starts_at
    full = subscription.every(block.months).at(span.period.starts_at)
    return max(full.starts_at, since) == span.period.starts_at


def _line(subscription: SubscriptionView, holding: Holding, block: CreditBlock, span: Span) -> RatedCharge:
    currency, many = subscription.currency, holding.quantity
    price = to_money(Fraction(block.prices.get(currency, Decimal(0))) * many, currency)
    worth = to_money(Fraction(block.amounts.get(currency, Decimal(0))), currency)
    step = Step(
        code="credits", amount=decimal_text(Fraction(price.decimal())), quantity=str(many), params={"of": worth.text()}
    )
    key = _key(holding, block)
    charge = Charge(key=key, name=block.name, model="flat", prices={})
    return RatedCharge(key, charge, "advance", span.period, Fraction(1), Rated(price, Decimal(many), (step,)), None)


def _key(holding: Holding, block: CreditBlock) -> str:
    return f"{CREDITS}{block.key}" if holding.slot == BASE else f"{CREDITS}{holding.slot}.{block.key}"
