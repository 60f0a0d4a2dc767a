"""What the hot lane promises, on the lane itself with a real database."""

import asyncio
import json
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from psycopg import sql

from core.db import INGEST, Database, conninfo
from metering.actions.ingest_events import ingest_events
from metering.ingest.batcher import Limits
from metering.ingest.lane import IngestAnswer, IngestLane
from metering.ingest.validation import Rules
from tests.builders.world import World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = Rules(NOW)


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": event_id, "source": "lms", "type": "course.launched",
        "time": "2026-01-10T10:00:00Z", "subject": "ann", "data": {"course_id": "c-1", "course_type": "wbt"},
    } | changes  # fmt: skip


def raws(*events: dict[str, Any]) -> list[Raw]:
    return [Raw(json.dumps(one).encode()) for one in events]


@asynccontextmanager
async def lane_on(url: str, role: str = INGEST, **limits: Any) -> AsyncIterator[IngestLane]:
    lane = IngestLane(url, Limits(**limits), role)
    try:
        yield lane
    finally:
        await lane.close()


def take(
    url: str, tenant: UUID, *batches: list[dict[str, Any]], role: str = INGEST, **limits: Any
) -> list[IngestAnswer]:
    """Send batches one after the other."""

    async def story() -> list[IngestAnswer]:
        async with lane_on(url, role, linger_s=0, **limits) as lane:
            return [await lane.ingest(tenant, raws(*batch), RULES) for batch in batches]

    return asyncio.run(story())


def rows(url: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo(url, None)) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


FACTS = """
    select t.value, s.value, f.occurred_at, f.event_key, k.content_hash, f.attributes, i.key
    from fact f
    join fact_key k using (tenant_id, event_key)
    join fact_body b using (tenant_id, event_key)
    join symbol t on t.tenant_id = f.tenant_id and t.id = f.type_id
    join symbol s on s.tenant_id = f.tenant_id and s.id = f.source_id
    join identity i on i.tenant_id = f.tenant_id and i.id = f.identity_id
    where f.tenant_id = %s order by f.event_key
"""
TRAITS = """
    select i.key, p.trait, p.valid_from, p.event_key, p.value from person_trait p
    join identity i on i.tenant_id = p.tenant_id and i.id = p.identity_id
    where p.tenant_id = %s order by 1, 2, 3, 4
"""

people = st.sampled_from(["ann", "bob", "cleo"])
classes = st.fixed_dictionaries(
    {}, optional={"class": st.sampled_from(["member", "guest"]), "audience": st.just("partner")}
)
sendings = st.lists(
    st.builds(
        lambda subject, day, person, kind: {"subject": subject, "time": f"2026-01-{day:02d}T10:00:00Z", "type": kind,
                                            "data": {"community_id": "c", **({"person": person} if person else {})}},
        people, st.integers(1, 28), classes, st.sampled_from(["membership.opened", "membership.closed", "custom"]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sendings, st.randoms(use_true_random=False))
def test_any_order_and_any_batches_leave_the_same_facts(
    database_url: str, sent: list[dict[str, Any]], chance: random.Random
) -> None:
    events = [event(str(number), **one) for number, one in enumerate(sent)]
    shuffled = chance.sample(events, len(events))
    cut = chance.randint(0, len(events))
    one, other = uuid4(), uuid4()

    take(database_url, one, events, few_rows=0)
    take(database_url, other, shuffled[:cut], shuffled[cut:])

    # Copied or inserted by one call, too.
    assert rows(database_url, FACTS, one) == rows(database_url, FACTS, other)
    assert rows(database_url, TRAITS, one) == rows(database_url, TRAITS, other)


@pytest.fixture
def managed_role(database_url: str) -> Iterator[str]:
    """A role as on a managed server: what `tollbook_ingest` may, but under row-level security."""
    role = f"managed_{secrets.token_hex(4)}"
    with psycopg.connect(conninfo(database_url, None), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} nologin nobypassrls inherit in role tollbook_ingest").format(sql.Identifier(role))
        )
        yield role
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


@pytest.mark.parametrize(
    ("flights", "few_rows", "managed"),
    [(1, (0, 0), False), (2, (0, 0), False), (2, (5_000, 5_000), False), (2, (0, 5_000), True)],
    ids=["one copy each", "copies", "inserts", "a copy and an insert under the policies"],
)
def test_two_processes_that_race_with_the_same_events_store_each_once(
    database_url: str, managed_role: str, flights: int, few_rows: tuple[int, int], managed: bool
) -> None:
    tenant = uuid4()
    batches = [[event(str(100 * batch + n), subject=f"p{n}") for n in range(100)] for batch in range(10)]
    # The other one sends backwards, cut elsewhere, and each event twice in the same request.
    backwards = [one for batch in batches for one in batch for _ in range(2)][::-1]
    halves = [backwards[start : start + 250] for start in range(0, 2_000, 250)]

    async def story() -> tuple[list[IngestAnswer], list[IngestAnswer]]:
        role = managed_role if managed else INGEST
        async with (
            lane_on(database_url, flights=flights, few_rows=few_rows[0]) as one,
            lane_on(database_url, role, flights=flights, few_rows=few_rows[1]) as other,
        ):
            sent = await asyncio.gather(
                *(one.ingest(tenant, raws(*batch), RULES) for batch in batches),
                *(other.ingest(tenant, raws(*batch), RULES) for batch in halves),
            )
            return sent[: len(batches)], sent[len(batches) :]

    first, second = asyncio.run(story())

    assert {answer.accepted + answer.duplicate for answer in first} == {100}
    assert {answer.accepted + answer.duplicate for answer in second} == {250}
    assert sum(answer.accepted for answer in (*first, *second)) == 1000
    assert [
        rows(database_url, f"select count(*) from {table} where tenant_id = %s", tenant)[0][0]
        for table in ("fact_key", "fact", "fact_body")
    ] == [1000] * 3
    assert rows(database_url, "select sum(facts) from usage_hour where tenant_id = %s", tenant) == [(1000,)]
    assert rows(
        database_url, "select count(*), count(distinct home_person_id) from identity where tenant_id = %s", tenant
    ) == [(100, 100)]
    assert rows(database_url, "select count(*) from person where tenant_id = %s", tenant) == [(100,)]


def test_racing_contents_of_one_identity_leave_one_and_the_others_conflict(database_url: str) -> None:
    tenant = uuid4()

    async def story() -> list[IngestAnswer]:
        async with lane_on(database_url) as one, lane_on(database_url) as other:
            return await asyncio.gather(
                *(
                    lane.ingest(tenant, raws(event("1", subject=f"{lane is one}{n}")), RULES)
                    for n in range(5)
                    for lane in (one, other)
                )
            )

    answers = asyncio.run(story())

    assert sum(answer.accepted for answer in answers) == 1
    assert sum(len(answer.conflicts) for answer in answers) == 9


def test_many_duplicates_turn_the_writer_to_asking_first_and_back(database_url: str) -> None:
    tenant = uuid4()

    async def story() -> tuple[int, int]:
        async with lane_on(database_url, linger_s=0, few_rows=0) as lane:
            again = raws(*(event(str(n)) for n in range(20)))
            for _ in range(20):
                await lane.ingest(tenant, again, RULES)
            first = lane._writer.fallbacks
            for number in range(60):
                await lane.ingest(tenant, raws(event(f"new-{number}")), RULES)
            return first, lane._writer.fallbacks

    first, last = asyncio.run(story())

    # 0.3 ≥ 0.25: after one flight with duplicates the next asks first.
    assert first == last == 1


def test_where_copy_is_refused_under_row_level_security_rows_go_in_under_the_policies(
    database_url: str, managed_role: str
) -> None:
    tenant = uuid4()
    person = {"class": "guest", "name": "Ann"}
    events = [event(str(n), data={"course_id": "c", "course_type": "wbt", "person": person}) for n in range(5)]

    first, again = take(
        database_url, tenant, events, [*events, event("6"), event("1", subject="bob")], role=managed_role
    )

    assert (first.accepted, again.accepted, again.duplicate, len(again.conflicts)) == (5, 1, 5, 1)
    assert len(rows(database_url, FACTS, tenant)) == 6
    assert len(rows(database_url, TRAITS, tenant)) == 5


def test_a_conflicting_event_says_nothing_about_its_subject(database_url: str) -> None:
    tenant = uuid4()
    data = {"course_id": "c", "course_type": "wbt"}

    take(
        database_url, tenant, [event("1", data=data)],
        [event("1", data=data | {"person": {"class": "guest", "name": "Wrong", "external_id": "E1"}})],
    )  # fmt: skip

    assert rows(database_url, TRAITS, tenant) == []
    assert rows(database_url, "select name, external_id from person where tenant_id = %s", tenant) == [("", None)]


def says(event_id: str, kind: str = "person.updated", subject: str = "ann", **person: str) -> dict[str, Any]:
    data = {"person": person} | ({"community_id": "c"} if kind.startswith("membership") else {})
    return event(event_id, type=kind, subject=subject, data=data)


def test_events_fill_what_is_not_known_and_updates_overwrite(database_url: str) -> None:
    tenant = uuid4()
    name = "select name, email, external_id from person where tenant_id = %s"

    take(
        database_url,
        tenant,
        [says("1", "membership.opened", name="Ann")],
        [says("2", "membership.opened", name="Eve", email="a@x.example")],
    )
    assert rows(database_url, name, tenant) == [("Ann", "a@x.example", None)]

    take(
        database_url, tenant, [says("3", name="Ann Lee", external_id="E1"), says("4", "membership.opened", name="Eve")]
    )
    assert rows(database_url, name, tenant) == [("Ann Lee", "a@x.example", "E1")]


PERSONS = """
    select i.key, coalesce((select l.person_id from identity_link l
        where l.tenant_id = i.tenant_id and l.identity_id = i.id order by recorded_at desc limit 1), i.home_person_id)
    from identity i where i.tenant_id = %s
"""


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_one_external_id_is_one_person_in_whatever_order_it_becomes_known(
    database_url: str, order: tuple[int, ...], together: bool
) -> None:
    tenant = uuid4()
    sent = [
        event("1", subject="ann@lms"),
        says("2", "membership.opened", "ann@lms", external_id="E1"),
        says("3", "membership.opened", "ann@wiki", external_id="E1"),
    ]
    ordered = [sent[index] for index in order]

    take(database_url, tenant, *([ordered] if together else [[one] for one in ordered]))

    persons = dict(rows(database_url, PERSONS, tenant))
    assert persons["ann@lms"] == persons["ann@wiki"]


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("kind", ["membership.opened", "person.updated"])
def test_a_new_external_id_that_several_state_in_one_batch_makes_them_one_person(
    database_url: str, kind: str, known: bool
) -> None:
    tenant = uuid4()
    if known:
        take(database_url, tenant, [event(f"e{n}", subject=f"ann@{n}") for n in range(4)])

    [answer] = take(database_url, tenant, [says(str(n), kind, f"ann@{n}", external_id="E1") for n in range(4)])

    assert answer.accepted == 4
    assert len(set(dict(rows(database_url, PERSONS, tenant)).values())) == 1


def test_people_who_were_imported_are_found_by_their_key(database_url: str, world: World) -> None:
    acme = world.tenant()
    (person,) = world.people(acme, "ann").values()

    take(database_url, acme.id, [event("1")])

    assert dict(rows(database_url, PERSONS, acme.id)) == {"ann": person}


def test_bulk_loading_gives_one_answer_over_all_chunks(db: Database, world: World) -> None:
    acme = world.tenant()
    events = [event(str(n), subject=f"p{n % 7}") for n in range(12_000)]
    events[11_000] = event("bad", subject="")
    events[11_001] = event("0", subject="p1")
    events[11_002] = event("0", subject="p0")

    answer = ingest_events(db.database_url, acme, iter(events), NOW)

    assert (answer.accepted, answer.duplicate) == (11_997, 1)
    assert [(item.index, item.code) for item in answer.rejected] == [(11_000, "subject_missing")]
    assert [(item.index, item.code) for item in answer.conflicts] == [(11_001, "conflict")]


def test_tenants_that_send_together_stay_apart(database_url: str) -> None:
    tenants = [uuid4() for _ in range(5)]

    async def story() -> None:
        async with lane_on(database_url) as lane:
            await asyncio.gather(
                *(lane.ingest(tenant, raws(event("1", subject=str(tenant))), RULES) for tenant in tenants)
            )

    asyncio.run(story())

    for tenant in tenants:
        assert [row[-1] for row in rows(database_url, FACTS, tenant)] == [str(tenant)]
