"""What a change of version means in money: contract by contract, and the sums (pure)."""

from decimal import Decimal

from app.i18n import gettext as _
from app.pages.formats import money, percent, quantity
from app.pages.sales.comparisons import Shown
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number
from billing.answers.results import VersionImpact, VersionResult, VersionTotal
from billing.schemas.amounts import MoneyAnswer
from core.money import Money

__all__ = ("impact_table", "totals_table", "version_view")


def version_view(result: VersionResult, query: TableQuery) -> Shown:
    """Return the answer as pages show it."""
    return told(result), (), (totals_table(result), impact_table(result, query))


def told(result: VersionResult) -> str:
    """Return in a sentence what is at risk."""
    lost = [money(total.lost.money()) for total in result.totals if total.lost.money().amount_minor]
    if not result.contracts:
        return _("No running contract holds this version as it was published.")
    if not lost:
        return _("Nobody would pay less: no revenue is at risk.")
    return _("Revenue at risk: %(amounts)s in these days.") % {"amounts": ", ".join(lost)}


def totals_table(result: VersionResult) -> Table:
    """Return what all contracts come to, by currency."""
    return Table(
        id="impact-totals",
        caption=_("All together"),
        columns=(Column(_("Contracts"), numeric=True), *_columns(), Column(_("Paid less"), numeric=True)),
        rows=tuple(_total(one) for one in result.totals),
        empty_title=_("It concerns nobody"),
        empty_text=_("No running contract holds this version as it was published."),
    )


def impact_table(result: VersionResult, query: TableQuery) -> Table:
    """Return each contract under both versions, who would pay less first."""
    shown, pager = query.page(result.contracts)
    return Table(
        id="impact",
        caption=_("The same days under both, by contract"),
        columns=(Column(_("Customer")), Column(_("Contract")), *_columns(), Column(_("In per cent"), numeric=True)),
        rows=tuple(_row(one) for one in shown),
        pager=pager,
        empty_title=_("It concerns nobody"),
        empty_text=_("No running contract holds this version as it was published."),
    )


def _columns() -> tuple[Column, ...]:
    names = (_("As held"), _("As changed"), _("Difference"))
    return tuple(Column(name, numeric=True) for name in names)


def _row(one: VersionImpact) -> tuple[Cell, ...]:
    who = (cell(one.name, f"/sales/customers/{one.tenant}"), cell(one.contract))
    if one.refused is not None:
        return *who, cell(""), cell(one.refused["detail"]), cell("–"), cell("–")
    return *who, *_amounts(one), number(_share(one), _share(one))


def _total(one: VersionTotal) -> tuple[Cell, ...]:
    return number(quantity(one.contracts), str(one.contracts)), *_amounts(one), _signed(one.lost)


def _amounts(one: VersionImpact | VersionTotal) -> tuple[Cell, ...]:
    plain = (number(money(told.money()), told.amount) for told in (one.before, one.after))
    return *plain, _signed(one.difference)


def _signed(answer: MoneyAnswer) -> Cell:
    amount: Money = answer.money()
    return number(("+" if amount.amount_minor > 0 else "") + money(amount), answer.amount)


def _share(one: VersionImpact) -> str:
    whole = one.before.money().amount_minor
    return percent(Decimal(one.difference.money().amount_minor) / whole, 1) if whole else "–"
