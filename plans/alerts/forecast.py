"""The forecast of a month: its run rate, by weekday (pure)."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

__all__ = ("at_the_end", "weekday_profile")

Day = tuple[date, Fraction]


def weekday_profile(before: Sequence[Day]) -> tuple[Fraction, ...]:
    """Return what an average Monday, Tuesday, … came to; all 1 where nothing happened at all."""
    sums, numbers = [Fraction(0)] * 7, [0] * 7
    for day, figure in before:
        sums[day.weekday()] += figure
        numbers[day.weekday()] += 1
    found = tuple(total / number if number else Fraction(0) for total, number in zip(sums, numbers, strict=True))
    return found if any(one > 0 for one in found) else (Fraction(1),) * 7


def at_the_end(before: Sequence[Day], ended: Sequence[Day], today: Day, ahead: Sequence[date]) -> Fraction | None:
    """Return what a figure that adds up day by day comes to at the end of its period.

    The run rate r is what the ended days came to, divided by what the weekday profile says of them.
    Today counts as r × its weekday or what it has already, whichever is more; each day ahead as
    r × its weekday.

    Args:
        before: days before the period from which the profile is taken, for instance eight weeks.
        ended: the days of the period that are over.
        today: the running day with its figure so far.
        ahead: the days after today that are still in the period.

    Returns:
        The forecast; None while no day is over.

    >>> from datetime import date
    >>> days = [(date(2026, 11, one), Fraction(10)) for one in range(1, 11)]
    >>> at_the_end([], days, (date(2026, 11, 11), Fraction(2)), [date(2026, 11, one) for one in range(12, 31)])
    Fraction(300, 1)
    """
    if not ended:
        return None
    profile = weekday_profile(before)
    expected = sum((profile[day.weekday()] for day, _ in ended), Fraction(0))
    so_far = sum((figure for _, figure in ended), Fraction(0))
    # Where the month has had only weekdays on which nothing used to happen, the profile tells nothing of the rate.
    if expected <= 0:
        profile, expected = (Fraction(1),) * 7, Fraction(len(ended))
    rate = so_far / expected
    rest = sum((profile[day.weekday()] for day in ahead), Fraction(0))
    return so_far + max(today[1], rate * profile[today[0].weekday()]) + rate * rest
