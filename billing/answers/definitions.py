"""Other definitions that a bill is usually made by: what a meter could have counted instead (pure)."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from metering.policies import CountingPolicies
from metering.registry import METERS

__all__ = ("usual_definitions",)

Definition = tuple[str, str, CountingPolicies]
"""What it is called, the meter, and how that is read."""


def usual_definitions(meter: str, policies: CountingPolicies) -> Iterator[Definition]:
    """Yield the definitions near to a meter under a policy, each with its name."""
    family, dot, statistic = meter.rpartition(".")
    if dot and family in ("members.registered", "seats.named", "sessions.concurrent"):
        others = (other for other in METERS if other.startswith(f"{family}.") and other != meter)
        yield from ((f"{other} instead of {statistic}", other, policies) for other in others)
    weights = replace(policies.weights, classes=dict.fromkeys(policies.weights.classes, Decimal(1)), audiences={})
    yield "everybody weighs 1", meter, replace(policies, weights=weights)
    if meter == "members.active":
        told = _of_members(policies)
    elif family == "sessions.concurrent":
        told = _of_sessions(policies)
    else:
        told = _of_courses(policies) if family == "courses.transactions" else iter(())
    yield from ((name, meter, reading) for name, reading in told)


def _of_members(policies: CountingPolicies) -> Iterator[tuple[str, CountingPolicies]]:
    members = policies.members
    for event_type in ("session.started", "course.enrolled"):
        if event_type not in members.active_types:
            wider = replace(members, active_types=(*members.active_types, event_type))
            yield f"{event_type} makes active", replace(policies, members=wider)
    for number in (1, 2, 3):
        if number != members.min_events:
            yield f"active from {number} events on", replace(policies, members=replace(members, min_events=number))


def _of_sessions(policies: CountingPolicies) -> Iterator[tuple[str, CountingPolicies]]:
    sessions = policies.sessions
    for unit in ("person", "person_device", "session"):
        if unit != sessions.count_by:
            yield f"counted by {unit}", replace(policies, sessions=replace(sessions, count_by=unit))
    for minutes in (15, 30, 60):
        if minutes * 60 != sessions.timeout_s:
            other = replace(sessions, timeout_s=minutes * 60)
            yield f"time-out of {minutes} minutes", replace(policies, sessions=other)


def _of_courses(policies: CountingPolicies) -> Iterator[tuple[str, CountingPolicies]]:
    courses = policies.courses
    for course_type in ("wbt", "ilt"):
        for trigger in ("enrolled", "launched", "completed", "attended"):
            if trigger != courses.triggers.get(course_type):
                changed = replace(courses, triggers={**courses.triggers, course_type: trigger})
                yield f"{course_type} charged when {trigger}", replace(policies, courses=changed)
