"""Why no meter counts a fact, as far as that can be told from the fact itself (pure).

Whether a fact that a meter looks at is counted in the end (the third launch of a course, the second
event of an active member) is what evidence tells; this is what a sender can mend.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from metering.events import REGISTRY
from metering.policies import CountingPolicies

__all__ = ("UNMETERED", "Happened", "why_unmetered")

UNMETERED: Mapping[str, str] = {
    "voided": "A correction voids it.",
    "type_unknown": "No built-in meter knows this type, and no custom meter is about it. Is it spelt right?",
    "weight_zero": "The person's class weighs 0 in this contract: test, service and anonymous people are not counted.",
    "waived": "A waived completion is never counted.",
    "not_trigger": "Not what charges this course type in this contract, and nothing that makes active.",
    "no_show_not_billable": "A missed class is not billable in this contract.",
    "pool_leases": "The pool's leases are its only feed of concurrency.",
    "tells_of_a_person": "It tells something about a person and is no usage.",
    "driver_only": "It feeds contribution credits of the chargeback, no meter.",
    "filtered_out": "No built-in meter counts this type, and the filters of the custom meters leave this event out.",
}
"""The closed list of reasons."""

TRIGGERS = {"course.enrolled": "enrolled", "course.launched": "launched", "course.completed": "completed"}
BUYING = frozenset({"course.purchased", "course.refunded"})


class Happened(msgspec.Struct, frozen=True):
    """A fact with what decides: its type and fields, its person's class."""

    type: str
    attributes: Mapping[str, Any]
    person_class: str


def why_unmetered(
    happened: Happened, policies: CountingPolicies, custom: Collection[str], *, taken: bool
) -> str | None:
    """Return why no meter counts a fact, a key of `UNMETERED`; None where one looks at it.

    Args:
        happened: the fact.
        policies: the reading in force.
        custom: the types that custom meters are about.
        taken: whether a custom meter's filter takes this fact.
    """
    weight = policies.weights.classes.get(happened.person_class, 1)
    if weight == 0 and happened.type not in BUYING:
        return "weight_zero"
    if taken:
        return None
    if happened.type not in REGISTRY:
        return "filtered_out" if happened.type in custom else "type_unknown"
    return _built_in(happened, policies)


def _built_in(happened: Happened, policies: CountingPolicies) -> str | None:
    """Tell why no built-in meter counts a fact of a type they know."""
    name, fields = happened.type, happened.attributes
    reason: str | None = None
    if name == "course.completed" and fields.get("waived"):
        reason = "waived"
    elif name in policies.members.active_types:
        reason = None
    elif name in TRIGGERS:
        reason = (
            None if policies.courses.triggers.get(fields.get("course_type", "")) == TRIGGERS[name] else "not_trigger"
        )
    elif name == "class.missed":
        attended = "attended" in policies.courses.triggers.values()
        reason = None if attended and policies.courses.no_show_billable else "no_show_not_billable"
    elif name == "session.started":
        reason = "pool_leases" if fields.get("pool") in policies.sessions.leased_pools else None
    elif name == "person.updated":
        reason = "tells_of_a_person"
    elif name == "contribution.accepted":
        reason = "driver_only"
    return reason
