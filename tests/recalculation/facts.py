"""From raw events to facts: refuse what is wrong, take each identity once, apply corrections."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

KINDS = ("post", "answer", "comment", "wiki_edit", "blog", "idea", "upload", "rating", "forecast")
VERBS = ("viewed", "played", "read", "searched", "followed", "reacted", "downloaded")
COURSE_TYPES = ("wbt", "ilt", "simulation", "program")
REQUIRED = {
    "session.started": ("session_id",),
    "session.heartbeat": ("session_id",),
    "session.ended": ("session_id",),
    "membership.opened": ("community_id",),
    "membership.closed": ("community_id",),
    "activity.performed": ("verb", "object_type", "object_id"),
    "contribution.created": ("kind", "object_id"),
    "contribution.accepted": ("object_id", "contributor"),
    "seat.assigned": ("pool",),
    "seat.released": ("pool",),
    "course.enrolled": ("course_id", "course_type"),
    "course.launched": ("course_id", "course_type"),
    "course.completed": ("course_id", "course_type"),
    "course.cancelled": ("course_id", "course_type"),
    "class.attended": ("course_id", "class_id"),
    "class.missed": ("course_id", "class_id"),
    "course.purchased": ("course_id", "amount", "currency"),
    "course.refunded": ("course_id", "amount", "currency"),
}


@dataclass(frozen=True)
class Fact:
    """What happened, as it stands after corrections."""

    at: datetime
    type: str
    source: str
    id: str
    person: str
    data: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, str, str]:
        return (self.at, self.source, self.id)


@dataclass
class Answer:
    """What a sender of these events is told."""

    accepted: int = 0
    duplicate: int = 0
    conflicts: int = 0
    rejected: int = 0


@dataclass
class Book:
    """All that a customer's senders have delivered so far."""

    originals: dict[tuple[str, str], dict[str, Any]]
    corrections: dict[tuple[str, str], Any]

    def receive(self, events: list[dict[str, Any]], corrections: list[Any], now: datetime) -> Answer:
        """Take a delivery; the first of an identity wins."""
        answer = Answer()
        for event in events:
            if is_wrong(event, now):
                answer.rejected += 1
                continue
            identity = (event["source"], event["id"])
            known = self.originals.get(identity)
            if known is None:
                self.originals[identity] = event
                answer.accepted += 1
            elif all(known[part] == event[part] for part in ("type", "subject", "data")):
                answer.duplicate += 1
            else:
                answer.conflicts += 1
        for correction in corrections:
            self.corrections[correction.source, correction.id] = correction
        return answer

    def facts(self) -> list[Fact]:
        """Return what holds now, in order of time."""
        found = []
        for identity, original in self.originals.items():
            event = original
            correction = self.corrections.get(identity)
            if correction is not None:
                if correction.replacement is None:
                    continue
                event = correction.replacement
            at = datetime.fromisoformat(event["time"]).astimezone(UTC)
            found.append(Fact(at, event["type"], *identity, event["subject"], event["data"]))
        return sorted(found, key=lambda fact: fact.order)


def is_wrong(event: dict[str, Any], now: datetime) -> bool:
    """Say whether an event must be refused."""
    if any(not event.get(name) for name in ("id", "source", "type", "time", "subject")):
        return True
    try:
        at = datetime.fromisoformat(event["time"])
    except ValueError:
        return True
    return at > now + timedelta(minutes=5) or event.get("specversion") != "1.0" or data_is_wrong(event)


def data_is_wrong(event: dict[str, Any]) -> bool:
    """Say whether the payload lacks a field, or has one that cannot be."""
    data, type_ = event["data"], event["type"]
    if any(name not in data for name in REQUIRED.get(type_, ())):
        return True
    if type_ == "contribution.created" and data["kind"] not in KINDS:
        return True
    if type_ == "activity.performed" and data["verb"] not in VERBS:
        return True
    try:
        return data.get("minutes", 0) < 0 or Decimal(data.get("amount", "0")) < 0
    except InvalidOperation:
        return True


def local_midnight(day: date, tz: ZoneInfo) -> datetime:
    """Return the start of a local day. (The demo's zones have a midnight every day.)"""
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def local_days(start: datetime, end: datetime, tz: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the local days of a period that begins and ends at local midnights."""
    days = []
    day = start.astimezone(tz).date()
    while local_midnight(day, tz) < end:
        days.append((local_midnight(day, tz), local_midnight(day + timedelta(days=1), tz)))
        day += timedelta(days=1)
    return days
