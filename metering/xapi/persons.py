"""What statements tell of an agent or an activity (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metering.xapi.actors import agent_key

__all__ = ("activity_as_told", "person_as_told")


def person_as_told(agent: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the agent as a Person: every property an array, its names as statements give them."""
    person: dict[str, Any] = {"objectType": "Person"}
    key = agent_key(agent)
    names = {found["name"] for found in _agents(statements) if agent_key(found) == key and found.get("name")}
    names |= {agent["name"]} if agent.get("name") else set()
    if names:
        person["name"] = sorted(names)
    person |= {name: [agent[name]] for name in ("mbox", "mbox_sha1sum", "openid", "account") if name in agent}
    return person


def _agents(statements: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for statement in statements:
        for found in (statement["actor"], statement["object"]):
            yield found
            yield from found.get("member", ())


def activity_as_told(activity_id: str, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the activity, its definition put together from statements; of the same property the newest holds.

    Args:
        activity_id: as asked for.
        statements: whose object it is, newest first.
    """
    definition: dict[str, Any] = {}
    for statement in reversed(statements):
        if statement["object"].get("id") == activity_id:
            told = statement["object"].get("definition", {})
            for name, value in told.items():
                # Two languages of a name are both known, whichever statement told them.
                known = definition.get(name)
                definition[name] = known | value if isinstance(known, dict) and isinstance(value, dict) else value
    activity: dict[str, Any] = {"objectType": "Activity", "id": activity_id}
    return activity | {"definition": definition} if definition else activity
