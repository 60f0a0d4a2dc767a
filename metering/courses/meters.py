"""The course meters: transactions charged, refunded and net; class hours; revenue (pure)."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from core.periods import Period, local_date
from metering.courses.transactions import TRIGGERS, Refund, Transaction, course_type_of, replay
from metering.facts import Fact
from metering.grounds import Grounds, Weighed, entry_of, excluded, keys_of
from metering.measurement import Entry, Exclusion, Measurement, Reader, exact_sum

__all__ = ("class_hours", "revenue", "transactions")

DIMENSIONS = ("course_id", "class_id", "transfer_of", "community_id")
OF_MONEY = ("course_id", "currency", "course_type", "community_id")

Statistic = Literal["charged", "refunded", "net"]


def transactions(grounds: Grounds, statistic: Statistic) -> Reader:
    """Return the meter `courses.transactions.<statistic>`.

    `charged` counts in the period of the trigger, `refunded` (a positive number) in the period of
    the cancellation, attributed like the trigger and with the keys `origin_period`, the first of
    the local month that was charged, and `origin_at`, the trigger's instant: billing periods need
    not be months. `net` is charged − refunded; its refunds are negative entries.

    Charged in March, cancelled in April with 50 %: charged 1 in March, refunded 0.5 in April.
    """
    book = grounds.once(replay)

    def read(period: Period) -> Measurement:
        entries: list[Entry] = []
        exclusions: list[Exclusion] = []
        if statistic != "refunded":
            charged = (t for t in book.charged if t.trigger.fact.occurred_at in period and t.trigger.weight)
            entries.extend(_charge(grounds, transaction) for transaction in charged)
            exclusions.extend(_inside(book.not_charged, period))
        if statistic != "charged":
            sign = -1 if statistic == "net" else 1
            refunded = (r for r in book.refunded if r.cancellation.occurred_at in period and r.trigger.weight)
            entries.extend(_refund(grounds, refund, sign) for refund in refunded)
            exclusions.extend(_inside(book.not_refunded, period))
        return _measurement(f"courses.transactions.{statistic}", period, "transaction", entries, exclusions)

    return Reader(read)


def _charge(grounds: Grounds, transaction: Transaction) -> Entry:
    trigger = transaction.trigger
    keys = (*keys_of(trigger, DIMENSIONS), ("course_type", course_type_of(trigger.fact.type, trigger.fact.attributes)))
    reason = f"charged_on_{TRIGGERS[trigger.fact.type]}"
    return entry_of(trigger, trigger.weight, reason, (keys, grounds.centres_of(trigger.fact)))


def _refund(grounds: Grounds, refund: Refund, sign: int) -> Entry:
    fact, trigger = refund.cancellation, refund.trigger
    month = local_date(trigger.fact.occurred_at, grounds.tz).replace(day=1)
    by = "provider" if fact.attributes.get("by") == "provider" else "learner"
    return Entry(
        person_id=refund.person_id,
        identity_id=fact.identity_id,
        quantity=sign * trigger.weight * refund.share,
        weight=trigger.weight,
        reason=f"refunded_by_{by}",
        at=fact.occurred_at,
        source=fact.source,
        event_key=fact.event_key,
        event_id=fact.event_id or None,
        keys=(
            *keys_of(trigger, DIMENSIONS),
            ("course_type", course_type_of(trigger.fact.type, trigger.fact.attributes)),
            ("origin_period", month.isoformat()),
            ("origin_at", trigger.fact.occurred_at.isoformat()),
        ),
        cost_centres=grounds.centres_of(trigger.fact),
    )


def class_hours(grounds: Grounds) -> Reader:
    """Return the meter `class.hours`: attended minutes ÷ 60, class weights applied.

    One report per person and class counts, the longest (then the earliest), in its own period.
    """
    longest: dict[tuple[UUID, str, str], Weighed] = {}
    shorter: list[Exclusion] = []
    for fact in grounds.facts:
        if fact.type != "class.attended":
            continue
        report = grounds.weigh(fact)
        key = (report.person_id, str(fact.attributes.get("course_id")), str(fact.attributes.get("class_id")))
        best = longest.get(key)
        if best is not None and _minutes(fact) <= _minutes(best.fact):
            shorter.append(excluded(fact, report.person_id, "shorter_report"))
            continue
        if best is not None:
            shorter.append(excluded(best.fact, best.person_id, "shorter_report"))
        longest[key] = report

    def read(period: Period) -> Measurement:
        entries: list[Entry] = []
        exclusions = _inside(shorter, period)
        for report in longest.values():
            if report.fact.occurred_at not in period:
                continue
            if report.weight == 0:
                exclusions.append(excluded(report.fact, report.person_id, "weight_zero"))
                continue
            quantity = report.weight * _minutes(report.fact) / 60
            entries.append(grounds.entry(report, quantity, "class_attended", DIMENSIONS))
        return _measurement("class.hours", period, "hour", entries, exclusions)

    return Reader(read)


def revenue(grounds: Grounds) -> Reader:
    """Return the meter `courses.revenue`: what all buyers paid less what they got back, by event date.

    Amounts are in the currencies they were paid in: the key `currency` tells them apart, and a
    sum over several currencies is no figure. Nobody weighs less than 1 here.
    """

    def read(period: Period) -> Measurement:
        entries: list[Entry] = []
        for fact in grounds.within(period):
            if fact.type not in ("course.purchased", "course.refunded"):
                continue
            weighed = grounds.weigh(fact)
            buyer = Weighed(fact, weighed.person_id, weighed.traits, Fraction(1))
            amount = Fraction(Decimal(str(fact.attributes.get("amount", 0))))
            refunded = fact.type == "course.refunded"
            reason = "refund_paid" if refunded else "purchase"
            entries.append(grounds.entry(buyer, -amount if refunded else amount, reason, OF_MONEY))
        return _measurement("courses.revenue", period, "currency", entries, [])

    return Reader(read)


def _minutes(fact: Fact) -> Fraction:
    return Fraction(str(fact.attributes.get("minutes") or 0))


def _inside(exclusions: list[Exclusion], period: Period) -> list[Exclusion]:
    return [exclusion for exclusion in exclusions if _at(exclusion) in period]


def _at(exclusion: Exclusion) -> datetime:
    assert exclusion.at is not None
    return exclusion.at


def _measurement(
    meter: str, period: Period, unit: str, entries: list[Entry], exclusions: list[Exclusion]
) -> Measurement:
    total = exact_sum(entry.quantity for entry in entries)
    return Measurement(meter, period, unit, total, tuple(entries), tuple(exclusions))
