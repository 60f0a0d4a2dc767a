"""When two statements are the same, and how a stored one is completed (pure)."""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from metering.ingest.validation import canonical_json
from metering.xapi.actors import agent_key
from metering.xapi.values import instant_text

__all__ = ("completed", "essence", "essence_hash")

_FINER = re.compile(r"([.,][0-9]{2})[0-9]+(?=S)")


def essence(statement: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return what makes a statement itself, for comparing two.

    Left out is what a record store fills in or may merge (`id`, `stored`, `authority`, `version`, names
    and definitions), the `timestamp` (a retry may be stamped anew), what stands for the same in two
    ways (a single context activity), and attachments of the usage types in `without`.
    """
    found: dict[str, Any] = {
        "actor": _actor(statement["actor"]),
        "verb": statement["verb"]["id"],
        "object": _object(statement["object"]),
        "result": _result(statement.get("result", {})),
        "context": _context(statement.get("context", {})),
    }
    attachments = [a for a in statement.get("attachments", ()) if a["usageType"] not in without]
    found["attachments"] = sorted((a["usageType"], a["sha2"].lower()) for a in attachments)
    return {name: value for name, value in found.items() if value not in (None, {}, [])}


def essence_hash(statement: Mapping[str, Any]) -> bytes:
    """Return 16 bytes that tell a repeat from a conflict."""
    return blake2b(canonical_json(essence(statement)), digest_size=16).digest()


def completed(
    statement: dict[str, Any], *, stored: datetime, statement_id: str, version: str, authority: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a statement as it is given out: what the record store sets is set, activities are arrays."""
    done = dict(statement)
    done["id"] = statement_id
    done["stored"] = instant_text(stored)
    if done.get("timestamp") is None:
        done["timestamp"] = done["stored"]
    done["authority"] = dict(authority)
    done["version"] = version
    _spread(done)
    return done


def _spread(statement: dict[str, Any]) -> None:
    """Make arrays of single context activities, as 0.95 sent them and readers expect."""
    context = statement.get("context")
    if context is not None and "contextActivities" in context:
        lists = {
            name: related if isinstance(related, list) else [related]
            for name, related in context["contextActivities"].items()
        }
        statement["context"] = {**context, "contextActivities": lists}
    if statement["object"].get("objectType") == "SubStatement":
        statement["object"] = dict(statement["object"])
        _spread(statement["object"])


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result, its duration cut to hundredths of a second, as the specification compares it."""
    duration = result.get("duration")
    return {**result, "duration": _FINER.sub(r"\1", duration)} if duration is not None else dict(result)


def _actor(actor: Mapping[str, Any]) -> Any:
    key = agent_key(actor)
    return key if key is not None else sorted(agent_key(member) or "" for member in actor.get("member", ()))


def _object(thing: Mapping[str, Any]) -> Any:
    kind = thing.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return _actor(thing)
    return (
        essence(thing) if kind == "SubStatement" else [kind, thing["id"].lower() if kind != "Activity" else thing["id"]]
    )


def _context(context: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: context[name] for name in ("revision", "platform", "language", "extensions") if name in context
    }
    if "registration" in context:
        found["registration"] = context["registration"].lower()
    if "statement" in context:
        found["statement"] = context["statement"]["id"].lower()
    for name in ("instructor", "team"):
        if name in context:
            found[name] = _actor(context[name])
    for name, related in context.get("contextActivities", {}).items():
        found[name] = sorted(activity["id"] for activity in (related if isinstance(related, list) else [related]))
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in context:
            found[name] = [[_actor(one[part]), sorted(one.get("relevantTypes", ()))] for one in context[name]]
    return found
