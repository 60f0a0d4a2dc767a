"""Recurring revenue from contracts and from the documents that stand; a steward's read."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from billing.models import BilledPeriod, Invoice, InvoiceLine
from billing.reads import conversion_on
from billing.revenue.movements import Report, Slice, converted, months_of, report, spread
from billing.revenue.risks import Risk, risks
from core.money import Money
from core.periods import add_months, day_start, local_date
from plans.reads import SubscriptionView, all_subscriptions, list_plans
from plans.subscriptions import held_charges
from tenants.reads import legal_entities

__all__ = ("Based", "Revenue", "UsedRate", "Wanted", "billed_slices", "read_revenue", "read_risks")

MONTHS = 12
LONGEST_MONTHS = 60
STANDS = ("finalised", "paid", "uncollectible")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which months, and in which currency all is added up; None: the last twelve billed ones, the vendor's own."""

    first: date | None = None
    last: date | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True)
class UsedRate:
    """The rate by which a currency is converted, for all months alike; None: there is none, and it is left out."""

    currency: str
    rate: Decimal | None
    valid_from: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Based:
    """All currencies in one."""

    report: Report
    rates: tuple[UsedRate, ...]


@dataclass(frozen=True, slots=True)
class Revenue:
    """The waterfall: in one currency for all, and in each."""

    first: date
    last: date
    base: Based
    currencies: tuple[Report, ...]
    unbilled: Mapping[date, int]
    """By month: contracts that run in it and are not billed to its end yet; a month that is left out has none."""


def read_revenue(session: Session, wanted: Wanted) -> Revenue:
    """Return recurring revenue by month.

    Args:
        session: steward's.
        wanted: months and currency.
    """
    held = {one.id: one for one in all_subscriptions(session)}
    slices = tuple(_slices(session, held))
    first, last = _span(session, held, wanted)
    months = months_of(first, last)
    by_currency: dict[str, list[Slice]] = defaultdict(list)
    for one in slices:
        by_currency[one.amount.currency].append(one)
    base = wanted.base or _own_currency(session, by_currency)
    rates = tuple(_rate(session, code, base, last) for code in sorted(by_currency) if code != base)
    known = {one.currency: one.rate for one in rates if one.rate is not None}
    convertible = [one for one in slices if one.amount.currency == base or one.amount.currency in known]
    return Revenue(
        first=first,
        last=last,
        base=Based(report(converted(convertible, base, known), base, months), rates),
        currencies=tuple(report(by_currency[code], code, months) for code in sorted(by_currency)),
        unbilled=_unbilled(session, held, months),
    )


def billed_slices(session: Session) -> tuple[Slice, ...]:
    """Return what standing documents bill by contract and calendar month of service, one-time charges too.

    Args:
        session: steward's.
    """
    return tuple(_slices(session, {one.id: one for one in all_subscriptions(session)}))


def read_risks(session: Session, now: datetime, days: int) -> tuple[Risk, ...]:
    """Return the contracts whose revenue is at risk, with their MRR in the last billed month; a steward's read."""
    held = {one.id: one for one in all_subscriptions(session)}
    _first, last = _span(session, held, Wanted())
    brings: dict[UUID, Money] = {}
    for one in _slices(session, held):
        if one.recurring and one.month == last:
            known = brings.get(one.subscription, Money(0, one.amount.currency))
            brings[one.subscription] = known + one.amount
    newest = {plan.key: plan.newest.number for plan in list_plans(session) if plan.newest is not None}
    return risks(held.values(), newest, brings, now, days)


def _slices(session: Session, held: Mapping[UUID, SubscriptionView]) -> Iterator[Slice]:
    for row in _billed(session):
        contract = held.get(row.subscription_id)
        if contract is None:
            continue
        tz = contract.schedule.tz
        first, until = local_date(row.period_starts_at, tz), local_date(row.period_ends_at, tz)
        plan, recurring = _place(contract.at(row.period_starts_at), row.charge_key)
        for month, minor in spread(first, until, int(row.amount_minor)):
            if minor:
                amount = Money(minor, row.currency)
                yield Slice(row.consumer_tenant_id, contract.id, plan, month, amount, recurring)


def _billed(session: Session) -> Sequence[Row[tuple[UUID, UUID, str, str, datetime, datetime, int]]]:
    """Return what standing documents bill, less what they credit, by contract, charge and service period."""
    signed = case((Invoice.kind == "credit_note", -InvoiceLine.net_minor), else_=InvoiceLine.net_minor)
    places = (
        InvoiceLine.consumer_tenant_id,
        InvoiceLine.subscription_id,
        InvoiceLine.charge_key,
        InvoiceLine.currency,
        InvoiceLine.period_starts_at,
        InvoiceLine.period_ends_at,
    )
    query = (
        select(*places, func.sum(signed).label("amount_minor"))
        .join(Invoice, (Invoice.tenant_id == InvoiceLine.tenant_id) & (Invoice.id == InvoiceLine.invoice_id))
        .where(Invoice.status.in_(STANDS))
        # Prepaid credits are sold beforehand and pay what was used: neither recurs, and neither lowers what does.
        .where(InvoiceLine.grant_id.is_(None))
        .group_by(*places)
        .order_by(*places)
    )
    return session.execute(query).all()


def _place(contract: SubscriptionView, charge_key: str) -> tuple[str, bool]:
    """Return the plan that was held and whether the charge recurs; what is no charge (a commitment) does."""
    once = any(held.key == charge_key and held.charge.once for held in held_charges(contract))
    return contract.plan_key, not once


def _span(session: Session, held: Mapping[UUID, SubscriptionView], wanted: Wanted) -> tuple[date, date]:
    last = wanted.last
    if last is None:
        billed = [_last_whole(held[key], until) for key, until in _billed_until(session).items() if key in held]
        last = max(billed, default=date(2000, 1, 1))
    first = wanted.first or add_months(last, 1 - MONTHS)
    return max(min(first, last), add_months(last, 1 - LONGEST_MONTHS)).replace(day=1), last.replace(day=1)


def _last_whole(contract: SubscriptionView, until: datetime) -> date:
    """Return the first day of the last calendar month that is billed to its end."""
    return add_months(local_date(until, contract.schedule.tz).replace(day=1), -1)


def _billed_until(session: Session) -> dict[UUID, datetime]:
    rows = session.execute(
        select(BilledPeriod.subscription_id, func.max(BilledPeriod.ends_at))
        .where(BilledPeriod.timing == "arrears")
        .group_by(BilledPeriod.subscription_id)
    )
    return dict(rows.tuples().all())


def _unbilled(session: Session, held: Mapping[UUID, SubscriptionView], months: Sequence[date]) -> dict[date, int]:
    until = _billed_until(session)
    found: dict[date, int] = {}
    for month in months:
        count = sum(_open(one, until.get(one.id), month) for one in held.values())
        if count:
            found[month] = count
    return found


def _open(contract: SubscriptionView, billed_until: datetime | None, month: date) -> bool:
    tz = contract.schedule.tz
    starts, ends = day_start(month, tz), day_start(add_months(month, 1), tz)
    if contract.starts_at >= ends or (contract.ends_at is not None and contract.ends_at <= starts):
        return False
    due = min(ends, contract.ends_at) if contract.ends_at is not None else ends
    return billed_until is None or billed_until < due


def _rate(session: Session, currency: str, base: str, on: date) -> UsedRate:
    last_day = date.fromordinal(add_months(on, 1).toordinal() - 1)
    found = conversion_on(session, currency, base, last_day)
    if found is None:
        return UsedRate(currency, None, None, "")
    return UsedRate(currency, found.conversion.rate, found.valid_from, found.conversion.source)


def _own_currency(session: Session, billed: Mapping[str, object]) -> str:
    """Return the base currency of the vendor's first company, or of the only one billed in."""
    own = [entity.base_currency for entity in legal_entities(session)]
    return next(iter(own), next(iter(sorted(billed)), "EUR"))
