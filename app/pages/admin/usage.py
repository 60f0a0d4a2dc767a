"""The pages of one kind of usage: members, seats, concurrency, courses (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.i18n import gettext as _
from app.pages.charts import Chart, series
from app.pages.formats import month as month_text
from app.pages.formats import percent, quantity, short_month
from app.pages.frame import Tab
from app.pages.tables import TableQuery
from app.pages.words import meter_meaning, meter_name, unit_name

__all__ = (
    "SECTIONS",
    "Section",
    "Stat",
    "change_text",
    "chosen_meter",
    "month_chart",
    "stat",
    "tabs",
)


DIGITS = 4
"""As many decimals as on a bill."""


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the rail and the meters it shows; the first is the default."""

    key: str
    meters: tuple[str, ...]

    @property
    def title(self) -> str:
        """The section's name."""
        names = {
            "members": _("Members"),
            "seats": _("Seats"),
            "concurrency": _("Concurrency"),
            "courses": _("Courses"),
        }
        return names[self.key]


SECTIONS = {
    section.key: section
    for section in (
        Section(
            "members",
            (
                "members.active",
                "members.registered.average",
                "members.registered.peak",
                "members.idle",
                "members.contributors",
                "contributions",
            ),
        ),
        Section("seats", ("seats.named.peak", "seats.named.prorated", "seats.named.end_of_period")),
        Section("concurrency", ("sessions.concurrent.p95", "sessions.concurrent.peak", "sessions.concurrent.average")),
        Section(
            "courses",
            (
                "courses.transactions.net",
                "courses.transactions.charged",
                "courses.transactions.refunded",
                "class.hours",
            ),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Stat:
    """A figure with its name, its unit, its change, and where it is proven."""

    name: str
    figure: str
    unit: str
    change: str
    href: str
    hint: str


def chosen_meter(section: Section, query: TableQuery) -> str:
    """Return the meter that the address names, or the section's first."""
    wished = query.get("meter")
    return wished if wished in section.meters else section.meters[0]


def tabs(section: Section, query: TableQuery, meter: str) -> tuple[Tab, ...]:
    """Return the section's meters as links."""
    return tuple(
        Tab(meter_name(name), query.href(meter=name, after=None, sort=None, show=None), name == meter)
        for name in section.meters
    )


def stat(meter: str, unit: str, now: Fraction, before: tuple[date, Fraction] | None, href: str) -> Stat:
    """Return a figure and how it changed."""
    return Stat(
        name=meter_name(meter),
        figure=quantity(now, DIGITS),
        unit=unit_name(unit),
        change=change_text(now, before),
        href=href,
        hint=meter_meaning(meter),
    )


def change_text(now: Fraction, before: tuple[date, Fraction] | None) -> str:
    """Return from where a figure came: `from 3,298 in September 2026 (+3.5%)`."""
    if before is None:
        return ""
    first, old = before
    words = {"old": quantity(old), "month": month_text(first)}
    if old == now:
        return _("unchanged from %(month)s") % words
    if old == 0:
        return _("from %(old)s in %(month)s") % words
    ratio = percent((now - old) / abs(old))
    words["change"] = ratio if ratio.startswith(("-", "−")) else f"+{ratio}"
    return _("from %(old)s in %(month)s (%(change)s)") % words


def month_chart(meter: str, months: Sequence[tuple[date, Fraction]], *, running: bool) -> Chart:
    """Return the months as bars; a running month says so."""
    labels = [short_month(first) for first, _figure in months]
    if running and labels:
        labels[-1] = _("%(month)s so far") % {"month": labels[-1]}
    return Chart(
        title=_("%(meter)s by month") % {"meter": meter_name(meter)},
        x=tuple(labels),
        x_name=_("Month"),
        series=(series(meter_name(meter), [figure for _first, figure in months], "bar"),),
    )
