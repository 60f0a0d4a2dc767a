"""What a valid statement is, as the specification's tables put it (pure).

xAPI 2.0 (IEEE 9274.1.1) differs from 1.0.3 in three places: context agents and groups, timestamps by
RFC 3339, and the version's number.
"""

from collections.abc import Callable
from typing import Any

from metering.xapi.shapes import (
    Check,
    Faulty,
    all_of,
    array_of,
    boolean,
    by_object_type,
    distinct,
    integer,
    maps,
    number,
    one_of,
    one_or_many,
    record,
    text,
    text_that,
)
from metering.xapi.values import (
    is_content_type,
    is_duration,
    is_iri,
    is_language,
    is_mailto,
    is_sha1,
    is_sha2,
    is_uuid,
    read_instant,
)
from metering.xapi.versions import Version

__all__ = ("IFIS", "SIGNATURE", "VOIDED", "check_agent", "check_statement")

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"

IRI = text_that(is_iri, "an IRI with a scheme")
UUID_TEXT = text_that(is_uuid, "a UUID")
LANGUAGE = text_that(is_language, "a language tag of RFC 5646")
LANGUAGE_MAP = maps(is_language, "a language tag of RFC 5646", text)
EXTENSIONS = maps(is_iri, "an IRI with a scheme")

# Who: each agent has exactly one inverse functional identifier.
IFIS: dict[str, Check] = {
    "mbox": text_that(is_mailto, "a 'mailto:' and an e-mail address"),
    "mbox_sha1sum": text_that(is_sha1, "the SHA-1 of a mailto IRI, 40 hexadecimal digits"),
    "openid": IRI,
    "account": record({"homePage": IRI, "name": text}, ("homePage", "name")),
}


def _identified(at_least: int) -> Check:
    def check(value: Any, path: str) -> None:
        found = [name for name in IFIS if name in value]
        if len(found) > 1 or len(found) < at_least:
            raise Faulty(path, f"must be identified by exactly one of {', '.join(IFIS)}; it has {len(found)} of them.")

    return check


def _group_is_told(value: Any, path: str) -> None:
    if "member" not in value and not any(name in value for name in IFIS):
        raise Faulty(path, "is a group without an identifier and must list its 'member'.")


_AGENT = all_of(record({"objectType": one_of("Agent"), "name": text, **IFIS}), _identified(at_least=1))
AGENT = by_object_type({"Agent": _AGENT}, "Agent")
_GROUP = all_of(
    record({"objectType": one_of("Group"), "name": text, "member": array_of(AGENT), **IFIS}, ("objectType",)),
    _identified(at_least=0),
    _group_is_told,
)
GROUP = by_object_type({"Group": _GROUP}, None)
ACTOR = by_object_type({"Agent": _AGENT, "Group": _GROUP}, "Agent")


def _authority(value: Any, path: str) -> None:
    """An authority is an agent, or (OAuth) a group of exactly an application and a user."""
    ACTOR(value, path)
    if value.get("objectType") == "Group" and (
        len(value.get("member", ())) != 2 or any(name in value for name in IFIS)
    ):
        raise Faulty(path, "is a group and must then have exactly two members and no identifier of its own.")


# Did what, to what
VERB = record({"id": IRI, "display": LANGUAGE_MAP}, ("id",))

_COMPONENTS = all_of(array_of(record({"id": text, "description": LANGUAGE_MAP}, ("id",))), distinct("id"))
_COMPONENTS_OF = {
    "choice": ("choices",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "matching": ("source", "target"),
    "performance": ("steps",),
}
_INTERACTIONS = (
    "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric",
    "other",
)  # fmt: skip


def _interaction(value: Any, path: str) -> None:
    """Its parts belong to its type."""
    kind = value.get("interactionType")
    for name in ("correctResponsesPattern", "choices", "scale", "source", "target", "steps"):
        if name in value and kind is None:
            raise Faulty(path, f"has '{name}' and must then have an 'interactionType'.")
        if name in value and name != "correctResponsesPattern" and name not in _COMPONENTS_OF.get(kind, ()):
            raise Faulty(path, f"has '{name}', which an interaction of type '{kind}' does not have.")


_DEFINITION = all_of(
    record({
        "name": LANGUAGE_MAP, "description": LANGUAGE_MAP, "type": IRI, "moreInfo": IRI, "extensions": EXTENSIONS,
        "interactionType": one_of(*_INTERACTIONS), "correctResponsesPattern": array_of(text),
        "choices": _COMPONENTS, "scale": _COMPONENTS, "source": _COMPONENTS, "target": _COMPONENTS,
        "steps": _COMPONENTS,
    }),
    _interaction,
)  # fmt: skip
_ACTIVITY = record({"objectType": one_of("Activity"), "id": IRI, "definition": _DEFINITION}, ("id",))
ACTIVITY = by_object_type({"Activity": _ACTIVITY}, "Activity")
STATEMENT_REF = record({"objectType": one_of("StatementRef"), "id": UUID_TEXT}, ("objectType", "id"))


# With what result
def _score_fits(value: Any, path: str) -> None:
    low, high, raw = value.get("min"), value.get("max"), value.get("raw")
    if "scaled" in value and not -1 <= value["scaled"] <= 1:
        raise Faulty(f"{path}.scaled", "must be from -1 to 1.")
    if low is not None and high is not None and low >= high:
        raise Faulty(path, "must have a 'min' below its 'max'.")
    if raw is not None and ((low is not None and raw < low) or (high is not None and raw > high)):
        raise Faulty(f"{path}.raw", "must lie between 'min' and 'max'.")


SCORE = all_of(record({"scaled": number, "raw": number, "min": number, "max": number}), _score_fits)
RESULT = record({
    "score": SCORE, "success": boolean, "completion": boolean, "response": text,
    "duration": text_that(is_duration, "an ISO 8601 duration, for example PT1H30M"), "extensions": EXTENSIONS,
})  # fmt: skip

ATTACHMENT = record(
    {
        "usageType": IRI, "display": LANGUAGE_MAP, "description": LANGUAGE_MAP,
        "contentType": text_that(is_content_type, "an Internet media type"), "length": integer,
        "sha2": text_that(is_sha2, "a SHA-2 in hexadecimal"), "fileUrl": IRI,
    },
    ("usageType", "display", "contentType", "length", "sha2"),
)  # fmt: skip


# In what context
_CONTEXT: dict[str, Check] = {
    "registration": UUID_TEXT,
    "instructor": ACTOR,
    "team": GROUP,
    "contextActivities": record({name: one_or_many(ACTIVITY) for name in ("parent", "grouping", "category", "other")}),
    "revision": text,
    "platform": text,
    "language": LANGUAGE,
    "statement": STATEMENT_REF,
    "extensions": EXTENSIONS,
}
_RELEVANT = array_of(IRI, at_least=1)
_CONTEXT_2: dict[str, Check] = _CONTEXT | {
    "contextAgents": array_of(
        record(
            {"objectType": one_of("contextAgent"), "agent": AGENT, "relevantTypes": _RELEVANT}, ("objectType", "agent")
        )
    ),
    "contextGroups": array_of(
        record(
            {"objectType": one_of("contextGroup"), "group": GROUP, "relevantTypes": _RELEVANT}, ("objectType", "group")
        )
    ),
}


def _about_activities(value: Any, path: str) -> None:
    """Revision and platform tell of an activity only; voiding is of a statement."""
    of_activity = value["object"].get("objectType", "Activity") == "Activity"
    for name in ("revision", "platform"):
        if not of_activity and name in value.get("context", {}):
            raise Faulty(f"{path}.context" if path else "context", f"has '{name}', which only activities have.")
    if value["verb"]["id"] == VOIDED and value["object"].get("objectType") != "StatementRef":
        raise Faulty(path, "voids, so its object must be a StatementRef.")


def _shape(version: Version) -> Check:
    timestamp = text_that(_is_instant(version), f"a date and time of {version.timestamps}")
    common: dict[str, Check] = {
        "actor": ACTOR,
        "verb": VERB,
        "result": RESULT,
        "context": record(_CONTEXT_2 if version is Version.TWO else _CONTEXT),
        "timestamp": timestamp,
        "attachments": array_of(ATTACHMENT),
    }
    objects: dict[str, Check] = {
        "Activity": _ACTIVITY,
        "Agent": _AGENT,
        "Group": _GROUP,
        "StatementRef": STATEMENT_REF,
    }
    required = ("actor", "verb", "object")
    sub_fields = {**common, "objectType": one_of("SubStatement"), "object": by_object_type(objects, "Activity")}
    objects_of_all = {**objects, "SubStatement": all_of(record(sub_fields, required), _about_activities)}
    fields: dict[str, Check] = {
        **common,
        "id": UUID_TEXT,
        "object": by_object_type(objects_of_all, "Activity"),
        "stored": timestamp,
        "authority": _authority,
        "version": text_that(version.takes, f"a version of {version.value}"),
    }
    return all_of(record(fields, required), _about_activities)


def _is_instant(version: Version) -> Callable[[str], bool]:
    return lambda value: read_instant(value, zone_required=version is Version.TWO) is not None


_SHAPES = {version: _shape(version) for version in Version}


def check_statement(value: Any, version: Version, path: str = "") -> None:
    """Refuse what is not a statement of that version.

    Args:
        value: decoded JSON.
        version: by which the request speaks.
        path: of the statement in the request, '' where it is alone.

    Raises:
        Faulty: names the first fault and its path.
    """
    _SHAPES[version](value, path)


def check_agent(value: Any, path: str) -> None:
    """Refuse what is neither an agent nor an identified group.

    Raises:
        Faulty: names the first fault and its path.
    """
    ACTOR(value, path)
    if not any(name in value for name in IFIS):
        raise Faulty(path, "must be identified: an anonymous group can't be looked for.")
