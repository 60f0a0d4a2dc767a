"""The one engine: what a billing period of a subscription comes to, from measurements and prices (pure).

Preview, simulation, invoice and late difference all call these functions; they differ in where the
measurements come from. Nothing here knows what was billed before, except for the quantities of
earlier bills that cumulative charges need.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core.periods import Period
from metering.measurement import Entry, Measurement, split_by
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Rated, Step, UsageQuantity, decimal_text, difference, is_cumulative, rate
from plans.proration import part_of
from plans.subscriptions import HeldCharge, SubscriptionView, held_charges

__all__ = (
    "CHARGED",
    "REFUNDED",
    "RatedCharge",
    "Sources",
    "counted",
    "rate_advance",
    "rate_period",
    "rate_refunds",
    "refund_origins",
)

CHARGED = "courses.transactions.charged"
REFUNDED = "courses.transactions.refunded"
REVENUE = "courses.revenue"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where rating gets its figures."""

    measure: Callable[[str, Period], Measurement]
    """Meter and period → figure with its grounds; asked for whole contract years by pooled allowances."""
    earlier: Callable[[HeldCharge, Period], Fraction] = lambda _held, _period: Fraction(0)
    """A charge and the contract year before this bill → what its bills of that stretch counted, refunds
    not taken off. Asked for `tier_period` and `included_per` only."""


@dataclass(frozen=True, slots=True)
class RatedCharge:
    """One charge of one period: the line to be, with all that it stands on."""

    charge_key: str
    charge: Charge
    kind: Literal["usage", "advance", "refund"]
    period: Period
    """The service period; for a refund that of the transaction's origin."""
    part: Fraction
    """Of the full period."""
    rated: Rated
    measurement: Measurement | None
    """What was counted, narrowed to this charge; None for a fee."""

    @property
    def meter(self) -> str | None:
        """The meter, or None for a fee."""
        return self.charge.meter

    @property
    def quantity(self) -> Decimal:
        """The billed quantity, to 12 decimals."""
        return self.rated.quantity


def rate_period(subscription: SubscriptionView, span: Span, sources: Sources) -> tuple[RatedCharge, ...]:
    """Rate what is due in arrears for a billing period, by the versions in force at its start.

    Charges with an interval of their own come in the billing period in which theirs ends. A
    transaction that was refunded is counted here all the same; its refund is `rate_refunds`.

    Args:
        subscription: with all its holdings; `as_of` does not matter.
        span: one of its billing periods, with the full period it is a part of.
        sources: where figures come from.

    Returns:
        One per charge in the order of a bill, zero amounts too.
    """
    rated = []
    for held in held_charges(subscription.at(span.period.starts_at)):
        service = _service(subscription, held, span)
        if not held.charge.in_advance and service.period.ends_at == span.period.ends_at:
            rated.append(_rate(subscription, held, service, sources))
    return tuple(rated)


def rate_advance(subscription: SubscriptionView, span: Span) -> tuple[RatedCharge, ...]:
    """Rate the fees that are due in advance at the beginning of a billing period."""
    rated = []
    for held in held_charges(subscription.at(span.period.starts_at)):
        service = _service(subscription, held, span)
        if held.charge.in_advance and service.period.starts_at == span.period.starts_at:
            rated.append(_rate(subscription, held, service, Sources(measure=_nothing_to_measure)))
    return tuple(rated)


def rate_refunds(
    subscription: SubscriptionView, origin: Span, until: datetime, sources: Sources
) -> tuple[RatedCharge, ...]:
    """Rate all refunds before `until` of transactions charged in `origin`: `rate(q − r) − rate(q)`.

    The result holds earlier refunds of that period too: what is new is the difference to the refund
    lines it already has.

    Args:
        subscription: with all its holdings.
        origin: the billing period whose transactions were refunded.
        until: cancellations before this instant count, mostly the end of the period being billed.
        sources: where figures come from.

    Returns:
        One per charge that something was refunded of; negative quantities, mostly negative amounts.
    """
    if until <= origin.period.starts_at:
        return ()
    rated = []
    for held in held_charges(subscription.at(origin.period.starts_at)):
        if held.charge.meter != CHARGED:
            continue
        service = _service(subscription, held, origin)
        seen = sources.measure(REFUNDED, Period(service.period.starts_at, until))
        refunds = _narrowed(seen, held.charge, lambda entry: _origin(entry) in service.period)  # noqa: B023 - used at once
        if refunds.quantity:
            rated.append(_refund(subscription, held, service, sources, refunds))
    return tuple(rated)


def counted(measurement: Measurement, charge: Charge) -> Measurement:
    """Narrow a meter's measurement to what the charge counts (`where`)."""
    return _narrowed(measurement, charge, _any)


def refund_origins(measurement: Measurement) -> tuple[datetime, ...]:
    """Return when the transactions were charged that a measurement of refunds gives back, in order."""
    return tuple(sorted({_origin(entry) for entry in measurement.entries}))


def _service(subscription: SubscriptionView, held: HeldCharge, span: Span) -> Span:
    """Return the charge's own period around a billing period, cut to the life of the version."""
    months = held.charge.interval_months
    if months is None or months == subscription.interval_months:
        return span
    full = subscription.schedule.every(months).at(span.period.starts_at)
    starts_at = max(full.starts_at, held.holding.starts_at)
    ends = [moment for moment in (full.ends_at, held.holding.ends_at, subscription.ends_at) if moment is not None]
    return Span(Period(starts_at, min(ends)), full)


def _rate(subscription: SubscriptionView, held: HeldCharge, service: Span, sources: Sources) -> RatedCharge:
    charge, tz = held.charge, subscription.schedule.tz
    part = part_of(service.full, service.period, charge.proration, tz)
    measurement = None
    if charge.meter is not None:
        measurement = _narrowed(sources.measure(charge.meter, service.period), charge, _billed_in(subscription, charge))
    usage = _usage(subscription, held, service, sources, measurement)
    rated = rate(charge, usage, subscription.currency, part=part)
    if charge.meter == REVENUE:
        foreign = _foreign(sources.measure(REVENUE, service.period), subscription.currency)
        rated = replace(rated, steps=rated.steps + foreign)
    kind: Literal["usage", "advance"] = "advance" if charge.in_advance else "usage"
    return RatedCharge(held.key, charge, kind, service.period, part, rated, measurement)


def _refund(
    subscription: SubscriptionView, held: HeldCharge, service: Span, sources: Sources, refunds: Measurement
) -> RatedCharge:
    part = part_of(service.full, service.period, held.charge.proration, subscription.schedule.tz)
    charged = counted(sources.measure(CHARGED, service.period), held.charge)
    before = _usage(subscription, held, service, sources, charged)
    keys = dict(before.by_key)
    for key, quantity in _by_key(held.charge, refunds):
        keys[key] = keys.get(key, Fraction(0)) - quantity
    after = replace(before, total=before.total - refunds.quantity, by_key=tuple(keys.items()))
    rated = difference(held.charge, before, after, subscription.currency, part)
    return RatedCharge(held.key, held.charge, "refund", service.period, part, rated, refunds)


def _usage(
    subscription: SubscriptionView,
    held: HeldCharge,
    service: Span,
    sources: Sources,
    measurement: Measurement | None,
) -> UsageQuantity:
    charge = held.charge
    if measurement is None:
        return UsageQuantity(Fraction(held.holding.quantity))
    if not is_cumulative(charge):
        return UsageQuantity(measurement.quantity, _by_key(charge, measurement), splits=measurement.additive)
    year = subscription.schedule.every(12).at(service.period.starts_at)
    starts_at = max(year.starts_at, subscription.starts_at)
    earlier = pool_before = Fraction(0)
    if starts_at < service.period.starts_at:
        so_far = Period(starts_at, service.period.starts_at)
        earlier = sources.earlier(held, so_far)
        pool_before = _pool(charge, so_far, sources)
    pool = _pool(charge, Period(starts_at, service.period.ends_at), sources)
    return UsageQuantity(measurement.quantity, (), earlier, pool, pool_before, measurement.additive)


def _pool(charge: Charge, year_so_far: Period, sources: Sources) -> Fraction:
    """Two courses for each of the most seats held in the year so far: 2 × 37 = 74. It only grows."""
    per = charge.included_per
    if per is None:
        return Fraction(0)
    return sources.measure(per.meter, year_so_far).quantity * Fraction(per.quantity)


def _narrowed(measurement: Measurement, charge: Charge, wanted: Callable[[Entry], bool]) -> Measurement:
    """Keep the entries that the charge counts; a figure that nothing is kept from stays as it is."""
    kept = tuple(entry for entry in measurement.entries if _matches(charge, entry) and wanted(entry))
    if len(kept) == len(measurement.entries):
        return measurement
    return replace(measurement, entries=kept, quantity=_total(kept))


def _matches(charge: Charge, entry: Entry) -> bool:
    return all(entry.key(name) in values for name, values in charge.where.items())


def _billed_in(subscription: SubscriptionView, charge: Charge) -> Callable[[Entry], bool]:
    """Revenue is unconverted: only what was paid in the subscription's currency can be a share's base."""
    if charge.meter != REVENUE:
        return _any
    return lambda entry: entry.key("currency") == subscription.currency


def _foreign(measurement: Measurement, currency: str) -> tuple[Step, ...]:
    totals: dict[str, Fraction] = {}
    for entry in measurement.entries:
        paid_in = entry.key("currency") or ""
        if paid_in != currency:
            totals[paid_in] = totals.get(paid_in, Fraction(0)) + entry.quantity
    return tuple(
        Step(code="not_converted", amount="0", quantity=decimal_text(total), params={"currency": paid_in})
        for paid_in, total in sorted(totals.items())
    )


def _by_key(charge: Charge, measurement: Measurement) -> tuple[tuple[str, Fraction], ...]:
    if charge.dimension is None:
        return ()
    parts = {key or "": quantity for key, quantity in split_by(measurement, charge.dimension).items()}
    # A peak that nobody can be named for (all weighed 0 s) is priced like an entry without the key.
    parts[""] = parts.get("", Fraction(0)) + measurement.quantity - sum(parts.values(), Fraction(0))
    return tuple(sorted((key, quantity) for key, quantity in parts.items() if quantity))


def _origin(entry: Entry) -> datetime:
    at = entry.key("origin_at")
    assert at is not None, "a refund names the instant of what it gives back"
    return datetime.fromisoformat(at)


def _total(entries: Iterable[Entry]) -> Fraction:
    return sum((entry.quantity for entry in entries), Fraction(0))


def _any(_entry: Entry) -> bool:
    return True


def _nothing_to_measure(meter: str, _period: Period) -> Measurement:
    raise AssertionError(f"{meter} is known in arrears only: the document was not validated")
