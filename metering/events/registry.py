"""Which type carries which data, and what its numbers may be (pure)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from core.money import UnknownCurrency, exponent
from metering.events.data import (
    Activity,
    ClassAttended,
    ClassMissed,
    Contribution,
    ContributionAccepted,
    CourseCancelled,
    CourseMoney,
    CourseStep,
    EventData,
    Membership,
    PersonChanged,
    SeatChange,
    SessionHeartbeat,
    SessionStarted,
)

__all__ = ("PRESENCE", "REGISTRY", "EventType", "Fault")

Fault = tuple[str, str]
"""A stable code, and a sentence that names the field."""

MAX_DIGITS = 12
MAX_MINUTES = 1440 * 31
EARLIEST_CLASS = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_CLASS = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event.

    `person_keys` are the fields of its data that name a person other than the subject; `fault`
    looks at what a schema cannot say.
    """

    name: str
    data: type[EventData]
    summary: str
    person_keys: tuple[str, ...] = ()
    fault: Callable[[Any], Fault | None] | None = None
    decoder: msgspec.json.Decoder[Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoder", msgspec.json.Decoder(self.data))


def _range_fault(name: str, value: Decimal | None, low: int, high: int) -> Fault | None:
    """Check a number's span and length; whoever sends nonsense must hear of it, not be billed for it."""
    if value is None:
        return None
    if not value.is_finite():
        return "data_invalid", f"data.{name} must be a number, not {value}."
    digits, places = value.as_tuple().digits, value.as_tuple().exponent
    if not low <= value <= high or len(digits) > MAX_DIGITS or int(places) < -MAX_DIGITS:
        return "quantity_out_of_range", f"data.{name} must be from {low} to {high}, with at most {MAX_DIGITS} digits."
    return None


def _class_fault(data: Any) -> Fault | None:
    starts_at = data.class_starts_at
    if starts_at is not None and not EARLIEST_CLASS <= starts_at < LATEST_CLASS:
        return "data_invalid", "data.class_starts_at must lie between the years 1970 and 2200."
    return None


def _cancelled_fault(data: CourseCancelled) -> Fault | None:
    return _range_fault("progress", data.progress, 0, 1) or _class_fault(data)


def _attended_fault(data: ClassAttended) -> Fault | None:
    return _range_fault("minutes", data.minutes, 0, MAX_MINUTES) or _class_fault(data)


@cache
def _known_currency(code: str) -> bool:
    try:
        exponent(code)
    except UnknownCurrency:
        return False
    return True


def _money_fault(data: CourseMoney) -> Fault | None:
    digits = data.amount.lstrip("-").replace(".", "").lstrip("0")
    if data.amount.startswith("-") or len(digits) > MAX_DIGITS:
        detail = f"data.amount must be 0 or more, with at most {MAX_DIGITS} digits; money back is a course.refunded."
        return "quantity_out_of_range", detail
    if not _known_currency(data.currency):
        return "data_invalid", f"data.currency must be an ISO 4217 code in use, not '{data.currency}'."
    return None


_TYPES = (
    EventType("session.started", SessionStarted, "A session was opened by a login."),
    EventType("session.heartbeat", SessionHeartbeat, "A session is still in use."),
    EventType("session.ended", SessionHeartbeat, "A session was closed by a logout."),
    EventType("membership.opened", Membership, "The subject joined a community."),
    EventType("membership.closed", Membership, "The subject left a community."),
    EventType("activity.performed", Activity, "The subject viewed, played, read, searched, followed or reacted."),
    EventType("contribution.created", Contribution, "The subject created something.", ("object_owner",)),
    EventType(
        "contribution.accepted",
        ContributionAccepted,
        "The subject found somebody's contribution useful.",
        ("contributor",),
    ),
    EventType("seat.assigned", SeatChange, "The subject holds a named seat from here on."),
    EventType("seat.released", SeatChange, "The subject gives a named seat back."),
    EventType("course.enrolled", CourseStep, "The subject was enrolled on a course.", fault=_class_fault),
    EventType("course.launched", CourseStep, "The subject opened a course.", fault=_class_fault),
    EventType("course.completed", CourseStep, "The subject completed a course.", fault=_class_fault),
    EventType(
        "course.cancelled",
        CourseCancelled,
        "The subject's enrolment was cancelled.",
        ("substitute",),
        _cancelled_fault,
    ),
    EventType("class.attended", ClassAttended, "The subject attended a class.", fault=_attended_fault),
    EventType("class.missed", ClassMissed, "The subject did not come to a class.", fault=_class_fault),
    EventType("course.purchased", CourseMoney, "The subject paid for a course.", fault=_money_fault),
    EventType("course.refunded", CourseMoney, "The subject was paid back.", fault=_money_fault),
    EventType("person.updated", PersonChanged, "The subject's details changed."),
    EventType(
        "person.deactivated", PersonChanged, "The subject left: seats and memberships end, no pool lets them in."
    ),
    EventType("person.reactivated", PersonChanged, "The subject is back; nothing that ended comes back by itself."),
)

PRESENCE = {"person.deactivated": False, "person.reactivated": True}
"""Types that say of their subject that they left, or are there (again)."""

REGISTRY: dict[str, EventType] = {kind.name: kind for kind in _TYPES}
"""All types that built-in meters know, by name."""
