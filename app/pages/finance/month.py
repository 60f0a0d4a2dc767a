"""The month's checklist: what is done, what is next, what is in the way (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.i18n import gettext as _
from app.i18n import ngettext
from app.pages.finance.pools import WaitingBill
from app.pages.formats import quantity
from billing.chargebacks.views import PoolView, RuleSetView, RunView

__all__ = ("MonthInput", "Task", "checklist", "current_run")

State = Literal["done", "now", "later", "bad"]


@dataclass(frozen=True, slots=True)
class MonthInput:
    """What is known of a month."""

    base: str
    period: str
    waiting: tuple[WaitingBill, ...]
    pools: tuple[PoolView, ...]
    rules: RuleSetView | None
    runs: tuple[RunView, ...]
    problem: str
    """Why the rules cannot divide the month; empty where they can, or where nothing is open."""
    running: bool


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the checklist."""

    title: str
    text: str
    state: State
    href: str = ""
    action: str = ""
    bills: tuple[WaitingBill, ...] = ()


def current_run(runs: Sequence[RunView]) -> RunView | None:
    """Return the run that counts: the newest that was not withdrawn."""
    return next((run for run in runs if run.status != "withdrawn"), None)


def checklist(given: MonthInput) -> tuple[Task, ...]:
    """Return the five steps from the bill to posted statements; exactly one is next, or all are done."""
    tasks = [_bill(given), _drivers(given), _preview(given), _approved(given), _posted(given)]
    found = False
    ordered = []
    for task in tasks:
        waiting = task.state == "now" and found
        found = found or task.state in ("now", "bad")
        ordered.append(Task(task.title, task.text, "later") if waiting else task)
    return tuple(ordered)


def _bill(given: MonthInput) -> Task:
    title = _("The bill is in")
    if given.waiting:
        text = ngettext(
            "One bill is issued and in no pool yet.", "%(num)s bills are issued and in no pool yet.", len(given.waiting)
        ) % {"num": quantity(len(given.waiting))}
        return Task(title, text, "now", bills=given.waiting)
    if not given.pools:
        text = _("The month is still running; its bill comes after its end.") if given.running else _("No bill yet.")
        return Task(title, text, "now")
    count = sum(len(pool.lines) for pool in given.pools)
    text = ngettext("One line to divide.", "%(num)s lines to divide.", count) % {"num": quantity(count)}
    return Task(title, text, "done", f"{given.base}/pools?period={given.period}", _("See the pools"))


def _drivers(given: MonthInput) -> Task:
    title = _("Rules and drivers are there")
    href = f"{given.base}/rules?period={given.period}"
    if given.rules is None:
        return Task(title, _("There are no rules yet: they say how the bill is divided."), "now", href, _("Set rules"))
    if given.problem:
        return Task(title, given.problem, "bad", href, _("See the rules"))
    words = {"count": quantity(len(given.rules.rules)), "version": quantity(given.rules.version)}
    text = _("%(count)s rules, version %(version)s; each has something to divide by.") % words
    return Task(title, text, "done" if given.pools else "now", href, _("See the rules"))


def _preview(given: MonthInput) -> Task:
    title = _("The preview balances")
    preview = f"{given.base}/preview?period={given.period}"
    run = current_run(given.runs)
    if run is None or (run.status == "posted" and _open(given)):
        text = _("Look where the money would go, then make the run.")
        return Task(title, text, "now", preview, _("Open the preview"))
    text = _("The statements add up to the bill, net and tax each for itself.")
    return Task(title, text, "done", f"{given.base}/runs/{run.id}", _("See the run"))


def _approved(given: MonthInput) -> Task:
    title = _("A second person approved")
    run = current_run(given.runs)
    if run is not None and run.approver is not None and not (run.status == "posted" and _open(given)):
        return Task(title, _("Approved by another person than the one who made it."), "done")
    href = f"{given.base}/runs/{run.id}" if run is not None and run.status == "draft" else ""
    return Task(title, _("Somebody other than the maker looks at it and approves."), "now", href, _("Open the run"))


def _posted(given: MonthInput) -> Task:
    title = _("Posted")
    run = current_run(given.runs)
    if run is not None and run.status == "posted" and not _open(given):
        count = len([one for one in run.statements if one.id])
        text = ngettext("One statement is out.", "%(num)s statements are out.", count) % {"num": quantity(count)}
        return Task(title, text, "done", f"{given.base}/statements?period={given.period}", _("See the statements"))
    href = f"{given.base}/runs/{run.id}" if run is not None and run.status == "approved" else ""
    return Task(
        title,
        _("Statements go out and the journal is written; after that nothing changes."),
        "now",
        href,
        _("Open the run"),
    )


def _open(given: MonthInput) -> bool:
    return any(pool.open_lines for pool in given.pools)
