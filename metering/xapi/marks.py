"""What a statement can be found by (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from metering.xapi.actors import identified_agents

__all__ = ("Kind", "found_by")

Kind = Literal["verb", "registration", "agent", "related_agent", "activity", "related_activity"]

Mark = tuple[Kind, str]


def found_by(statement: Mapping[str, Any], authority: Mapping[str, Any]) -> set[Mark]:
    """Return every filter's kind and value that finds the statement."""
    marks: set[Mark] = {("verb", statement["verb"]["id"])}
    registration = statement.get("context", {}).get("registration")
    if registration is not None:
        marks.add(("registration", registration.lower()))
    thing = statement["object"]
    for actor in (statement["actor"], thing) if _is_actor(thing) else (statement["actor"],):
        marks |= {("agent", key) for key in identified_agents(actor)}
    if _is_activity(thing):
        marks.add(("activity", thing["id"]))
    marks |= {("related_agent", key) for agent in (*_agents(statement), authority) for key in identified_agents(agent)}
    marks |= {("related_activity", activity["id"]) for activity in _activities(statement)}
    return marks


def _is_actor(thing: Mapping[str, Any]) -> bool:
    return thing.get("objectType") in ("Agent", "Group")


def _is_activity(thing: Mapping[str, Any]) -> bool:
    return bool(thing.get("objectType", "Activity") == "Activity")


def _agents(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield statement["actor"]
    thing = statement["object"]
    if _is_actor(thing):
        yield thing
    elif thing.get("objectType") == "SubStatement":
        yield from _agents(thing)
    context = statement.get("context", {})
    for name in ("instructor", "team"):
        if name in context:
            yield context[name]
    for related in context.get("contextAgents", ()):
        yield related["agent"]
    for related in context.get("contextGroups", ()):
        yield related["group"]


def _activities(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    thing = statement["object"]
    if _is_activity(thing):
        yield thing
    elif thing.get("objectType") == "SubStatement":
        yield from _activities(thing)
    for related in statement.get("context", {}).get("contextActivities", {}).values():
        yield from related if isinstance(related, list) else (related,)
