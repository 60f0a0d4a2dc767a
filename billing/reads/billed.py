"""What was billed of which period."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from billing.drafts import centres_from_json
from billing.late import Figure
from billing.models import BilledPeriod, Invoice, InvoiceLine, RatedLine
from core.lists import any_of, pairs
from core.money import Money
from core.periods import Period
from plans.rating import CREDITS

__all__ = (
    "AdvancePaid",
    "AdvanceView",
    "BilledPeriodView",
    "RevisionView",
    "advance_paid",
    "advances_ending",
    "billed_by_subscription",
    "billed_periods",
    "issued_among",
    "looked_at",
    "next_revisions",
    "revisions_of",
    "withdrawn_periods",
)

Timing = Literal["arrears", "advance"]


@dataclass(frozen=True, slots=True)
class BilledPeriodView:
    """A period that is on a document (or had nothing to bill, then `invoice_id` is None)."""

    subscription_id: UUID
    timing: Timing
    period: Period
    payer_tenant_id: UUID
    invoice_id: UUID | None
    measured_at: datetime | None


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One rated line as the next one's price needs it."""

    id: UUID
    revision: int
    kind: str
    figure: Figure
    meter: str | None
    unit: str
    period: Period
    payer_tenant_id: UUID
    invoice_id: UUID


def billed_by_subscription(
    session: Session, tenants: Collection[UUID] | None = None
) -> dict[UUID, set[tuple[Timing, datetime]]]:
    """Return timing and start of all that is billed, by subscription; a steward's read."""
    query = select(BilledPeriod.subscription_id, BilledPeriod.timing, BilledPeriod.starts_at)
    if tenants is not None:
        query = query.where(any_of(BilledPeriod.tenant_id, tenants))
    billed: dict[UUID, set[tuple[Timing, datetime]]] = defaultdict(set)
    for subscription_id, timing, starts_at in session.execute(query):
        billed[subscription_id].add((_timing(timing), starts_at))
    return billed


def billed_periods(
    session: Session, tenant_id: UUID, subscription_id: UUID, since: datetime
) -> tuple[BilledPeriodView, ...]:
    """Return the billed periods of a subscription that began at an instant or later, in order."""
    rows = session.execute(
        select(
            BilledPeriod.timing,
            BilledPeriod.starts_at,
            BilledPeriod.ends_at,
            BilledPeriod.payer_tenant_id,
            BilledPeriod.invoice_id,
            BilledPeriod.measured_at,
        )
        .where(
            BilledPeriod.tenant_id == tenant_id,
            BilledPeriod.subscription_id == subscription_id,
            BilledPeriod.starts_at >= since,
        )
        .order_by(BilledPeriod.starts_at, BilledPeriod.timing)
    )
    return tuple(
        BilledPeriodView(
            subscription_id,
            _timing(row.timing),
            Period(row.starts_at, row.ends_at),
            row.payer_tenant_id,
            row.invoice_id,
            row.measured_at,
        )
        for row in rows
    )


def revisions_of(
    session: Session, tenant_id: UUID, subscription_id: UUID, since: datetime
) -> dict[tuple[str, datetime], list[RevisionView]]:
    """Return all rated lines of periods that began at an instant or later, by charge and start, each in order."""
    rows = session.execute(
        select(
            RatedLine.id,
            RatedLine.revision,
            RatedLine.kind,
            RatedLine.charge_key,
            RatedLine.period_starts_at,
            RatedLine.period_ends_at,
            RatedLine.meter,
            RatedLine.unit,
            RatedLine.quantity,
            RatedLine.amount_minor,
            RatedLine.currency,
            RatedLine.cost_centres,
            RatedLine.payer_tenant_id,
            RatedLine.invoice_id,
        )
        .where(
            RatedLine.tenant_id == tenant_id,
            RatedLine.subscription_id == subscription_id,
            RatedLine.period_starts_at >= since,
        )
        .order_by(RatedLine.charge_key, RatedLine.period_starts_at, RatedLine.revision)
    )
    found: dict[tuple[str, datetime], list[RevisionView]] = defaultdict(list)
    for row in rows:
        figure = Figure(Money(row.amount_minor, row.currency), row.quantity, centres_from_json(row.cost_centres))
        period = Period(row.period_starts_at, row.period_ends_at)
        found[row.charge_key, row.period_starts_at].append(
            RevisionView(
                row.id,
                row.revision,
                row.kind,
                figure,
                row.meter,
                row.unit,
                period,
                row.payer_tenant_id,
                row.invoice_id,
            )
        )
    return found


def issued_among(session: Session, payer_id: UUID, invoice_ids: Collection[UUID]) -> set[UUID]:
    """Return which of a payer's documents are issued; the payer's transaction."""
    rows = session.execute(
        select(Invoice.id).where(
            Invoice.tenant_id == payer_id, any_of(Invoice.id, invoice_ids), Invoice.issued_id.is_not(None)
        )
    )
    return set(rows.scalars())


def next_revisions(
    session: Session, tenant_id: UUID, subscriptions: Collection[UUID]
) -> dict[tuple[UUID, str, datetime], int]:
    """Return the number that the next revision gets, by subscription, charge and start of the period."""
    rows = session.execute(
        select(
            RatedLine.subscription_id,
            RatedLine.charge_key,
            RatedLine.period_starts_at,
            func.max(RatedLine.revision) + 1,
        )
        .where(RatedLine.tenant_id == tenant_id, any_of(RatedLine.subscription_id, subscriptions))
        .group_by(RatedLine.subscription_id, RatedLine.charge_key, RatedLine.period_starts_at)
    )
    return {(subscription_id, key, starts_at): number for subscription_id, key, starts_at, number in rows}


def withdrawn_periods(session: Session, tenants: Collection[UUID]) -> dict[UUID, tuple[UUID, Period]]:
    """Return the latest period of each subscription whose document was withdrawn: consumer and period.

    A steward's read for all, or a consumer's for its own.
    """
    rows = session.execute(
        select(BilledPeriod.tenant_id, BilledPeriod.subscription_id, BilledPeriod.starts_at, BilledPeriod.ends_at)
        .where(BilledPeriod.measured_at.is_(None), any_of(BilledPeriod.tenant_id, tenants))
        .order_by(BilledPeriod.subscription_id, BilledPeriod.starts_at)
    )
    return {row.subscription_id: (row.tenant_id, Period(row.starts_at, row.ends_at)) for row in rows}


def looked_at(session: Session, tenants: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when late facts of each subscription were last looked for."""
    rows = session.execute(
        select(BilledPeriod.subscription_id, func.max(BilledPeriod.measured_at))
        .where(any_of(BilledPeriod.tenant_id, tenants))
        .group_by(BilledPeriod.subscription_id)
    )
    return {subscription_id: at for subscription_id, at in rows if at is not None}


@dataclass(frozen=True, slots=True)
class AdvanceView:
    """An advance that was billed."""

    id: UUID
    payer_tenant_id: UUID
    invoice_id: UUID
    amount: Money


def advances_ending(
    session: Session,
    tenant_id: UUID,
    ends: Collection[tuple[UUID, datetime]],
    corrected: Collection[tuple[UUID, str, datetime]] = (),
) -> tuple[AdvanceView, ...]:
    """Return the advances of a consumer whose period ends with one of these (subscription, end).

    And those that are named by subscription, charge and start: their period was cut short.
    """
    rows = session.execute(
        select(
            RatedLine.id, RatedLine.payer_tenant_id, RatedLine.invoice_id, RatedLine.amount_minor, RatedLine.currency
        )
        .where(
            RatedLine.tenant_id == tenant_id,
            RatedLine.kind == "advance",
            # What was paid for credits is earned as they are used, not with their period.
            ~RatedLine.charge_key.startswith(CREDITS),
            or_(
                tuple_(RatedLine.subscription_id, RatedLine.period_ends_at).in_(
                    pairs(RatedLine.subscription_id, RatedLine.period_ends_at, ends)
                ),
                tuple_(RatedLine.subscription_id, RatedLine.charge_key, RatedLine.period_starts_at).in_(corrected),
            ),
        )
        .order_by(RatedLine.id)
    )
    return tuple(
        AdvanceView(row.id, row.payer_tenant_id, row.invoice_id, Money(row.amount_minor, row.currency)) for row in rows
    )


@dataclass(frozen=True, slots=True)
class AdvancePaid:
    """A line of a document that was billed in advance."""

    amount_minor: int
    deferred: Money
    """Less what credits paid of it on that document."""


def advance_paid(session: Session, payer_id: UUID, invoice_id: UUID) -> dict[UUID, AdvancePaid]:
    """Return the fees in advance of an issued document by their rated line; the payer's transaction."""
    line, sign = InvoiceLine, case((Invoice.kind == "credit_note", -1), else_=1)
    rows = session.execute(
        select(line.rated_line_id, line.kind, line.currency, (sign * line.net_minor).label("minor"))
        .join(Invoice, (Invoice.tenant_id == line.tenant_id) & (Invoice.id == line.invoice_id))
        .where(line.tenant_id == payer_id, line.invoice_id == invoice_id, ~line.charge_key.startswith(CREDITS))
        .where(line.kind.in_(("advance", "prepaid")))
        .order_by(line.position)
    )
    found: dict[UUID, AdvancePaid] = {}
    for row in rows:
        known = found.get(row.rated_line_id)
        if row.kind == "advance":
            found[row.rated_line_id] = AdvancePaid(row.minor, Money(row.minor, row.currency))
        elif known is not None:
            found[row.rated_line_id] = replace(known, deferred=known.deferred + Money(row.minor, row.currency))
    return found


def _timing(value: str) -> Timing:
    return "advance" if value == "advance" else "arrears"
