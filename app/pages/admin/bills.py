"""Bills: the list, and one bill with each line's steps (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.i18n import gettext as _
from app.pages.evidence_link import Proof, evidence_address
from app.pages.formats import day, money, percent, period, quantity
from app.pages.steps import StepRow, step_rows
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number, status
from app.pages.words import line_kind_name, state_badge, unit_name
from billing.views import InvoiceLineView, InvoiceSummary, InvoiceView
from core.money import Money
from tenants.reads import TenantView

__all__ = ("BillLine", "BillView", "bill_view", "bills_table", "why_no_bill")


def why_no_bill(tenant: TenantView) -> str:
    """Return why a customer has no bill, and when or where one comes."""
    if tenant.payer_id != tenant.id:
        return _("Another customer pays for this one: what it uses is on that customer's bills.")
    return _("The first bill comes when the first period of the contract has ended and its grace has passed.")


def bills_table(invoices: Sequence[InvoiceSummary], query: TableQuery, base: str, tenant: TenantView) -> Table:
    """Return the documents of a customer, newest first."""
    newest = sorted(invoices, key=lambda one: (one.closes_on, one.created_at), reverse=True)
    ordered = query.sort(newest, {"issued": lambda one: one.issued_on or date.max, "gross": _signed_minor})
    shown, pager = query.page(ordered)
    return Table(
        id="bills",
        caption=_("Bills"),
        columns=query.columns(
            Column(_("Number")),
            Column(_("Status")),
            Column(_("Issued"), "issued"),
            Column(_("Due")),
            Column(_("Net"), numeric=True),
            Column(_("Tax"), numeric=True),
            Column(_("Total"), "gross", numeric=True),
        ),
        rows=tuple(_row(one, base) for one in shown),
        pager=pager,
        empty_title=_("No bill yet"),
        empty_text=why_no_bill(tenant),
    )


def _signed_minor(one: InvoiceSummary) -> int:
    return -one.gross.amount_minor if one.kind == "credit_note" else one.gross.amount_minor


def _row(one: InvoiceSummary, base: str) -> tuple[Cell, ...]:
    name = one.number or _("Draft")
    kind = _("Credit note") if one.kind == "credit_note" else ""
    return (
        Cell(name, href=f"{base}/{one.id}", sub=kind),
        status(*state_badge(one.status)),
        _date(one.issued_on),
        _date(one.due_on),
        _amount(one, one.net),
        _amount(one, one.tax),
        _amount(one, one.gross),
    )


def _date(value: date | None) -> Cell:
    return Cell(day(value), css="nowrap", plain=value.isoformat()) if value else cell("–")


def _amount(one: InvoiceSummary, amount: Money) -> Cell:
    """Write what a document adds to what is owed: a credit note takes away."""
    signed = -amount if one.kind == "credit_note" else amount
    return number(money(signed), signed.text())


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill, with the way to its evidence."""

    text: str
    kind: str
    period: str
    quantity: str
    unit: str
    amount: str
    tax: str
    steps: tuple[StepRow, ...]
    evidence: str | None


@dataclass(frozen=True, slots=True)
class BillView:
    """What the page of one bill shows."""

    title: str
    status: str
    tone: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    seller: tuple[str, ...]
    buyer: tuple[str, ...]
    groups: tuple[tuple[str, tuple[BillLine, ...]], ...]
    taxes: tuple[tuple[str, str, str], ...]
    net: str
    tax: str
    gross: str
    credits: tuple[str, str] | None
    evidence_count: str
    evidence_sha256: str
    issued: bool


def bill_view(bill: InvoiceView, tenant: TenantView, base: str) -> BillView:
    """Return one bill; `base` is the address of the customer's admin pages."""
    state, tone = state_badge(bill.status)
    name = _("Credit note") if bill.kind == "credit_note" else _("Invoice")
    return BillView(
        title=f"{name} {bill.number}" if bill.number else _("Draft of %(period)s") % {"period": _supply(bill)},
        status=state,
        tone=tone,
        reason=bill.status_reason,
        facts=_facts(bill),
        seller=_party(bill.parties.seller.name, bill.parties.seller.address, bill.parties.seller.tax_id),
        buyer=_party(bill.parties.buyer.name, bill.parties.buyer.address, bill.parties.buyer.tax_id),
        groups=_groups(bill, tenant),
        taxes=tuple(_tax(bill, at) for at in range(len(bill.taxes))),
        net=money(bill.net),
        tax=money(bill.tax),
        gross=money(bill.gross),
        credits=_credits(bill, base),
        evidence_count=quantity(Fraction(bill.evidence_count)),
        evidence_sha256=bill.evidence_sha256,
        issued=bill.number is not None,
    )


def _supply(bill: InvoiceView) -> str:
    return _("%(first)s to %(last)s") % {"first": day(bill.supplied_from), "last": day(bill.supplied_to)}


def _facts(bill: InvoiceView) -> tuple[tuple[str, str], ...]:
    facts = [(_("Supply period"), _supply(bill))]
    if bill.issued_on:
        facts.append((_("Issued"), day(bill.issued_on)))
    if bill.due_on:
        facts.append((_("Due"), day(bill.due_on)))
    if bill.purchase_order:
        facts.append((_("Purchase order"), bill.purchase_order))
    if bill.base_currency != bill.currency and bill.base_rate_on:
        rate = {"rate": quantity(bill.base_rate, 6), "currency": bill.base_currency, "day": day(bill.base_rate_on)}
        facts.append((_("Exchange rate"), _("%(rate)s %(currency)s, %(day)s") % rate))
    return tuple(facts)


def _party(name: str, address: str, tax_id: str) -> tuple[str, ...]:
    lines = (name, *address.splitlines(), _("Tax id %(number)s") % {"number": tax_id} if tax_id else "")
    return tuple(line for line in lines if line)


def _groups(bill: InvoiceView, tenant: TenantView) -> tuple[tuple[str, tuple[BillLine, ...]], ...]:
    """Return the lines by who used it; a customer that pays for itself alone sees no name."""
    names = dict.fromkeys(line.consumer_name for line in bill.lines)
    return tuple(
        (
            name if len(names) > 1 else "",
            tuple(_line(line, bill, tenant) for line in bill.lines if line.consumer_name == name),
        )
        for name in names
    )


def _line(line: InvoiceLineView, bill: InvoiceView, tenant: TenantView) -> BillLine:
    return BillLine(
        text=line.description,
        kind=line_kind_name(line.kind) if line.kind not in ("usage", "advance") else "",
        period=period(line.period, tenant.tz),
        quantity=quantity(line.quantity, 4),
        unit=unit_name(line.unit, line.quantity),
        amount=money(line.amount),
        tax=percent(Fraction(line.tax_rate) / 100),
        steps=step_rows(line.steps, line.amount.currency),
        evidence=_evidence(line, bill, tenant),
    )


def _evidence(line: InvoiceLineView, bill: InvoiceView, tenant: TenantView) -> str | None:
    """Return where a line's figure is proven; a parent that pays sees no people of its children."""
    if line.meter is None or line.kind == "prepaid" or line.consumer_tenant_id != tenant.id:
        return None
    until = bill.period.ends_at
    proof = Proof(line.meter, line.period, line.charge_key, line.kind, until, bill.issued_at)
    return evidence_address(tenant.slug, proof)


def _tax(bill: InvoiceView, at: int) -> tuple[str, str, str]:
    group = bill.taxes[at]
    name = _("Tax %(rate)s on %(amount)s") % {
        "rate": percent(Fraction(group.rate) / 100),
        "amount": money(group.taxable),
    }
    return name, group.note, money(group.tax)


def _credits(bill: InvoiceView, base: str) -> tuple[str, str] | None:
    if bill.credits_invoice_id is None:
        return None
    return bill.credits_number or "", f"{base}/bills/{bill.credits_invoice_id}"
