"""How figures, dates and names are written, in the reader's locale, from exact values.

Every figure is rounded by `core.money` (half away from zero) before Babel writes it: Babel itself
rounds half to even.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from app.i18n import gettext as _
from app.i18n import reader
from core.money import Money, Number, exponent, round_half_away
from core.periods import Period, local_date

__all__ = (
    "day",
    "instant",
    "last_day",
    "minor",
    "money",
    "month",
    "percent",
    "period",
    "quantity",
    "quantity_text",
    "time_of_day",
    "unit_price",
)


def money(value: Money) -> str:
    """Write an amount with its currency's digits: `€1,234.50`."""
    return _currency(value.decimal(), value.currency)


def minor(amount_minor: int, currency: str) -> str:
    """Write an amount given in minor units."""
    return money(Money(amount_minor, currency))


def _currency(amount: Decimal, currency: str) -> str:
    return str(format_currency(amount, currency, locale=reader().locale, decimal_quantization=False))


def unit_price(amount: Decimal, currency: str) -> str:
    """Write a price that may have more digits than the currency: `€0.0125`, `€4.20`."""
    digits = max(exponent(currency), -int(amount.normalize().as_tuple().exponent))
    return _currency(amount.quantize(Decimal(1).scaleb(-digits)), currency)


def rounded(value: Number, digits: int) -> Decimal:
    """Round half away from zero to `digits` decimals."""
    return Decimal(round_half_away(value, digits)).scaleb(-digits)


def quantity(value: Number, digits: int = 2) -> str:
    """Write a quantity with at most `digits` decimals: `1,204`, `37.5`."""
    exact = rounded(value, digits)
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return str(format_decimal(exact, format=pattern, locale=reader().locale, decimal_quantization=False))


def quantity_text(value: Number) -> str:
    """Return the plain decimal string of a quantity, to at most 12 decimals: for files, not for reading."""
    text = f"{rounded(value, 12):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: Number, digits: int = 1, *, fixed: bool = False) -> str:
    """Write a ratio as a percentage with at most (`fixed`: exactly) `digits` decimals: 0.125 → `12.5%`."""
    exact = rounded(Fraction(value), digits + 2)
    pattern = "#,##0" + ("." + ("0" if fixed else "#") * digits if digits else "") + "%"
    return str(format_percent(exact, format=pattern, locale=reader().locale, decimal_quantization=False))


def day(value: date) -> str:
    """Write a date: `24 Nov 2026`."""
    return str(format_date(value, "medium", locale=reader().locale))


def month(value: date) -> str:
    """Write a month: `November 2026`."""
    return str(format_date(value, "MMMM y", locale=reader().locale))


def short_month(value: date) -> str:
    """Write a month for an axis: `Nov 26`."""
    return str(format_date(value, "MMM yy", locale=reader().locale))


def short_day(value: date) -> str:
    """Write a day for an axis: `24 Nov`."""
    return str(format_date(value, "d MMM", locale=reader().locale))


def last_day(ends_at: datetime, tz: ZoneInfo) -> date:
    """Return the last local day of what ends at an instant (not included)."""
    return local_date(ends_at - timedelta(microseconds=1), tz)


def instant(value: datetime, tz: ZoneInfo) -> str:
    """Write an instant on the tenant's clock: `24 Nov 2026, 14:05`, its date as `day` writes one."""
    return f"{day(local_date(value, tz))}, {time_of_day(value, tz)}"


def time_of_day(value: datetime, tz: ZoneInfo) -> str:
    """Write the time on the tenant's clock: `14:05`; where clocks are put back `02:05 CEST` and then `02:05 CET`."""
    return str(format_time(value, "HH:mm", tzinfo=tz, locale=reader().locale)) + _which(value, tz)


def _which(value: datetime, tz: ZoneInfo) -> str:
    """Return what tells an instant from another that clocks show alike."""
    local = value.astimezone(tz)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f" {local.tzname()}" if twice else ""


def period(value: Period, tz: ZoneInfo) -> str:
    """Write a period by its local dates, a whole month by its name."""
    return dates(local_date(value.starts_at, tz), local_date(value.ends_at, tz))


def dates(first: date, after: date) -> str:
    """Write the dates from one to the day before another, a whole month by its name."""
    last = date.fromordinal(after.toordinal() - 1)
    if first.day == 1 and after.day == 1 and (last.year, last.month) == (first.year, first.month):
        return month(first)
    return _("%(first)s to %(last)s") % {"first": day(first), "last": day(last)}
