"""What part of a transaction comes back when it is cancelled (pure)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from metering.policies import OffsetRule, RefundPolicy

__all__ = ("Case", "business_days", "refund_share")


@dataclass(frozen=True, slots=True)
class Case:
    """A cancellation by the learner, in the tenant's local dates.

    `class_on` is the date the class starts on, None where nobody said; `class_begun` whether it
    had started at the moment of the cancellation. `begun` is whether the learner had begun.
    """

    cancelled_on: date
    triggered_on: date
    class_on: date | None
    class_begun: bool
    begun: bool


def refund_share(policy: RefundPolicy, case: Case, holidays: Collection[date]) -> Fraction:
    """Return the part given back, 0 to 1: that of the first rule that applies, else 0.

    By default a class cancelled on Monday for the Wednesday of the next week (7 business days) gives
    1, for Thursday of the same week (3) 1/2, for Tuesday (1) 0. A web course gives 1 up to 14
    days after its trigger as long as the learner has not begun.
    """
    if case.class_on is not None and not case.class_begun:
        for offset in policy.before_class:
            if _days_before(offset, case.cancelled_on, case.class_on, holidays) >= offset.days:
                return Fraction(offset.percent) / 100
    for since in policy.after_trigger:
        within = (case.cancelled_on - case.triggered_on).days <= since.days
        if within and not (since.unless_begun and case.begun):
            return Fraction(since.percent) / 100
    return Fraction(0)


def _days_before(rule: OffsetRule, cancelled_on: date, class_on: date, holidays: Collection[date]) -> int:
    if rule.unit == "calendar_days":
        return (class_on - cancelled_on).days
    return business_days(cancelled_on, class_on, holidays)


def business_days(first: date, until: date, holidays: Collection[date]) -> int:
    """Return the difference of two dates in business days: those in `[first, until)`.

    Business days are Monday to Friday less the holidays. A cancellation on a weekend is as far
    from the class as one on the Monday after it.

    >>> business_days(date(2026, 3, 6), date(2026, 3, 9), ())  # Friday to Monday
    1
    >>> business_days(date(2026, 3, 7), date(2026, 3, 9), ())  # Saturday to Monday
    0
    """
    if until <= first:
        return 0
    weeks, rest = divmod((until - first).days, 7)
    tail = sum((first + timedelta(days=offset)).weekday() < 5 for offset in range(rest))
    free = sum(first <= day < until and day.weekday() < 5 for day in holidays)
    return weeks * 5 + tail - free
