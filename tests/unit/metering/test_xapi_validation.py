"""What a valid statement is: one row per requirement, good ones beside bad ones."""

from typing import Any

import pytest

from metering.xapi.shapes import Faulty
from metering.xapi.statements import VOIDED, check_agent, check_statement
from metering.xapi.versions import Version

IFI = {"mbox": "mailto:ana@example.org"}
ACCOUNT = {"account": {"homePage": "https://lms.example", "name": "ana"}}
REF = {"objectType": "StatementRef", "id": "01890000-0000-4000-8000-000000000001"}
ACTIVITY = {"id": "https://lms.example/page/1"}
BASE: dict[str, Any] = {"actor": IFI, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": ACTIVITY}
SUB = {"objectType": "SubStatement", **BASE}
ATTACHMENT = {
    "usageType": "https://lms.example/certificate", "display": {"en": "Certificate"}, "contentType": "text/plain",
    "length": 3, "sha2": "a" * 64,
}  # fmt: skip
CHOICES = [{"id": "a", "description": {"en": "A"}}, {"id": "b"}]


def defined(**definition: Any) -> dict[str, Any]:
    return {"object": {**ACTIVITY, "definition": definition}}


def grouped(**group: Any) -> dict[str, Any]:
    return {"actor": {"objectType": "Group", **group}}


GOOD: dict[str, dict[str, Any]] = {
    "the least": {},
    "an id in capitals": {"id": "01890000-0000-4000-8000-00000000ABCD"},
    "an account": {"actor": ACCOUNT},
    "an openid": {"actor": {"openid": "https://ana.example"}},
    "a mail's sha1": {"actor": {"mbox_sha1sum": "a" * 40}},
    "an anonymous group": grouped(member=[IFI, ACCOUNT]),
    "an identified group without members": grouped(**IFI),
    "an agent as object": {"object": {"objectType": "Agent", **IFI}},
    "a statement as object": {"object": REF},
    "a statement inside": {"object": SUB},
    "a language of three parts": {"verb": {**BASE["verb"], "display": {"zh-Hans-CN": "x", "en": "y"}}},
    "an interaction": defined(interactionType="choice", correctResponsesPattern=["a"], choices=CHOICES),
    "nulls in extensions": {"result": {"extensions": {"https://lms.example/x": None}}},
    "a score at its bounds": {"result": {"score": {"scaled": -1, "raw": 0, "min": 0, "max": 10.5}}},
    "weeks": {"result": {"duration": "P4W"}},
    "hours with a fraction of seconds": {"result": {"duration": "PT1H0M0.1S"}},
    "one context activity alone": {"context": {"contextActivities": {"parent": ACTIVITY}}},
    "many of them": {"context": {"contextActivities": {"other": [ACTIVITY, ACTIVITY]}}},
    "a team and an instructor": {"context": {"team": {"objectType": "Group", **IFI}, "instructor": ACCOUNT}},
    "a platform of an activity": {"context": {"platform": "LMS", "revision": "2", "language": "de-CH"}},
    "a time with an offset": {"timestamp": "2026-01-10T10:00:00.123+02:00"},
    "an attachment": {"attachments": [ATTACHMENT]},
    "voiding": {"verb": {"id": VOIDED}, "object": REF},
    "an authority": {"authority": {"objectType": "Agent", **IFI}},
    "an authority of two": {"authority": {"objectType": "Group", "member": [IFI, ACCOUNT]}},
    "its version": {"version": "1.0.9"},
}  # fmt: skip

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no actor": ({"actor": None}, "actor must be an object"),
    "an unknown property": ({"mood": "good"}, "'mood', which the specification does not know"),
    "a property in other letters": ({"Verb": BASE["verb"]}, "'Verb'"),
    "an id that is no UUID": ({"id": "01890000"}, "id must be a UUID"),
    "an id that is a number": ({"id": 5}, "id must be a string, not a number"),
    "an actor without identifier": ({"actor": {"name": "Ana"}}, "exactly one of mbox"),
    "an actor with two": ({"actor": {**IFI, **ACCOUNT}}, "it has 2 of them"),
    "a mail without mailto": ({"actor": {"mbox": "ana@example.org"}}, "actor.mbox"),
    "a short sha1": ({"actor": {"mbox_sha1sum": "abc"}}, "actor.mbox_sha1sum"),
    "an account without a page": ({"actor": {"account": {"name": "ana"}}}, "lacks its property 'homePage'"),
    "an account whose page is no IRI": ({"actor": {"account": {"homePage": "lms", "name": "a"}}}, "homePage must be an IRI"),
    "an actor of another kind": ({"actor": {"objectType": "Robot", **IFI}}, "objectType of Agent or Group"),
    "a group without members": (grouped(), "must list its 'member'"),
    "a group in a group": (grouped(member=[{"objectType": "Group", **IFI}]), "actor.member[0]"),
    "an agent with members": ({"actor": {**IFI, "member": [IFI]}}, "'member'"),
    "a verb without id": ({"verb": {"display": {"en": "x"}}}, "verb lacks its property 'id'"),
    "a verb that is no IRI": ({"verb": {"id": "passed"}}, "verb.id must be an IRI"),
    "a display without language": ({"verb": {**BASE["verb"], "display": {"a12345": "x"}}}, "'a12345'"),
    "a display that is a text": ({"verb": {**BASE["verb"], "display": "passed"}}, "must be an object, not a string"),
    "an activity without id": ({"object": {"objectType": "Activity"}}, "object lacks its property 'id'"),
    "a type that is no IRI": (defined(type="course"), "object.definition.type"),
    "an interaction of no kind": (defined(interactionType="guess"), "interactionType must be"),
    "choices without a kind": (defined(choices=CHOICES), "must then have an 'interactionType'"),
    "choices of a likert": (defined(interactionType="likert", choices=CHOICES), "does not have"),
    "the same choice twice": (defined(interactionType="choice", choices=[{"id": "a"}, {"id": "a"}]), "the same 'id' twice"),
    "a choice without id": (defined(interactionType="choice", choices=[{}]), "choices[0] lacks"),
    "an extension whose key is no IRI": (defined(extensions={"x": 1}), "'x', which is not an IRI"),
    "a reference that is no UUID": ({"object": {"objectType": "StatementRef", "id": "x"}}, "object.id"),
    "a statement inside one inside": ({"object": {**SUB, "object": SUB}}, "object.object"),
    "an id of a statement inside": ({"object": {**SUB, "id": REF["id"]}}, "object has the property 'id'"),
    "an authority of a statement inside": ({"object": {**SUB, "authority": IFI}}, "'authority'"),
    "scaled above 1": ({"result": {"score": {"scaled": 1.01}}}, "score.scaled must be from -1 to 1"),
    "raw above max": ({"result": {"score": {"raw": 11, "max": 10}}}, "between 'min' and 'max'"),
    "min that is max": ({"result": {"score": {"min": 1, "max": 1}}}, "'min' below its 'max'"),
    "success as a text": ({"result": {"success": "true"}}, "result.success must be true or false"),
    "a score of true": ({"result": {"score": {"raw": True}}}, "must be a number, not a boolean"),
    "weeks and days": ({"result": {"duration": "P4W1D"}}, "result.duration"),
    "a registration that is no UUID": ({"context": {"registration": "1"}}, "context.registration"),
    "a team that is an agent": ({"context": {"team": IFI}}, "context.team"),
    "an unknown context": ({"context": {"contextActivities": {"child": ACTIVITY}}}, "'child'"),
    "a platform of an agent": ({"object": {"objectType": "Agent", **IFI}, "context": {"platform": "x"}}, "only activities have"),
    "a revision of a statement": ({"object": REF, "context": {"revision": "x"}}, "only activities have"),
    "a language that is none": ({"context": {"language": "a12345"}}, "context.language"),
    "context agents in 1.0.3": ({"context": {"contextAgents": []}}, "'contextAgents'"),
    "a time that is none": ({"timestamp": "01/10/2026"}, "timestamp must be a date and time"),
    "a time of an unknown zone": ({"timestamp": "2026-01-10T10:00:00-00:00"}, "timestamp"),
    "a day that is none": ({"timestamp": "2026-02-30T10:00:00Z"}, "timestamp"),
    "an attachment without hash": ({"attachments": [{**ATTACHMENT, "sha2": "x"}]}, "attachments[0].sha2"),
    "a negative length": ({"attachments": [{**ATTACHMENT, "length": -1}]}, "attachments[0].length"),
    "a content type that is none": ({"attachments": [{**ATTACHMENT, "contentType": "text"}]}, "contentType"),
    "voiding of an activity": ({"verb": {"id": VOIDED}}, "its object must be a StatementRef"),
    "an authority of three": ({"authority": {"objectType": "Group", "member": [IFI] * 3}}, "exactly two members"),
    "another version": ({"version": "0.9.9"}, "version must be a version of 1.0.3"),
    "version 2 in a request of 1": ({"version": "2.0.0"}, "version must be a version of 1.0.3"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_statement_is_taken_in_both_versions(name: str) -> None:
    for version in Version:
        check_statement(BASE | GOOD[name], version)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_statement_is_refused_and_told_where(name: str) -> None:
    changes, told = BAD[name]

    with pytest.raises(Faulty) as refused:
        check_statement(BASE | changes, Version.ONE)

    assert told in str(refused.value)


@pytest.mark.parametrize("name", ["actor", "verb", "object"])
def test_what_every_statement_has_must_be_there(name: str) -> None:
    with pytest.raises(Faulty, match=f"lacks its property '{name}'"):
        check_statement({key: value for key, value in BASE.items() if key != name}, Version.TWO)


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"contextAgents": [{"objectType": "contextAgent", "agent": IFI, "relevantTypes": ["https://x.example/y"]}]}, ""),
        ({"contextGroups": [{"objectType": "contextGroup", "group": {"objectType": "Group", **IFI}}]}, ""),
        ({"contextAgents": [{"objectType": "agent", "agent": IFI}]}, "must be 'contextAgent'"),
        ({"contextAgents": [{"objectType": "contextAgent", "agent": IFI, "relevantTypes": []}]}, "at least 1"),
        ({"contextGroups": [{"objectType": "contextGroup", "group": IFI}]}, "contextGroups[0].group"),
    ],
)  # fmt: skip
def test_context_agents_and_groups_are_of_version_two(context: dict[str, Any], told: str) -> None:
    statement = BASE | {"context": context}
    if not told:
        check_statement(statement, Version.TWO)
        return
    with pytest.raises(Faulty) as refused:
        check_statement(statement, Version.TWO)
    assert told in str(refused.value)


def test_version_two_wants_a_zone_and_takes_both_versions() -> None:
    check_statement(BASE | {"version": "1.0.3"}, Version.TWO)
    check_statement(BASE | {"timestamp": "2026-01-10T10:00:00"}, Version.ONE)
    with pytest.raises(Faulty, match="RFC 3339"):
        check_statement(BASE | {"timestamp": "2026-01-10T10:00:00"}, Version.TWO)


def test_an_anonymous_group_cannot_be_looked_for() -> None:
    check_agent(ACCOUNT, "agent")
    with pytest.raises(Faulty, match="must be identified"):
        check_agent({"objectType": "Group", "member": [IFI]}, "agent")
