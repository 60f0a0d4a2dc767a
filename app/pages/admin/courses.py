"""Courses: what was charged and given back, course by course (pure)."""

from fractions import Fraction

from app.i18n import gettext as _
from app.pages.formats import quantity, quantity_text
from app.pages.tables import Cell, Column, Table, cell, number
from metering.measurement import Measurement

__all__ = ("courses_table",)

TYPES = ("wbt", "ilt", "simulation", "program")
SHOWN = 50


def courses_table(charged: Measurement, refunded: Measurement) -> Table:
    """Return the courses with most transactions first; the footer holds all of them."""
    kinds = {entry.key("course_id"): entry.key("course_type") for entry in (*refunded.entries, *charged.entries)}
    plus, minus = charged.by_key("course_id"), refunded.by_key("course_id")
    courses = sorted(kinds, key=lambda course: (-plus.get(course, Fraction(0)), course or ""))
    rows = tuple(
        (cell(one or _("without a course")), cell(_type(kinds[one])), *_figures(plus.get(one), minus.get(one)))
        for one in courses
    )
    return Table(
        id="courses",
        caption=_("Transactions by course"),
        columns=(
            Column(_("Course")),
            Column(_("Type")),
            Column(_("Charged"), numeric=True),
            Column(_("Refunded"), numeric=True),
            Column(_("Net"), numeric=True),
        ),
        rows=rows[:SHOWN],
        footer=(cell(_footer(len(rows))), cell(""), *_figures(charged.quantity, refunded.quantity)) if rows else (),
        empty_title=_("No course transactions in this month"),
        empty_text=_(
            "They come in as course events: enrolled, launched, completed; the contract says which one counts."
        ),
    )


def _footer(count: int) -> str:
    if count > SHOWN:
        return _("All %(count)s courses (the first %(shown)s are listed)") % {"count": quantity(count), "shown": SHOWN}
    return _("All courses")


def _figures(plus: Fraction | None, minus: Fraction | None) -> tuple[Cell, Cell, Cell]:
    charged, refunded = plus or Fraction(0), minus or Fraction(0)
    return _number(charged), _number(refunded), _number(charged - refunded)


def _number(value: Fraction) -> Cell:
    return number(quantity(value), quantity_text(value))


def _type(kind: str | None) -> str:
    names = {
        "wbt": _("web course"),
        "ilt": _("class"),
        "simulation": _("simulation"),
        "program": _("programme"),
    }
    return names.get(kind or "", kind or "–")
