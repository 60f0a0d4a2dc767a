"""Floating pools as their pages show them (pure)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.charts import Chart, series
from app.pages.formats import instant, quantity, time_of_day
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number, status
from core.periods import Period
from metering.leases import Stretch
from plans.licensing.floating import Mode, Reason
from plans.licensing.limits import Limit, highest_limit
from plans.licensing.reads import DenialLine, DenialView, Inside, PoolView

__all__ = (
    "SHOWN",
    "Floor",
    "denials_table",
    "fullness_chart",
    "hours_table",
    "inside_table",
    "mode_name",
    "pools_table",
    "reason_name",
    "reasons_table",
)

SHOWN = 100
"""Rows of a list; who is in first is told first."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A pool as it is at this moment, and what it denied in the last 24 hours."""

    view: PoolView
    inside: Inside
    denials: int
    true: int

    @property
    def in_use(self) -> int:
        """Seats that are taken, lingering ones included."""
        return self.inside.in_use

    @property
    def free(self) -> int | None:
        """How many more get in, those above the limit too; none while a lowered limit drains. None: no end."""
        rules = self.view.rules
        return None if rules.mode == "soft" else max(0, rules.capacity - self.in_use)

    @property
    def free_text(self) -> str:
        """How many more get in, as it is shown."""
        return _("no end") if self.free is None else quantity(self.free)

    @property
    def above(self) -> int:
        """How many of the free seats lie above the limit."""
        return 0 if self.free is None else min(self.free, self.view.rules.capacity - self.view.rules.seats)


def mode_name(mode: Mode) -> str:
    """Return what a pool does when it is full."""
    names = {
        "hard": _("Nobody above the limit"),
        "overdraft": _("A few above the limit"),
        "soft": _("Above the limit, and told"),
    }
    return names[mode]


def reason_name(reason: Reason) -> str:
    """Return why somebody was not let in."""
    names = {
        Reason.POOL_FULL: _("Every seat was in use"),
        Reason.RESERVED: _("The free seats were kept for other groups"),
        Reason.GROUP_LIMIT: _("The group had all that it may have"),
        Reason.BORROW_LIMIT: _("All seats that may be borrowed were"),
    }
    return names[reason]


def pools_table(floors: Sequence[Floor], base: str, way: tuple[str, str] = ("", "")) -> Table:
    """Return the pools with what is taken of each."""
    return Table(
        id="pools",
        caption=_("Floating pools"),
        columns=(
            Column(_("Pool")),
            Column(_("Limit"), numeric=True),
            Column(_("In use"), numeric=True),
            Column(_("Free"), numeric=True),
            Column(_("Denied in 24 hours"), numeric=True),
        ),
        rows=tuple(
            (
                cell(one.view.name or one.view.rules.key, href=f"{base}/{one.view.rules.key}", sub=_rule(one.view)),
                *(number(quantity(figure), str(figure)) for figure in (one.view.rules.seats, one.in_use)),
                number(one.free_text, "" if one.free is None else str(one.free), sub=_above(one)),
                number(quantity(one.denials), str(one.denials), sub=_true(one.true) if one.denials else ""),
            )
            for one in floors
        ),
        empty_title=_("No floating pools yet"),
        empty_text=_(
            "A floating pool lets so many people in at once, and says why when it does not. Make one below; your"
            " systems use it with a key of theirs. From then on its leases are what is counted and billed."
        ),
        empty_way=way,
    )


def inside_table(found: Inside, names: Mapping[int, str], tz: ZoneInfo, query: TableQuery) -> Table:
    """Return who is in, in order of letting in, then whose seat lingers; `names` has those of the page."""
    rows = [(one, one.ends_at, _standing(one)) for one in found.open]
    rows += [(one, one.ends_at + timedelta(seconds=one.lingers_s), (_("Lingers"), "")) for one in found.lingering]
    shown, pager = query.page(rows)
    return Table(
        id="inside",
        caption=_("Who is in"),
        columns=(
            Column(_("Person")),
            Column(_("Group")),
            Column(_("In since")),
            Column(_("Until")),
            Column(_("Status")),
        ),
        rows=tuple(
            (
                cell(names[one.identity_id], sub=one.device_id or ""),
                cell(one.group_key or "–"),
                cell(instant(one.starts_at, tz), css="nowrap"),
                cell(instant(until, tz), css="nowrap"),
                status(*words),
            )
            for one, until, words in shown
        ),
        pager=pager,
        empty_title=_("Nobody is in"),
        empty_text=_("Whoever checks a lease out appears here at once."),
    )


def reasons_table(lines: Sequence[DenialLine]) -> Table:
    """Return denials counted by reason, the most frequent first; the true ones apart."""
    every, true = Counter[Reason](), Counter[Reason]()
    for one in lines:
        every[one.reason] += one.denials
        true[one.reason] += one.true
    return Table(
        id="reasons",
        caption=_("Denials by reason"),
        columns=(
            Column(_("Reason")),
            Column(_("Denials"), numeric=True),
            Column(_("Of them true"), numeric=True),
        ),
        rows=tuple(
            (
                cell(reason_name(reason)),
                number(quantity(count), str(count)),
                number(quantity(true[reason]), str(true[reason])),
            )
            for reason, count in every.most_common()
        ),
        empty_title=_("Nobody was denied"),
        empty_text=_("In the last seven days everybody who asked was let in."),
    )


def hours_table(lines: Sequence[DenialLine], tz: ZoneInfo) -> Table:
    """Return denials counted by hour, group and reason, the newest hours first."""
    newest = sorted(lines, key=lambda one: one.hour, reverse=True)
    return Table(
        id="hours",
        caption=_("Denials by hour and group"),
        columns=(
            Column(_("Hour from")),
            Column(_("Group")),
            Column(_("Reason")),
            Column(_("Denials"), numeric=True),
            Column(_("Of them true"), numeric=True),
        ),
        rows=tuple(
            (
                cell(instant(one.hour, tz), css="nowrap"),
                cell(one.group or "–"),
                cell(reason_name(one.reason)),
                number(quantity(one.denials), str(one.denials)),
                number(quantity(one.true), str(one.true)),
            )
            for one in newest[:SHOWN]
        ),
        empty_title=_("Nobody was denied"),
        empty_text=_("In the last seven days everybody who asked was let in."),
    )


def denials_table(found: Sequence[DenialView], names: Mapping[int, str], tz: ZoneInfo) -> Table:
    """Return the newest denials."""
    return Table(
        id="denials",
        caption=_("Denials of the last seven days"),
        columns=(
            Column(_("Person")),
            Column(_("Group")),
            Column(_("Time")),
            Column(_("Reason")),
            Column(_("In use"), numeric=True),
            Column(_("Status")),
        ),
        rows=tuple(
            (
                cell(names[one.identity_id]),
                cell(one.group or "–"),
                cell(instant(one.at, tz), css="nowrap"),
                cell(reason_name(one.reason)),
                number(_("%(used)s of %(seats)s") % {"used": one.in_use, "seats": one.seats}, str(one.in_use)),
                _became(one),
            )
            for one in found
        ),
        empty_title=_("Nobody was denied"),
        empty_text=_("In the last seven days everybody who asked was let in."),
    )


def _became(one: DenialView) -> Cell:
    if one.open:
        return status(_("Not let in so far"), "warn")
    return status(_("True denial"), "bad") if one.true else status(_("Only had to wait"), "warn")


def fullness_chart(curve: Sequence[tuple[datetime, int]], limits: Mapping[str, Sequence[Limit]], tz: ZoneInfo) -> Chart:
    """Return the most seats in use in each step of the last day, against the limit as it changed."""
    spans = [Period(at, at + timedelta(microseconds=1)) for at, _used in curve]
    return Chart(
        title=_("Seats in use, last 24 hours"),
        x=tuple(time_of_day(at, tz) for at, _used in curve),
        x_name=_("Time"),
        clock=True,
        series=(
            series(_("In use"), [Fraction(used) for _at, used in curve], "steparea"),
            series(_("Limit"), [highest_limit(limits, span) for span in spans], "step"),
        ),
    )


def _standing(one: Stretch) -> tuple[str, str]:
    if one.overdrawn:
        return _("Above the limit"), "warn"
    if one.borrowed:
        return _("Borrowed"), "info"
    return _("In"), "good"


def _rule(view: PoolView) -> str:
    return f"{view.rules.key} · {mode_name(view.rules.mode)}" if view.name else mode_name(view.rules.mode)


def _above(floor: Floor) -> str:
    return _("%(count)s above the limit") % {"count": floor.above} if floor.above else ""


def _true(number_: int) -> str:
    return _("%(count)s true") % {"count": number_}
