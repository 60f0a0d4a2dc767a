"""Retention and archives: what is kept, which months are in files, what checking them found (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import instant, month, quantity
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number, status
from app.pages.words import state_badge
from core.periods import Period, local_date
from metering.reads.archive_jobs import ArchiveJobView
from metering.reads.archives import ArchiveView

__all__ = ("JobPage", "MonthPage", "job_page", "jobs_table", "kept_text", "leaving_text", "month_page", "months_table")


def kept_text(keep_months: int | None) -> str:
    """Return in one sentence how long facts stay on line."""
    if keep_months is None:
        return _("All facts stay on line, for ever.")
    return _("Facts stay on line for %(months)s whole months; older ones move into files.") % {"months": keep_months}


def leaving_text(months: Sequence[Period], facts: int, tz: ZoneInfo) -> str:
    """Return in one sentence what would leave."""
    if not months:
        return _("No month would leave now.")
    said = {
        "count": quantity(len(months)),
        "first": _month(months[0].starts_at, tz),
        "last": _month(months[-1].starts_at, tz),
        "facts": quantity(facts),
    }
    if len(months) == 1:
        return _("One month would leave: %(first)s, about %(facts)s facts.") % said
    return _("%(count)s months would leave: %(first)s to %(last)s, about %(facts)s facts.") % said


def months_table(found: Sequence[ArchiveView], query: TableQuery, base: str, tz: ZoneInfo) -> Table:
    """Return the months that are, or were, in files, newest first."""
    shown, pager = query.page(found[::-1])
    return Table(
        id="months",
        caption=_("Months in files"),
        columns=(
            Column(_("Month")),
            Column(_("State")),
            Column(_("Facts"), numeric=True),
            Column(_("Checked")),
            Column(_("Since")),
        ),
        rows=tuple(
            (
                cell(_month(one.month.starts_at, tz), f"{base}/{local_date(one.month.starts_at, tz):%Y-%m}"),
                status(*state_badge(one.status)),
                number(quantity(Fraction(one.rows)), str(one.rows)),
                _checked(one, tz),
                cell(instant(one.changed_at, tz), css="nowrap"),
            )
            for one in shown
        ),
        pager=pager,
        empty_title=_("No month is in a file"),
        empty_text=_("Once a retention is set, older months move into files; they are looked for once an hour."),
    )


def _checked(one: ArchiveView, tz: ZoneInfo) -> Cell:
    if one.checked_at is None:
        return cell(_("Never"))
    when = instant(one.checked_at, tz)
    if one.differences:
        return Cell(_("%(count)s differed") % {"count": quantity(len(one.differences))}, sub=when, tone="bad")
    return Cell(_("All the same"), sub=when, tone="good")


@dataclass(frozen=True, slots=True)
class MonthPage:
    """What the page of one month shows."""

    title: str
    key: str
    state: str
    meaning: str
    facts: tuple[tuple[str, str], ...]
    types: Table
    differences: tuple[str, ...]
    checked: str
    can: tuple[str, ...]
    """Kinds of job that may be asked for."""


def month_page(one: ArchiveView, tz: ZoneInfo) -> MonthPage:
    """Return one month with its file, what it holds, and what can be done."""
    first = local_date(one.month.starts_at, tz)
    gone = one.status in ("written", "archived")
    can: tuple[str, ...] = ("verify", "restore") if gone else ("archive",) if one.status == "restored" else ()
    named = instant(one.checked_at, tz) if one.checked_at else ""
    return MonthPage(
        title=month(first),
        key=f"{first:%Y-%m}",
        state=one.status,
        meaning=_meaning(one.status),
        facts=(
            (_("Facts in the file"), quantity(Fraction(one.rows))),
            (_("They happened"), f"{instant(one.window.starts_at, tz)} – {instant(one.window.ends_at, tz)}"),
            (_("Figures as of"), instant(one.measured_at, tz)),
            (_("Folder"), one.folder or "–"),
            (_("SHA-256 of the file"), one.file_sha256 or "–"),
            (_("SHA-256 of the manifest"), one.manifest_sha256 or "–"),
        ),
        types=_types(one),
        differences=tuple(one.differences or ()),
        checked=_("Last measured from its files: %(when)s.") % {"when": named} if named else "",
        can=can,
    )


def _meaning(state: str) -> str:
    return {
        "writing": _("Its facts are being copied into a file. All of them are still here; it takes no new ones."),
        "written": _("The file was read back. Its facts are being deleted here."),
        "archived": _("Its facts are in the file alone. Figures of the month and its days are told as before."),
        "restoring": _("Its facts are coming back from the file."),
        "restored": _("Its facts are here again, and stay until the month is archived by hand."),
    }[state]


def _types(one: ArchiveView) -> Table:
    return Table(
        id="types",
        caption=_("What is in the file"),
        columns=(Column(_("Type of event")), Column(_("Facts"), numeric=True)),
        rows=tuple((cell(name), number(quantity(count), str(count))) for name, count in sorted(one.types.items())),
        empty_title=_("Nothing"),
        empty_text=_("No fact of this month may leave."),
    )


def job_kind(kind: str) -> str:
    """Return what a job does."""
    return {"archive": _("Archive"), "verify": _("Verify"), "restore": _("Restore")}[kind]


def jobs_table(found: Sequence[ArchiveJobView], base: str, tz: ZoneInfo) -> Table:
    """Return jobs, newest first."""
    return Table(
        id="jobs",
        caption=_("What was asked for"),
        columns=(Column(_("Job")), Column(_("Month")), Column(_("Status")), Column(_("Asked")), Column(_("Reason"))),
        rows=tuple(
            (
                cell(job_kind(one.kind), f"{base}/jobs/{one.id}"),
                cell(_month(one.starts_at, tz) if one.starts_at else _("All that is due"), css="nowrap"),
                status(*state_badge(one.status)),
                cell(instant(one.created_at, tz), css="nowrap"),
                cell(one.reason, css="wrap"),
            )
            for one in found
        ),
        empty_title=_("Nothing was asked for yet"),
        empty_text=_("Months leave by themselves. Verifying and restoring them is asked for on their own pages."),
    )


@dataclass(frozen=True, slots=True)
class JobPage:
    """What the page of one job shows."""

    title: str
    state: str
    over: bool
    percent: int
    steps: str
    error: str
    verdict: tuple[str, str]
    """A sentence and its tone, once it is over."""
    month_key: str
    facts: tuple[tuple[str, str], ...]


def job_page(one: ArchiveJobView, archived: ArchiveView | None, tz: ZoneInfo) -> JobPage:
    """Return one job; `archived` is its month as it stands now."""
    about = _month(one.starts_at, tz) if one.starts_at else _("all that is due")
    done = {"done": quantity(one.done), "total": quantity(one.total)}
    steps = {
        "archive": _("%(done)s of %(total)s months"),
        "verify": _("%(done)s of %(total)s figures and lists"),
        "restore": _("%(done)s of %(total)s facts"),
    }[one.kind]
    return JobPage(
        title=f"{job_kind(one.kind)}: {about}",
        state=one.status,
        over=one.is_over,
        percent=100 if one.status == "done" else min(99, 100 * one.done // max(one.total, 1)),
        steps=steps % done if one.total or one.is_over else _("Waiting for a worker"),
        error=one.error_detail,
        verdict=_verdict(one, archived),
        month_key=f"{local_date(one.starts_at, tz):%Y-%m}" if one.starts_at else "",
        facts=tuple(_job_facts(one, tz)),
    )


def _job_facts(one: ArchiveJobView, tz: ZoneInfo) -> list[tuple[str, str]]:
    facts = [(_("Asked"), instant(one.created_at, tz))]
    if one.reason:
        facts.append((_("Reason"), one.reason))
    if one.finished_at is not None:
        facts.append((_("Ended"), instant(one.finished_at, tz)))
    return facts


def _verdict(one: ArchiveJobView, archived: ArchiveView | None) -> tuple[str, str]:
    if one.status != "done":
        return "", ""
    if one.kind == "archive":
        return _("What may leave is in files."), "good"
    if one.kind == "restore":
        return _("The facts are back: figures are measured from them, and events and corrections are taken."), "good"
    if archived is not None and archived.differences:
        return _("Something came out otherwise than it was recorded. The page of the month names it."), "bad"
    return _("Every figure and every list of who was counted came out the same."), "good"


def _month(starts_at: datetime, tz: ZoneInfo) -> str:
    return month(local_date(starts_at, tz))
