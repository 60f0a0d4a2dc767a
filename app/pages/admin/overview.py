"""The customer's start page: four figures, this month's bill so far, the latest bill, alerts (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.i18n import gettext as _
from app.pages.admin.usage import Stat, stat
from app.pages.charts import Chart, series
from app.pages.formats import day, money, month, short_month
from app.pages.tables import Cell
from app.pages.words import meter_name, state_badge
from billing.views import InvoiceSummary
from core.money import Money
from plans.rating import RatedCharge
from plans.subscriptions import SubscriptionView

__all__ = ("FOUR", "BillCard", "OverviewInput", "OverviewView", "latest_bill", "overview_view")

FOUR = (
    ("members.active", "members", "person"),
    ("seats.named.peak", "seats", "seat"),
    ("sessions.concurrent.p95", "concurrency", "session"),
    ("courses.transactions.net", "courses", "transaction"),
)
"""The four metrics of the contract: meter, section, unit."""

ALERTS = 5
"""How many alerts the page shows; all of them have a page of their own."""

Months = Sequence[tuple[date, Fraction]]


@dataclass(frozen=True, slots=True)
class BillCard:
    """A bill, or what will be one, in a card."""

    title: str
    figure: str
    text: str
    href: str
    status: str = ""
    tone: str = ""
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OverviewInput:
    """What the start page is made from."""

    base: str
    period: str
    trends: Sequence[tuple[str, str, str, Months]]
    running: Sequence[tuple[SubscriptionView, Sequence[RatedCharge]]] | None
    """None: not reckoned yet; for large customers it takes a moment, and the page comes first."""
    today: date
    bills: Sequence[InvoiceSummary]
    no_bill: str
    """Why there is none, where there is none."""
    plan: str
    alerts: Sequence[tuple[Cell, Cell]] = ()


@dataclass(frozen=True, slots=True)
class OverviewView:
    """What the start page shows."""

    plan: str
    stats: tuple[Stat, ...]
    charts: tuple[Chart, ...]
    so_far: BillCard | None
    so_far_href: str
    """Where the running bill is reckoned; empty where it is, or where there is none."""
    latest: BillCard | None
    no_bill: str
    alerts: tuple[tuple[Cell, Cell], ...]
    """Name and state of the first few."""
    alerts_href: str


def overview_view(given: OverviewInput) -> OverviewView:
    """Return the page."""
    return OverviewView(
        plan=given.plan,
        stats=tuple(_stat(given, *one) for one in given.trends),
        charts=tuple(_chart(meter, months) for meter, _section, _unit, months in given.trends),
        so_far=_so_far(given),
        so_far_href=f"{given.base}?period={given.period}&so_far=1" if given.running is None and given.plan else "",
        latest=latest_bill(given.bills, given.base),
        no_bill=given.no_bill,
        alerts=tuple(given.alerts[:ALERTS]),
        alerts_href=f"{given.base}/alerts",
    )


def _stat(given: OverviewInput, meter: str, section: str, unit: str, months: Months) -> Stat:
    before = months[-2] if len(months) > 1 else None
    return stat(meter, unit, months[-1][1], before, f"{given.base}/{section}?meter={meter}&period={given.period}")


def _chart(meter: str, months: Months) -> Chart:
    return Chart(
        title=meter_name(meter),
        x=tuple(short_month(first) for first, _figure in months),
        x_name=_("Month"),
        series=(series(meter_name(meter), [figure for _first, figure in months], "area"),),
    )


def _so_far(given: OverviewInput) -> BillCard | None:
    """Return what the running period comes to if nothing more happens; None where it is not reckoned."""
    if given.running is None:
        return None
    if not given.running:
        text = _("Its billing period has not begun, or is opened within minutes.")
        return BillCard(_("This month so far"), "–", text, "")
    totals: dict[str, Money] = {}
    lines = []
    for _subscription, charges in given.running:
        for one in charges:
            amount = one.rated.amount
            totals[amount.currency] = totals.get(amount.currency, Money(0, amount.currency)) + amount
            lines.append((one.charge.name, money(amount)))
    return BillCard(
        title=_("%(month)s so far") % {"month": month(given.today)},
        figure=" + ".join(money(total) for total in totals.values()) or "–",
        text=_("Net, up to now, at this contract's prices."),
        href="",
        lines=tuple(lines),
    )


def latest_bill(bills: Sequence[InvoiceSummary], base: str) -> BillCard | None:
    """Return the newest document that is issued."""
    issued = [one for one in bills if one.number and one.issued_on]
    if not issued:
        return None
    newest = max(issued, key=lambda one: (one.issued_on or date.min, one.created_at))
    status, tone = state_badge(newest.status)
    due = _("due %(day)s") % {"day": day(newest.due_on)} if newest.due_on else ""
    return BillCard(
        title=_("Latest bill"),
        figure=money(newest.gross),
        text=" · ".join(part for part in (newest.number or "", due) if part),
        href=f"{base}/bills/{newest.id}",
        status=status,
        tone=tone,
    )


def plan_text(subscriptions: Sequence[SubscriptionView]) -> str:
    """Return what the customer holds, in one line."""
    parts = []
    for one in subscriptions:
        addons = ", ".join(holding.plan_name for holding in one.addon_holdings)
        parts.append(f"{one.plan_name} + {addons}" if addons else one.plan_name)
    return " · ".join(parts)
