"""Reading times as files write them (pure)."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from core.periods import day_start
from metering.imports.faults import FileFault

__all__ = ("Clock", "has_figures", "proven_order")

Order = Literal["auto", "day_first", "month_first"]

_NUMERIC = re.compile(
    r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})"
    r"(?:,?[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([AaPp])\.?[Mm]\.?)?)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})([/.])(\d{1,2})\2(\d{1,2})(?:[ T]+(\d{1,2})(:.*))?")
_OFFSET = re.compile(r"(?<=\d) (?:UTC|GMT|Z)$")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[ ,]+", re.IGNORECASE)
_NAMED = re.compile(
    r"(\d{1,2}[ -][A-Za-z]{3,9}|[A-Za-z]{3,9} \d{1,2})[ ,-]+(\d{4}|\d{2})"
    r"(?:(?:,? at|,)? (\d{1,2}:\d{2})(:\d{2})?( ?[AaPp][Mm])?)?"
)
_REMEMBERED = 50_000


class Clock:
    """Turns the texts of one file into instants in UTC.

    A date without a time is the first instant of that day. A local time that the clock shows twice
    is the earlier one; one that it skips is read with the offset before the gap.
    """

    def __init__(self, zone: ZoneInfo, order: Order, formats: Iterable[str]) -> None:
        self._zone, self._order, self._formats = zone, order, tuple(formats)
        self._hour = lru_cache(_REMEMBERED)(self._utc_hour)
        self._slowly = lru_cache(_REMEMBERED)(self._tried)

    def read(self, text: str) -> str:
        """Return the instant of a text, as RFC 3339 in UTC.

        Raises:
            ValueError: it is none.
        """
        size = len(text)
        # 2026-11-24 09:30:00, by far the commonest: its hour is looked up, the rest stays as it is.
        if size == 19 and text[10] in " T" and text[13] == text[16] == ":" and not self._formats:
            datetime.fromisoformat(text)
            hour = self._hour(text[:13])
            if hour:
                return f"{hour}{text[13:]}Z"
        found = self._slowly(text)
        if found is None:
            raise ValueError(text)
        return found

    def _tried(self, text: str) -> str | None:
        """Return the instant, or None: what is no time is remembered too, it may come in every row."""
        try:
            return self._read(text)
        except (ValueError, OverflowError):
            return None

    def _utc_hour(self, text: str) -> str:
        """Return a local hour in UTC, '' where that is not a whole hour or the clock is changed in it."""
        first = datetime.fromisoformat(f"{text}:00:00").replace(tzinfo=self._zone)
        last = first.replace(minute=59, second=59)
        offset = first.utcoffset()
        if offset is None or offset != last.utcoffset() or offset % timedelta(hours=1):
            return ""
        if offset != first.replace(fold=1).utcoffset():
            return ""
        return first.astimezone(UTC).isoformat()[:13]

    def _read(self, text: str) -> str:
        found = self._formatted(text) if self._formats else self._known(text)
        if isinstance(found, datetime):
            aware = found if found.tzinfo is not None else found.replace(tzinfo=self._zone)
            return _text(aware.astimezone(UTC))
        return _text(day_start(found, self._zone))

    def _formatted(self, text: str) -> datetime | date:
        for form in self._formats:
            try:
                found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put on by the caller
            except ValueError:
                continue
            return found if any(mark in form for mark in ("%H", "%I", "%s", "%c", "%X")) else found.date()
        raise ValueError(text)

    def _known(self, text: str) -> datetime | date:
        text = _OFFSET.sub("+00:00", text)
        if year_first := _YEAR_FIRST.fullmatch(text):
            year, _, month, day, hour, rest = year_first.groups()
            text = f"{year}-{month:0>2}-{day:0>2}" + (f" {hour:0>2}{rest}" if hour else "")
        try:
            return datetime.fromisoformat(text) if len(text) != 10 else date.fromisoformat(text)
        except ValueError:
            pass
        numeric = _NUMERIC.fullmatch(text)
        return self._figures(numeric) if numeric else _named(text)

    def _figures(self, found: "re.Match[str]") -> datetime | date:
        one, two, year, hour, minute, second, half = found.groups()
        dotted = "." in found.group(0)[:3]  # nobody writes month.day.year
        month_first = self._order == "month_first" and not dotted
        day, month = (int(two), int(one)) if month_first else (int(one), int(two))
        whole = int(year) + 2000 if len(year) == 2 else int(year)
        if hour is None:
            return date(whole, month, day)
        hours = int(hour)
        if half:
            if not 1 <= hours <= 12:
                raise ValueError(found.group(0))
            hours = hours % 12 + (12 if half in "Pp" else 0)
        return datetime(whole, month, day, hours, int(minute), int(second or 0))  # noqa: DTZ001


def _named(text: str) -> datetime | date:
    """Read a date with the English name of its month, which stands before or after the day."""
    found = _NAMED.fullmatch(_WEEKDAY.sub("", text, count=1))
    if found is None:
        raise ValueError(text)
    day, year, minute, second, half = found.groups()
    month = "%b" if len(day.strip("0123456789 -")) == 3 else "%B"
    form = f"%d {month}" if day[0].isdigit() else f"{month} %d"
    form += " %Y" if len(year) == 4 else " %y"
    written = f"{day.replace('-', ' ')} {year}"
    if minute is None:
        return datetime.strptime(written, form).date()  # noqa: DTZ007
    clock = f"{minute}{second or ''}{f' {half.strip()}' if half else ''}"
    form += f" {'%I' if half else '%H'}:%M{':%S' if second else ''}{' %p' if half else ''}"
    return datetime.strptime(f"{written} {clock}", form)  # noqa: DTZ007


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def has_figures(texts: Iterable[str]) -> bool:
    """Return whether any of them is a date whose days and months could be told apart by their order alone."""
    return any(_by_order(text) for text in texts)


def _by_order(text: str) -> "re.Match[str] | None":
    found = _NUMERIC.fullmatch(text.strip())
    return found if found is not None and "." not in found.group(0)[:3] else None


def proven_order(texts: Iterable[str], columns: str) -> Order:
    """Tell from sample values whether days or months come first in dates such as 03/04/2026.

    Returns:
        The order that a value proves; `day_first` where no value depends on it.

    Raises:
        FileFault: every value can be read both ways, or values prove both (`import_time_order_unclear`).
    """
    proofs, unclear = set[Order](), ""
    for text in texts:
        found = _by_order(text)
        if found is None:
            continue
        one, two = int(found.group(1)), int(found.group(2))
        if one > 12 >= two:
            proofs.add("day_first")
        elif two > 12 >= one:
            proofs.add("month_first")
        elif one != two:
            unclear = text
    if len(proofs) == 1:
        return proofs.pop()
    if not proofs and not unclear:
        return "day_first"
    why = "The first rows have both" if proofs else f"Each date in the first rows can be read both ways, as “{unclear}”"
    raise FileFault(
        "import_time_order_unclear",
        f"{why}: is it day/month or month/day in {columns}? Say order=day_first or order=month_first.",
        "order",
        [("day_first", ""), ("month_first", "")],
    )
