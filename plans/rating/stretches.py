"""Which stretch of its full period something serves: cut by what touches it alone, whatever else changes (pure).

A billing period ends wherever a version begins or ends. A charge does not: an add-on that comes in the
middle of a month leaves the plan's own charges in one piece, billed with the billing period in which
that piece ends. Otherwise a free add-on would have the highest level of a month billed for half of it.
"""

from datetime import datetime

from core.periods import Period
from plans.charges import Charge
from plans.periods import Span
from plans.subscriptions import HeldCharge, Holding, SubscriptionView

__all__ = ("measured_from", "plan_stretch", "same_terms", "service_of", "spans_of", "stretch_of")

YEAR = 12
"""Months."""


def service_of(subscription: SubscriptionView, held: HeldCharge, span: Span) -> Span:
    """Return what a charge that is in force at the beginning of a billing period serves around it.

    It is the charge's full period (its own interval, else the plan's), cut where its version or negotiated
    terms begin or end, where the quantity held changes if that counts, and by trials, pauses and the contract's end.

    Args:
        subscription: with all its holdings.
        held: the charge.
        span: one of the contract's billing periods.
    """
    months, full = held.charge.interval_months, span.full
    if months not in (None, held.holding.document.interval_months):
        full = subscription.every(months).at(span.period.starts_at)
    counts = _counts_what_is_held(held.charge)
    chain = subscription.unbroken(
        held.holding, lambda one, after: same_terms(one, after) and (one.quantity == after.quantity or not counts)
    )
    return stretch_of(subscription, span, full, chain[0].starts_at, chain[-1].ends_at)


def plan_stretch(subscription: SubscriptionView, span: Span) -> Span:
    """Return the stretch of the full period around a billing period in which the plan is held as it is."""
    chain = subscription.unbroken(subscription.at(span.period.starts_at).base, same_terms)
    return stretch_of(subscription, span, span.full, chain[0].starts_at, chain[-1].ends_at)


def stretch_of(
    subscription: SubscriptionView, span: Span, full: Period, since: datetime, until: datetime | None
) -> Span:
    """Return the stretch of a full period around a billing period in which something is held and billed.

    Args:
        subscription: with all its holdings.
        span: one of its billing periods; it bills.
        full: the whole period, which is the divisor.
        since: when what is asked about begins.
        until: when it ends; None: never.
    """
    bills_since, bills_until = subscription.billed_around(span.period.starts_at)
    ends = (full.ends_at, until, bills_until, subscription.ends_at)
    starts_at = max(full.starts_at, since, bills_since)
    return Span(Period(starts_at, min(moment for moment in ends if moment is not None)), full)


def spans_of(subscription: SubscriptionView, stretch: Span) -> tuple[Span, ...]:
    """Return the billing periods that a stretch consists of, in order."""
    return tuple(subscription.spans_until(stretch.period.ends_at, stretch.period.starts_at))


def measured_from(subscription: SubscriptionView, instant: datetime) -> datetime:
    """Return from when on use may be asked for to bill anew what ends at an instant or later.

    Where an interval, of a plan, a charge or a commitment's term, is longer than a year, that is where the one around
    the instant begins; what a bank holds stands on all periods since the contract's start. A year is not told: whoever
    asks adds the contract year that cumulative charges look back on.

    Args:
        subscription: with all it ever held.
        instant: from when on something may be billed.
    """
    documents = [held.document for held in subscription.holdings]
    charges = [charge for document in documents for charge in document.charges]
    if any(charge.rollover_months for charge in charges):
        return min(instant, subscription.starts_at)
    terms = [commitment.months for document in documents for commitment in document.commitments]
    months = {document.interval_months for document in documents}
    months |= {one for one in (*terms, *(charge.interval_months for charge in charges)) if one is not None}
    return min([instant, *(subscription.every(one).at(instant).starts_at for one in months if one > YEAR)])


def same_terms(holding: Holding, after: Holding) -> bool:
    """Tell whether two versions are one under the same negotiated terms, however many of it are held."""
    return (holding.version_id, holding.terms_id) == (after.version_id, after.terms_id)


def _counts_what_is_held(charge: Charge) -> bool:
    """Tell whether the quantity of the item prices the charge: a fee, or free units for each item."""
    return charge.meter is None or bool(charge.included_per_item)
