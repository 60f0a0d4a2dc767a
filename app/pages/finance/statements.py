"""Statements: the list, and one statement down to why each line is what it is (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.i18n import gettext as _
from app.pages.finance.accounts import account_name
from app.pages.finance.pools import evidence_href
from app.pages.finance.rules import method_name, say
from app.pages.formats import day, money, month, percent, quantity
from app.pages.formats import period as period_text
from app.pages.frame import parse_month
from app.pages.tables import Cell, Column, Pager, Table, TableQuery, cell, number
from app.pages.words import line_kind_name, meter_name
from billing.chargebacks.journal import JournalLine
from billing.chargebacks.views import PartView, StatementLineView, StatementSummary, StatementView
from core.money import Money
from metering.reads import METERS
from tenants.reads import TenantView

__all__ = ("StatementLine", "StatementPage", "journal_table", "months_list", "statement_page", "statements_list")


def statements_list(found: Sequence[StatementSummary], names: Mapping[str, str], query: TableQuery, base: str) -> Table:
    """Return the statements of a month, the largest first."""
    ordered = sorted(found, key=lambda one: (one.sums.net.currency, -one.sums.gross.amount_minor, one.cost_centre))
    shown, pager = query.page(query.sort(ordered, {"centre": lambda one: one.cost_centre, "gross": _gross}))
    return _list(
        query.columns(Column(_("Cost centre"), "centre"), *_amount_columns()),
        [(Cell(account_name(one.cost_centre, names), href=f"{base}/{one.id}"), *_amounts(one)) for one in shown],
        pager,
    )


def months_list(found: Sequence[StatementSummary], query: TableQuery, base: str) -> Table:
    """Return the statements of one cost centre, the newest month first."""
    ordered = sorted(found, key=lambda one: one.period, reverse=True)
    shown, pager = query.page(query.sort(ordered, {"month": lambda one: one.period, "gross": _gross}))
    return _list(
        query.columns(Column(_("Month"), "month"), *_amount_columns()),
        [(Cell(_month(one.period), href=f"{base}/{one.id}"), *_amounts(one)) for one in shown],
        pager,
    )


def _list(columns: tuple[Column, ...], rows: Sequence[tuple[Cell, ...]], pager: Pager | None) -> Table:
    return Table(
        id="statements",
        caption=_("Statements"),
        columns=columns,
        rows=tuple(rows),
        pager=pager,
        empty_title=_("No statement yet"),
        empty_text=_("Statements come when a run is posted: preview, approve, post."),
    )


def _amount_columns() -> tuple[Column, Column, Column]:
    return Column(_("Net"), numeric=True), Column(_("Tax"), numeric=True), Column(_("Gross"), "gross", numeric=True)


def _amounts(one: StatementSummary) -> tuple[Cell, Cell, Cell]:
    net, tax, gross = (number(money(part), part.text()) for part in (one.sums.net, one.sums.tax, one.sums.gross))
    return net, tax, gross


def _gross(one: StatementSummary) -> int:
    return one.sums.gross.amount_minor


def journal_table(lines: Sequence[JournalLine], query: TableQuery) -> Table:
    """Return the journal's lines in their order, with the sums of both sides where one currency is used."""
    shown, pager = query.page(lines)
    currencies = {line.currency for line in lines}
    footer: tuple[Cell, ...] = ()
    if len(currencies) == 1 and lines:
        currency = lines[0].currency
        debit, credit = sum(line.debit_minor for line in lines), sum(line.credit_minor for line in lines)
        sides = (_side(debit, currency), _side(credit, currency))
        footer = (cell(_("Sum")), cell(""), cell(""), cell(""), *sides)
    return Table(
        id="journal",
        caption=_("Journal"),
        columns=(
            Column(_("Document")),
            Column(_("Date")),
            Column(_("Account")),
            Column(_("Cost centre")),
            Column(_("Debit"), numeric=True),
            Column(_("Credit"), numeric=True),
        ),
        rows=tuple(_journal_row(line) for line in shown),
        footer=footer,
        pager=pager,
        empty_title=_("Nothing is booked yet"),
        empty_text=_("Posting an approved run writes the journal: every document balances."),
    )


def _journal_row(line: JournalLine) -> tuple[Cell, ...]:
    return (
        cell(line.document, sub=line.text),
        cell(day(line.booked_on), css="nowrap"),
        cell(line.account),
        cell(line.cost_centre or "–"),
        _side(line.debit_minor, line.currency),
        _side(line.credit_minor, line.currency),
    )


def _side(minor: int, currency: str) -> Cell:
    amount = Money(minor, currency)
    return number(money(amount) if minor else "", amount.text())


def _month(period: str) -> str:
    first = parse_month(period)
    return month(first) if first else period


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's part in a line."""

    rule: str
    sentence: str
    text: str
    href: str | None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a statement and why it is what it is."""

    text: str
    kind: str
    period: str
    whole: str
    net: str
    tax: str
    gross: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class StatementPage:
    """What the page of one statement shows."""

    title: str
    net: str
    tax: str
    gross: str
    lines: tuple[StatementLine, ...]


def statement_page(
    found: StatementView, names: Mapping[str, str], tenant: TenantView, *, evidence: bool
) -> StatementPage:
    """Return one statement; `evidence` says whether the reader may see who was counted."""
    return StatementPage(
        title=account_name(found.cost_centre, names),
        net=money(found.sums.net),
        tax=money(found.sums.tax),
        gross=money(found.sums.gross),
        lines=tuple(_line(one, found, tenant, evidence=evidence) for one in found.lines),
    )


def _line(one: StatementLineView, found: StatementView, tenant: TenantView, *, evidence: bool) -> StatementLine:
    line = one.line
    return StatementLine(
        text=line.description,
        kind="" if line.kind in ("usage", "advance") else line_kind_name(line.kind),
        period=period_text(line.period, tenant.tz),
        whole=money(line.sums.gross),
        net=money(one.sums.net),
        tax=money(one.sums.tax),
        gross=money(one.sums.gross),
        reasons=tuple(_reason(part, one, found, tenant, evidence=evidence) for part in one.parts),
    )


def _reason(
    part: PartView, one: StatementLineView, found: StatementView, tenant: TenantView, *, evidence: bool
) -> Reason:
    linked = evidence and part.driver in METERS and part.driver == one.line.meter
    return Reason(
        rule=_("Suspense") if part.rule == "~suspense" else part.rule,
        sentence=" ".join(say(sentence) for sentence in found.rules.get(part.rule, ())) or method_name(part.method),
        text=_share(part),
        href=evidence_href(one.line, tenant) if linked else None,
    )


def _share(part: PartView) -> str:
    share = percent(Fraction(part.share), 2)
    if not part.driver:
        return _("%(share)s of the line, as agreed") % {"share": share}
    words = {
        "share": share,
        "driver": driver_name(part.driver),
        "own": quantity(Fraction(part.quantity)),
        "total": quantity(Fraction(part.total)),
    }
    return _("%(share)s of the line: %(own)s of %(total)s (%(driver)s)") % words


def driver_name(driver: str) -> str:
    """Return what a line was divided by."""
    names = {
        "headcount": _("people assigned"),
        "headcount.declared": _("declared headcount"),
        "cost_centres": _("cost centres"),
        "spread": _("amounts of the other rules"),
    }
    return " + ".join(names.get(part) or meter_name(part) for part in driver.split(" + "))
