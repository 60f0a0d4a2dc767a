"""Alerts as the pages show them (pure)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.alert_words import figure_text, subject_text, when_text
from app.pages.formats import dates, day, instant
from app.pages.said import FIGURE_MAX, Field, Said
from app.pages.tables import Cell, Column, Table, cell, status
from core.errors import InputError, InvalidInput, Refused
from plans.alerts.reads import AlertView, FiringView, Preview
from plans.alerts.rules import PERS, SUBJECTS, WHENS, AlertRule, Per, Subject, When, is_money

__all__ = (
    "AlertForm",
    "Place",
    "alert_rows",
    "alerts_table",
    "fields",
    "firings_table",
    "preview_text",
    "read_form",
    "said_of",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where figures are shown: the address of the alerts, the customer's zone and currency."""

    base: str
    tz: ZoneInfo
    currency: str

    def money_of(self, one: AlertRule | FiringView) -> str:
        """Return the currency in which what is watched is told; '' for plain figures."""
        return (one.currency or self.currency) if is_money(one.subject, one.key) else ""


@dataclass(frozen=True, slots=True)
class AlertForm:
    """What somebody wrote in the form: the rule, and who is told."""

    rule: AlertRule
    recipients: tuple[str, ...]


def read_form(data: Mapping[str, str]) -> AlertForm:
    """Return what the form says.

    Raises:
        InvalidInput: a figure cannot be read, or nothing is chosen (`invalid_input`).
    """
    said = Said(data)
    subject, _colon, key = said.text("what").partition(":")
    when = said.text("when")
    if subject not in SUBJECTS or when not in WHENS:
        said.fault("what", "choice_missing", _("Choose what is watched, and when it is told."))
    per = said.text("per") or "contract"
    if per not in PERS:
        said.fault("per", "choice_missing", _("Choose the contract’s period or the calendar month."))
    value, limit = said.figure("value", FIGURE_MAX), said.figure("limit", FIGURE_MAX)
    if not said.text("value"):
        said.fault("value", "figure_missing", _("Say from which figure on it is told, for instance 80."))
    hysteresis = said.whole("hysteresis_percent", 0, 90, otherwise=5)
    said.check()
    rule = AlertRule(
        said.text("name"), cast("Subject", subject), key, cast("When", when), value or Decimal(0),
        limit, said.text("cost_centre") or None, hysteresis, cast("Per", per),
        said.text("currency", 3).upper() or None,
    )  # fmt: skip
    return AlertForm(rule, tuple(data.get("recipients", "").replace(",", " ").split()))


def said_of(view: AlertView) -> dict[str, str]:
    """Return an alert as its form would say it."""
    rule = view.rule
    return {
        "name": rule.name, "what": f"{rule.subject}:{rule.key}", "when": rule.when, "value": str(rule.value),
        "limit": "" if rule.limit is None else str(rule.limit), "cost_centre": rule.cost_centre or "",
        "currency": rule.currency or "", "hysteresis_percent": str(rule.hysteresis_percent), "per": rule.per,
        "recipients": "\n".join(view.recipients),
    }  # fmt: skip


def fields(
    said: Mapping[str, str], choices: Sequence[tuple[str, str]], refusal: Refused | None, own_currency: str
) -> dict[str, Field]:
    """Return the fields of the form with what was said and what is wrong with it."""
    errors: Sequence[InputError] = refusal.errors if isinstance(refusal, InvalidInput) else ()
    whens = (
        ("percent", _("per cent of a limit")), ("absolute", _("a figure")),
        ("forecast", _("a figure that is to be expected by the end of the period")),
    )  # fmt: skip
    pers = (("contract", _("the contract’s billing period")), ("month", _("the calendar month")))
    labels = {
        "name": (_("Name"), "text", ()),
        "what": (_("Watch"), "text", (*_not_offered(said.get("what", ""), choices), *choices)),
        "when": (_("Tell when it reaches"), "text", whens),
        "value": (_("Per cent, or the figure"), "figure", ()),
        "limit": (_("Limit (of a meter or the bill, for per cent)"), "figure", ()),
        "cost_centre": (_("Only this cost centre (of a meter or the bill)"), "text", ()),
        "currency": (_("Currency (of the bill or of revenue; empty: %(own)s)") % {"own": own_currency}, "text", ()),
        "per": (_("Counted in"), "text", pers),
        "hysteresis_percent": (_("Again after it fell by (%)"), "figure", ()),
        "recipients": (_("Mail to: addresses, one a line (webhooks get alert.fired in any case)"), "lines", ()),
    }
    preset = {"when": "percent", "value": "80", "hysteresis_percent": "5"}
    return {
        name: Field(
            name, label, said.get(name, preset.get(name, "")), options, kind,
            tuple(one.detail for one in errors if _field_of(one) == name),
        )
        for name, (label, kind, options) in labels.items()
    }  # fmt: skip


def _field_of(fault: InputError) -> str:
    """Return at which field a fault is shown: `/recipients/3` at the field of all recipients."""
    name = fault.pointer.strip("/").partition("/")[0]
    return {"key": "what"}.get(name, name)


def _not_offered(what: str, choices: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what an alert watches that is not offered (any more): a form that left it out would choose another."""
    subject, _colon, key = what.partition(":")
    if subject not in SUBJECTS or what in dict(choices):
        return []
    return [(what, subject_text(subject, key, None))]


def alert_rows(found: Sequence[AlertView], fired: Collection[UUID], place: Place) -> list[tuple[Cell, Cell]]:
    """Return name and state of the alerts that are not stopped: first those that told, then those that cannot look."""
    watching = [one for one in found if one.stopped_at is None]
    watching.sort(key=lambda one: (one.id not in fired, not one.error))
    return [(row[0], row[3]) for row in (_row(one, one.id in fired, place, hooked=True) for one in watching)]


def alerts_table(found: Sequence[AlertView], fired: Collection[UUID], place: Place, *, hooked: bool) -> Table:
    """Return the alerts with what the last look found.

    Args:
        found: the alerts.
        fired: those that have told this period.
        place: where it is shown.
        hooked: an endpoint is told what fires, too.
    """
    return Table(
        id="alerts",
        caption=_("Alerts"),
        columns=(Column(_("Alert")), Column(_("Told")), Column(_("Now"), numeric=True), Column(_("Status"))),
        rows=tuple(_row(one, one.id in fired, place, hooked=hooked) for one in found),
        empty_title=_("No alerts yet"),
        empty_text=_("An alert tells you before a limit is reached: 80% of the seats, or a bill that grows too fast."),
    )


def _row(one: AlertView, fired: bool, place: Place, *, hooked: bool) -> tuple[Cell, ...]:
    rule, currency = one.rule, place.money_of(one.rule)
    now = "–" if one.value is None else figure_text(one.value, currency)
    sub = ""
    if one.forecast is not None and rule.when == "forecast":
        sub = _("%(forecast)s to be expected") % {"forecast": figure_text(one.forecast, currency)}
    elif one.limit is not None:
        sub = _("of %(limit)s") % {"limit": figure_text(one.limit, currency)}
    looked = _("looked at %(time)s") % {"time": instant(one.looked_at, place.tz)} if one.looked_at else ""
    return (
        cell(
            rule.name, href=f"{place.base}/{one.id}",
            sub=subject_text(rule.subject, rule.key, rule.cost_centre, rule.currency),
        ),
        cell(when_text(rule.when, rule.value, rule.limit, currency), sub=_to_whom(one, hooked=hooked)),
        cell(now, sub=sub),
        _state(one, fired, looked),
    )  # fmt: skip


def _to_whom(one: AlertView, *, hooked: bool) -> str:
    if one.recipients:
        return ", ".join(one.recipients)
    return _("webhooks alone") if hooked else _("nobody: give it an address, or tell a webhook")


def _state(one: AlertView, fired: bool, looked: str) -> Cell:
    if one.stopped_at is not None:
        return status(_("Stopped"))
    if one.error:
        return Cell(_("Cannot look"), tone="bad", sub=one.error)
    if fired:
        return Cell(_("Told this period"), tone="warn", sub=looked)
    return Cell(_("Watching"), tone="good", sub=looked or _("looked at within a minute"))


def firings_table(found: Sequence[FiringView], place: Place) -> Table:
    """Return what fired, newest first."""
    return Table(
        id="firings",
        caption=_("What was told"),
        columns=(
            Column(_("Alert")), Column(_("When")), Column(_("Period")), Column(_("Figure"), numeric=True),
            Column(_("Level"), numeric=True),
            Column(_("Again")),
        ),
        rows=tuple(_fired(one, place) for one in found),
        empty_title=_("Nothing told yet"),
        empty_text=_("When a figure reaches its level, it is told by mail and webhook and written down here."),
    )  # fmt: skip


def _fired(one: FiringView, place: Place) -> tuple[Cell, ...]:
    expected, currency = "", place.money_of(one)
    if one.forecast is not None:
        expected = _("%(forecast)s to be expected") % {"forecast": figure_text(one.forecast, currency)}
    again = _("armed since %(time)s") % {"time": instant(one.rearmed_at, place.tz)} if one.rearmed_at else "–"
    return (
        cell(
            one.name, href=f"{place.base}/{one.rule_id}",
            sub=subject_text(one.subject, one.key, one.cost_centre, one.currency),
        ),
        cell(instant(one.fired_at, place.tz), css="nowrap"),
        cell(dates(one.starts_on, one.ends_on), css="nowrap"),
        cell(figure_text(one.value, currency), sub=expected),
        cell(figure_text(one.level, currency)),
        cell(again),
    )  # fmt: skip


def preview_text(found: Preview, rule: AlertRule, place: Place) -> tuple[str, str]:
    """Return in a sentence or two what the alert would have done, and the tone."""
    currency = place.money_of(rule)

    def told(value: Fraction | None) -> str:
        return "–" if value is None else figure_text(_decimal(value), currency)

    look = found.look
    words = {
        "now": told(look.value), "level": told(found.level), "forecast": told(look.forecast),
        "period": dates(look.starts_on, look.ends_on), "last": day(look.ends_on - timedelta(days=1)),
    }  # fmt: skip
    if rule.when == "forecast":
        if look.forecast is None:
            return _("So far %(now)s; a forecast comes when a day or two of %(period)s are over.") % words, "info"
        text = _("So far %(now)s, and %(forecast)s is to be expected by %(last)s.") % words
    elif found.level is None:
        return _("Now %(now)s. The limit is 0: of nothing no per cent is reached, so it tells nothing.") % words, "info"
    else:
        text = _("Now %(now)s; it is told from %(level)s on.") % words
    if found.reached_on is not None:
        return text + " " + _("It would have told you on %(day)s.") % {"day": day(found.reached_on)}, "warn"
    if found.fires:
        return text + " " + _("It would tell you now."), "warn"
    no = _("It would not have told you in %(period)s.") % words if found.traced else _("It would not tell you now.")
    return f"{text} {no}", "good"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
