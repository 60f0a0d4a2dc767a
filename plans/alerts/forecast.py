"""What a figure comes to at the end of its period (pure): by its run rate, by periods before, or by its growth."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

__all__ = ("as_before", "at_the_end", "goes_on", "weekday_profile")

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


def as_before(figure: Fraction, earlier: Sequence[tuple[Fraction, Fraction]], passed: Fraction) -> Fraction | None:
    """Return what a figure that does not add up comes to if its period goes on as those before it did.

    It grows by what they grew from the same day to their end, but never faster than in step with the
    time: a customer who began in the middle of an earlier period would foretell a multiple.

    Args:
        figure: of the period's ended days.
        earlier: of each earlier period its figure up to the same day, and its whole.
        passed: the part of the period that is over, above 0 and at most 1.

    Returns:
        The forecast; None where no earlier period had anything by that day.

    >>> as_before(Fraction(60), [(Fraction(50), Fraction(80)), (Fraction(0), Fraction(90))], Fraction(1, 3))
    Fraction(96, 1)
    """
    begun = [(so_far, whole) for so_far, whole in earlier if so_far > 0]
    if not begun:
        return None
    grew = sum((whole for _, whole in begun), Fraction(0)) / sum((so_far for so_far, _ in begun), Fraction(0))
    return figure * min(grew, 1 / passed)


def goes_on(figure: Fraction, before: Fraction, days: tuple[int, int]) -> Fraction:
    """Return what a figure comes to if it goes on to grow, or to fall, by as much a day; never below 0.

    Args:
        figure: at the end of the last day.
        before: some days before that.
        days: how many days lie between the two, at least 1, and how many are to come.

    >>> goes_on(Fraction(100), Fraction(90), (5, 10))
    Fraction(120, 1)
    """
    past, ahead = days
    return max(figure + (figure - before) * ahead / past, Fraction(0))
