"""What a consumer's subscription comes to on a document: what is due, what came late, what was refunded."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from billing.due import DueItem
from billing.late import Figure, billed_so_far, late_delta
from billing.reads import BilledPeriodView, RevisionView, billed_periods, revisions_of
from core.money import Money
from core.periods import Period
from metering.measurement import Measurement
from metering.reads import first_change_since
from plans.periods import Span
from plans.pricing import decimal_text
from plans.rating import (
    CHARGED,
    CREDITS,
    REFUNDED,
    RatedCharge,
    Sources,
    rate_advance,
    rate_period,
    rate_refunds,
    refund_origins,
)
from plans.reads import measured_sources, periods
from plans.subscriptions import BASE, SubscriptionView, held_charges
from tenants.reads import TenantView

__all__ = (
    "LOOK_BACK",
    "History",
    "RatedPart",
    "SubscriptionBill",
    "Wanted",
    "history_of",
    "rate_subscription",
    "reckon",
)

LOOK_BACK = timedelta(days=400)
"""How far back closed periods are reckoned anew: 13 months and a few days."""
SETTLING = timedelta(minutes=10)
"""Facts are stamped before they are committed: what was stamped this long before a measurement may
have been missed by it, and is looked at again. Reckoning a period twice changes nothing."""
ADVANCE_KINDS = ("advance", "late", "reversal")
REFUND_KINDS = ("refund", "refund_reversal")
Steps = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one subscription."""

    tenant: TenantView
    subscription: SubscriptionView
    items: tuple[DueItem, ...]
    now: datetime
    late_since: datetime | None = None
    """Look for what was recorded from this instant on (a draft that is reckoned anew); None: since
    the periods were last measured."""


@dataclass(frozen=True, slots=True)
class RatedPart:
    """One line to be, before it is taxed."""

    kind: str
    """`usage`, `advance`, `refund` or `late`."""
    charge_key: str
    name: str
    meter: str | None
    unit: str
    period: Period
    revision: int
    figure: Figure
    steps: Steps


@dataclass(frozen=True, slots=True)
class SubscriptionBill:
    """The lines of one subscription, and the measurements that they stand on."""

    subscription: SubscriptionView
    parts: tuple[RatedPart, ...]
    measurements: tuple[Measurement, ...]
    reckoned: bool
    """Earlier periods were looked at too: facts are reckoned in up to now."""
    late_since: datetime | None


@dataclass(frozen=True, slots=True)
class History:
    """What a subscription's reckoning stands on beside figures: its periods, and what was billed of them."""

    spans: Mapping[datetime, Span]
    """Billing periods by their start."""
    billed: tuple[BilledPeriodView, ...] = ()
    """Issued ones only: a draft's periods are not billed yet."""
    revisions: Mapping[tuple[str, datetime], Sequence[RevisionView]] = field(default_factory=dict)
    """Rated lines so far by charge and start of the period, in order."""
    late_since: datetime | None = None
    """Since when what was recorded may have changed what was billed; None: nothing was billed of facts."""
    changed: datetime | None = None
    """The earliest instant that something recorded since then is about; None: nothing changed."""


def rate_subscription(session: Session, wanted: Wanted) -> SubscriptionBill:
    """Rate what is due of a subscription, and with arrears also what changed in earlier periods.

    Args:
        session: scoped to the consumer.
        wanted: the subscription and its periods that are due.

    Returns:
        Lines in the order of a bill: what is due, refunds, late ones. For every (charge, period)
        the revisions issued so far and the lines returned add up to what would be billed now.
    """
    return reckon(
        wanted, history_of(session, wanted, reckons=_reckons(wanted)), measured_sources(session, wanted.tenant)
    )


def reckon(wanted: Wanted, history: History, sources: Sources) -> SubscriptionBill:
    """Do so from what is at hand (no I/O but what `sources` do): invoices and simulations are made here.

    Args:
        wanted: the subscription and its periods that are due; its `late_since` is in the history already.
        history: what was billed before.
        sources: where figures come from.
    """
    work = _Work(history, sources)
    for item in wanted.items:
        span = history.spans[item.period.starts_at]
        if item.timing == "advance":
            work.add_first(rate_advance(wanted.subscription, span))
        elif item.timing == "arrears":
            work.add_first(rate_period(wanted.subscription, span, sources))
    reckoned = _reckons(wanted)
    if reckoned:
        _add_what_changed(wanted, work)
    parts = [part for kind in ("usage", "advance", "refund", "late") for part in work.parts if part.kind == kind]
    late_since = history.late_since if reckoned else None
    return SubscriptionBill(wanted.subscription, tuple(parts), tuple(work.grounds.values()), reckoned, late_since)


def _reckons(wanted: Wanted) -> bool:
    return any(item.timing != "advance" for item in wanted.items)


@dataclass(slots=True)
class _Work:
    """What one subscription's reckoning shares."""

    history: History
    sources: Sources
    parts: list[RatedPart] = field(default_factory=list)
    grounds: dict[tuple[str, Period], Measurement] = field(default_factory=dict)

    def withdrawn(self, starts_at: datetime) -> bool:
        """Tell whether what was last said of a period is that a document was withdrawn."""
        listed = [revisions for (_, start), revisions in self.history.revisions.items() if start == starts_at]
        return any(revisions[-1].kind.endswith("reversal") for revisions in listed)

    def span_at(self, instant: datetime) -> Span | None:
        """Return the billing period that holds the instant."""
        return next((span for span in self.history.spans.values() if instant in span.period), None)

    def earlier(self, charge_key: str, starts_at: datetime, kinds: Collection[str]) -> list[Figure]:
        """Return the figures of the revisions of those kinds."""
        return [r.figure for r in self.history.revisions.get((charge_key, starts_at), ()) if r.kind in kinds]

    def add_first(self, charges: Iterable[RatedCharge]) -> None:
        """Add what is rated for the first time; what another plan had billed under the key is taken off."""
        for rated in charges:
            _add_late(self, rated)

    def paid_until(self, starts_at: datetime) -> list[datetime]:
        """Return the ends of what was billed from an instant on."""
        return [listed[0].period.ends_at for (_, start), listed in self.history.revisions.items() if start == starts_at]

    def ground(self, rated: RatedCharge) -> Measurement | None:
        """Return what a charge stands on: all that its meter saw, also what the charge leaves to others."""
        return None if rated.meter is None else self.sources.measure(rated.meter, rated.period)

    def add(self, kind: str, head: "_Head", figure: Figure, steps: Steps, ground: Measurement | None) -> None:
        """Add a line as the next revision of its (charge, period)."""
        key = (head.charge_key, head.period.starts_at)
        taken = sum((part.charge_key, part.period.starts_at) == key for part in self.parts)
        revision = len(self.history.revisions.get(key, ())) + taken
        unit = ground.unit if ground else ""
        if ground is not None:
            self.grounds[ground.meter, ground.period] = ground
        self.parts.append(
            RatedPart(kind, head.charge_key, head.name, head.meter, unit, head.period, revision, figure, steps)
        )


@dataclass(frozen=True, slots=True)
class _Head:
    """What a line is about."""

    charge_key: str
    name: str
    meter: str | None
    period: Period


def _head(rated: RatedCharge) -> _Head:
    return _Head(rated.charge_key, rated.charge.name, rated.meter, rated.period)


def history_of(session: Session, wanted: Wanted, *, reckons: bool = True) -> History:
    """Return what was billed of a subscription, and where it `reckons` earlier periods anew, what changed since."""
    tenant_id, subscription_id = wanted.tenant.id, wanted.subscription.id
    spans = {found.span.period.starts_at: found.span for found in periods(session, tenant_id, subscription_id)}
    known = billed_periods(session, tenant_id, subscription_id, wanted.now - LOOK_BACK)
    revisions = revisions_of(session, tenant_id, subscription_id, wanted.now - LOOK_BACK)
    issued = {revision.invoice_id for listed in revisions.values() for revision in listed}
    billed = tuple(period for period in known if period.invoice_id in issued or _had_no_fee(period))
    # Up to when facts are reckoned into all billed periods.
    measured = (period.measured_at for period in billed if period.invoice_id in issued)
    last_measured = min((at for at in measured if at), default=None)
    late_since, changed = wanted.late_since or last_measured, None
    if late_since is not None and reckons:
        changed = first_change_since(session, tenant_id, late_since - SETTLING)
    return History(spans, billed, revisions, late_since, changed)


def _had_no_fee(billed: BilledPeriodView) -> bool:
    """Tell whether nothing was due in advance: a change at that very instant may have put a fee there."""
    return billed.timing == "advance" and billed.invoice_id is None


def _add_what_changed(wanted: Wanted, work: _Work) -> None:
    edges = wanted.subscription.edges()
    again = [period for period in work.history.billed if _to_reckon(period, work, edges)]
    for period in again:
        if period.timing == "advance":
            _add_advances_again(wanted, work, period.period.starts_at)
            continue
        for charge in rate_period(wanted.subscription, work.history.spans[period.period.starts_at], work.sources):
            _add_late(work, charge)
    _add_refunds(wanted, work, [period for period in again if period.timing == "arrears"])


def _to_reckon(billed: BilledPeriodView, work: _Work, edges: Sequence[datetime]) -> bool:
    starts_at = billed.period.starts_at
    if work.withdrawn(starts_at):
        return True
    if billed.timing == "advance":
        # Fees paid in advance don't depend on facts, but a change may have cut their time, which is longer than
        # the billing period where they have an interval of their own, or put another plan in from its first instant.
        span = work.history.spans.get(starts_at)
        if span is None or span.period != billed.period:
            return True
        until = max([billed.period.ends_at, *work.paid_until(starts_at)])
        return any(starts_at <= edge < until for edge in edges)
    changed = work.history.changed
    return changed is not None and billed.period.ends_at > changed


def _add_advances_again(wanted: Wanted, work: _Work, starts_at: datetime) -> None:
    """Add what is due in advance at an instant, less what was billed so: also of what is not held then any more."""
    span = work.history.spans.get(starts_at)
    # A contract that ended as a period began has no such period any more.
    rated = () if span is None else rate_advance(wanted.subscription, span)
    for charge in rated:
        _add_late(work, charge)
    due = {charge.charge_key for charge in rated} | _in_arrears(wanted.subscription, starts_at)
    for (key, start), listed in work.history.revisions.items():
        # Credits that were sold stay sold: what is left of them pays on.
        if start != starts_at or key in due or key.startswith(CREDITS):
            continue
        if any(revision.kind not in ADVANCE_KINDS for revision in listed):
            continue
        nothing, so_far = Figure(Money(0, wanted.subscription.currency), Decimal(0)), [one.figure for one in listed]
        delta = late_delta(nothing, so_far)
        if delta is not None:
            head = _Head(key, _name(wanted.subscription, key), listed[0].meter, listed[0].period)
            work.add("late", head, delta, _sides(nothing, so_far), None)


def _in_arrears(subscription: SubscriptionView, instant: datetime) -> set[str]:
    """Return the keys of what is billed in arrears: where a fee had that key before, that bill settles it too."""
    view = subscription.at(instant)
    return {held.key for held in held_charges(view) if not held.charge.in_advance} if view.base.bills else set()


def _name(subscription: SubscriptionView, charge_key: str) -> str:
    """Return what a fee was called that is not held any more."""
    for holding in subscription.holdings:
        prefix = "" if holding.slot == BASE else f"{holding.slot}."
        for charge in holding.document.charges:
            if f"{prefix}{charge.key}" == charge_key:
                return charge.name
    return charge_key


def _add_late(work: _Work, rated: RatedCharge) -> None:
    if not work.history.revisions.get((rated.charge_key, rated.period.starts_at)):
        # Held only since a change at the first instant of a period that was billed in advance already.
        work.add(rated.kind, _head(rated), _figure(rated), _told(rated), work.ground(rated))
        return
    kinds = ("usage", "advance", "late", "reversal")
    now, so_far = _figure(rated), work.earlier(rated.charge_key, rated.period.starts_at, kinds)
    delta = late_delta(now, so_far)
    if delta is not None:
        work.add("late", _head(rated), delta, _sides(now, so_far), work.ground(rated))


def _add_refunds(wanted: Wanted, work: _Work, again: list[BilledPeriodView]) -> None:
    """Add what is refunded of each billed period's transactions, less what was given back of it before."""
    documents = [holding.document for holding in wanted.subscription.holdings]
    if not any(charge.meter == CHARGED for document in documents for charge in document.charges):
        return
    due = [item.period for item in wanted.items if item.timing == "arrears"]
    known = [period.period for period in work.history.billed if period.timing == "arrears"]
    if not due and not again:
        return
    until = max(period.ends_at for period in due + known)
    since = min(period.starts_at for period in due + [period.period for period in again])
    refunded = refund_origins(work.sources.measure(REFUNDED, Period(since, until)))
    origins = {origin.period.starts_at for instant in refunded if (origin := work.span_at(instant)) is not None}
    if again:
        origins |= {
            start for (_, start), listed in work.history.revisions.items() if any(r.kind == "refund" for r in listed)
        }
    # The refund of a transaction that is not billed yet comes with the bill that charges it.
    for starts_at in sorted(origins & {period.starts_at for period in due + known}):
        _add_refunds_of(wanted.subscription, work, work.history.spans[starts_at], until)


def _add_refunds_of(subscription: SubscriptionView, work: _Work, origin: Span, until: datetime) -> None:
    rated = {charge.charge_key: charge for charge in rate_refunds(subscription, origin, until, work.sources)}
    for held in held_charges(subscription.at(origin.period.starts_at)):
        charge = rated.get(held.key)
        given_back = work.earlier(held.key, origin.period.starts_at, REFUND_KINDS)
        if charge is None and not given_back:
            continue
        head = _Head(held.key, held.charge.name, CHARGED, charge.period if charge else origin.period)
        now = _figure(charge, -1) if charge else Figure(Money(0, subscription.currency), Decimal(0))
        delta = late_delta(now, given_back)
        if delta is not None:
            steps = _told(charge) if charge and not given_back else _sides(now, given_back)
            work.add("refund", head, delta, steps, charge.measurement if charge else None)


def _figure(rated: RatedCharge, sign: int = 1) -> Figure:
    """Return amount, quantity and drivers of a rated charge; what is refunded is driven back."""
    drivers = rated.measurement.by_cost_centre() if rated.measurement else {}
    centres = tuple(sorted(((code, sign * share) for code, share in drivers.items() if share), key=_by_code))
    return Figure(rated.rated.amount, rated.rated.quantity, centres)


def _by_code(item: tuple[str | None, Fraction]) -> tuple[bool, str]:
    return item[0] is None, item[0] or ""


def _told(rated: RatedCharge) -> Steps:
    return tuple(msgspec.to_builtins(step) for step in rated.rated.steps)


def _sides(now: Figure, so_far: list[Figure]) -> Steps:
    """Tell a difference by its two sides."""
    before = billed_so_far(so_far, now.amount.currency)
    return tuple(
        {
            "code": code,
            "amount": decimal_text(sign * Fraction(side.amount.decimal())),
            "quantity": decimal_text(Fraction(side.quantity)),
        }
        for code, side, sign in (("now", now, 1), ("before", before, -1))
    )
