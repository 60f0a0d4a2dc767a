"""When a rule fires, and when it may fire again (pure)."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core.errors import InputError
from core.money import UnknownCurrency, exponent
from core.periods import Period

__all__ = (
    "FIGURE_MAX",
    "PERS",
    "SUBJECTS",
    "WHENS",
    "AlertRule",
    "Fired",
    "Look",
    "Per",
    "Subject",
    "When",
    "decide",
    "faults",
    "is_money",
    "level",
    "watches_the_same",
)

Subject = Literal["meter", "seat_pool", "floating_pool", "denials", "spend"]
When = Literal["absolute", "percent", "forecast"]
Per = Literal["contract", "month"]
SUBJECTS: tuple[Subject, ...] = ("meter", "seat_pool", "floating_pool", "denials", "spend")
WHENS: tuple[When, ...] = ("absolute", "percent", "forecast")
PERS: tuple[Per, ...] = ("contract", "month")
FIGURE_MAX = Decimal(10**12)
_MOMENTARY = {
    "floating_pool": "Who is in a floating pool changes from minute to minute: at the end of a period that has no"
    " forecast. Use percent, for instance 90, or watch the meter sessions.concurrent.peak.",
    "denials": "Denials are those of the last 24 hours, so that a period has no forecast of them. Use absolute, for"
    " instance 10 true denials in 24 hours.",
}
"""What is a figure of the moment, and why that has no forecast."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What is watched, and from where on it is told.

    `key` is the meter's or the pool's, '' for spend (the running bill, net). `value` is the figure
    itself, or per cent of the limit; the limit is `limit`, for pools their own seats.
    `hysteresis_percent` is how far below the level the figure must fall before the rule may fire again
    within the period. `per` is which period: the contract's, or the calendar month. `currency` is of
    money alone: only what is billed or paid in it is in the figure, since nothing is converted; None is
    the customer's own.
    """

    name: str
    subject: Subject
    key: str
    when: When
    value: Decimal
    limit: Decimal | None = None
    cost_centre: str | None = None
    hysteresis_percent: int = 5
    per: Per = "contract"
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a rule's subject found: the figure of the period so far, its limit, and its forecast."""

    period: Period
    starts_on: date
    """The first local day of the period: what a firing is known by."""
    ends_on: date
    """The first local day after it."""
    value: Fraction
    limit: Fraction | None = None
    forecast: Fraction | None = None
    """For the end of the period; None where there is none, or not yet."""


@dataclass(frozen=True, slots=True)
class Fired:
    """The last firing of a period: its round, its level, and whether the rule has been armed again since."""

    round: int
    level: Fraction
    rearmed: bool


def is_money(subject: str, key: str) -> bool:
    """Tell whether a figure is money, in one currency."""
    return subject == "spend" or (subject == "meter" and key == "courses.revenue")


def watches_the_same(one: AlertRule, other: AlertRule) -> bool:
    """Tell whether two rules tell of the same figure from the same level on, whatever else they say."""
    return replace(one, name="", hysteresis_percent=0) == replace(other, name="", hysteresis_percent=0)


def level(rule: AlertRule, limit: Fraction | None) -> Fraction | None:
    """Return from which figure on the rule fires; None where it is a percentage of no limit, or of nothing.

    Of nothing no percentage is ever reached: else a pool without seats would tell of 0 of 0 at once.

    >>> level(AlertRule("a", "seat_pool", "authors", "percent", Decimal(80)), Fraction(25))
    Fraction(20, 1)
    """
    if rule.when != "percent":
        return Fraction(rule.value)
    return limit * Fraction(rule.value) / 100 if limit else None


def decide(rule: AlertRule, look: Look, last: Fired | None) -> Literal["fire", "rearm"] | None:
    """Return what follows from a look: the rule fires, is armed again, or nothing changes.

    A figure that reaches the level fires. After that the rule is armed again by the next period, or
    when the figure is below the level less `hysteresis_percent`, or below a level that has risen since
    (the limit was raised): there is nothing that could go up and down. A forecast that is not there
    yet changes nothing.

    Args:
        rule: the rule.
        look: what was found.
        last: the last firing of the look's period; None for none.
    """
    figure, reached = look.forecast if rule.when == "forecast" else look.value, level(rule, look.limit)
    if figure is None or reached is None:
        return None
    if last is None or last.rearmed:
        return "fire" if figure >= reached else None
    # Levels are kept to six decimals: what differs by less is the same one.
    risen = reached - last.level > Fraction(1, 10**6)
    armed_below = reached if risen else reached * (100 - rule.hysteresis_percent) / 100
    return "rearm" if figure < armed_below else None


def faults(rule: AlertRule) -> list[InputError]:
    """Return what makes no sense in a rule by itself, field by field."""
    found = []
    pool = rule.subject in ("seat_pool", "floating_pool")
    if not rule.name.strip():
        found.append(InputError("/name", "name_missing", "Give the alert a name by which people know it."))
    if not _well(rule.value):
        found.append(InputError("/value", "value_invalid", "Give a figure above 0, with at most six decimals."))
    if rule.when == "forecast" and rule.subject in _MOMENTARY:
        found.append(InputError("/when", "forecast_impossible", _MOMENTARY[rule.subject]))
    if rule.when == "percent" and not pool and rule.limit is None:
        found.append(InputError("/limit", "limit_missing", "Per cent of what? Give the limit too."))
    if rule.limit is not None and (pool or rule.when != "percent"):
        text = "A pool's limit is its own seats." if pool else "A limit is for percent only."
        found.append(InputError("/limit", "limit_unused", f"{text} Leave it out."))
    if rule.limit is not None and not _well(rule.limit):
        found.append(InputError("/limit", "limit_invalid", "Give a limit above 0, with at most six decimals."))
    if rule.cost_centre is not None and rule.subject not in ("meter", "spend"):
        text = "Only a meter or the running bill is watched per cost centre. Leave it out."
        found.append(InputError("/cost_centre", "cost_centre_unused", text))
    found += _currency_faults(rule)
    if rule.per == "month" and rule.subject == "spend":
        text = "The running bill is that of the contract's period. Leave it out."
        found.append(InputError("/per", "per_unused", text))
    if not 0 <= rule.hysteresis_percent <= 90:
        found.append(InputError("/hysteresis_percent", "hysteresis_invalid", "Give 0 to 90 per cent."))
    return found


def _currency_faults(rule: AlertRule) -> list[InputError]:
    if rule.currency is None:
        return []
    if not is_money(rule.subject, rule.key):
        text = "Only the running bill and courses.revenue are money. Leave it out."
        return [InputError("/currency", "currency_unused", text)]
    try:
        exponent(rule.currency)
    except UnknownCurrency as error:
        return [InputError("/currency", error.code, error.detail)]
    return []


def _well(figure: Decimal) -> bool:
    # It is kept to six decimals: a smaller one would become 0, and be reached at once.
    return figure.is_finite() and 0 < figure <= FIGURE_MAX and figure == round(figure, 6)
