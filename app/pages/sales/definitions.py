"""Limits, time-outs and other definitions, as a reader sees them (pure)."""

from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.charts import Chart, Mark, series
from app.pages.formats import day, instant, percent, quantity
from app.pages.sales.comparisons import Shown, amount_text, figure_cell
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number, status
from app.pages.words import exclusion_reason, meter_name
from billing.answers.results import DefinitionResult, LimitCost, SeatsResult, TimeoutResult

__all__ = ("definition_view", "seats_view", "timeout_view")


def seats_view(result: SeatsResult, _query: TableQuery) -> Shown:
    """Return what each limit would have done."""
    if result.suggested is None:
        return _("Nobody opened a session in these days."), (), ()
    best = next(one for one in result.limits if one.limit == result.suggested)
    verdict = _(
        "%(limit)s licences are enough for %(target)s %% true denials: %(amount)s."
        " At most %(peak)s were in use at once."
    ) % {
        "limit": quantity(best.limit), "target": quantity(Decimal(result.target_percent)),
        "amount": amount_text(best.cost), "peak": quantity(result.peak),
    }  # fmt: skip
    x = tuple(str(one.limit) for one in result.limits)
    denials = Chart(
        title=_("True denials by limit, per cent"),
        kind="curve",
        x=x,
        x_name=_("Licences"),
        series=(series(_("Replayed"), [Decimal(one.true_denied_percent) for one in result.limits], "area"),),
        marks=(Mark(_("Target"), result.target_percent),),
    )
    cost = Chart(
        title=_("Cost by limit"),
        kind="curve",
        x=x,
        x_name=_("Licences"),
        series=(series(_("Cost"), [Decimal(one.cost.amount) for one in result.limits], "step"),),
        currency=result.currency,
    )
    table = Table(
        id="limits",
        caption=_("Limits"),
        columns=(
            Column(_("Licences"), numeric=True),
            Column(_("Denied"), numeric=True),
            Column(_("True denials"), numeric=True),
            Column(_("People affected"), numeric=True),
            Column(_("Busiest hour, replayed"), numeric=True),
            Column(_("Busiest hour, Erlang-B"), numeric=True),
            Column(_("Busiest hour, Engset"), numeric=True),
            Column(_("Cost"), numeric=True),
        ),
        rows=tuple(
            (
                number(
                    quantity(one.limit), str(one.limit), sub=_("suggested") if one.limit == result.suggested else ""
                ),
                number(quantity(one.denied), str(one.denied), sub=_share(one.denied_percent)),
                number(quantity(one.true_denials), str(one.true_denials), sub=_share(one.true_denied_percent)),
                number(quantity(one.people_denied), str(one.people_denied)),
                _replayed(one),
                number(_share(one.erlang_b_percent), one.erlang_b_percent),
                number(_share(one.engset_percent), one.engset_percent),
                figure_cell(one.cost),
            )
            for one in result.limits
        ),
    )
    return verdict, (denials, *_hour(result, x), cost), (table,)


def _hour(result: SeatsResult, x: tuple[str, ...]) -> tuple[Chart, ...]:
    """Return what replay and formulas say of the same thing: the share of the busiest hour's requests denied."""
    at = result.busy_hour_starts_at
    if at is None:
        return ()  # an answer from before the hour was replayed
    words = {"hour": instant(at, ZoneInfo("UTC")), "erlang": quantity(Decimal(result.busy_hour_erlang))}
    return (
        Chart(
            title=_("Denied in the busiest hour (%(hour)s UTC, %(erlang)s erlang), per cent") % words,
            kind="curve",
            x=x,
            x_name=_("Licences"),
            series=(
                series(_("Replayed"), [Decimal(one.hour_denied_percent) for one in result.limits], "area"),
                series(_("Erlang-B"), [Decimal(one.erlang_b_percent) for one in result.limits]),
                series(_("Engset"), [Decimal(one.engset_percent) for one in result.limits]),
            ),
        ),
    )


def _replayed(one: LimitCost) -> Cell:
    if not one.hour_denied_percent:
        return cell("–")
    words = {"denied": quantity(one.hour_denied), "requests": quantity(one.hour_requests)}
    told = _("%(denied)s of %(requests)s") % words
    return number(_share(one.hour_denied_percent), one.hour_denied_percent, sub=told)


def _share(text: str) -> str:
    return percent(Decimal(text) / 100, 2)


def timeout_view(result: TimeoutResult, _query: TableQuery) -> Shown:
    """Return the cost of each idle time-out."""
    minutes = tuple(quantity(Fraction(one.timeout_s, 60)) for one in result.costs)
    chart = Chart(
        title=_("Cost by idle time-out"),
        kind="curve",
        x=tuple(f"{Decimal(one.timeout_s) / 60:f}" for one in result.costs),
        x_name=_("Minutes"),
        series=(series(_("Net"), [Decimal(one.cost.amount) for one in result.costs], "area"),),
        currency=result.currency,
    )
    table = Table(
        id="timeouts",
        caption=_("Time-outs"),
        columns=(Column(_("Minutes"), numeric=True), Column(_("Concurrent users")), Column(_("Net"), numeric=True)),
        rows=tuple(
            (
                number(minute, str(one.timeout_s), sub=_("as agreed") if one.timeout_s == result.current_s else ""),
                cell(
                    ", ".join(f"{meter_name(meter)}: {quantity(Decimal(level))}" for meter, level in one.quantities)
                    or "–"
                ),
                figure_cell(one.cost),
            )
            for minute, one in zip(minutes, result.costs, strict=True)
        ),
    )
    words = {
        "low": amount_text(result.costs[0].cost),
        "first": minutes[0],
        "high": amount_text(result.costs[-1].cost),
        "last": minutes[-1],
    }
    return _("With %(first)s minutes %(low)s, with %(last)s minutes %(high)s.") % words, (chart,), (table,)


def definition_view(result: DefinitionResult, query: TableQuery) -> Shown:
    """Return the bill's change and who flips."""
    verdict = _(
        "From %(before)s to %(after)s, a change of %(difference)s."
        " %(gained)s times somebody counts newly, %(lost)s times no longer."
    )
    words = {
        "before": amount_text(result.before), "after": amount_text(result.after),
        "difference": amount_text(result.difference), "gained": quantity(result.flips_in),
        "lost": quantity(result.flips_out),
    }  # fmt: skip
    lines = Table(
        id="differences",
        caption=_("Charges, before and after"),
        columns=(
            Column(_("Charge")),
            Column(_("Quantity"), numeric=True),
            Column(_("Before"), numeric=True),
            Column(_("After"), numeric=True),
            Column(_("Difference"), numeric=True),
        ),
        rows=tuple(
            (
                cell(one.description),
                number(
                    f"{quantity(Decimal(one.quantity_before))} → {quantity(Decimal(one.quantity_after))}",
                    one.quantity_after,
                ),
                figure_cell(one.before),
                figure_cell(one.after),
                figure_cell(one.difference),
            )
            for one in result.lines
        ),
    )
    shown, pager = query.page(result.flips)
    every, told = result.flips_in + result.flips_out, _("Who flips")
    if every > len(result.flips):
        told = _("Who flips: the first %(shown)s of %(all)s; ask about fewer days to see the others") % {
            "shown": quantity(len(result.flips)), "all": quantity(every),
        }  # fmt: skip
    flips = Table(
        id="flips",
        caption=told,
        columns=(Column(_("Who")), Column(_("Meter")), Column(_("Bill of")), Column(_("Now")), Column(_("Why"))),
        rows=tuple(
            (
                cell(one.person),
                cell(meter_name(one.meter)),
                cell(day(one.month), css="nowrap"),
                status(_("counts"), "good") if one.counts else status(_("no longer"), "warn"),
                cell(exclusion_reason(one.reason)),
            )
            for one in shown
        ),
        pager=pager,
        empty_title=_("Nobody flips"),
        empty_text=_("The same people count under both definitions."),
    )
    return verdict % words, (), (lines, flips)
