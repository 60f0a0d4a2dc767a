"""Sheets of costs as the page shows them, and what is left of customers' bills after them (pure)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from app.i18n import gettext as _
from app.pages.formats import day, money, percent, quantity
from app.pages.said import Field, Said
from app.pages.sales.comparisons import Shown, cost_cell, figure_cell, left_cell
from app.pages.tables import Column, Table, TableQuery, cell, number
from billing.answers.margins import MarginsResult
from billing.costs.reads import CostsView
from core.errors import InputError
from plans.documents import PlanDocument, document_json, parse_document

__all__ = ("costs_table", "day_field", "kept_document", "margins_view", "parse_day", "worked_on")


def costs_table(sheets: Sequence[CostsView], here: str) -> Table:
    """Return all sheets, the newest first, each leading to its form."""
    rows = []
    after: date | None = None
    for one in reversed(sheets):
        until = _("until the next one") if after is None else day(date.fromordinal(after.toordinal() - 1))
        rows.append(
            (
                cell(day(one.valid_from), f"{here}?on={one.valid_from}", css="nowrap"),
                cell(until, css="nowrap"),
                number(quantity(len(one.document.charges)), str(len(one.document.charges))),
                cell(", ".join(one.document.currencies()) or "–"),
            )
        )
        after = one.valid_from
    return Table(
        id="costs",
        caption=_("Sheets of costs"),
        columns=(
            Column(_("Holds from")),
            Column(_("Until")),
            Column(_("Costs"), numeric=True),
            Column(_("Currencies")),
        ),
        rows=tuple(rows),
        empty_title=_("No costs are known yet"),
        empty_text=_("With a sheet of costs, quotes, comparisons and customers tell what is left of their price."),
    )


def day_field(text: str, faults: Sequence[InputError] = ()) -> Field:
    """Return the field of the day from which a sheet holds."""
    told = tuple(fault.detail for fault in faults if fault.pointer == "valid_from")
    return Field("valid_from", _("Holds from"), text, kind="day", faults=told)


def parse_day(form: Mapping[str, str]) -> date:
    """Read that day.

    Raises:
        InvalidInput: it is none (`date_invalid`).
    """
    said = Said(form)
    found = said.day("valid_from")
    said.check()
    return found


def kept_document(document: PlanDocument) -> str:
    """Return a sheet as the form keeps it between two looks at it."""
    return document_json(document).decode()


def worked_on(form: Mapping[str, str]) -> PlanDocument:
    """Return the sheet that a form was made of; one that cannot be read is an empty one."""
    try:
        return parse_document(msgspec.json.decode(form.get("document", "")))
    except msgspec.MsgspecError:
        return PlanDocument(charges=())


def margins_view(result: MarginsResult, query: TableQuery) -> Shown:
    """Return what is left of customers' bills: all, by plan, one by one."""
    shown, pager = query.page(result.customers)
    customers = Table(
        id="margins",
        caption=_("By customer"),
        columns=(Column(_("Customer")), Column(_("Plan")), *_figures()),
        rows=tuple(
            (
                cell(one.name, f"/sales/customers/{one.tenant}"),
                cell(one.plan_name),
                figure_cell(one.net),
                cost_cell(one.cost),
                left_cell(one.margin_percent),
            )
            for one in shown
        ),
        pager=pager,
        empty_title=_("Nothing was billed in these months"),
        empty_text=_("Margins are told of months whose bills are issued."),
    )
    plans = Table(
        id="margins-plans",
        caption=_("By plan"),
        columns=(Column(_("Plan")), Column(_("Customers"), numeric=True), *_figures()),
        rows=tuple(
            (
                cell(one.plan_name or _("All in %(currency)s") % {"currency": one.net.currency}),
                number(quantity(one.customers), str(one.customers)),
                figure_cell(one.net),
                cost_cell(one.cost),
                left_cell(one.margin_percent),
            )
            for one in (*result.totals, *result.plans)
        ),
        empty_title=_("Nothing was billed in these months"),
        empty_text=_("Margins are told of months whose bills are issued."),
    )
    return _told(result), (), (plans, customers)


def _figures() -> tuple[Column, ...]:
    return tuple(Column(name, numeric=True) for name in (_("Billed"), _("Costs"), _("Left after costs")))


def _told(result: MarginsResult) -> str:
    known = [one for one in result.totals if one.cost is not None]
    if not known:
        return _("No costs are known for these months: write a sheet of costs and ask again.")
    told = [
        _("%(left)s of %(net)s are left after costs.")
        % {"left": percent(Decimal(one.margin_percent) / 100, 2), "net": money(one.net.money())}
        for one in known
        if one.margin_percent is not None
    ]
    losing = [one.name for one in result.customers if one.cost is not None and one.loses]
    if losing:
        told.append(_("At a loss: %(customers)s.") % {"customers": ", ".join(losing[:5])})
    unknown = sum(one.cost is None for one in result.customers)
    if unknown:
        told.append(
            _("%(count)s of them are in no sum: their costs are not known in their currency for all of these days.")
            % {"count": quantity(unknown)}
        )
    return " ".join(told)
