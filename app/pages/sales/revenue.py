"""Recurring revenue as a reader sees it: the waterfall, the tiers, who moved, what is at risk (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from app.i18n import gettext as _
from app.pages.charts import Chart, Series, exact, series
from app.pages.formats import day, money, month, percent, quantity, quantity_text, short_month
from app.pages.sales.quote_preview import Stat
from app.pages.tables import Cell, Chip, Column, Table, TableQuery, cell, number, status
from billing.revenue.movements import Kind, Movement, Report, Tier
from billing.revenue.reads import Revenue
from billing.revenue.risks import Reason, Risk
from core.money import Money
from tenants.reads import TenantView

__all__ = ("RevenueView", "chosen", "moves_table", "revenue_view", "risks_table")

IN_BASE = ""
GAINS, LOSSES = (Kind.NEW, Kind.EXPANSION, Kind.REACTIVATION), (Kind.CONTRACTION, Kind.CHURN)


@dataclass(frozen=True, slots=True)
class RevenueView:
    """What the page shows in the chosen currency."""

    stats: tuple[Stat, ...]
    told: str
    rates: tuple[str, ...]
    unbilled: str
    chips: tuple[Chip, ...]
    waterfall: Chart
    months: Table
    mix: Chart
    tiers: Table


def chosen(found: Revenue, query: TableQuery) -> Report:
    """Return the report of the currency that the address names; all in one by default."""
    wished = query.get("currency")
    return next((one for one in found.currencies if one.currency == wished), found.base.report)


def revenue_view(found: Revenue, names: Mapping[str, str], query: TableQuery) -> RevenueView:
    """Return the page's parts; `names` are those of plans by key."""
    shown = chosen(found, query)
    last = shown.months[-1]
    words = {"first": month(found.first), "last": month(found.last)}
    return RevenueView(
        stats=(
            Stat(_("MRR in %(month)s") % {"month": month(last.month)}, money(last.closing), _change(shown)),
            Stat(_("ARR, twelve times that"), money(last.yearly)),
            Stat(_("Net revenue retention"), _share(shown.net_retention), _since(shown)),
            Stat(_("Gross revenue retention"), _share(shown.gross_retention), _("without what grew")),
        ),
        told=_("%(first)s to %(last)s, by what is billed for service in each month, before tax.") % words,
        rates=tuple(_rates(found)) if shown is found.base.report else (),
        unbilled=_unbilled(found),
        chips=_chips(found, shown, query),
        waterfall=_waterfall(shown),
        months=_months(shown, query),
        mix=_mix(shown, names),
        tiers=_tiers(shown, names),
    )


def kind_name(kind: Kind) -> str:
    """Return what a movement is called."""
    names = {
        Kind.NEW: _("New"),
        Kind.EXPANSION: _("Expansion"),
        Kind.REACTIVATION: _("Reactivation"),
        Kind.CONTRACTION: _("Contraction"),
        Kind.CHURN: _("Churn"),
    }
    return names[kind]


def _change(shown: Report) -> str:
    last = shown.months[-1]
    much = last.closing - last.opening
    return _("%(amount)s to the month before") % {"amount": _signed(much)}


def _signed(amount: Money) -> str:
    return ("+" if amount.amount_minor > 0 else "") + money(amount)


def _since(shown: Report) -> str:
    if shown.retained_since is None:
        return _("nothing was there before")
    return _("of the customers of %(month)s") % {"month": month(shown.retained_since)}


def _share(value: Fraction | None) -> str:
    return "–" if value is None else percent(value)


def _rates(found: Revenue) -> list[str]:
    texts = []
    for used in found.base.rates:
        words = {"code": used.currency, "base": found.base.report.currency, "source": used.source}
        if used.rate is None or used.valid_from is None:
            texts.append(_("There is no rate from %(code)s to %(base)s: it is left out here.") % words)
        else:
            more = {"rate": quantity(used.rate, 6), "day": day(used.valid_from)}
            told = _("1 %(code)s = %(rate)s %(base)s in all months (%(source)s, %(day)s).")
            texts.append(told % {**words, **more})
    return texts


def _unbilled(found: Revenue) -> str:
    if not found.unbilled:
        return ""
    told = ", ".join(f"{month(one)} ({quantity(count)})" for one, count in sorted(found.unbilled.items()))
    return _("Not billed to the end yet, contracts by month: %(months)s.") % {"months": told}


def _chips(found: Revenue, shown: Report, query: TableQuery) -> tuple[Chip, ...]:
    base = found.base.report
    chips = [Chip(_("All in %(code)s") % {"code": base.currency}, query.href(currency=None), shown is base)]
    chips += [
        Chip(_("Only %(code)s") % {"code": one.currency}, query.href(currency=one.currency), shown is one)
        for one in found.currencies
    ]
    return tuple(chips)


def _waterfall(shown: Report) -> Chart:
    bars = tuple(
        Series(kind_name(kind), tuple(exact(line.moved[kind].decimal()) for line in shown.months), "bar", "moved")
        for kind in (*GAINS, *LOSSES)
    )
    return Chart(
        title=_("What moved the MRR"),
        x=tuple(short_month(line.month) for line in shown.months),
        x_name=_("Month"),
        series=bars,
        currency=shown.currency,
    )


def _months(shown: Report, query: TableQuery) -> Table:
    kinds = (*GAINS, *LOSSES)
    sums = {kind: sum((line.moved[kind] for line in shown.months), Money(0, shown.currency)) for kind in kinds}
    first, last = shown.months[0], shown.months[-1]
    return Table(
        id="months",
        caption=_("MRR by month"),
        columns=(
            Column(_("Month")),
            Column(_("Opening"), numeric=True),
            *(Column(kind_name(kind), numeric=True) for kind in kinds),
            Column(_("Closing"), numeric=True),
            Column(_("ARR"), numeric=True),
            Column(_("Customers"), numeric=True),
            Column(_("One-time"), numeric=True),
        ),
        rows=tuple(
            (
                cell(month(line.month), query.href(month=f"{line.month:%Y-%m}") + "#moves", css="nowrap"),
                _amount(line.opening),
                *(_amount(line.moved[kind], dash=True) for kind in kinds),
                _amount(line.closing),
                _amount(line.yearly),
                number(quantity(line.customers), str(line.customers)),
                _amount(line.one_time, dash=True),
            )
            for line in shown.months
        ),
        footer=(
            cell(_("All months")),
            _amount(first.opening),
            *(_amount(sums[kind], dash=True) for kind in kinds),
            _amount(last.closing),
            cell(""),
            cell(""),
            _amount(sum((line.one_time for line in shown.months), Money(0, shown.currency)), dash=True),
        ),
        export=query.href(format="csv"),
    )


def _amount(amount: Money, *, dash: bool = False) -> Cell:
    text = "–" if dash and not amount.amount_minor else money(amount)
    return number(text, amount.text())


def _mix(shown: Report, names: Mapping[str, str]) -> Chart:
    return Chart(
        title=_("MRR by plan"),
        x=tuple(short_month(line.month) for line in shown.months),
        x_name=_("Month"),
        series=tuple(
            Series(
                names.get(tier.plan, tier.plan),
                tuple(exact(amount.decimal()) for amount in tier.by_month),
                "bar",
                "plans",
            )
            for tier in shown.tiers
        )
        or (series(_("MRR"), [0 for _line in shown.months], "bar"),),
        currency=shown.currency,
    )


def _tiers(shown: Report, names: Mapping[str, str]) -> Table:
    whole = shown.months[-1].closing.amount_minor
    return Table(
        id="tiers",
        caption=_("Plans"),
        columns=(
            Column(_("Plan")),
            Column(_("MRR"), numeric=True),
            Column(_("Share"), numeric=True),
            Column(_("Customers"), numeric=True),
            *(Column(kind_name(kind), numeric=True) for kind in (*GAINS, *LOSSES)),
        ),
        rows=tuple(_tier(tier, whole, names) for tier in shown.tiers),
        empty_title=_("Nothing was billed"),
        empty_text=_("The first bills bring the first figures."),
    )


def _tier(tier: Tier, whole: int, names: Mapping[str, str]) -> tuple[Cell, ...]:
    closing = tier.by_month[-1]
    share = Fraction(closing.amount_minor, whole) if whole else Fraction(0)
    return (
        cell(names.get(tier.plan, tier.plan), f"/sales/catalogue/{tier.plan}" if tier.plan in names else None),
        _amount(closing),
        number(percent(share), quantity_text(share)),
        number(quantity(tier.customers), str(tier.customers)),
        *(_amount(tier.moved[kind], dash=True) for kind in (*GAINS, *LOSSES)),
    )


def moves_table(
    moves: Sequence[Movement], tenants: Mapping[UUID, TenantView], names: Mapping[str, str], of: date, query: TableQuery
) -> Table:
    """Return who moved into a month, the largest step first."""
    found = sorted((move for move in moves if move.month == of), key=lambda move: -abs(move.amount.amount_minor))
    shown, pager = query.page(found)
    return Table(
        id="moves",
        caption=_("Who moved in %(month)s") % {"month": month(of)},
        columns=(
            Column(_("Customer")),
            Column(_("Movement")),
            Column(_("Plan")),
            Column(_("Before"), numeric=True),
            Column(_("After"), numeric=True),
            Column(_("Difference"), numeric=True),
        ),
        rows=tuple(
            (
                _customer(move.customer, tenants),
                status(kind_name(move.kind), "good" if move.kind in GAINS else "warn"),
                cell(names.get(move.plan, move.plan)),
                _amount(move.before),
                _amount(move.after),
                number(_signed(move.amount), move.amount.text()),
            )
            for move in shown
        ),
        pager=pager,
        empty_title=_("Nobody moved"),
        empty_text=_("Every customer brought what they brought in the month before."),
    )


def risks_table(
    found: Sequence[Risk], tenants: Mapping[UUID, TenantView], names: Mapping[str, str], query: TableQuery
) -> Table:
    """Return what is at risk, the largest first."""
    shown, pager = query.page(found)
    return Table(
        id="risks",
        caption=_("At risk"),
        columns=(Column(_("Customer")), Column(_("Plan")), Column(_("Why")), Column(_("MRR"), numeric=True)),
        rows=tuple(
            (
                _customer(risk.customer, tenants),
                cell(names.get(risk.plan, risk.plan), f"/sales/catalogue/{risk.plan}"),
                cell(_why(risk)),
                _amount(risk.amount),
            )
            for risk in shown
        ),
        pager=pager,
        empty_title=_("Nothing is at risk"),
        empty_text=_("No contract ends soon, and every customer holds the newest version of their plan."),
    )


def _why(risk: Risk) -> str:
    if risk.reason is Reason.ENDS and risk.on is not None:
        return _("The contract is over on %(day)s.") % {"day": day(risk.on)}
    words = {"held": risk.version, "newest": risk.newest}
    return _("Holds version %(held)s; the newest is %(newest)s.") % words


def _customer(customer: UUID, tenants: Mapping[UUID, TenantView]) -> Cell:
    tenant = tenants.get(customer)
    return cell(tenant.name, f"/sales/customers/{tenant.slug}") if tenant else cell(str(customer))
