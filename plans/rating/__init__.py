"""The one engine: what a billing period of a subscription comes to, from measurements and prices (pure).

Preview, simulation, invoice and late difference all call these functions; they differ in where the
measurements come from. Nothing here knows what was billed before, except for the quantities of
earlier bills that cumulative charges need.

The order of a bill: charges with their line discounts, invoice discounts, commitments of the
period, commitments of a term that ends. What prepaid credits pay of it, and tax, come after it, in `billing`.
"""

from plans.periods import Span
from plans.rating.commitments import period_true_ups, term_true_ups
from plans.rating.credits import CREDITS, block_of, rate_blocks
from plans.rating.discounts import invoice_discounts
from plans.rating.lines import (
    CHARGED,
    REFUNDED,
    REVENUE,
    counted,
    rate_advances,
    rate_arrears,
    rate_refunds,
    refund_origins,
)
from plans.rating.sources import RatedCharge, Sources
from plans.subscriptions import SubscriptionView

__all__ = (
    "CHARGED",
    "CREDITS",
    "REFUNDED",
    "REVENUE",
    "RatedCharge",
    "Sources",
    "block_of",
    "counted",
    "rate_advance",
    "rate_period",
    "rate_refunds",
    "refund_origins",
)


def rate_period(subscription: SubscriptionView, span: Span, sources: Sources) -> tuple[RatedCharge, ...]:
    """Rate what is due in arrears for a billing period, by the versions in force at its start.

    Charges with an interval of their own come in the billing period in which theirs ends, a
    commitment over a term in the one in which the term does. A transaction that was refunded is
    counted here all the same; its refund is `rate_refunds`. A trial and a pause come to nothing.

    Args:
        subscription: with all its holdings; `as_of` does not matter.
        span: one of its billing periods, with the full period it is a part of.
        sources: where figures come from.

    Returns:
        One per charge, discount and commitment in the order of a bill, zero amounts too.
    """
    arrears = _arrears(subscription, span, sources)

    def billed(other: Span) -> tuple[RatedCharge, ...]:
        own = arrears if other == span else _arrears(subscription, other, sources)
        return own + _advances(subscription, other)

    return (*arrears, *term_true_ups(subscription, span, billed))


def rate_advance(subscription: SubscriptionView, span: Span) -> tuple[RatedCharge, ...]:
    """Rate what is due at the beginning of a billing period: fees less its invoice discounts, blocks of credits."""
    return (*_advances(subscription, span), *rate_blocks(subscription, span))


def _advances(subscription: SubscriptionView, span: Span) -> tuple[RatedCharge, ...]:
    advances = rate_advances(subscription, span)
    _, off = invoice_discounts(subscription, span, (), advances)
    return (*advances, *off)


def _arrears(subscription: SubscriptionView, span: Span, sources: Sources) -> tuple[RatedCharge, ...]:
    charges = rate_arrears(subscription, span, sources)
    advances = rate_advances(subscription, span)
    off, off_in_advance = invoice_discounts(subscription, span, charges, advances)
    billed = (*charges, *off, *advances, *off_in_advance)
    return (*charges, *off, *period_true_ups(subscription, span, billed))
