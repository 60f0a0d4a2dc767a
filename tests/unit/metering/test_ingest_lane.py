"""While events are drafted, others have their turn: by how much work they are, not by their number."""

import asyncio
from datetime import UTC, datetime

import pytest
from msgspec import Raw

from metering.ingest import lane
from metering.ingest.validation import Rules

RULES = Rules(datetime(2026, 3, 5, tzinfo=UTC), version_required=False)


def event(number: int, size: int, time: str = "2026-03-04T10:00:00Z") -> Raw:
    text = "x" * size
    return Raw(
        f'{{"id": "{number}", "source": "s", "type": "acme.note", "subject": "ann", "time": "{time}",'
        f' "data": {{"text": "{text}"}}}}'.encode()
    )


async def drafted(events: list[Raw]) -> tuple[list[int], int, int]:
    """Return the indexes of drafts, how many were rejected, and how often another task had its turn meanwhile."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    drafts, rejected = await lane._draft_all(events, RULES)
    task.cancel()
    return [draft.index for draft in drafts], len(rejected), turns


@pytest.mark.parametrize(
    ("count", "size", "turns"),
    [
        (1_000, 10, 3),  # runs of 250
        (40, 20_000, 13),  # three of 20 kB in 64 kB: 14 runs
        (5, 200_000, 4),  # each by itself
        (1, 10, 0),
        (0, 10, 0),
    ],
)
def test_others_have_their_turn_by_the_work_that_events_are(count: int, size: int, turns: int) -> None:
    indexes, rejected, had = asyncio.run(drafted([event(number, size) for number in range(count)]))
    assert (indexes, rejected, had) == (list(range(count)), 0, turns)


def test_bad_events_among_large_ones_keep_their_places() -> None:
    events = [event(number, 20_000, "soon" if number in (4, 39) else "2026-03-04T10:00:00Z") for number in range(40)]
    indexes, rejected, _ = asyncio.run(drafted(events))
    assert (indexes, rejected) == ([number for number in range(40) if number not in (4, 39)], 2)
