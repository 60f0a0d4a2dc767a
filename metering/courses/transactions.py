"""Course transactions: charged by one trigger per course type, once per key; refunded by rule (pure).

Facts are replayed in reading order, a trigger before a cancellation at the same instant. The whole
life of a key is replayed, so that a late earlier trigger moves the anchor of its access window.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.periods import local_date
from metering.courses.refunds import Case, refund_share
from metering.facts import Fact, fact_order
from metering.grounds import Grounds, Weighed, excluded
from metering.measurement import Exclusion
from metering.policies import CoursePolicy, RefundPolicy

__all__ = ("Book", "Refund", "Transaction", "course_type_of", "replay", "why_no_trigger")

Key = tuple[str, int, str, str]
"""What is charged once: kind (`registration`, `class`, `course`), number of the person, course ("" where a
registration says all), registration or class."""

TRIGGERS = {
    "course.enrolled": "enrolled",
    "course.launched": "launched",
    "course.completed": "completed",
    "class.attended": "attended",
    "class.missed": "missed",
}
NOT_NORMAL = frozenset({"browse", "review"})
"""Launch modes of cmi5 in which somebody only looks: they charge nothing and begin nothing."""
INSIDE = {"registration": "same_registration", "class": "same_class", "course": "inside_access_window"}


@dataclass(slots=True, eq=False)
class Transaction:
    """Opened by the trigger that is charged; held by the learner, or by who substituted them."""

    trigger: Weighed
    kind: str
    holder: int
    course_id: str
    class_id: str | None
    keys: list[Key]
    begun: bool = False
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """A cancellation that gives a part of a transaction back and closes it."""

    cancellation: Fact
    person_id: UUID
    trigger: Weighed
    share: Fraction


@dataclass(slots=True)
class Book:
    """Everything that happened to transactions, in the order it happened."""

    charged: list[Transaction] = field(default_factory=list)
    refunded: list[Refund] = field(default_factory=list)
    not_charged: list[Exclusion] = field(default_factory=list)
    not_refunded: list[Exclusion] = field(default_factory=list)


def replay(grounds: Grounds) -> Book:
    """Return the book of all transactions that the facts make."""
    return _Replay(grounds).run()


def course_type_of(event_type: str, attributes: Mapping[str, Any]) -> str:
    """Return the course type; what happens in a class is of a class."""
    return str(attributes.get("course_type") or ("ilt" if event_type.startswith("class.") else ""))


def why_no_trigger(policy: CoursePolicy, event_type: str, attributes: Mapping[str, Any]) -> str | None:
    """Return why such a fact can't charge, or None where it can."""
    wanted = policy.triggers.get(course_type_of(event_type, attributes))
    happened = TRIGGERS[event_type]
    if happened == "missed" and wanted == "attended":
        return None if policy.no_show_billable else "no_show_not_billable"
    if happened != wanted:
        return "not_trigger"
    if attributes.get("mode") in NOT_NORMAL:
        return "browse_or_review"
    return "waived" if happened == "completed" and attributes.get("waived") else None


class _Replay:
    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._policy = grounds.policies.courses
        self._open: dict[Key, Transaction] = {}
        self._held: dict[int, list[Transaction]] = {}
        self._begun_at: dict[Key, datetime] = {}
        self._book = Book()

    def run(self) -> Book:
        facts = [fact for fact in self._grounds.facts if fact.type in TRIGGERS or fact.type == "course.cancelled"]
        facts.sort(key=lambda fact: (fact.occurred_at, fact.type == "course.cancelled", *fact_order(fact)))
        for fact in facts:
            key = _key_of(fact, self._grounds.who(fact.identity_id).number)
            if fact.type == "course.cancelled":
                self._cancel(fact, key)
                continue
            why_not = why_no_trigger(self._policy, fact.type, fact.attributes)
            if why_not is None:
                self._trigger(fact, key)
            else:
                self._not_charged(fact, why_not)
            if _begins(fact):
                self._begin(fact, key)
        return self._book

    def _trigger(self, fact: Fact, key: Key) -> None:
        held = self._open.get(key) or self._substituted(fact, key)
        if held is not None and self._covers(held, fact):
            self._not_charged(fact, INSIDE[key[0]])
            return
        if held is not None:
            self._close(held)
        transaction = Transaction(
            trigger=self._grounds.weigh(fact),
            kind=key[0],
            holder=key[1],
            course_id=_course_of(fact),
            class_id=fact.attributes.get("class_id"),
            keys=[key],
            begun=self._begun_at.get(key) == fact.occurred_at,
        )
        self._hold(transaction)
        self._book.charged.append(transaction)
        if transaction.trigger.weight == 0:
            self._not_charged(fact, "weight_zero")

    def _covers(self, held: Transaction, fact: Fact) -> bool:
        """Return whether the transaction covers the trigger: a course for its access window only."""
        if held.kind != "course":
            return True
        until = self._day_of(held.trigger.fact) + timedelta(days=self._policy.access_window_days)
        return self._day_of(fact) < until

    def _substituted(self, fact: Fact, key: Key) -> Transaction | None:
        """Return the transaction that a substitute's own enrolment, under another key, belongs to."""
        held = self._in_class(key[1], _course_of(fact), fact.attributes.get("class_id"))
        if held is None or not held.taken_over:
            return None
        held.keys.append(key)
        self._open[key] = held
        return held

    def _begin(self, fact: Fact, key: Key) -> None:
        held = self._open.get(key)
        if held is not None:
            held.begun = True
        # A launch may stand before the enrolment of the same instant in reading order.
        self._begun_at[key] = fact.occurred_at

    def _cancel(self, fact: Fact, key: Key) -> None:
        held = self._open.get(key)
        if held is None:
            self._not_refunded(fact, "no_transaction")
            return
        if self._take_over(fact, held, key):
            self._not_refunded(fact, "substituted")
            return
        share = self._share(fact, held)
        if share == 0:
            self._not_refunded(fact, "refund_zero")
            return
        self._close(held)
        self._book.refunded.append(Refund(fact, self._grounds.person_of(fact), held.trigger, share))
        if held.trigger.weight == 0:
            self._not_refunded(fact, "weight_zero")

    def _take_over(self, fact: Fact, held: Transaction, key: Key) -> bool:
        """Hand the transaction to the substitute, if there is one who holds none there yet."""
        identity_id = fact.attributes.get("substitute")
        if identity_id is None or fact.attributes.get("by") == "provider":
            return False
        substitute = self._grounds.who(int(identity_id)).number
        class_id = fact.attributes.get("class_id") or held.class_id
        new_key: Key = (key[0], substitute, key[2], key[3])
        already = self._open.get(new_key) or self._in_class(substitute, held.course_id, class_id)
        if already is not None and self._covers(already, fact):
            return False
        self._close(held)
        held.holder, held.keys, held.taken_over, held.class_id = substitute, [new_key], True, class_id
        self._hold(held)
        return True

    def _share(self, fact: Fact, held: Transaction) -> Fraction:
        if fact.attributes.get("by") == "provider":
            return Fraction(1)
        starts = fact.attributes.get("class_starts_at") or held.trigger.fact.attributes.get("class_starts_at")
        class_starts_at = datetime.fromisoformat(starts) if starts else None
        case = Case(
            cancelled_on=self._day_of(fact),
            triggered_on=self._day_of(held.trigger.fact),
            class_on=local_date(class_starts_at, self._grounds.tz) if class_starts_at else None,
            class_begun=class_starts_at is not None and fact.occurred_at >= class_starts_at,
            begun=held.begun or Fraction(str(fact.attributes.get("progress") or 0)) > 0,
        )
        rules = self._policy.refunds.get(
            course_type_of(held.trigger.fact.type, held.trigger.fact.attributes), RefundPolicy()
        )
        return refund_share(rules, case, self._grounds.holidays)

    def _day_of(self, fact: Fact) -> date:
        return local_date(fact.occurred_at, self._grounds.tz)

    def _not_charged(self, fact: Fact, reason: str) -> None:
        self._book.not_charged.append(excluded(fact, self._grounds.person_of(fact), reason))

    def _not_refunded(self, fact: Fact, reason: str) -> None:
        self._book.not_refunded.append(excluded(fact, self._grounds.person_of(fact), reason))

    def _in_class(self, person: int, course_id: str, class_id: str | None) -> Transaction | None:
        return next(self._of_class(person, course_id, class_id), None) if class_id else None

    def _of_class(self, person: int, course_id: str, class_id: str | None) -> Iterator[Transaction]:
        for held in self._held.get(person, ()):
            if held.class_id == class_id and held.course_id == course_id:
                yield held

    def _hold(self, transaction: Transaction) -> None:
        self._held.setdefault(transaction.holder, []).append(transaction)
        for key in transaction.keys:
            self._open[key] = transaction

    def _close(self, transaction: Transaction) -> None:
        self._held[transaction.holder].remove(transaction)
        for key in transaction.keys:
            del self._open[key]


def _key_of(fact: Fact, person: int) -> Key:
    """Return what the fact belongs to: its registration, else the class of an ILT, else the course.

    A registration may be of a package of several courses, modules and lessons: it is charged once.
    """
    attributes = fact.attributes
    course_id = _course_of(fact)
    registration, class_id = attributes.get("registration"), attributes.get("class_id")
    if registration:
        return "registration", person, "", str(registration)
    if class_id and course_type_of(fact.type, attributes) == "ilt":
        return "class", person, course_id, str(class_id)
    return "course", person, course_id, ""


def _course_of(fact: Fact) -> str:
    return str(fact.attributes.get("course_id", ""))


def _begins(fact: Fact) -> bool:
    """Return whether the learner begins by it: a launch, or a completion that is not waived, in earnest."""
    if fact.attributes.get("mode") in NOT_NORMAL:
        return False
    return fact.type == "course.launched" or (fact.type == "course.completed" and not fact.attributes.get("waived"))
