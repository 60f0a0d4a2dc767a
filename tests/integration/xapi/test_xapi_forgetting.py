"""Whoever a statement names can be forgotten, wherever in it they stand; keys are wrapped anew."""

import hashlib
import os
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from core.ids import new_id
from core.scope import TenantScope
from metering.actions.rewrap_keys import rewrap_keys
from metering.reads.statements import find_statement
from metering.xapi.multipart import Part, compose
from metering.xapi.sealing import Vault
from metering.xapi.signatures import SIGNATURE
from tenants.reads import TenantView
from tests.builders.world import World, bearer
from tests.builders.xapi import ADL, Lrs, statement
from tests.unit.metering.test_xapi_requests import signed

EVE = {"objectType": "Agent", "mbox": "mailto:eve@example.org", "name": "Eve Example"}
DAN = {"objectType": "Agent", "mbox": "mailto:dan@example.org", "name": "Dan Example"}
GONE = {"objectType": "Agent", "account": {"homePage": "https://forgotten.invalid", "name": "forgotten"}}
TEAM = {"objectType": "Group", "name": "Night shift", "member": [DAN, EVE]}
SUB = {
    "objectType": "SubStatement", "actor": EVE, "verb": {"id": ADL + "asked"}, "object": DAN,
    "context": {"instructor": EVE},
}  # fmt: skip
PLACES: dict[str, dict[str, Any]] = {
    "object": {"object": EVE},
    "instructor": {"context": {"instructor": EVE}},
    "team": {"context": {"team": TEAM}},
    "actor of a group": {"actor": TEAM},
    "sub-statement": {"object": SUB},
    "authority": {"authority": EVE},
}


def forget(lrs: Lrs, agent: dict[str, Any]) -> Any:
    return lrs.client.post("/v1/xapi/forget", json={"agent": agent}, headers=bearer(lrs.key)).json()


def read(lrs: Lrs, statement_id: str) -> str:
    answer = lrs.get(statementId=statement_id)
    assert answer.status_code == 200, answer.text
    return answer.text.lower()


@pytest.mark.parametrize("place", PLACES)
def test_a_mentioned_person_is_forgotten_and_the_statement_stays(lrs: Lrs, place: str) -> None:
    sent = statement(**PLACES[place])
    mine = lrs.store(**sent)
    before = lrs.get(statementId=mine).json()
    assert {name: before[name] for name in sent if name != "authority"} == {
        name: value for name, value in sent.items() if name != "authority"
    }

    assert forget(lrs, EVE) == {"found": True}

    assert "eve" not in read(lrs, mine)
    after = lrs.get(statementId=mine).json()
    assert {name: after[name] for name in ("verb", "stored", "timestamp")} == {
        name: before[name] for name in ("verb", "stored", "timestamp")
    }
    if "object" in PLACES[place] and place == "object":
        assert after["object"] == GONE
    # The same statement sent again is known: its hash is that of what was received.
    assert lrs.post({**sent, "id": mine}).status_code == 200
    assert "eve" not in read(lrs, mine)


def test_others_in_it_stay_and_one_who_comes_back_is_somebody_new(lrs: Lrs) -> None:
    mine = lrs.store(context={"team": TEAM})
    forget(lrs, EVE)

    assert lrs.get(statementId=mine).json()["context"]["team"]["member"] == [DAN, GONE]
    again = lrs.store(context={"team": TEAM})
    assert lrs.get(statementId=again).json()["context"]["team"]["member"] == [DAN, EVE]
    assert lrs.get(statementId=mine).json()["context"]["team"]["member"] == [DAN, GONE]


def test_the_actor_is_forgotten_with_the_whole_statement(lrs: Lrs) -> None:
    mine = lrs.store(actor=EVE, object=DAN)

    forget(lrs, EVE)

    assert lrs.get(statementId=mine).status_code == 404


def attached(usage: str, content: bytes) -> dict[str, Any]:
    return {
        "usageType": usage, "display": {"en": "x"}, "contentType": "application/octet-stream",
        "length": len(content), "sha2": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip


def part(content: bytes) -> Part:
    headers = {"Content-Type": "application/octet-stream", "Content-Transfer-Encoding": "binary"}
    return Part({**headers, "X-Experience-API-Hash": hashlib.sha256(content).hexdigest()}, content)


def test_a_signature_goes_with_the_first_who_is_forgotten_in_it(lrs: Lrs) -> None:
    picture = b"a picture"
    whole = statement(
        id=str(new_id()), context={"instructor": EVE}, attachments=[attached("https://lms.example/picture", picture)]
    )
    signature = signed(whole)
    sent = {**whole, "attachments": [*whole["attachments"], attached(SIGNATURE, signature)]}
    parts = [Part({"Content-Type": "application/json"}, msgspec.json.encode(sent)), part(signature), part(picture)]
    assert lrs.post(compose(parts, "b"), "multipart/mixed; boundary=b").status_code == 200
    told = lrs.get(statementId=whole["id"], attachments="true").content
    assert signature in told
    assert picture in told

    forget(lrs, EVE)

    told = lrs.get(statementId=whole["id"], attachments="true").content
    assert signature not in told
    assert picture in told
    assert b"Eve" not in told


def test_keys_are_wrapped_anew_and_the_secret_before_is_not_needed_any_more(
    lrs: Lrs, world: World, tenant: TenantView
) -> None:
    mine = lrs.store(object=EVE)
    old, new = os.environ["SECRET_KEY"], "n" * 40

    done = rewrap_keys(world.db, tenant, Vault(new, old))
    again = rewrap_keys(world.db, tenant, Vault(new, old))
    lost = rewrap_keys(world.db, tenant, Vault("other" * 10))

    # Ana's key and Eve's; the authority is the key's own user, who has none.
    assert (done.anew, done.already, done.unreadable) == (2, 0, 0)
    assert (again.anew, again.already) == (0, 2)
    assert (lost.anew, lost.unreadable) == (0, 2)
    with world.db.begin(TenantScope(tenant.id)) as session:
        found = find_statement(session, tenant.id, UUID(mine), Vault(new), voided=False)
        assert found.value["object"] == EVE
        assert session.execute(text("select count(*) from xapi_actor_key")).scalar_one() == 2
    # The service, which has the old secret alone, cannot read what is wrapped by the new one.
    assert lrs.get(statementId=mine).status_code == 404
