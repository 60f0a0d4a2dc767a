"""While events are prepared, others have their turn: by how much work they are, not by their number.

Among the others are flights, which hear of the database once a turn of the loop.
"""

import asyncio
from uuid import uuid4

import pytest
from msgspec import Raw

from metering.ingest.lane import Prepared
from metering.ingest.validation import Rules
from tests.integration.metering.test_events_laws import NOW, lane_on

RULES = Rules(NOW, version_required=False)


def event(number: int, size: int, time: str = "2026-03-04T10:00:00Z") -> Raw:
    text = "x" * size
    return Raw(
        f'{{"id": "{number}", "source": "s", "type": "acme.note", "subject": "ann", "time": "{time}",'
        f' "data": {{"text": "{text}"}}}}'.encode()
    )


async def prepared(url: str, *requests: list[Raw]) -> tuple[list[Prepared], int]:
    """Prepare requests that come together; return how often another task had its turn meanwhile, too."""
    tenant = uuid4()
    async with lane_on(url) as lane:
        await lane.prepare(tenant, [event(0, 1)], RULES)  # nobody is new any more
        preparing = asyncio.gather(*(lane.prepare(tenant, events, RULES) for events in requests))
        await asyncio.sleep(0)
        turns = 0
        while not preparing.done():
            turns += 1
            await asyncio.sleep(0)
        return await preparing, turns


@pytest.mark.parametrize(
    ("count", "size", "turns"),
    [
        (1_000, 10, 3),  # runs of 250
        (40, 20_000, 13),  # three of 20 kB in 64 kB: 14 runs
        (5, 200_000, 4),  # each by itself
    ],
)
def test_others_have_their_turn_by_the_work_that_events_are(
    database_url: str, count: int, size: int, turns: int
) -> None:
    (one,), had = asyncio.run(prepared(database_url, [event(number, size) for number in range(count)]))

    assert [draft.index for draft in one.drafts] == list(range(count))
    assert [row.event_key for row in one.rows] == [draft.event_key for draft in one.drafts]
    assert had >= turns


def test_of_requests_that_come_together_one_is_prepared_in_a_turn(database_url: str) -> None:
    _, had = asyncio.run(prepared(database_url, *([event(number, 10) for number in range(10)] for _ in range(20))))

    assert had >= 19


def test_single_events_are_prepared_as_they_come(database_url: str) -> None:
    _, had = asyncio.run(prepared(database_url, *([event(number, 10)] for number in range(20))))

    assert had <= 1


def test_bad_events_among_large_ones_keep_their_places(database_url: str) -> None:
    events = [event(number, 20_000, "soon" if number in (4, 39) else "2026-03-04T10:00:00Z") for number in range(40)]
    (one,), _ = asyncio.run(prepared(database_url, events))

    assert [draft.index for draft in one.drafts] == [number for number in range(40) if number not in (4, 39)]
    assert [fault.index for fault in one.rejected] == [4, 39]


def test_who_is_new_in_a_later_run_is_packed_in_its_place(database_url: str) -> None:
    events = [event(number, 10) for number in range(600)]
    events[300] = Raw(bytes(events[300]).replace(b'"ann"', b'"bob"'))
    (one,), _ = asyncio.run(prepared(database_url, events))

    assert [row.event_key for row in one.rows] == [draft.event_key for draft in one.drafts]
    assert len(one.rows) == 600
