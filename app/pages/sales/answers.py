"""Answers as a reader sees them: figures, charts with their tables, a sentence that says what to do (pure)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from app.i18n import gettext as _
from app.pages.charts import Chart
from app.pages.formats import day, instant
from app.pages.sales.comparisons import Shown, models_view, simulation_view
from app.pages.sales.costs import margins_view
from app.pages.sales.definitions import definition_view, seats_view, timeout_view
from app.pages.sales.parallel import parallel_view
from app.pages.sales.versions import version_view
from app.pages.tables import Column, Table, TableQuery, cell, status
from app.pages.words import state_badge
from billing.answers.margins import MarginsResult
from billing.answers.reads.answers import AnswerView
from billing.answers.results import (
    DefinitionResult,
    ModelsResult,
    ParallelResult,
    Result,
    SeatsResult,
    SimulationResult,
    TimeoutResult,
    VersionResult,
)
from core.periods import add_months
from tenants.reads import TenantView

__all__ = ("KINDS", "AnswerPage", "answer_page", "answers_table", "kind_name", "last_year")

KINDS = ("simulation", "models", "seats", "timeout", "definition", "parallel")


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """One question with what came of it; empty while it is worked on."""

    title: str
    span: str
    status: str
    tone: str
    over: bool
    percent: int
    error: str
    verdict: str
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]


def kind_name(kind: str) -> str:
    """Return what a question is called."""
    names = {
        "simulation": _("Plans side by side"),
        "models": _("Licence models"),
        "seats": _("Concurrent licences"),
        "timeout": _("Idle time-out as a price"),
        "definition": _("Another definition"),
        "parallel": _("Another system's bills"),
        "version": _("Another version of a plan"),
        "margins": _("What is left after costs"),
    }
    return names[kind]


def last_year(today: date) -> tuple[date, date]:
    """Return the last twelve whole months: the first day, and the day after the last."""
    until = today.replace(day=1)
    return add_months(until, -12), until


def answers_table(found: tuple[AnswerView, ...], base: str, tenant: TenantView) -> Table:
    """Return what was asked about a customer, newest first."""
    return Table(
        id="answers",
        caption=_("What was asked"),
        columns=(Column(_("Question")), Column(_("Days")), Column(_("Asked")), Column(_("Status"))),
        rows=tuple(
            (
                cell(kind_name(one.kind), f"{base}/{one.id}"),
                cell(_span(one), css="nowrap"),
                cell(instant(one.created_at, tenant.tz), css="nowrap"),
                status(*state_badge(one.status)),
            )
            for one in found
        ),
        empty_title=_("Nothing was asked yet"),
        empty_text=_("Choose a question above: it is answered on what this customer really used."),
    )


def answer_page(one: AnswerView, query: TableQuery) -> AnswerPage:
    """Return a question with its answer."""
    state, tone = state_badge(one.status)
    result: Result | None = None if one.result is None else msgspec.convert(one.result, Result)
    verdict, charts, tables = ("", (), ()) if result is None else _shown(result, query)
    return AnswerPage(
        title=kind_name(one.kind),
        span=_span(one),
        status=state,
        tone=tone,
        over=one.is_over,
        percent=100 if one.is_over else min(99, 100 * one.steps_done // max(one.steps_total, 1)),
        error=one.error_detail,
        verdict=verdict,
        charts=charts,
        tables=tables,
    )


def _shown(result: Result, query: TableQuery) -> Shown:
    views: dict[type, Callable[[Any, TableQuery], Shown]] = {
        SimulationResult: simulation_view,
        ModelsResult: models_view,
        SeatsResult: seats_view,
        TimeoutResult: timeout_view,
        DefinitionResult: definition_view,
        ParallelResult: parallel_view,
        VersionResult: version_view,
        MarginsResult: margins_view,
    }
    return views[type(result)](result, query)


def _span(one: AnswerView) -> str:
    last = date.fromordinal(one.question.ends_on.toordinal() - 1)
    return _("%(first)s to %(last)s") % {"first": day(one.question.starts_on), "last": day(last)}
