"""What an offer comes to, beside its form: its first year, what it gives away, what it replaces (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.charts import Chart, series
from app.pages.formats import day, money, percent, quantity, short_month
from app.pages.sales.comparisons import assumed_text
from app.pages.tables import Column, Table, TableQuery, cell, number
from app.pages.words import line_kind_name, unit_name
from billing.answers.results import SimulatedInvoice, SimulatedLine
from billing.answers.uncounted import uncounted
from billing.quotes.actions.price_quote import PricedQuote
from billing.quotes.actions.reckon_ending import Ending
from billing.quotes.first_year import by_charge
from billing.quotes.floors import below_floor, below_margin
from billing.quotes.reads import LimitView
from core.money import Money, to_money

__all__ = ("Priced", "Stat", "first_year", "left_after_costs", "priced_view", "share", "simulated_text")


@dataclass(frozen=True, slots=True)
class Stat:
    """A figure with its name; what the macro `stat` shows."""

    name: str
    figure: str
    change: str = ""
    unit: str = ""
    href: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Priced:
    """What an offer comes to, beside its form."""

    stats: tuple[Stat, ...]
    verdict: str
    tone: str
    told: str
    chart: Chart
    lines: Table
    ending: Table | None
    """What the contract that is replaced still bills."""
    ending_told: str
    credits_left: tuple[str, ...]
    """What is then left of its credits, sentence by sentence."""


def priced_view(priced: PricedQuote, limit: LimitView, query: TableQuery) -> Priced:
    """Return what an offer comes to, against list price, the seller's limit and the floor."""
    chart, lines = first_year(priced.first_year, priced.net.currency, query)
    if below_floor(priced, limit):
        verdict, tone = _("Below the floor: this would be refused. Give less away."), "bad"
    elif below_margin(priced, limit):
        verdict, tone = _("Less is left after costs than the floor: this would be refused. Give less away."), "bad"
    elif priced.needs_approval:
        verdict, tone = _("Above what you may give away alone: somebody else has to approve it."), "warn"
    else:
        verdict, tone = _("Within what you may give away alone."), "good"
    return Priced(
        stats=(
            Stat(_("First year as quoted"), money(priced.net)),
            Stat(_("At list price"), money(priced.listed)),
            Stat(
                _("Whole term"),
                money(priced.term_net),
                _("%(amount)s at list price") % {"amount": money(priced.term_listed)},
            ),
            Stat(
                _("Given away"),
                share(priced.discount_percent),
                _("your limit %(limit)s") % {"limit": share(limit.discount_percent)},
            ),
            Stat(
                _("Left of list price"),
                share(100 - priced.discount_percent),
                _("floor %(floor)s") % {"floor": share(limit.floor_percent)},
            ),
            *left_after_costs(priced.margin_percent, priced.cost, limit.margin_floor_percent),
        ),
        verdict=verdict,
        tone=tone,
        told=simulated_text(priced.simulated_from, priced.simulated_until, priced.first_year),
        chart=chart,
        lines=lines,
        ending=_ending(priced.ending) if priced.ending else None,
        ending_told=_("%(plan)s ends as this begins. What it still bills, on the use known so far, line by line.")
        % {"plan": priced.ending.plan_name}
        if priced.ending
        else "",
        credits_left=tuple(
            _("%(amount)s of %(name)s are left then, and pay nothing any more: they came with that contract.")
            % {"amount": money(one.left), "name": one.name}
            for one in (priced.ending.credits if priced.ending else ())
        ),
    )


def left_after_costs(margin: Decimal | None, cost: Money | None, floor: Decimal | None = None) -> tuple[Stat, ...]:
    """Return what is left of the price; nothing where neither costs nor a floor after them are known."""
    if cost is None:
        text = _("floor %(floor)s; costs are not known in this currency") % {"floor": share(floor)} if floor else ""
        return (Stat(_("Left after costs"), "–", text),) if text else ()
    told = _("costs %(amount)s in the first year") % {"amount": money(cost)}
    if floor is not None:
        told = _("%(costs)s; floor %(floor)s") % {"costs": told, "floor": share(floor)}
    return (Stat(_("Left after costs"), "–" if margin is None else share(margin), told),)


def _ending(ending: Ending) -> Table:
    """Return the lines of the last documents of the contract that is replaced, in the order of their bills."""
    lines = [(document.closes_on, line) for document in ending.documents for line in document.lines]
    total = sum((Decimal(document.net.amount) for document in ending.documents), Decimal(0))
    currency = lines[0][1].amount.currency if lines else ""
    return Table(
        id="ending",
        caption=_("What the contract that it replaces still bills"),
        columns=(
            Column(_("Bill made on")),
            Column(_("Charge")),
            Column(_("Quantity"), numeric=True),
            Column(_("Net"), numeric=True),
        ),
        rows=tuple(
            (
                cell(day(closes_on), css="nowrap"),
                cell(
                    line.description, sub=f"{line_kind_name(line.kind)}, {day(line.first_day)} – {day(line.last_day)}"
                ),
                number(
                    f"{quantity(Decimal(line.quantity))} {unit_name(line.unit, Decimal(line.quantity))}", line.quantity
                ),
                number(money(to_money(Decimal(line.amount.amount), line.amount.currency)), line.amount.amount),
            )
            for closes_on, line in lines
        ),
        footer=(cell(_("Net")), cell(""), cell(""), number(money(to_money(total, currency)), f"{total:f}"))
        if lines
        else (),
        empty_title=_("Nothing any more"),
        empty_text=_("All of it is billed."),
    )


def _days(line: SimulatedLine) -> str:
    return _("%(first)s to %(last)s") % {"first": day(line.first_day), "last": day(line.last_day)}


def first_year(invoices: Sequence[SimulatedInvoice], currency: str, query: TableQuery) -> tuple[Chart, Table]:
    """Return the simulated bills as bars, and what each charge comes to in the year."""
    bars = Chart(
        title=_("Bills of the first year, before tax"),
        x=tuple(short_month(one.closes_on) for one in invoices),
        x_name=_("Bill made in"),
        series=(series(_("Net"), [Decimal(one.net.amount) for one in invoices], "bar"),),
        currency=currency,
    )
    rows, lacking = [], uncounted(invoices)
    for listed, bills in by_charge(invoices):
        amount = sum((to_money(Decimal(line.amount.amount), currency) for line in listed), Money(0, currency))
        mean = sum((Decimal(line.quantity) for line in listed), Decimal(0)) / bills
        rows.append(
            (
                cell(listed[0].description),
                cell(_("nothing counted"))
                if listed[0].meter in lacking
                else number(
                    f"{quantity(mean)} {unit_name(listed[0].unit, mean)}",
                    f"{mean:f}",
                    sub=assumed_text(listed[0].assumed) if listed[0].assumed else "",
                ),
                number(quantity(bills), str(bills)),
                number(money(amount), amount.text()),
            )
        )
    total = sum((to_money(Decimal(one.net.amount), currency) for one in invoices), Money(0, currency))
    shown, pager = query.page(rows)
    table = Table(
        id="first-year",
        caption=_("The first year by charge"),
        columns=(
            Column(_("Charge")),
            Column(_("On average a bill"), numeric=True),
            Column(_("Bills"), numeric=True),
            Column(_("Net"), numeric=True),
        ),
        rows=tuple(shown),
        footer=(cell(_("Net")), cell(""), cell(""), number(money(total), total.text())),
        pager=pager,
        empty_title=_("Nothing to bill"),
        empty_text=_("This contract has no charge in its first year."),
    )
    return bars, table


def simulated_text(first: date, until: date, invoices: Sequence[SimulatedInvoice]) -> str:
    """Return on which days' use a first year was simulated, and of what nothing was counted in them."""
    words = {"first": day(first), "last": day(date.fromordinal(until.toordinal() - 1))}
    told = _("What these terms would have billed on real use from %(first)s to %(last)s.") % words
    lacking = uncounted(invoices)
    assumed = {line.description: line.assumed for one in invoices for line in one.lines if line.assumed}
    told = " ".join([told, *(f"{name} {assumed_text(how)}." for name, how in assumed.items())])
    if lacking:
        missing = _(
            "Nothing was counted in these days for %(charges)s: the first year has nothing of it, and what is used"
            " of it will be billed. Bring these facts in, or assume a number of seats, and make the quote anew."
        )
        told = f"{told} {missing % {'charges': ', '.join(lacking.values())}}"
    return told


def share(value: Decimal) -> str:
    """Write per cent of list price."""
    return percent(value / 100, 2)
