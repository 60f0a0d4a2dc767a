"""What a consumer's subscription comes to on a document: what is due, what came late, what was refunded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from billing.due import DueItem
from billing.history import (
    ADVANCE_KINDS,
    LOOK_BACK,
    Head,
    History,
    RatedPart,
    Work,
    figure_of,
    head_of,
    reaches_back,
    sides,
    steps_of,
)
from billing.late import Figure, late_delta
from billing.reads import BilledPeriodView, RevisionView, billed_periods, issued_among, revisions_of
from core.acting import act_for
from core.money import Money
from core.periods import Period
from metering.measurement import Measurement
from metering.reads import first_change_since
from plans.periods import Span
from plans.rating import (
    CHARGED,
    CREDITS,
    REFUNDED,
    RatedCharge,
    Sources,
    rate_advance,
    rate_period,
    rate_refunded_discounts,
    rate_refunds,
    refund_origins,
    refundable,
)
from plans.reads import measured_sources, periods
from plans.subscriptions import BASE, SubscriptionView, held_charges
from tenants.reads import TenantView

__all__ = (
    "SubscriptionBill",
    "Wanted",
    "history_of",
    "issued_documents",
    "rate_subscription",
    "reckon",
)

SETTLING = timedelta(minutes=10)
"""Facts are stamped before they are committed: what was stamped this long before a measurement may
have been missed by it, and is looked at again. Reckoning a period twice changes nothing."""


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
class SubscriptionBill:
    """The lines of one subscription, and the measurements that they stand on."""

    subscription: SubscriptionView
    parts: tuple[RatedPart, ...]
    measurements: tuple[Measurement, ...]
    reckoned: bool
    """Earlier periods were looked at too: facts are reckoned in up to now."""
    late_since: datetime | None


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
    work = Work(history, sources)
    for item in wanted.items:
        span = history.spans.get(item.period.starts_at)
        rated: tuple[RatedCharge, ...] = ()
        if span is None:
            continue  # a change that is dated back left none of it, while its fees stood on a draft
        if item.timing == "advance":
            rated = rate_advance(wanted.subscription, span)
        elif item.timing == "arrears":
            rated = rate_period(wanted.subscription, span, sources)
        for charge in rated:
            # What another plan had billed under the key is taken off.
            work.add_late(charge)
    reckoned = _reckons(wanted)
    if reckoned:
        _add_what_changed(wanted, work)
    parts = [part for kind in ("usage", "advance", "refund", "late") for part in work.parts if part.kind == kind]
    late_since = history.late_since if reckoned else None
    return SubscriptionBill(wanted.subscription, tuple(parts), tuple(work.grounds.values()), reckoned, late_since)


def _reckons(wanted: Wanted) -> bool:
    return any(item.timing != "advance" for item in wanted.items)


def history_of(session: Session, wanted: Wanted, *, reckons: bool = True) -> History:
    """Return what was billed of a subscription, and where it `reckons` earlier periods anew, what changed since."""
    tenant_id, subscription_id = wanted.tenant.id, wanted.subscription.id
    spans = {found.span.period.starts_at: found.span for found in periods(session, tenant_id, subscription_id)}
    since, recent = reaches_back(wanted.subscription, spans.values(), wanted.now), wanted.now - LOOK_BACK
    known = billed_periods(session, tenant_id, subscription_id, since)
    revisions = revisions_of(session, tenant_id, subscription_id, since)
    issued = issued_documents(session, known, revisions)
    billed = tuple(
        period
        for period in known
        if period.invoice_id in issued or _had_nothing(period)
        if period.timing == "advance" or period.period.ends_at > recent
    )
    # Up to when facts are reckoned into all billed periods.
    late = (period for period in billed if period.invoice_id in issued and period.period.ends_at > recent)
    measured = (period.measured_at for period in late)
    last_measured = min((at for at in measured if at), default=None)
    late_since, changed = wanted.late_since or last_measured, None
    if late_since is not None and reckons:
        changed = first_change_since(session, tenant_id, late_since - SETTLING)
    return History(spans, billed, revisions, late_since, changed)


def issued_documents(
    session: Session,
    known: Iterable[BilledPeriodView],
    revisions: Mapping[tuple[str, datetime], Sequence[RevisionView]],
) -> set[UUID]:
    """Return the issued documents that periods of a subscription are on, also those that have no line of it.

    Several contracts share a document: one without fees in advance stands on it for the others' sake.

    Args:
        session: scoped to the consumer; may act for who pays.
        known: its billed periods.
        revisions: its rated lines, which are of issued documents only.
    """
    issued = {revision.invoice_id for listed in revisions.values() for revision in listed}
    lineless: dict[UUID, set[UUID]] = defaultdict(set)
    for period in known:
        if period.invoice_id is not None and period.invoice_id not in issued:
            lineless[period.payer_tenant_id].add(period.invoice_id)
    for payer_id, invoice_ids in lineless.items():
        with act_for(session, payer_id):
            issued |= issued_among(session, payer_id, invoice_ids)
    return issued


def _had_nothing(billed: BilledPeriodView) -> bool:
    """Tell whether nothing was due: a change at its first instant may have put a fee there.

    One at its end, where the contract was at rest, may settle a commitment whose term ran on.
    """
    return billed.invoice_id is None


def _add_what_changed(wanted: Wanted, work: Work) -> None:
    ends_at, due_from = wanted.subscription.ends_at, min(item.period.starts_at for item in wanted.items)
    edges = (*wanted.subscription.edges(), *((ends_at,) if ends_at else ()))
    shares = _shares(wanted.subscription)
    again = [one for one in work.history.billed if _to_reckon(one, work, (edges, due_from), shares=shares)]
    for period in again:
        if period.timing == "advance":
            _add_advances_again(wanted, work, period.period.starts_at)
            continue
        for charge in rate_period(wanted.subscription, work.history.spans[period.period.starts_at], work.sources):
            work.add_late(charge)
    _add_refunds(wanted, work, [period for period in again if period.timing == "arrears"])


def _shares(subscription: SubscriptionView) -> bool:
    """Tell whether fees in advance and what is due in arrears share something: a discount or a minimum of a period."""
    documents = [holding.document for holding in subscription.holdings]
    return bool(subscription.discounts) or any(one.discounts or one.commitments for one in documents)


def _to_reckon(
    billed: BilledPeriodView, work: Work, seen: tuple[Sequence[datetime], datetime], *, shares: bool
) -> bool:
    starts_at, (edges, due_from) = billed.period.starts_at, seen
    if work.withdrawn(billed):
        return True
    if billed.timing == "advance":
        # Fees paid in advance don't depend on facts, but a change may have cut their time, which is longer than
        # the billing period where they have an interval of their own, or put another plan in from its first instant;
        # and the contract's end may have come nearer than they were paid for, or gone on from there.
        span = work.history.spans.get(starts_at)
        if span is None or span.period != billed.period:
            return True
        until = max([billed.period.ends_at, *work.paid_until(starts_at)])
        return until >= due_from or any(starts_at <= edge < until for edge in edges)
    if billed.period.ends_at >= due_from and billed.period.ends_at in edges:
        # A change at the very end of what is billed may end longer charges there.
        return True
    fees_until = work.paid_until(starts_at, ("advance",)) if shares else ()
    if any(billed.period.ends_at <= edge < until for until in fees_until for edge in edges):
        # A fee for longer than the period was cut after it: what discounts and minimums of the period make of it, too.
        return True
    changed = work.history.changed
    return changed is not None and billed.period.ends_at > changed


def _add_advances_again(wanted: Wanted, work: Work, starts_at: datetime) -> None:
    """Add what is due in advance at an instant, less what was billed so: also of what is not held then any more."""
    span = work.history.spans.get(starts_at)
    # A contract that ended as a period began has no such period any more, and no bill in arrears comes for it.
    rated = () if span is None else rate_advance(wanted.subscription, span)
    for charge in rated:
        work.add_late(charge)
    due = set() if span is None else {one.charge_key for one in rated} | _in_arrears(wanted.subscription, starts_at)
    for (key, start), listed in work.history.revisions.items():
        # Credits that were sold stay sold: what is left of them pays on.
        if start != starts_at or key in due or key.startswith(CREDITS):
            continue
        if any(revision.kind not in ADVANCE_KINDS for revision in listed):
            continue
        nothing, so_far = Figure(Money(0, wanted.subscription.currency), Decimal(0)), [one.figure for one in listed]
        delta = late_delta(nothing, so_far)
        if delta is not None:
            head = Head(key, _name(wanted.subscription, key), listed[0].meter, listed[0].period)
            work.add("late", head, delta, sides(nothing, so_far), None)


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


def _add_refunds(wanted: Wanted, work: Work, again: list[BilledPeriodView]) -> None:
    """Add what is refunded of each billed period's transactions, less what was given back of it before."""
    documents = [holding.document for holding in wanted.subscription.holdings]
    if not any(charge.meter == CHARGED for document in documents for charge in document.charges):
        return
    due = [item.period for item in wanted.items if item.timing == "arrears"]
    known = [period.period for period in work.history.billed if period.timing == "arrears"]
    if not due and not again:
        return
    until = max(period.ends_at for period in due + known)
    looked = due + [period.period for period in again]
    since = min(_began(wanted.subscription, work.history.spans[period.starts_at]) for period in looked)
    refunded = refund_origins(work.sources.measure(REFUNDED, Period(since, until)))
    origins = {origin.period.starts_at for instant in refunded if (origin := work.span_at(instant)) is not None}
    if again:
        origins |= {
            start for (_, start), listed in work.history.revisions.items() if any(r.kind == "refund" for r in listed)
        }
    # The refund of a transaction that is not billed yet comes with the bill that charges it.
    billed = {period.ends_at for period in due + known}
    seen: set[tuple[str, datetime]] = set()
    ends: set[datetime] = set()
    for starts_at in sorted(origins & work.history.spans.keys()):
        origin = work.history.spans[starts_at]
        rated = {one.charge_key: one for one in rate_refunds(wanted.subscription, origin, until, work.sources)}
        for held, service in refundable(wanted.subscription, origin):
            place = (held.key, service.period.starts_at)
            if place not in seen and service.period.ends_at in billed:
                head = Head(held.key, held.charge.name, CHARGED, service.period)
                _add_refund(wanted, work, head, rated.get(held.key))
                ends.add(service.period.ends_at)
            seen.add(place)
    # An amount is taken off with the end of a full period, whichever of its bills charged the transaction.
    fulls = {span.full for span in work.history.spans.values() if span.period.ends_at in ends}
    for span in sorted(work.history.spans.values()):
        if span.full in fulls and span.period.ends_at in billed:
            for off in rate_refunded_discounts(wanted.subscription, span, until, work.sources):
                _add_refund(wanted, work, head_of(off), off if off.rated.amount.amount_minor else None)


def _began(subscription: SubscriptionView, span: Span) -> datetime:
    """Return when the first began of what is charged with a billing period, or that itself."""
    services = [service.period for _, service in refundable(subscription, span)]
    return min([span.period.starts_at, *(one.starts_at for one in services if one.ends_at == span.period.ends_at)])


def _add_refund(wanted: Wanted, work: Work, head: Head, charge: RatedCharge | None) -> None:
    """Add what is given back of what a charge or a discount served, less what was given back of it before."""
    given_back = work.given_back(head.charge_key, head.period)
    if charge is None and not given_back:
        return
    now = figure_of(charge, -1) if charge else Figure(Money(0, wanted.subscription.currency), Decimal(0))
    delta = late_delta(now, given_back)
    if delta is not None:
        steps = steps_of(charge) if charge and not given_back else sides(now, given_back)
        work.add("refund", head, delta, steps, charge.measurement if charge else None)
