"""A run, tried out or stored: where the money goes, whether it adds up, what may be done next (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from app.i18n import gettext as _
from app.pages.finance.accounts import account_name, is_reserved
from app.pages.finance.flows import Drawing, drawing
from app.pages.finance.pools import sums_by_currency
from app.pages.formats import money, percent, quantity
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number
from billing.chargebacks.views import Chart, PoolLineView, RunView, StatementSummary, Sums
from core.money import Money

__all__ = ("Sheet", "SheetInput", "Sum", "acts", "balanced", "sheet", "statements_table")

Before = Mapping[tuple[str, str], Money]
"""Gross by account and currency, of the month before."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One currency of a run: what goes in, what comes out."""

    name: str
    figure: str
    change: str
    unit: str = ""
    href: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SheetInput:
    """What a sheet is made from."""

    lines: Sequence[PoolLineView]
    statements: Sequence[StatementSummary]
    charts: Sequence[Chart]
    names: Mapping[str, str]
    before: Before
    unknown_centres: Sequence[str]
    statement_base: str
    query: TableQuery


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the preview and a run's page show."""

    sums: tuple[Sum, ...]
    balanced: bool
    drawings: tuple[Drawing, ...]
    table: Table
    unknown: str


def sheet(given: SheetInput) -> Sheet:
    """Return the whole of a run."""
    into = sums_by_currency([line.sums for line in given.lines])
    out = sums_by_currency([one.sums for one in given.statements])
    loose = sums_by_currency([one.sums for one in given.statements if is_reserved(one.cost_centre)])
    return Sheet(
        sums=tuple(one for currency in sorted(into) for one in _sums(currency, into, out, loose)),
        balanced=balanced(into, out),
        drawings=tuple(drawing(chart) for chart in given.charts),
        table=statements_table(given),
        unknown=", ".join(given.unknown_centres),
    )


def balanced(into: Mapping[str, Sums], out: Mapping[str, Sums]) -> bool:
    """Return whether net and tax that go in come out again, to the last unit."""
    return dict(into) == dict(out)


def _sums(
    currency: str, into: Mapping[str, Sums], out: Mapping[str, Sums], loose: Mapping[str, Sums]
) -> tuple[Sum, ...]:
    nothing = Sums(Money(0, currency), Money(0, currency))
    whole, divided, left = into[currency], out.get(currency, nothing), loose.get(currency, nothing)
    parts = {"net": money(divided.net), "tax": money(divided.tax)}
    ratio = percent(Fraction(left.gross.amount_minor, whole.gross.amount_minor or 1))
    return (
        Sum(_("To divide, gross"), money(whole.gross), _("net %(net)s, tax %(tax)s") % _net_tax(whole)),
        Sum(_("Divided"), money(divided.gross), _("net %(net)s, tax %(tax)s") % parts),
        Sum(
            _("Carried by no cost centre"),
            money(left.gross),
            _("%(share)s of the whole") % {"share": ratio} if left.gross.amount_minor else _("nothing is left"),
        ),
    )


def _net_tax(sums: Sums) -> dict[str, str]:
    return {"net": money(sums.net), "tax": money(sums.tax)}


def statements_table(given: SheetInput) -> Table:
    """Return what each cost centre carries, the largest first, beside the month before."""
    totals = sums_by_currency([one.sums for one in given.statements])
    ordered = sorted(
        given.statements,
        key=lambda one: (one.sums.net.currency, -one.sums.gross.amount_minor, one.cost_centre),
    )
    footer: tuple[Cell, ...] = ()
    if len(totals) == 1:
        whole = next(iter(totals.values()))
        footer = (cell(_("Sum")), *_amounts(whole), cell(percent(Fraction(1), fixed=True)), cell(""))
    shown, pager = given.query.page(ordered)
    return Table(
        id="centres",
        caption=_("What each cost centre carries"),
        columns=(
            Column(_("Cost centre")),
            Column(_("Net"), numeric=True),
            Column(_("Tax"), numeric=True),
            Column(_("Gross"), numeric=True),
            Column(_("Share"), numeric=True),
            Column(_("Month before"), numeric=True),
        ),
        rows=tuple(_row(one, totals, given) for one in shown),
        footer=footer,
        pager=pager,
        empty_title=_("Nothing is divided yet"),
        empty_text=_("Take a bill into a pool, then try the rules out."),
    )


def _row(one: StatementSummary, totals: Mapping[str, Sums], given: SheetInput) -> tuple[Cell, ...]:
    currency = one.sums.net.currency
    whole = totals[currency].gross.amount_minor
    share = percent(Fraction(one.sums.gross.amount_minor, whole), fixed=True) if whole else "–"
    before = given.before.get((one.cost_centre, currency))
    href = f"{given.statement_base}/{one.id}" if one.id else None
    text = account_name(one.cost_centre, given.names)
    name = Cell(text, href=href, sub=_("carried by no cost centre") if is_reserved(one.cost_centre) else "")
    return (name, *_amounts(one.sums), cell(share), number(money(before), before.text()) if before else cell("–"))


def _amounts(sums: Sums) -> tuple[Cell, Cell, Cell]:
    net, tax, gross = (number(money(one), one.text()) for one in (sums.net, sums.tax, sums.gross))
    return net, tax, gross


@dataclass(frozen=True, slots=True)
class Acts:
    """What this reader may do with a run now, and why not the rest."""

    approve: bool = False
    post: bool = False
    withdraw: bool = False
    reason: str = ""


def acts(run: RunView, reader_id: UUID, *, may_write: bool, may_approve: bool) -> Acts:
    """Return what may be done next: a run is approved by another person than its maker."""
    if run.status == "draft":
        own = run.maker == reader_id
        reason = _("You made this run, so somebody else has to approve it.") if own and may_approve else ""
        return Acts(approve=may_approve and not own, withdraw=may_write, reason=reason)
    if run.status == "approved":
        return Acts(post=may_write, withdraw=may_write)
    return Acts()


def run_title(run: RunView, month: str) -> str:
    """Return what a run is called."""
    if run.posting_number:
        return _("Run %(number)s of %(month)s") % {"number": quantity(run.posting_number), "month": month}
    return _("Run of %(month)s") % {"month": month}
