"""Senders may make any number of types and sources: nothing that is read gets longer by them."""

import json
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import event as engine_event
from sqlalchemy import literal, select, text
from sqlalchemy.exc import OperationalError

from app.problems import _is_away
from core.db import Database
from core.lists import any_of, none_of
from core.scope import GlobalScope, TenantScope
from metering.models import Symbol
from tests.builders.world import World, bearer

Client = TestClient[Litestar]
BATCH = "application/cloudevents-batch+json"
TOO_MANY = 66_000
"""More than a statement takes parameters (65,535)."""


def tenant_of_many_symbols(db: Database, world: World) -> tuple[UUID, str]:
    acme = world.tenant()
    with db.begin(TenantScope(acme.id)) as session:
        session.execute(
            text(
                "insert into symbol (tenant_id, kind, value) select :t, 'type', 'made.' || n from generate_series(1, :n) n"
            ),
            {"t": acme.id, "n": TOO_MANY},
        )
    return acme.id, world.key("tenant_admin", acme)


def test_events_usage_and_files_are_read_whatever_types_there_are(client: Client, db: Database, world: World) -> None:
    _, key = tenant_of_many_symbols(db, world)
    event = {
        "specversion": "1.0", "id": "1", "source": "lms", "type": "activity.performed", "subject": "ann",
        "time": "2026-01-10T10:00:00Z", "data": {"verb": "read", "object_type": "page", "object_id": "1"},
    }  # fmt: skip
    headers = bearer(key, **{"Content-Type": BATCH})
    assert client.post("/v1/events", content=json.dumps([event]).encode(), headers=headers).status_code == 200
    read: list[int] = []

    def count(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if "symbol" in statement:
            read.append(cursor.rowcount)

    span = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
    engine_event.listen(db.app, "after_cursor_execute", count)
    try:
        listed = client.get(f"/v1/events?{span}", headers=bearer(key))
        others = client.get(f"/v1/events?{span}&source=other", headers=bearer(key))
        file = client.get(f"/v1/events?{span}&format=csv", headers=bearer(key))
        one = client.get("/v1/events/lms/1", headers=bearer(key))
        usage = client.get("/v1/usage?meter=members.active&from=2026-01-01&to=2026-02-01", headers=bearer(key))
    finally:
        engine_event.remove(db.app, "after_cursor_execute", count)

    assert [item["id"] for item in listed.json()["items"]] == ["1"]
    assert others.json()["items"] == []
    assert file.text.splitlines()[1].startswith("lms,1,activity.performed")
    assert (one.json()["type"], one.json()["source"]) == ("activity.performed", "lms")
    assert usage.json()["total"] == "1"
    assert read
    assert max(read) < 10  # of all their 66,000 types and sources no statement reads more than it shows


def test_a_long_list_is_one_parameter(db: Database, world: World) -> None:
    tenant, _ = tenant_of_many_symbols(db, world)
    with db.begin(TenantScope(tenant)) as session:
        values = [f"made.{n}" for n in range(TOO_MANY)]  # made.0 is none of theirs

        some = session.execute(select(Symbol.id).where(any_of(Symbol.value, values))).all()
        others = session.execute(select(Symbol.value).where(none_of(Symbol.value, values))).scalars().all()

    assert (len(some), others) == (TOO_MANY - 1, [f"made.{TOO_MANY}"])


def test_what_the_driver_refuses_is_no_restart_of_the_database(db: Database) -> None:
    with db.begin(GlobalScope()) as session, pytest.raises(OperationalError) as refused:
        session.execute(select(literal(1).in_(range(TOO_MANY))))
    assert not _is_away(refused.value)


def test_a_database_that_cannot_be_reached_is_away() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(OperationalError) as away, nowhere.begin(GlobalScope()) as session:
        session.execute(select(literal(1)))

    assert _is_away(away.value)
