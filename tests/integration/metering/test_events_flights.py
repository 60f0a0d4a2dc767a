"""Flights of several requests and processes: what is wrong with one row is nobody else's."""

import asyncio
from collections.abc import Sequence
from random import Random
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import Raw

from metering.ingest.batcher import Batcher, Limits, Outcome, Verdict
from metering.ingest.connections import Connections
from metering.ingest.packing import Ids, PackedRow, Packer
from metering.ingest.validation import draft_event
from metering.ingest.writer import FactWriter
from tests.integration.metering.test_events_laws import NOW, RULES, event, lane_on, raws, rows, says

COUNTS = "select count(*) from fact where tenant_id = %s union all select count(*) from fact_body where tenant_id = %s"


def packed(tenant: UUID, *ids: str) -> list[PackedRow]:
    drafts = [draft_event(raw, n, RULES) for n, raw in enumerate(raws(*(event(one) for one in ids)))]
    packer = Packer(tenant, NOW, Ids({"course.launched": 1}, {"lms": 2}, {"ann": 3}))
    return [packer.pack(draft) for draft in drafts]


def poisoned(row: PackedRow) -> PackedRow:
    """Return it with attributes that are no JSON; validation never makes such."""
    # They end the row: ids before them may hold any byte.
    before, _, attributes = row.fact_row.rpartition(b"{")
    return msgspec.structs.replace(row, fact_row=before + b"(" + attributes)


@pytest.mark.parametrize("few_rows", [0, 100])
def test_a_row_that_the_database_refuses_is_rejected_alone(database_url: str, few_rows: int) -> None:
    tenant = uuid4()

    async def story() -> tuple[frozenset[bytes], bytes]:
        sent = packed(tenant, *map(str, range(7)))
        bad = sent[3] = poisoned(sent[3])
        connections = Connections(database_url, 1)
        written = await FactWriter(connections, few_rows).write(tenant, sorted(sent, key=lambda row: row.event_key))
        await connections.close()
        return written.refused, bad.event_key

    refused, bad_key = asyncio.run(story())

    assert refused == {bad_key}
    assert rows(database_url, "select count(*) from fact where tenant_id = %s", tenant) == [(6,)]


@pytest.mark.parametrize("few_rows", [0, 100])
def test_poison_in_racing_flights_hurts_no_neighbour(database_url: str, few_rows: int) -> None:
    """Two processes race with the same events, some of them poison in one of the two only."""
    tenant, bad, dice = uuid4(), {"3", "8", "20"}, Random(7)
    ids = [str(n) for n in range(30)]

    async def send(batcher: Batcher, requests: Sequence[list[PackedRow]]) -> list[Outcome]:
        return list(await asyncio.gather(*(batcher.submit(tenant, request) for request in requests)))

    async def story() -> list[tuple[str, str, Verdict]]:
        told: list[tuple[str, str, Verdict]] = []
        connections = [Connections(database_url, 3) for _ in range(2)]
        limits = Limits(linger_s=0, flight_rows=8)
        batchers = [Batcher(FactWriter(one, few_rows).write, limits) for one in connections]
        plans = []
        for name in ("poisoned", "sound"):
            mixed = dice.sample(ids, len(ids))
            sent = dict(zip(mixed, packed(tenant, *mixed), strict=True))
            if name == "poisoned":
                sent |= {one: poisoned(sent[one]) for one in bad}
            plans.append((name, [mixed[n : n + 3] for n in range(0, len(mixed), 3)], sent))
        answers = await asyncio.gather(*(
            send(batcher, [[sent[one] for one in request] for request in requests])
            for batcher, (_, requests, sent) in zip(batchers, plans, strict=True)
        ))  # fmt: skip
        for (name, requests, _), outcomes in zip(plans, answers, strict=True):
            for request, outcome in zip(requests, outcomes, strict=True):
                told += [(name, one, verdict) for one, verdict in zip(request, outcome.verdicts, strict=True)]
        for one in connections:
            await one.close()
        return told

    told = asyncio.run(story())

    stored = {one for _, one, verdict in told if verdict is Verdict.ACCEPTED}
    assert stored == set(ids)
    assert len([verdict for *_, verdict in told if verdict is Verdict.ACCEPTED]) == len(ids)
    # The poison itself is refused, or known by then from the other process; all else is sound.
    assert {one for name, one, verdict in told if verdict is Verdict.REFUSED and name == "poisoned"} <= bad
    assert {verdict for name, one, verdict in told if name == "sound"} <= {Verdict.ACCEPTED, Verdict.DUPLICATE}
    assert rows(database_url, COUNTS, tenant, tenant) == [(30,), (30,)]


def test_flights_that_change_the_same_people_never_wait_for_each_other_in_a_ring(database_url: str) -> None:
    """One names those whom the other gives external ids, and the other way round, at the same moment."""
    tenant, people = uuid4(), [f"p{n}" for n in range(16)]

    def told(turn: int, name: str, by_name: list[str], by_id: list[str]) -> list[Raw]:
        named = [says(f"{turn}-{name}-{who}-n", subject=who, name=f"{who} {turn}") for who in by_name]
        return raws(
            *named, *(says(f"{turn}-{name}-{who}-x", subject=who, external_id=f"{turn}-{who}") for who in by_id)
        )

    async def story() -> None:
        async with lane_on(database_url, linger_s=0) as one, lane_on(database_url, linger_s=0) as other:
            await one.ingest(tenant, raws(*(event(f"e-{who}", subject=who) for who in people)), RULES)
            for turn in range(8):
                await asyncio.gather(
                    one.ingest(tenant, told(turn, "one", people[:8], people[8:]), RULES),
                    other.ingest(tenant, told(turn, "other", people[8:], people[:8]), RULES),
                )

    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = rows(database_url, deadlocks)
    asyncio.run(story())

    people_now = rows(database_url, "select name, external_id from person where tenant_id = %s", tenant)
    assert sorted(people_now) == sorted((f"{who} 7", f"7-{who}") for who in people)
    assert rows(database_url, deadlocks) == before
