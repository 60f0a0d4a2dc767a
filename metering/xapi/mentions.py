"""People whom a statement mentions beside its actor: each stands in the original under a key of their own (pure).

The original is sealed under its actor's key. Whoever else is named in it (object, authority,
instructor, team, members of groups, context agents, likewise in a sub-statement) is replaced by a
token that only that person's key opens. So to forget anybody is to delete one key: the statement
stays readable for the others, with a placeholder, and its hash and figures stay what they were.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

import msgspec

from metering.xapi.actors import agent_key
from metering.xapi.signatures import SIGNATURE

__all__ = ("FORGOTTEN", "Agent", "hidden", "mentioned", "sealers_named", "shown", "signatures_of")

Agent = Mapping[str, Any]
FORGOTTEN: Agent = {
    "objectType": "Agent",
    "account": {"homePage": "https://forgotten.invalid", "name": "forgotten"},
}
"""Who stands where nobody may be named any more: a valid agent, the same for everybody."""
_TOKEN = "sealed"  # noqa: S105 - the name of a property that no agent has


def mentioned(statement: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys of the people whom a statement names beside its actor (`agent_key`)."""
    found = set[str]()

    def note(agent: Agent) -> Agent:
        found.add(cast(str, agent_key(agent)))
        return agent

    _rewritten(statement, note)
    return frozenset(found - {agent_key(statement["actor"])})


def hidden(statement: Mapping[str, Any], seal: Mapping[str, tuple[UUID, Callable[[bytes], bytes]]]) -> dict[str, Any]:
    """Return a statement in which people are tokens.

    Args:
        statement: a valid one.
        seal: by `agent_key`: under which name a person's key stands, and what seals under it.
    """

    def token(agent: Agent) -> Agent:
        found = seal.get(cast(str, agent_key(agent)))
        if found is None:
            return agent
        name, sealed = found
        return {"objectType": "Agent", _TOKEN: [name.hex, b64encode(sealed(msgspec.json.encode(agent))).decode()]}

    return _rewritten(statement, token)


def sealers_named(statement: Mapping[str, Any]) -> frozenset[UUID]:
    """Return the names of the keys that the tokens of a stored statement want."""
    found = set[UUID]()

    def note(agent: Agent) -> Agent:
        if _TOKEN in agent:
            found.add(UUID(hex=agent[_TOKEN][0]))
        return agent

    _rewritten(statement, note)
    return frozenset(found)


def shown(statement: Mapping[str, Any], opened: Callable[[UUID, bytes], bytes | None]) -> dict[str, Any]:
    """Return a stored statement as it was received; whose token does not open is `FORGOTTEN`.

    Args:
        statement: as `hidden` gave it, or one without tokens.
        opened: gives back what was sealed under a name, or None.
    """

    def agent_of(agent: Agent) -> Agent:
        if _TOKEN not in agent:
            return agent
        name, sealed = agent[_TOKEN]
        plain = opened(UUID(hex=name), b64decode(sealed))
        return FORGOTTEN if plain is None else cast(Agent, msgspec.json.decode(plain))

    return _rewritten(statement, agent_of)


def signatures_of(statement: Mapping[str, Any]) -> frozenset[str]:
    """Return the SHA-2 of the attachments that are signatures: they hold the whole statement once more."""
    return frozenset(
        attachment["sha2"].lower()
        for attachment in statement.get("attachments", ())
        if attachment["usageType"] == SIGNATURE
    )


def _rewritten(statement: Mapping[str, Any], change: Callable[[Agent], Agent]) -> dict[str, Any]:
    """Return a statement, or a sub-statement, with every agent in it changed."""
    done = dict(statement)
    for name in ("actor", "authority"):
        if name in done:
            done[name] = _changed(done[name], change)
    thing = done["object"]
    if thing.get("objectType") in ("Agent", "Group"):
        done["object"] = _changed(thing, change)
    elif thing.get("objectType") == "SubStatement":
        done["object"] = _rewritten(thing, change)
    if "context" in done:
        done["context"] = _context(done["context"], change)
    return done


def _context(context: Mapping[str, Any], change: Callable[[Agent], Agent]) -> dict[str, Any]:
    done = dict(context)
    for name in ("instructor", "team"):
        if name in done:
            done[name] = _changed(done[name], change)
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in done:
            done[name] = [{**one, part: _changed(one[part], change)} for one in done[name]]
    return done


def _changed(actor: Agent, change: Callable[[Agent], Agent]) -> Agent:
    """Change an agent, or the members of a group; an identified group is no person and stays."""
    if actor.get("objectType") != "Group":
        return change(actor)
    if "member" not in actor:
        return actor
    return {**actor, "member": [_changed(member, change) for member in actor["member"]]}
