"""What a draft holds: everything that will be issued, as one immutable value with a JSON form (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

import msgspec

from billing.late import CentreShares
from billing.prepaid import Balance, BlockTerms, Draw, Payable, StillPaid, draws
from billing.totals import TaxableLine, Totals, invoice_totals
from billing.views import InvoiceLineView
from core.money import Money
from core.periods import Period, local_date, zone
from plans.rating import CREDITS

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
    "paid_with_credits",
    "printed_lines",
    "supply_span",
)

Timing = Literal["arrears", "advance", "again"]
LineKind = Literal["usage", "advance", "refund", "late", "prepaid", "credit"]


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
    subscription_id: UUID | None
    """None where credits are bought that belong to no contract."""
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
    block: BlockTerms | None = None
    """The prepaid credits that this line sells."""
    grant_id: UUID | None = None
    """The block that pays (`prepaid`), or that a credit gives back or takes back."""
    pays: int | None = None
    """`prepaid`: the position of the line that is paid; None where what paid an earlier line comes back."""

    @property
    def is_fee_in_advance(self) -> bool:
        """Whether it is paid before it is earned: a fee before its period, but not credits that are sold."""
        return self.kind == "advance" and self.block is None

    @property
    def takes_back(self) -> bool:
        """Whether it takes back credits that were sold, for their price."""
        return self.kind == "credit" and self.grant_id is not None and self.charge_key.startswith(CREDITS)

    @property
    def returns(self) -> bool:
        """Whether credits come back that had paid a line, or are drawn again as that is withdrawn."""
        return self.grant_id is not None and self.pays is None and self.block is None and not self.takes_back


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


def paid_with_credits(
    lines: Sequence[DraftLine], balances: Iterable[Balance], currency: str, paid: Iterable[StillPaid] = ()
) -> list[DraftLine]:
    """Return the lines by which prepaid credits pay those of a document; they stand after them, below zero.

    Before them stands what comes back: a line below zero corrects one that was billed before, and as far as
    credits paid that one it gives back credits, not money. What comes back pays at once what it may.

    Each stands for one line and carries its period, rate and cost centres, so that whoever carries the
    line carries what was paid of it.

    Args:
        lines: of the document, in order, positions from 1.
        balances: the payer's blocks, those of `paid` too.
        currency: of the document and the blocks.
        paid: what credits paid of lines that were billed before, in the order in which it comes back.
    """
    held = {balance.id: balance for balance in balances}
    back: list[DraftLine] = []
    corrected: dict[int, int] = {}
    left = [still for still in paid if still.grant_id in held]
    for position, line in enumerate(lines, 1):
        for place, still in enumerate(left):
            amount = min(-line.amount_minor - corrected.get(position, 0), still.amount_minor)
            if amount <= 0 or still.key != (line.subscription_id, line.charge_key, line.period_starts_at):
                continue
            balance = held[still.grant_id]
            held[balance.id] = replace(balance, remaining_minor=balance.remaining_minor + amount)
            left[place] = replace(still, amount_minor=still.amount_minor - amount)
            corrected[position] = corrected.get(position, 0) + amount
            back.append(_returning(line, Draw(position, balance, -amount), still.rated_line_id, currency))
    payable = [
        _payable(line, position, corrected.get(position, 0))
        for position, line in enumerate(lines, 1)
        if line.block is None
    ]
    return back + [_paying(lines[draw.position - 1], draw, currency) for draw in draws(payable, held.values())]


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
        grant_id=line.grant_id,
    )


def _payable(line: DraftLine, position: int, corrected: int) -> Payable:
    in_advance = line.kind == "advance"
    moment = line.period_starts_at if in_advance else line.period_ends_at - timedelta(microseconds=1)
    group = (line.tax_category, line.tax_percent)
    return Payable(
        position, line.subscription_id, line.charge_key, line.meter, moment, line.amount_minor + corrected, group
    )


def _paying(line: DraftLine, draw: Draw, currency: str) -> DraftLine:
    amount = Money(-draw.amount_minor, currency)
    return msgspec.structs.replace(
        line,
        kind="prepaid",
        description=f"{draw.balance.name} · {line.description}",
        quantity=Decimal(1),
        unit="",
        amount_minor=-draw.amount_minor,
        revision=0,
        steps=({"code": "prepaid", "amount": amount.text(), "params": {"position": str(draw.position)}},),
        rated_line_id=None,
        grant_id=draw.balance.id,
        pays=draw.position,
    )


def _returning(line: DraftLine, draw: Draw, rated_line_id: UUID, currency: str) -> DraftLine:
    """Return the line by which credits come back; it names the line that they had paid."""
    amount = Money(-draw.amount_minor, currency)
    step = {"code": "prepaid_returned", "amount": amount.text(), "params": {"position": str(draw.position)}}
    return msgspec.structs.replace(_paying(line, draw, currency), steps=(step,), rated_line_id=rated_line_id, pays=None)


def _turned(step: dict[str, Any]) -> dict[str, Any]:
    amount = step["amount"]
    return step | {"amount": amount[1:] if amount.startswith("-") else amount if not Decimal(amount) else f"-{amount}"}
