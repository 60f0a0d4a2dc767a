"""The chargeback period: a calendar month of the tenant, written `2026-10` (pure)."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from billing.errors import PeriodInvalid
from core.periods import Period, add_months, month_period

__all__ = ("last_day", "month_of", "month_span", "next_month")

_FORM = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def month_span(month: str, tz: ZoneInfo) -> Period:
    """Return the month as a span of instants in the tenant's zone.

    Raises:
        PeriodInvalid: it is not written like 2026-10 (`period_invalid`).
    """
    first = _first_day(month)
    return month_period(first.year, first.month, tz)


def month_of(day: date) -> str:
    """Return the month a local day lies in.

    >>> month_of(date(2026, 10, 31))
    '2026-10'
    """
    return f"{day:%Y-%m}"


def next_month(month: str) -> str:
    """Return the month after.

    >>> next_month("2026-12")
    '2027-01'
    """
    return month_of(add_months(_first_day(month), 1))


def last_day(month: str) -> date:
    """Return the month's last local day, on which its journal is dated.

    >>> last_day("2028-02")
    datetime.date(2028, 2, 29)
    """
    return add_months(_first_day(month), 1) - timedelta(days=1)


def _first_day(month: str) -> date:
    found = _FORM.fullmatch(month)
    if found is None:
        raise PeriodInvalid(month)
    return date(int(found[1]), int(found[2]), 1)
