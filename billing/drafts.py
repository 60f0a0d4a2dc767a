"""What a draft holds: everything that will be issued, as one immutable value with a JSON form (pure)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

import msgspec

from billing.late import CentreShares
from billing.totals import TaxableLine, Totals, invoice_totals
from billing.views import InvoiceLineView
from core.money import Money
from core.periods import Period, local_date, zone

__all__ = (
    "Claim",
    "Draft",
    "DraftLine",
    "EvidenceRef",
    "LateSince",
    "centres_from_json",
    "centres_json",
    "common_purchase_order",
    "document_kind",
    "draft_totals",
    "printed_lines",
    "supply_span",
)

Timing = Literal["arrears", "advance", "again"]
LineKind = Literal["usage", "advance", "refund", "late", "credit"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A period of a subscription that this document bills, and nobody else."""

    consumer_tenant_id: UUID
    subscription_id: UUID
    timing: Timing
    starts_at: datetime
    ends_at: datetime


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line to be: rated, described and taxed. Amounts carry their sign; a credit note turns it."""

    kind: LineKind
    consumer_tenant_id: UUID
    consumer_name: str
    subscription_id: UUID
    charge_key: str
    description: str
    meter: str | None
    period_starts_at: datetime
    period_ends_at: datetime
    time_zone: str
    revision: int
    """Which row of the (subscription, charge, period) the rated line will be."""
    quantity: Decimal
    unit: str
    amount_minor: int
    tax_category: str
    tax_percent: Decimal
    tax_note: str
    purchase_order: str
    steps: tuple[dict[str, Any], ...]
    cost_centres: tuple[tuple[str | None, str], ...]
    rated_line_id: UUID | None = None
    """Set on credits: the line that is credited was rated before."""
    credits_position: int | None = None
    measured_at: datetime | None = None


class EvidenceRef(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer's evidence file by its hash."""

    consumer_tenant_id: UUID
    count: int
    sha256: str


class LateSince(msgspec.Struct, frozen=True, kw_only=True):
    """From which instant of recording on late facts of a subscription were looked for."""

    subscription_id: UUID
    since: datetime


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A document before it is issued."""

    currency: str
    claims: tuple[Claim, ...]
    lines: tuple[DraftLine, ...]
    evidence: tuple[EvidenceRef, ...]
    measured_at: datetime
    """The ingest cut-off: facts accepted later are not in it."""
    late_since: tuple[LateSince, ...] = ()
    tax_minor: tuple[tuple[str, Decimal, int], ...] | None = None
    """Set on credits: tax per category and rate as a difference; else it is reckoned from the lines."""


def draft_totals(draft: Draft) -> Totals:
    """Return the sums of the draft with their signs; below zero it will be a credit note."""
    totals = invoice_totals(
        (
            TaxableLine(Money(line.amount_minor, draft.currency), line.tax_category, line.tax_percent)
            for line in draft.lines
        ),
        draft.currency,
    )
    return totals if draft.tax_minor is None else _with_tax(totals, draft.tax_minor)


def centres_json(centres: CentreShares) -> tuple[tuple[str | None, str], ...]:
    """Return shares as pairs of code and exact fraction, for JSON.

    >>> centres_json((("4711", Fraction(1, 3)), (None, Fraction(2))))
    (('4711', '1/3'), (None, '2'))
    """
    return tuple((code, str(share)) for code, share in centres)


def centres_from_json(pairs: Iterable[Any]) -> CentreShares:
    """Return the shares that `centres_json` wrote."""
    return tuple((code, Fraction(share)) for code, share in pairs)


def _with_tax(totals: Totals, given: tuple[tuple[str, Decimal, int], ...]) -> Totals:
    amounts = {(category, percent): minor for category, percent, minor in given}
    currency = totals.net.currency
    groups = tuple(
        replace(group, tax=Money(amounts[group.category, group.percent], currency)) for group in totals.groups
    )
    tax = sum((group.tax for group in groups), Money(0, currency))
    return Totals(totals.net, tax, totals.net + tax, groups)


def document_kind(totals: Totals) -> Literal["invoice", "credit_note"]:
    """Return what the draft becomes: below zero there is no invoice, but a credit note."""
    return "credit_note" if totals.gross.amount_minor < 0 else "invoice"


def printed_lines(draft: Draft, sign: int) -> tuple[InvoiceLineView, ...]:
    """Return the lines as the document prints them, numbered from 1.

    Args:
        draft: whose lines carry their sign.
        sign: 1 for an invoice, -1 for a credit note: what is given back stands there as positive.
    """
    return tuple(_printed(line, position, sign, draft.currency) for position, line in enumerate(draft.lines, 1))


def supply_span(lines: Iterable[InvoiceLineView]) -> tuple[date, date, Period]:
    """Return first and last day of supply, and the whole as instants.

    Late lines and refunds belong to earlier periods and say so themselves: they don't stretch it,
    unless there is nothing else.
    """
    listed = list(lines)
    own = [line for line in listed if line.kind in ("usage", "advance")] or listed
    period = Period(min(line.period.starts_at for line in own), max(line.period.ends_at for line in own))
    return min(line.supplied_from for line in own), max(line.supplied_to for line in own), period


def common_purchase_order(lines: Iterable[InvoiceLineView], default: str) -> str:
    """Return the purchase order that all lines share, else the payer's own; lines then carry theirs."""
    orders = {line.purchase_order for line in lines}
    return orders.pop() or default if len(orders) == 1 else default


def _printed(line: DraftLine, position: int, sign: int, currency: str) -> InvoiceLineView:
    tz, period = zone(line.time_zone), Period(line.period_starts_at, line.period_ends_at)
    return InvoiceLineView(
        position=position,
        kind=line.kind,
        consumer_tenant_id=line.consumer_tenant_id,
        consumer_name=line.consumer_name,
        subscription_id=line.subscription_id,
        charge_key=line.charge_key,
        description=line.description,
        meter=line.meter,
        period=period,
        supplied_from=local_date(period.starts_at, tz),
        supplied_to=local_date(period.ends_at - timedelta(microseconds=1), tz),
        quantity=sign * line.quantity,
        unit=line.unit,
        amount=Money(sign * line.amount_minor, currency),
        tax_category=line.tax_category,
        tax_rate=line.tax_percent,
        tax_note=line.tax_note,
        purchase_order=line.purchase_order,
        steps=line.steps if sign > 0 else tuple(_turned(step) for step in line.steps),
        cost_centres=centres_from_json((code, Fraction(share) * sign) for code, share in line.cost_centres),
        rated_line_id=line.rated_line_id,
        credits_position=line.credits_position,
    )


def _turned(step: dict[str, Any]) -> dict[str, Any]:
    amount = step["amount"]
    return step | {"amount": amount[1:] if amount.startswith("-") else amount if not Decimal(amount) else f"-{amount}"}
