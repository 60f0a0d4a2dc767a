"""The three formats in which statements are given out (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ("formatted", "languages_of")

_LISTS = ("choices", "scale", "source", "target", "steps")


def formatted(statement: dict[str, Any], wanted: str, languages: Sequence[str]) -> dict[str, Any]:
    """Return a completed statement as `exact`, `ids` or `canonical`.

    Args:
        statement: completed.
        wanted: the format. `ids` keeps of agents, activities and verbs what identifies them;
            `canonical` keeps of each language map the one language that fits best.
        languages: what the reader speaks, best first.
    """
    if wanted == "ids":
        return _ids(statement)
    return _canonical(statement, languages) if wanted == "canonical" else statement


def languages_of(header: str) -> list[str]:
    """Return the languages of an Accept-Language, best first.

    >>> languages_of("en-GB, de;q=0.9, *;q=0.1, fr;q=0.95")
    ['en-GB', 'fr', 'de', '*']
    """
    wanted = []
    for index, item in enumerate(header.split(",")):
        tag, _, parameters = item.strip().partition(";")
        quality = parameters.partition("q=")[2].strip() or "1"
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        if tag and weight > 0:
            wanted.append((-weight, index, tag.strip()))
    return [tag for _, _, tag in sorted(wanted)]


def _ids(statement: Mapping[str, Any]) -> dict[str, Any]:
    done = dict(statement)
    done["actor"] = _agent_id(done["actor"])
    done["verb"] = {"id": done["verb"]["id"]}
    done["object"] = _object_id(done["object"])
    if "authority" in done:
        done["authority"] = _agent_id(done["authority"])
    context = done.get("context")
    if context is not None:
        context = dict(context)
        for name in ("instructor", "team"):
            if name in context:
                context[name] = _agent_id(context[name])
        if "contextActivities" in context:
            context["contextActivities"] = {
                name: [{"id": activity["id"]} for activity in related]
                for name, related in context["contextActivities"].items()
            }
        for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
            if name in context:
                context[name] = [{**one, part: _agent_id(one[part])} for one in context[name]]
        done["context"] = context
    return done


def _object_id(thing: Mapping[str, Any]) -> dict[str, Any]:
    kind = thing.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return _agent_id(thing)
    if kind == "SubStatement":
        return _ids(thing)
    return {"objectType": kind, "id": thing["id"]} if kind != "Activity" else {"id": thing["id"]}


def _agent_id(agent: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the identifier; a group without one is told by its members."""
    kept = {name: agent[name] for name in ("objectType", "mbox", "mbox_sha1sum", "openid", "account") if name in agent}
    if kept.keys() <= {"objectType"} and "member" in agent:
        kept["member"] = [_agent_id(member) for member in agent["member"]]
    return kept


def _canonical(statement: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    done = dict(statement)
    done["verb"] = _in_one_language(done["verb"], ("display",), languages)
    thing = done["object"]
    kind = thing.get("objectType", "Activity")
    if kind == "Activity":
        done["object"] = _activity(thing, languages)
    elif kind == "SubStatement":
        done["object"] = _canonical(thing, languages)
    context = done.get("context")
    if context is not None and "contextActivities" in context:
        done["context"] = {
            **context,
            "contextActivities": {
                name: [_activity(activity, languages) for activity in related]
                for name, related in context["contextActivities"].items()
            },
        }
    if "attachments" in done:
        done["attachments"] = [_in_one_language(a, ("display", "description"), languages) for a in done["attachments"]]
    return done


def _activity(activity: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    if "definition" not in activity:
        return dict(activity)
    definition = _in_one_language(activity["definition"], ("name", "description"), languages)
    for name in _LISTS:
        if name in definition:
            definition[name] = [_in_one_language(item, ("description",), languages) for item in definition[name]]
    return {**activity, "definition": definition}


def _in_one_language(thing: Mapping[str, Any], maps: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    done = dict(thing)
    for name in maps:
        if done.get(name):
            tag = _best(list(done[name]), languages)
            done[name] = {tag: done[name][tag]}
    return done


def _best(offered: Sequence[str], languages: Sequence[str]) -> str:
    """Return the offered tag that fits: the same, else of the same language, else the first."""
    for wanted in languages:
        for tag in offered:
            if tag.lower() == wanted.lower():
                return tag
        for tag in offered:
            if tag.lower().split("-")[0] == wanted.lower().split("-")[0]:
                return tag
    return offered[0]
