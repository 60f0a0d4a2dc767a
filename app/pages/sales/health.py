"""How a customer is doing, by signals that each say what they rest on; and what the next bill may come to (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from app.i18n import gettext as _
from app.i18n import ngettext
from app.pages.charts import Chart, series
from app.pages.formats import day, minor, money, percent, quantity, short_month
from billing.views import InvoiceSummary
from core.money import Money, round_half_away
from core.periods import add_months, local_date
from plans.rating import RatedCharge
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("Forecast", "HealthInput", "Signal", "bills_chart", "forecast", "signals")

SOON_DAYS = 180
MONTHS = 12
RECENT = 3
NOTABLE = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing worth knowing: `tone` is good, warn or bad."""

    text: str
    tone: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class HealthInput:
    """What the signals rest on."""

    tenant: TenantView
    held: Sequence[SubscriptionView]
    bills: Sequence[InvoiceSummary]
    newest: Mapping[str, int]
    """The newest version of each plan that is sold."""
    open_quotes: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the running period comes to so far, and what the bills before it came to on average."""

    so_far: str
    expected: str
    told: str


def signals(given: HealthInput) -> tuple[Signal, ...]:
    """Return what is worth knowing, what is worst first."""
    found = [*_overdue(given), *_ends(given), *_trend(given), *_versions(given), *_quotes(given)]
    if not found:
        found.append(Signal(_("Nothing stands out."), "good"))
    order = {"bad": 0, "warn": 1, "good": 2, "": 3}
    return tuple(sorted(found, key=lambda one: order[one.tone]))


def _overdue(given: HealthInput) -> list[Signal]:
    today = local_date(given.now, given.tenant.tz)
    late = [one for one in given.bills if one.status == "finalised" and one.kind == "invoice" and _due(one) < today]
    if not late:
        return []
    since = day(min(_due(one) for one in late))
    text = ngettext("A bill is overdue since %(since)s.", "%(count)s bills are overdue, the oldest since %(since)s.",
                    len(late)) % {"count": quantity(len(late)), "since": since}  # fmt: skip
    return [Signal(text, "bad", f"/admin/{given.tenant.slug}/bills")]


def _due(one: InvoiceSummary) -> date:
    return one.due_on or date.max


def _ends(given: HealthInput) -> list[Signal]:
    soon = given.now + timedelta(days=SOON_DAYS)
    return [
        Signal(
            _("%(plan)s is over on %(day)s.")
            % {"plan": one.plan_name, "day": day(local_date(one.ends_at, given.tenant.tz))},
            "warn",
        )
        for one in given.held
        if one.ends_at is not None and given.now < one.ends_at <= soon
    ]


def _trend(given: HealthInput) -> list[Signal]:
    """Compare the last three bills with the three before them."""
    recent = _monthly(given.bills)[-2 * RECENT :]
    if len(recent) < 2 * RECENT:
        return []
    before = sum(one.net.amount_minor for one in recent[:RECENT])
    after = sum(one.net.amount_minor for one in recent[RECENT:])
    if before <= 0:
        return []
    change = Fraction(after - before, before)
    if abs(change) < NOTABLE:
        return []
    words = {"share": percent(abs(change))}
    if change > 0:
        return [Signal(_("The last three bills are %(share)s above the three before them.") % words, "good")]
    return [Signal(_("The last three bills are %(share)s below the three before them.") % words, "warn")]


def _versions(given: HealthInput) -> list[Signal]:
    return [
        Signal(
            _("Holds version %(held)s of %(plan)s; the newest is %(newest)s.")
            % {"held": one.version_number, "plan": one.plan_name, "newest": given.newest[one.plan_key]},
            "",
            f"/sales/catalogue/{one.plan_key}/moves",
        )
        for one in given.held
        if one.status != "ended" and one.version_number < given.newest.get(one.plan_key, 0)
    ]


def _quotes(given: HealthInput) -> list[Signal]:
    if not given.open_quotes:
        return []
    words = {"count": quantity(given.open_quotes)}
    href = f"/sales/customers/{given.tenant.slug}/quotes"
    return [Signal(_("%(count)s quotes wait for an answer.") % words, "", href)]


def _monthly(bills: Sequence[InvoiceSummary]) -> list[InvoiceSummary]:
    """Return the issued invoices, oldest first."""
    issued = [one for one in bills if one.number and one.kind == "invoice" and one.status != "void"]
    return sorted(issued, key=lambda one: (one.closes_on, one.created_at))


def bills_chart(bills: Sequence[InvoiceSummary]) -> Chart | None:
    """Return the last twelve bills before tax; None where there is none."""
    shown = _monthly(bills)[-MONTHS:]
    if not shown:
        return None
    return Chart(
        title=_("Bills before tax"),
        # A bill closes on the first day after what it bills.
        x=tuple(short_month(add_months(one.closes_on, -1)) for one in shown),
        x_name=_("Month"),
        series=(series(_("Net"), [one.net.decimal() for one in shown], "bar"),),
        currency=shown[-1].currency,
    )


def forecast(running: Sequence[RatedCharge], currency: str, bills: Sequence[InvoiceSummary]) -> Forecast:
    """Return what the running period bills if nothing more happens, beside the mean of the last three bills."""
    so_far = sum(line.rated.amount.amount_minor for line in running)
    recent = [one for one in _monthly(bills)[-RECENT:] if one.currency == currency]
    if not recent:
        return Forecast(minor(so_far, currency), "–", _("There is no bill yet to go by."))
    mean = round_half_away(Fraction(sum(one.net.amount_minor for one in recent), len(recent)))
    words = {"count": quantity(len(recent))}
    return Forecast(
        minor(so_far, currency), money(Money(mean, currency)), _("the mean of the last %(count)s bills") % words
    )
