"""The charges of one billing period, each priced from its measurement (pure)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Literal

import msgspec

from core.periods import Period
from metering.measurement import Entry, Measurement, split_by
from plans.charges import Charge
from plans.periods import Span
from plans.pricing import Step, UsageQuantity, decimal_text, difference, is_cumulative, rate
from plans.proration import part_of, splits_by_time
from plans.rating.bank import Allowance, banked
from plans.rating.discounts import line_discounts
from plans.rating.sources import RatedCharge, Sources
from plans.rating.stretches import service_of
from plans.subscriptions import HeldCharge, SubscriptionView, held_charges

__all__ = (
    "CHARGED",
    "FAIR_USE",
    "REFUNDED",
    "REVENUE",
    "counted",
    "rate_advances",
    "rate_arrears",
    "rate_refunds",
    "rate_so_far",
    "refund_origins",
    "refundable",
)

CHARGED = "courses.transactions.charged"
REFUNDED = "courses.transactions.refunded"
REVENUE = "courses.revenue"
REGISTERED = "members.registered.average"
IDLE = "members.idle"
FAIR_USE = ":fair_use"
"""What the charge key of a fair-use credit ends with."""


def rate_arrears(subscription: SubscriptionView, span: Span, sources: Sources) -> tuple[RatedCharge, ...]:
    """Rate the charges whose stretch ends with a billing period, due in arrears; their line discounts are inside."""
    lines: list[RatedCharge] = []
    for held, service in _served(subscription, span):
        if not held.charge.in_advance and service.period.ends_at == span.period.ends_at:
            lines += _in_arrears(subscription, held, service, sources)
    return tuple(lines)


def rate_so_far(
    subscription: SubscriptionView, span: Span, at: datetime, within: Period, sources: Sources
) -> tuple[RatedCharge, ...]:
    """Rate the charges in arrears that an instant leaves whole, as if they were cut there: for their time before it.

    Args:
        subscription: with all its holdings.
        span: a billing period that begins or ends at the instant.
        at: the instant.
        within: only charges whose full period lies in this one.
        sources: where figures come from.
    """
    lines: list[RatedCharge] = []
    for held, service in _served(subscription, span):
        whole, full = service.period.starts_at < at < service.period.ends_at, service.full
        if whole and not held.charge.in_advance and within.clip(full.starts_at, full.ends_at) == full:
            lines += _in_arrears(subscription, held, Span(Period(service.period.starts_at, at), full), sources)
    return tuple(lines)


def rate_advances(subscription: SubscriptionView, span: Span) -> tuple[RatedCharge, ...]:
    """Rate the fees that are due in advance at the beginning of a billing period."""
    return tuple(
        _rate(subscription, held, service, Sources(measure=_nothing_to_measure))
        for held, service in _served(subscription, span)
        if held.charge.in_advance and service.period.starts_at == span.period.starts_at
    )


def rate_refunds(
    subscription: SubscriptionView, origin: Span, until: datetime, sources: Sources
) -> tuple[RatedCharge, ...]:
    """Rate all refunds before `until` of transactions charged around `origin`: `rate(q − r) − rate(q)`.

    The result holds earlier refunds of a charge's stretch too: what is new is the difference to the refund
    lines it already has.

    Args:
        subscription: with all its holdings.
        origin: a billing period whose transactions were refunded.
        until: cancellations before this instant count, mostly the end of the period being billed.
        sources: where figures come from.

    Returns:
        One per charge that something was refunded of; negative quantities, mostly negative amounts.
    """
    rated = []
    for held, service in refundable(subscription, origin):
        if until <= service.period.starts_at:
            continue
        seen = sources.measure(REFUNDED, Period(service.period.starts_at, until))
        refunds = _narrowed(seen, held.charge, lambda entry: _origin(entry) in service.period)  # noqa: B023 - used at once
        if refunds.quantity:
            rated.append(_refund(subscription, held, service, sources, refunds))
    return tuple(rated)


def refundable(subscription: SubscriptionView, origin: Span) -> tuple[tuple[HeldCharge, Span], ...]:
    """Return the charges of a billing period whose transactions can be refunded, each with the stretch it serves.

    What a trial or a pause left free was not paid, so that nothing of it comes back.
    """
    view = subscription.at(origin.period.starts_at)
    if not view.base.bills:
        return ()
    return tuple(
        (held, service_of(subscription, held, origin)) for held in held_charges(view) if held.charge.meter == CHARGED
    )


def counted(measurement: Measurement, charge: Charge) -> Measurement:
    """Narrow a meter's measurement to what the charge counts (`where`)."""
    return _narrowed(measurement, charge, _any)


def refund_origins(measurement: Measurement) -> tuple[datetime, ...]:
    """Return when the transactions were charged that a measurement of refunds gives back, in order."""
    return tuple(sorted({_origin(entry) for entry in measurement.entries}))


def _served(subscription: SubscriptionView, span: Span) -> list[tuple[HeldCharge, Span]]:
    """Return the charges in force with the period that each serves; a fee due once only where it begins."""
    view = subscription.at(span.period.starts_at)
    if not view.base.bills:
        return []
    served = []
    for held in held_charges(view):
        if held.charge.once:
            if subscription.held_since(held.holding) == span.period.starts_at:
                served.append((held, Span(span.period, span.period)))
            continue
        served.append((held, service_of(subscription, held, span)))
    return served


def _in_arrears(
    subscription: SubscriptionView, held: HeldCharge, service: Span, sources: Sources
) -> tuple[RatedCharge, ...]:
    rated = _rate(subscription, held, service, sources)
    return (rated, _fair_use(subscription, held, service, sources)) if held.charge.fair_use else (rated,)


def _rate(subscription: SubscriptionView, held: HeldCharge, service: Span, sources: Sources) -> RatedCharge:
    charge, tz = held.charge, subscription.schedule.tz
    part = part_of(service.full, service.period, charge.proration, tz)
    measurement = None
    if charge.meter is not None:
        measurement = _narrowed(sources.measure(charge.meter, service.period), charge, _billed_in(subscription, charge))
    usage = _usage(subscription, held, service, sources, measurement)
    off = line_discounts(subscription, held, service)
    rated = rate(charge, usage, subscription.currency, part=part, discounts=off)
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
    off = line_discounts(subscription, held, service)
    rated = difference(held.charge, before, after, subscription.currency, part, off)
    return RatedCharge(held.key, held.charge, "refund", service.period, part, rated, refunds)


def _fair_use(subscription: SubscriptionView, held: HeldCharge, service: Span, sources: Sources) -> RatedCharge:
    """Credit idle members: `rate(q − idle) − rate(q)`, so that charge and credit are the price of those who are not."""
    tz = subscription.schedule.tz
    part = part_of(service.full, service.period, held.charge.proration, tz)
    registered, idle = (sources.measure(meter, service.period) for meter in (REGISTERED, IDLE))
    before = _usage(subscription, held, service, sources, registered)
    after = replace(before, total=before.total - idle.quantity)
    off = line_discounts(subscription, held, service)
    rated = difference(held.charge, before, after, subscription.currency, part, off)
    charge = msgspec.structs.replace(held.charge, meter=IDLE, name=f"{held.charge.name} · idle members")
    return RatedCharge(f"{held.key}{FAIR_USE}", charge, "usage", service.period, part, rated, idle)


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
        pool = _allowance(held, service.period, sources)
        in_bank = _banked(subscription, held, service, sources)
        by_key = _by_key(charge, measurement)
        return UsageQuantity(
            measurement.quantity, by_key, included_pool=pool, banked=in_bank, splits=measurement.additive
        )
    year = subscription.every(12).at(service.period.starts_at)
    starts_at = max(year.starts_at, subscription.starts_at)
    earlier = pool_before = Fraction(0)
    if starts_at < service.period.starts_at:
        so_far = Period(starts_at, service.period.starts_at)
        earlier = sources.earlier(held, so_far)
        pool_before = _pool(charge, so_far, sources)
    pool = _pool(charge, Period(starts_at, service.period.ends_at), sources)
    return UsageQuantity(measurement.quantity, (), earlier, pool, pool_before, splits=measurement.additive)


def _allowance(held: HeldCharge, period: Period, sources: Sources) -> Fraction:
    """Free units of a full period that depend on what is held or used: 1 for each of 100 seats bought."""
    free = Fraction(held.charge.included_per_item) * held.holding.quantity
    per = held.charge.included_per
    return free if per is None else free + sources.measure(per.meter, period).quantity * Fraction(per.quantity)


def _banked(subscription: SubscriptionView, held: HeldCharge, service: Span, sources: Sources) -> Fraction:
    """Return the free units that earlier periods of the same plan left over, as far as they still hold."""
    charge = held.charge
    if charge.rollover_months is None or charge.meter is None:
        return Fraction(0)
    schedule = subscription.every(held.holding.document.interval_months)
    history = []
    for span in subscription.spans_until(service.period.starts_at, subscription.held_since(held.holding)):
        view = subscription.at(span.period.starts_at)
        was = next((h for h in held_charges(view) if h.key == held.key), None)
        if was is None or was.charge.meter is None or not view.base.bills:
            continue
        if view.interval_months != schedule.months:
            continue  # a unit is one of a full period: what a month left over is none of a year's
        its = service_of(subscription, was, span)
        if its.period.ends_at != span.period.ends_at:
            continue
        found = counted(sources.measure(was.charge.meter, its.period), was.charge)
        free = Fraction(was.charge.included) + _allowance(was, its.period, sources)
        part = part_of(its.full, its.period, "by_second", schedule.tz)
        used = found.quantity if _flows(found) else found.quantity * part
        history.append(Allowance(schedule.index_at(its.full.starts_at), free * part, used))
    left = banked(history, schedule.index_at(service.full.starts_at), charge.rollover_months // schedule.months)
    # A level is used for its part of the time only, so that a banked unit reaches further there.
    flows = _flows(sources.measure(charge.meter, service.period))
    return left if flows else left / part_of(service.full, service.period, "by_second", schedule.tz)


def _flows(measurement: Measurement) -> bool:
    return splits_by_time(measurement.meter) if measurement.additive is None else measurement.additive


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
