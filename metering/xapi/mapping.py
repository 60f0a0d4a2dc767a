"""From a statement to an event: by verb and activity type, after a table that tenants extend (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from metering.xapi.actors import person_of, subject_of
from metering.xapi.rules import ANY, BUILT_IN, MappingRule
from metering.xapi.statements import VOIDED
from metering.xapi.values import duration_minutes, instant_text, read_instant

__all__ = ("SOURCE", "TAKES", "Mapped", "TenantMapping", "Unmetered", "event_of", "rule_of")

SOURCE = "/xapi/statements"
"""The source of every event that was a statement; its id is the statement's."""

CMI5 = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
CMI5_AU = "https://w3id.org/xapi/cmi5/activities/au"
"""Stands for the activity of a cmi5 statement, which needs no type of its own."""
_CMI5_EXTENSION = "https://w3id.org/xapi/cmi5/context/extensions/"
COURSES = (
    "http://adlnet.gov/expapi/activities/course",
    "https://w3id.org/xapi/cmi5/activitytype/course",
    "http://adlnet.gov/expapi/activities/simulation",
)


@dataclass(frozen=True, slots=True)
class TenantMapping:
    """What a tenant says beyond the built-in table."""

    rules: tuple[MappingRule, ...] = ()
    directories: frozenset[str] = frozenset()
    """Home pages whose account names are the tenant's own keys of people."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A statement's event, ready for ingestion."""

    event: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unmetered:
    """Why a statement makes no event; the reason is a stable code."""

    reason: str


def event_of(
    statement: Mapping[str, Any], statement_id: str, stored: datetime, mapping: TenantMapping
) -> Mapped | Unmetered:
    """Return the event that a valid statement stands for, or why there is none.

    Args:
        statement: decoded.
        statement_id: the event's id.
        stored: the time of a statement without a timestamp.
        mapping: what the tenant added.
    """
    if statement["verb"]["id"] == VOIDED:
        return Unmetered("voiding")
    rule = rule_of(statement, mapping.rules)
    if rule is None:
        known = {candidate.verb for candidate in (*mapping.rules, *BUILT_IN)}
        return Unmetered("activity_type_unmapped" if statement["verb"]["id"] in known else "verb_unmapped")
    if rule.event_type is None:
        return Unmetered("ignored_by_rule")
    actor = statement["actor"]
    if actor.get("objectType") == "Group":
        return Unmetered("actor_is_group")
    data: dict[str, Any] = {}
    for name, wanted in rule.data.items():
        value = TAKES[wanted[1:]](statement) if wanted.startswith("$") else wanted
        if value is not None:
            data[name] = value
    if "waived" in data:
        data["waived"] = data["waived"] == "true"
    person = person_of(actor)
    if person:
        data["person"] = person
    time = statement.get("timestamp")
    happened = read_instant(time, zone_required=False) if time else None
    return Mapped({
        "id": statement_id,
        "source": SOURCE,
        "type": rule.event_type,
        "time": instant_text(happened or stored),
        "subject": subject_of(actor, mapping.directories),
        "data": data,
    })  # fmt: skip


def rule_of(statement: Mapping[str, Any], own: Sequence[MappingRule]) -> MappingRule | None:
    """Return the first rule that fits: the tenant's before the built-in ones, a type before any type."""
    types = _types(statement)
    for rules in (own, BUILT_IN):
        by_type = {rule.activity_type: rule for rule in rules if rule.verb == statement["verb"]["id"]}
        for activity_type in types:
            if activity_type in by_type:
                return by_type[activity_type]
    return None


def _types(statement: Mapping[str, Any]) -> list[str]:
    stated = statement["object"].get("definition", {}).get("type")
    types = [stated] if stated else []
    if _is_cmi5(statement):
        # Of cmi5 the category is sure; what it says comes before a type that an author gave.
        types.insert(0, CMI5_AU)
    return [*types, ANY]


def _activities(statement: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    found = statement.get("context", {}).get("contextActivities", {}).get(kind, [])
    return found if isinstance(found, list) else [found]


def _is_cmi5(statement: Mapping[str, Any]) -> bool:
    return any(activity["id"] == CMI5 for activity in _activities(statement, "category"))


def _object_id(statement: Mapping[str, Any]) -> str | None:
    thing = statement["object"]
    return thing.get("id") if thing.get("objectType", "Activity") == "Activity" else None


def _course(statement: Mapping[str, Any]) -> str | None:
    """Return the course: the object or what it is a part of; of cmi5 at least the registration's.

    A cmi5 course has several units and one registration, so its units must not be a course each.
    """
    candidates = [statement["object"], *_activities(statement, "parent"), *_activities(statement, "grouping")]
    for activity in candidates:
        if activity.get("definition", {}).get("type") in COURSES:
            return str(activity["id"])
    registration = _registration(statement)
    if registration is not None and _is_cmi5(statement):
        return f"urn:uuid:{registration}"
    return _object_id(statement)


def _parent_or_course(statement: Mapping[str, Any]) -> str | None:
    parents = _activities(statement, "parent")
    return str(parents[0]["id"]) if parents else _course(statement)


def _parent(statement: Mapping[str, Any]) -> str | None:
    parents = _activities(statement, "parent")
    return str(parents[0]["id"]) if parents else None


def _registration(statement: Mapping[str, Any]) -> str | None:
    registration = statement.get("context", {}).get("registration")
    return registration.lower() if registration is not None else None


def _extension(statement: Mapping[str, Any], name: str) -> str | None:
    value = statement.get("context", {}).get("extensions", {}).get(_CMI5_EXTENSION + name)
    return value if isinstance(value, str) and value else None


def _mode(statement: Mapping[str, Any]) -> str | None:
    mode = (_extension(statement, "launchmode") or "").lower()
    return mode if mode in ("normal", "browse", "review") else None


def _session(statement: Mapping[str, Any]) -> str | None:
    return _extension(statement, "sessionid") or _registration(statement)


def _minutes(statement: Mapping[str, Any]) -> str | None:
    minutes = duration_minutes(statement.get("result", {}).get("duration", ""))
    return f"{round(minutes, 4).normalize():f}" if minutes is not None else None


def _object_type(statement: Mapping[str, Any]) -> str:
    return str(statement["object"].get("definition", {}).get("type", "activity"))


TAKES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "object": _object_id,
    "object_type": _object_type,
    "course": _course,
    "parent": _parent,
    "parent_or_course": _parent_or_course,
    "registration": _registration,
    "mode": _mode,
    "session": _session,
    "minutes": _minutes,
}
"""What a rule's data may take from a statement, written with a `$` before the name."""
