"""Alerts in words: what is watched, and its figures (pure)."""

from decimal import Decimal

from app.i18n import gettext as _
from app.pages.formats import money, quantity
from app.pages.words import meter_name
from core.money import Money, exponent, round_half_away
from plans.alerts.rules import is_money

__all__ = ("figure_text", "subject_text", "when_text")


def subject_text(subject: str, key: str, cost_centre: str | None, currency: str | None = None) -> str:
    """Return what is watched: `Course transactions of cost centre sales`; money in another currency names it."""
    words = _named(subject, key, cost_centre)
    return _("%(subject)s, in %(currency)s alone") % {"subject": words, "currency": currency} if currency else words


def _named(subject: str, key: str, cost_centre: str | None) -> str:
    names = {
        "meter": lambda: _("Course revenue") if is_money(subject, key) else meter_name(key),
        "seat_pool": lambda: _("Seats taken in pool %(pool)s") % {"pool": key},
        "floating_pool": lambda: _("Seats in use in floating pool %(pool)s") % {"pool": key},
        "denials": lambda: _("True denials of floating pool %(pool)s in 24 hours") % {"pool": key},
        "spend": lambda: _("The running bill, net"),
    }
    if subject == "spend" and cost_centre:
        return _("What the use of cost centre %(centre)s brings on the running bill, net") % {"centre": cost_centre}
    words = names[subject]()
    return (
        _("%(subject)s of cost centre %(centre)s") % {"subject": words, "centre": cost_centre} if cost_centre else words
    )


def figure_text(value: Decimal, currency: str) -> str:
    """Return a figure, of spend as money."""
    if not currency:
        return quantity(value)
    return money(Money(round_half_away(value, exponent(currency)), currency))


def when_text(when: str, value: Decimal, limit: Decimal | None, currency: str) -> str:
    """Return from where on it is told: `from 80% of 1,000 on`."""
    if when == "percent":
        words = {
            "percent": quantity(value),
            "limit": figure_text(limit, currency) if limit is not None else _("its seats"),
        }
        return _("from %(percent)s%% of %(limit)s on") % words
    words = {"level": figure_text(value, currency)}
    if when == "forecast":
        return _("when %(level)s by the end of the period is to be expected") % words
    return _("from %(level)s on") % words
