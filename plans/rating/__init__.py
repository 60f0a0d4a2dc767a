"""The one engine: what a billing period of a subscription comes to, from measurements and prices (pure).

Preview, simulation, invoice and late difference all call these functions; they differ in where the
measurements come from. Nothing here knows what was billed before, except for the quantities of
earlier bills that cumulative charges need.

The order of a bill: charges with their line discounts, invoice discounts, commitments of the
period, commitments of a term that ends. What prepaid credits pay of it, and tax, come after it, in `billing`.
"""

from dataclasses import replace
from datetime import datetime

from plans.periods import Span
from plans.rating.commitments import period_true_ups, term_true_ups
from plans.rating.credits import CREDITS, block_of, rate_blocks
from plans.rating.discounts import given_again, has_discounts, invoice_discounts
from plans.rating.lines import (
    CHARGED,
    REFUNDED,
    REVENUE,
    counted,
    rate_advances,
    rate_arrears,
    rate_refunds,
    refund_origins,
    refundable,
)
from plans.rating.sources import Charged, RatedCharge, Sources
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
    "rate_refunded_discounts",
    "rate_refunds",
    "rate_running",
    "refund_origins",
    "refundable",
)


def rate_period(subscription: SubscriptionView, span: Span, sources: Sources) -> tuple[RatedCharge, ...]:
    """Rate what is due in arrears for a billing period, by the versions in force at its start.

    Charges come in the billing period in which what they serve ends: their full period, or the stretch of
    it that a change leaves them (`stretches`); a commitment over a term in the one in which the term does. A
    transaction that was refunded is counted here all the same; its refund is `rate_refunds`. A trial comes to
    nothing, and so does a pause, but for a term that ends in it.

    Args:
        subscription: with all its holdings; `as_of` does not matter.
        span: one of its billing periods, with the full period it is a part of.
        sources: where figures come from.

    Returns:
        One per charge, discount and commitment in the order of a bill, zero amounts too.
    """
    bills = _Bills(subscription, sources)
    return (*bills.arrears(span), *term_true_ups(subscription, span, bills.billed, sources))


def rate_advance(subscription: SubscriptionView, span: Span) -> tuple[RatedCharge, ...]:
    """Rate what is due at the beginning of a billing period: fees less its invoice discounts, blocks of credits."""
    charged = Charged(arrears=lambda _span: (), advances=lambda one: rate_advances(subscription, one))
    _, off = invoice_discounts(subscription, span, charged)
    return (*charged.advances(span), *off, *rate_blocks(subscription, span))


def rate_running(
    subscription: SubscriptionView, span: Span, now: datetime, sources: Sources
) -> tuple[RatedCharge, ...]:
    """Rate what runs at an instant: also what an agreed change leaves in one piece up to the end of the full period.

    Args:
        subscription: with all its holdings.
        span: its billing period that holds the instant.
        now: the instant.
        sources: where figures come from.
    """
    spans = subscription.spans_until(span.full.ends_at, span.period.starts_at)
    rated = (rate_period(subscription, one, sources) for one in spans if one.full == span.full)
    return tuple(line for lines in rated for line in lines if now in line.period)


def rate_refunded_discounts(
    subscription: SubscriptionView, span: Span, until: datetime, sources: Sources
) -> tuple[RatedCharge, ...]:
    """Rate what discounts on the whole bill took off transactions that were refunded: that was never paid.

    It is the discount on the bill less that on the bill without them, so that an amount which the rest of the
    bill uses up is given all the same.

    Args:
        subscription: with its discounts.
        span: the billing period whose bill charged them.
        until: cancellations before this instant count.
        sources: where figures come from.

    Returns:
        One per discount of that bill in order; amounts are positive, or 0.
    """
    if not has_discounts(subscription):
        return ()
    bills = _Bills(subscription, sources)
    return tuple(
        replace(before, kind="refund", rated=given_again(before.rated, after.rated))
        for before, after in zip(bills.off(span), bills.off(span, until), strict=True)
    )


class _Bills:
    """What billing periods of a contract bill, each reckoned once: a bill may depend on what others say."""

    def __init__(self, subscription: SubscriptionView, sources: Sources) -> None:
        self._subscription, self._sources = subscription, sources
        self._charges: dict[Span, tuple[RatedCharge, ...]] = {}
        self._fees: dict[Span, tuple[RatedCharge, ...]] = {}
        self._arrears: dict[Span, tuple[RatedCharge, ...]] = {}
        self._charged = Charged(self._charges_of, self._fees_of)

    def arrears(self, span: Span) -> tuple[RatedCharge, ...]:
        """Return the charges due in arrears, discounts on them, and commitments of the period."""
        if span not in self._arrears:
            off = self.off(span)
            true_ups = period_true_ups(self._subscription, span, self._discounted, self._sources)
            self._arrears[span] = (*self._charges_of(span), *off, *true_ups)
        return self._arrears[span]

    def billed(self, span: Span) -> tuple[RatedCharge, ...]:
        """Return all lines, but for commitments of a term."""
        _, off_in_advance = invoice_discounts(self._subscription, span, self._charged)
        return (*self.arrears(span), *self._fees_of(span), *off_in_advance)

    def off(self, span: Span, until: datetime | None = None) -> list[RatedCharge]:
        """Return the discounts on what is due in arrears; as if it had been without what is refunded before `until`."""
        if until is None:
            return invoice_discounts(self._subscription, span, self._charged)[0]

        def kept(one: Span) -> tuple[RatedCharge, ...]:
            refunds = rate_refunds(self._subscription, one, until, self._sources)
            return (*self._charges_of(one), *(line for line in refunds if line.period.ends_at == one.period.ends_at))

        return invoice_discounts(self._subscription, span, Charged(kept, self._fees_of))[0]

    def _discounted(self, span: Span) -> tuple[RatedCharge, ...]:
        off, off_in_advance = invoice_discounts(self._subscription, span, self._charged)
        return (*self._charges_of(span), *off, *self._fees_of(span), *off_in_advance)

    def _charges_of(self, span: Span) -> tuple[RatedCharge, ...]:
        if span not in self._charges:
            self._charges[span] = rate_arrears(self._subscription, span, self._sources)
        return self._charges[span]

    def _fees_of(self, span: Span) -> tuple[RatedCharge, ...]:
        if span not in self._fees:
            self._fees[span] = rate_advances(self._subscription, span)
        return self._fees[span]
