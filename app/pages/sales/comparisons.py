"""Plans side by side and licence models, as a reader sees them (pure)."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from app.i18n import gettext as _
from app.pages.charts import Chart, series
from app.pages.formats import day, money, percent, quantity
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number
from app.pages.words import meter_name
from billing.answers.results import ModelCost, ModelsResult, PlanResult, SimulationResult
from billing.schemas.amounts import MoneyAnswer
from core.money import to_money

__all__ = (
    "Shown",
    "amount_text",
    "assumed_text",
    "cost_cell",
    "figure_cell",
    "left_cell",
    "model_name",
    "models_view",
    "simulation_view",
)

Shown: TypeAlias = tuple[str, tuple[Chart, ...], tuple[Table, ...]]
"""A sentence, drawings, tables."""


def simulation_view(result: SimulationResult, query: TableQuery) -> Shown:
    """Return plans side by side, and the invoices of one of them."""
    # Of several customers the one whose page it is comes first, until another one is chosen.
    here = query.get("customer") or query.path.removeprefix("/sales/customers/").split("/")[0]
    tenant = next((one for one in result.tenants if one.tenant == here), result.tenants[0])
    several = (_customers_table(result, tenant.tenant, query),) if len(result.tenants) > 1 else ()
    # What ends before the days do is no cheaper than what covers them all, nor is what lacks a part.
    had = sorted(
        (one for one in tenant.plans if one.refused is None),
        key=lambda one: (not _is_whole(one), one.ends_on is not None, Decimal(one.net.amount)),
    )
    refused = [one for one in tenant.plans if one.refused is not None]
    if not had:
        return _("None of these plans can be had."), (), (*several, _plans_table([*had, *refused], query))
    wished = query.get("plan", had[0].label)
    shown = next((one for one in had if one.label == wished), had[0])
    bars = Chart(
        title=_("Net under each plan"),
        x=tuple(one.label for one in had),
        x_name=_("Plan"),
        series=(series(_("Net"), [Decimal(one.net.amount) for one in had], "bar"),),
        currency=had[0].currency,
    )
    verdict = _simulation_verdict(had)
    billed = [(invoice, line) for invoice in shown.invoices for line in invoice.lines]
    page, pager = query.page(billed)
    lines = Table(
        id="lines",
        caption=_("Invoices under %(plan)s") % {"plan": _called(shown)},
        columns=(
            Column(_("Bill of")),
            Column(_("Line")),
            Column(_("Days")),
            Column(_("Quantity"), numeric=True),
            Column(_("Amount"), numeric=True),
        ),
        rows=tuple(
            (
                cell(day(invoice.closes_on), css="nowrap"),
                cell(line.description),
                cell(f"{day(line.first_day)} – {day(line.last_day)}", css="nowrap"),
                cell(_("nothing counted"))
                if line.meter in shown.uncounted
                else number(
                    quantity(Fraction(line.quantity)),
                    line.quantity,
                    sub=assumed_text(line.assumed) if line.assumed else "",
                ),
                figure_cell(line.amount),
            )
            for invoice, line in page
        ),
        pager=pager,
        empty_title=_("No bill"),
        empty_text=_("This plan has no charge in these days."),
    )
    return verdict, (bars,), (*several, _plans_table([*had, *refused], query), lines)


def _customers_table(result: SimulationResult, shown: str, query: TableQuery) -> Table:
    """Return the customers that were asked about, each with the plan that is known to be its cheapest."""
    rows = []
    for one in result.tenants:
        whole = [plan for plan in one.plans if plan.refused is None and _is_whole(plan) and plan.ends_on is None]
        best = min(whole, key=lambda plan: Decimal(plan.net.amount), default=None)
        name = cell(
            one.name,
            query.href(customer=one.tenant, plan=None, after=None),
            _("shown below") if one.tenant == shown else "",
        )
        rows.append(
            (name, cell(_called(best), sub=_under(best)), figure_cell(best.net))
            if best
            else (name, cell(_("not known")), cell("–"))
        )
    return Table(
        id="customers",
        caption=_("Customers"),
        columns=(Column(_("Customer")), Column(_("Cheapest")), Column(_("Net"), numeric=True)),
        rows=tuple(rows),
    )


def _simulation_verdict(had: list[PlanResult]) -> str:
    """Return which of the plans that are known as a whole is the cheapest, and what the others lack."""
    whole = [one for one in had if _is_whole(one)]
    if whole:
        words = {"plan": _called(whole[0]), "amount": amount_text(whole[0].net)}
        told = [_("%(plan)s would have been the cheapest: %(amount)s before tax.") % words]
        told += [f"{meter_name(meter)} {assumed_text(how)}." for meter, how in whole[0].assumed]
    else:
        told = [_("Which one would have been the cheapest is not known.")]
    lacking = {meter: meter_name(meter) for one in had for meter in one.uncounted}
    if lacking:
        plans = ", ".join(_called(one) for one in had if one.uncounted)
        told.append(
            _(
                "Nothing was counted in these days for %(meters)s: %(plans)s lack that part and are left out."
                " Bring these facts in, or assume a number of seats, and ask again."
            )
            % {"meters": ", ".join(lacking.values()), "plans": plans}
        )
    unsaid = ", ".join(_called(one) for one in had if one.quantity_unsaid)
    if unsaid:
        text = _("The price of %(plans)s goes by how many are bought: say how many and ask again; one was billed.")
        told.append(text % {"plans": unsaid})
    return " ".join(told)


def _is_whole(one: PlanResult) -> bool:
    """Tell whether a plan's figure has all that the customer would be billed."""
    return not one.uncounted and not one.quantity_unsaid


def assumed_text(how: str) -> str:
    """Return as what seats are assumed, in words."""
    names = {
        "registered": _("assumed: as many as registered members"),
        "peak_active": _("assumed: as many as were active at most"),
    }
    return names.get(how) or _("assumed: %(number)s") % {"number": quantity(int(how))}


def _called(one: PlanResult) -> str:
    return one.name if one.quote is None else _("Quote %(quote)s") % {"quote": one.label}


def _under(one: PlanResult) -> str:
    """Return what stands under a name: which version or quote, and its end where that comes early."""
    label = one.label if one.quote is None else _called(one)
    return label if one.ends_on is None else _("%(label)s, until %(day)s") % {"label": label, "day": day(one.ends_on)}


def cost_cell(cost: MoneyAnswer | None) -> Cell:
    """Return what something costs the vendor, as far as that is known."""
    return cell("–") if cost is None else figure_cell(cost)


def left_cell(margin_percent: str | None) -> Cell:
    """Return what is left after costs, as far as that is known."""
    return cell("–") if margin_percent is None else number(percent(Decimal(margin_percent) / 100, 2), margin_percent)


def _plans_table(plans: list[PlanResult], query: TableQuery) -> Table:
    costed = any(one.cost is not None for one in plans)
    return Table(
        id="plans",
        caption=_("Plans"),
        columns=(
            Column(_("Plan")),
            Column(_("Bills"), numeric=True),
            Column(_("Net"), numeric=True),
            *((Column(_("Costs"), numeric=True), Column(_("Left after costs"), numeric=True)) if costed else ()),
        ),
        rows=tuple(
            (
                cell(one.name, None if one.refused else query.href(plan=one.label) + "#lines", _under(one)),
                cell(one.refused["detail"])
                if one.refused
                else number(quantity(len(one.invoices)), str(len(one.invoices))),
                cell("–") if one.refused else figure_cell(one.net, sub=_lacks(one)),
                *((cost_cell(one.cost), left_cell(one.margin_percent)) if costed else ()),
            )
            for one in plans
        ),
    )


def _lacks(one: PlanResult) -> str:
    assumed = [f"{meter_name(meter)} {assumed_text(how)}" for meter, how in one.assumed if meter not in one.uncounted]
    if one.quantity_unsaid:
        assumed.append(_("one is bought: how many was not said"))
    if one.uncounted:
        words = {"meters": ", ".join(map(meter_name, one.uncounted))}
        assumed.append(_("without %(meters)s: nothing counted") % words)
    return "; ".join(assumed)


def model_name(model: str) -> str:
    """Return what a licence model is called."""
    names = {
        "registered": _("Registered members"),
        "named": _("Named seats"),
        "concurrent_p95": _("Concurrent, 95th percentile"),
        "concurrent_peak": _("Concurrent, peak"),
        "active": _("Active members"),
        "contributors": _("Contributors"),
        "transactions": _("Course transactions"),
    }
    return names.get(model, model)


def models_view(result: ModelsResult, _query: TableQuery) -> Shown:
    """Return what each licence model would have cost."""
    used = [one for one in result.models if one.counted]
    if not used:
        told = _("Nothing was counted that a licence model with a price in %(currency)s goes by.")
        return told % {"currency": result.currency}, (), ()
    called = {one.model: _model(one) for one in result.models}
    names = tuple(called[one.model] for one in used)
    bars = Chart(
        title=_("Cost by licence model"),
        x=names,
        x_name=_("Model"),
        series=(
            series(_("Every month as the cheapest"), [Decimal(one.low.amount) for one in used], "bar"),
            series(_("As used"), [Decimal(one.cost.amount) for one in used], "bar"),
            series(_("Every month as the dearest"), [Decimal(one.high.amount) for one in used], "bar"),
        ),
        currency=result.currency,
    )
    curves = Chart(
        title=_("Cost if everybody used more or less"),
        kind="curve",
        x=tuple(factor for factor, _cost in used[0].curve),
        x_name=_("Times the usage"),
        series=tuple(series(called[one.model], [Decimal(cost.amount) for _factor, cost in one.curve]) for one in used),
        currency=result.currency,
    )
    verdict = _("%(model)s cost least: %(amount)s. Each department on its own cheapest model: %(mix)s.") % {
        "model": names[0], "amount": amount_text(used[0].cost), "mix": amount_text(result.mix_cost),
    }  # fmt: skip
    lacking = [model_name(one.model) for one in result.models if not one.counted]
    if lacking:
        told = _(
            "Nothing was counted in these days for %(models)s: bring these facts in, or assume a number of seats,"
            " and ask again."
        )
        verdict = f"{verdict} {told % {'models': ', '.join(lacking)}}"
    return verdict, (bars, curves), (_models_table(result), _even_table(result, called), _mix_table(result, called))


def _model(one: ModelCost) -> str:
    """Return what a model is called, and as what its use is assumed."""
    name = model_name(one.model)
    return f"{name} ({assumed_text(one.assumed)})" if one.counted and one.assumed else name


def _models_table(result: ModelsResult) -> Table:
    return Table(
        id="models",
        caption=_("Licence models"),
        columns=(
            Column(_("Model")),
            Column(_("As used"), numeric=True),
            Column(_("Cheapest month"), numeric=True),
            Column(_("Dearest month"), numeric=True),
            Column(
                _("With %(percent)s %% more use") % {"percent": quantity(Decimal(result.growth_percent))}, numeric=True
            ),
        ),
        rows=tuple(
            (
                cell(_model(one), sub=_("price of %(plan)s") % {"plan": one.plan} if one.plan else one.charge),
                *(
                    (figure_cell(one.cost), figure_cell(one.low), figure_cell(one.high), figure_cell(one.grown))
                    if one.counted
                    else (cell(_("nothing counted")), cell("–"), cell("–"), cell("–"))
                ),
            )
            for one in result.models
        ),
    )


def _even_table(result: ModelsResult, called: Mapping[str, str]) -> Table:
    def told(factor: str | None) -> str:
        return (
            _("not up to ten times")
            if factor is None
            else _("%(factor)s times") % {"factor": quantity(Decimal(factor))}
        )

    return Table(
        id="even",
        caption=_("Where models break even"),
        columns=(Column(_("This model")), Column(_("costs as much as")), Column(_("once its use is"), numeric=True)),
        rows=tuple(
            (cell(called[one.model]), cell(called[one.other]), number(told(one.factor), one.factor or ""))
            for one in result.break_even
        ),
        empty_title=_("Only one model"),
        empty_text=_("There is nothing to break even with."),
    )


def _mix_table(result: ModelsResult, called: Mapping[str, str]) -> Table:
    return Table(
        id="mix",
        caption=_("Cheapest model of each department"),
        columns=(Column(_("Cost centre")), Column(_("Model")), Column(_("Cost"), numeric=True)),
        rows=tuple(
            (cell(code or _("unassigned")), cell(called[model]), figure_cell(cost)) for code, model, cost in result.mix
        ),
        empty_title=_("Nothing was counted"),
        empty_text=_("Nobody used anything in these days."),
    )


def figure_cell(amount: MoneyAnswer, href: str | None = None, sub: str = "") -> Cell:
    """Return an amount: written for reading, exported exactly."""
    return number(amount_text(amount), amount.amount, href, sub)


def amount_text(amount: MoneyAnswer) -> str:
    """Return an amount as a reader sees it."""
    return money(to_money(Decimal(amount.amount), amount.currency))
