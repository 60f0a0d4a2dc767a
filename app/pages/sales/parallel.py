"""Another system's bills beside ours, as a reader sees them (pure)."""

from collections.abc import Sequence
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.charts import Chart, series
from app.pages.formats import day, quantity
from app.pages.sales.comparisons import Shown, amount_text, figure_cell
from app.pages.tables import Cell, Column, Pager, Table, TableQuery, cell, number
from billing.answers.results import ParallelLine, ParallelResult
from core.errors import InvalidInput, Refused

__all__ = ("bad_rows_table", "parallel_lines", "parallel_view")


def cause_name(cause: str) -> str:
    """Return what a cause is called."""
    names = {
        "late_fact": _("Came late"),
        "definition": _("Another definition"),
        "missing_event": _("Events missing on one side"),
        "price": _("Price"),
        "rounding": _("Rounding"),
        "not_here": _("No such charge here"),
    }
    return names.get(cause, cause)


def parallel_view(result: ParallelResult, query: TableQuery) -> Shown:
    """Return what each cause comes to, and every line of both bills."""
    if not Decimal(result.difference.amount) and not result.causes:
        verdict = _("Both bills are the same: %(amount)s.") % {"amount": amount_text(result.ours)}
        return verdict, (), (_lines(result, *query.page(result.lines), query.href(format="csv")),)
    verdict = _("We would have billed %(ours)s, they billed %(theirs)s: a difference of %(difference)s.") % {
        "ours": amount_text(result.ours), "theirs": amount_text(result.theirs),
        "difference": amount_text(result.difference),
    }  # fmt: skip
    bars = Chart(
        title=_("Difference by cause, ours less theirs"),
        x=tuple(cause_name(cause) for cause, _amount in result.causes),
        x_name=_("Cause"),
        series=(series(_("Difference"), [Decimal(amount.amount) for _cause, amount in result.causes], "bar"),),
        currency=result.currency,
    )
    causes = Table(
        id="causes",
        caption=_("Causes"),
        columns=(Column(_("Cause")), Column(_("Difference"), numeric=True)),
        rows=tuple((cell(cause_name(cause)), figure_cell(amount)) for cause, amount in result.causes),
        footer=(cell(_("Whole difference")), figure_cell(result.difference)),
    )
    page, pager = query.page(result.lines)
    return verdict, (bars,), (causes, _lines(result, page, pager, query.href(format="csv")))


def bad_rows_table(refusal: Refused | None) -> Table | None:
    """Return the rows of a file that could not be read; None where it was refused for something else."""
    faults = refusal.errors if isinstance(refusal, InvalidInput) else ()
    rows = [(*fault.pointer.split("/")[2:], fault.detail) for fault in faults if fault.code == "row_invalid"]
    if not rows:
        return None
    return Table(
        id="bad-rows",
        caption=_("Rows that cannot be read, the first of them"),
        columns=(Column(_("Row"), numeric=True), Column(_("Column")), Column(_("What is wrong"))),
        rows=tuple((number(row, row), cell(column), cell(detail.partition(": ")[2])) for row, column, detail in rows),
    )


def parallel_lines(result: ParallelResult) -> Table:
    """Return all lines of both bills, for a file."""
    return _lines(result, result.lines, None, None)


def _lines(result: ParallelResult, lines: Sequence[ParallelLine], pager: Pager | None, export: str | None) -> Table:
    return Table(
        id="lines",
        caption=_("Lines of both bills"),
        columns=(
            Column(_("Period from")),
            Column(_("Line")),
            Column(_("Their quantity"), numeric=True),
            Column(_("Our quantity"), numeric=True),
            Column(_("Theirs"), numeric=True),
            Column(_("Ours"), numeric=True),
            Column(_("Difference"), numeric=True),
            Column(_("Why")),
        ),
        rows=tuple(_row(line) for line in lines),
        footer=(
            cell(_("Total")), cell(""), cell(""), cell(""),
            figure_cell(result.theirs), figure_cell(result.ours), figure_cell(result.difference), cell(""),
        ),
        pager=pager,
        export=export,
        empty_title=_("No line"),
        empty_text=_("Neither side billed anything in these days."),
    )  # fmt: skip


def _row(line: ParallelLine) -> tuple[Cell, ...]:
    same = line.charge_key == line.description or not line.description
    return (
        cell(day(line.first_day), css="nowrap"),
        cell(line.description or line.charge_key, sub="" if same else line.charge_key),
        number(quantity(Decimal(line.quantity_theirs)), line.quantity_theirs),
        number(quantity(Decimal(line.quantity_ours)), line.quantity_ours),
        figure_cell(line.theirs),
        figure_cell(line.ours),
        figure_cell(line.difference),
        cell(_why(line)),
    )


def _why(line: ParallelLine) -> str:
    told = []
    for one in line.causes:
        name = f"{cause_name(one.cause)} ({one.detail})" if one.detail else cause_name(one.cause)
        told.append(f"{name}: {amount_text(one.difference)}")
    return "; ".join(told) or "–"
