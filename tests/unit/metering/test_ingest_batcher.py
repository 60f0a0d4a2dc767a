"""Group commit, against a writer that keeps its rows in memory and follows the table's rules."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from metering.errors import DatabaseUnavailable, IngestBusy
from metering.ingest.batcher import Batcher, Limits, Verdict
from metering.ingest.packing import PackedRow
from metering.ingest.writer import Written

A, B = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def row(key: int, content: int = 0) -> PackedRow:
    return PackedRow("t", bytes([key]) * 16, bytes([content]) * 16, NOW, b"", b"", b"", (1, 0), (), None)


class Table:
    """A unique key per tenant; the first content stays."""

    def __init__(self) -> None:
        self.rows: dict[tuple[UUID, bytes], bytes] = {}
        self.flights: list[tuple[UUID, int]] = []
        self.fail: Exception | None = None

    async def write(self, tenant_id: UUID, rows: Sequence[PackedRow]) -> Written:
        self.flights.append((tenant_id, len(rows)))
        assert [r.event_key for r in rows] == sorted({r.event_key for r in rows})
        await asyncio.sleep(0)
        if self.fail is not None:
            raise self.fail
        stored = {r.event_key: self.rows[tenant_id, r.event_key] for r in rows if (tenant_id, r.event_key) in self.rows}
        for new in rows:
            self.rows.setdefault((tenant_id, new.event_key), new.content_hash)
        return Written(stored)


QUICK = Limits(linger_s=0)


async def submit(batcher: Batcher, tenant_id: UUID, rows: Sequence[PackedRow]) -> list[Verdict]:
    return (await batcher.submit(tenant_id, rows)).verdicts


def test_requests_that_wait_together_are_one_flight() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, QUICK)
        await asyncio.gather(*(submit(batcher, A, [row(key)]) for key in range(10)))
        assert table.flights == [(A, 10)]

    asyncio.run(story())


def test_tenants_never_share_a_flight() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, QUICK)
        await asyncio.gather(*(submit(batcher, tenant, [row(key)]) for key in range(6) for tenant in (A, B)))
        assert sorted(table.flights) == [(A, 6), (B, 6)]

    asyncio.run(story())


def test_of_equal_keys_in_one_flight_the_first_wins() -> None:
    async def story() -> None:
        batcher = Batcher(Table().write, QUICK)
        first, second = await asyncio.gather(
            submit(batcher, A, [row(1, 7), row(1, 8), row(1, 7)]), submit(batcher, A, [row(1, 8), row(2)])
        )
        assert first == [Verdict.ACCEPTED, Verdict.CONFLICT, Verdict.DUPLICATE]
        assert second == [Verdict.CONFLICT, Verdict.ACCEPTED]

    asyncio.run(story())


def test_after_a_first_one_that_could_not_be_stored_the_next_of_its_key_is_judged_on_its_own() -> None:
    closed = (0, 10)
    bad = bytes([9]) * 16

    async def story() -> None:
        table = Table()

        async def write(tenant_id: UUID, rows: Sequence[PackedRow]) -> Written:
            archived = {r.event_key for r in rows if r.place[1] < closed[1]}
            refused = {r.event_key for r in rows if r.content_hash == bad} - archived
            good = [r for r in rows if r.event_key not in archived | refused]
            stored = (await table.write(tenant_id, good)).stored
            return Written(stored, frozenset(refused), archived=frozenset(archived), closed=(closed,))

        def late(key: int, at: int) -> PackedRow:
            return replace(row(key, at), place=(1, at))

        batcher = Batcher(write, QUICK)
        first, second = await asyncio.gather(
            submit(batcher, A, [late(1, 5), late(2, 5), late(1, 20), late(1, 6), late(1, 21)]),
            submit(
                batcher, A, [late(3, 9), late(3, 8), late(3, 20), late(3, 9), late(1, 20), late(4, 20), late(3, 20)]
            ),
        )
        assert [verdict.name for verdict in first] == ["ARCHIVED", "ARCHIVED", "ACCEPTED", "CONFLICT", "CONFLICT"]
        assert [verdict.name for verdict in second] == [
            "ARCHIVED", "ARCHIVED", "ACCEPTED", "CONFLICT", "DUPLICATE", "ACCEPTED", "DUPLICATE"
        ]  # fmt: skip
        poisoned = await submit(batcher, A, [replace(row(5, 9), place=(1, 20)), late(5, 20), late(5, 20), late(6, 20)])
        assert [v.name for v in poisoned] == ["REFUSED", "ACCEPTED", "DUPLICATE", "ACCEPTED"]

    asyncio.run(story())


def test_a_flight_takes_no_more_rows_than_allowed_but_never_cuts_a_request() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, Limits(linger_s=0, flight_rows=4, flights=1))
        await asyncio.gather(*(submit(batcher, A, [row(3 * n), row(3 * n + 1), row(3 * n + 2)]) for n in range(2)),
                             submit(batcher, A, [row(100 + n) for n in range(9)]))  # fmt: skip
        assert [size for _, size in table.flights] == [3, 3, 9]

    asyncio.run(story())


def test_more_rows_than_may_wait_are_turned_away_and_nothing_of_them_is_written() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, Limits(linger_s=0, waiting_rows=3))
        waiting = asyncio.create_task(submit(batcher, A, [row(1), row(2)]))
        await asyncio.sleep(0)
        with pytest.raises(IngestBusy):
            await submit(batcher, A, [row(3), row(4)])
        assert await waiting == [Verdict.ACCEPTED] * 2
        assert await submit(batcher, A, [row(5), row(6), row(7)]) == [Verdict.ACCEPTED] * 3
        assert len(table.rows) == 5

    asyncio.run(story())


@pytest.mark.parametrize(
    ("tenant", "key", "together"),
    [(A, 2, True), (B, 1, True), (A, 1, False)],
    ids=["other keys", "another tenant's key", "a key that is aloft"],
)
def test_a_flight_waits_for_those_that_hold_one_of_its_keys_and_for_no_others(
    tenant: UUID, key: int, together: bool
) -> None:
    async def story() -> None:
        table = Table()
        gate = asyncio.Event()

        async def write(tenant_id: UUID, rows: Sequence[PackedRow]) -> Written:
            written = await table.write(tenant_id, rows)
            await gate.wait()
            return written

        batcher = Batcher(write, Limits(linger_s=0, flight_rows=1))
        first = asyncio.create_task(submit(batcher, A, [row(1)]))
        second = asyncio.create_task(submit(batcher, tenant, [row(key)]))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (len(table.flights) == 2) is together
        gate.set()
        assert await first == [Verdict.ACCEPTED]
        assert await second == [Verdict.ACCEPTED if together else Verdict.DUPLICATE]

    asyncio.run(story())


def test_a_failed_flight_fails_its_requests_and_the_next_one_goes_out() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, QUICK)
        table.fail = DatabaseUnavailable()
        results = await asyncio.gather(
            submit(batcher, A, [row(1)]), submit(batcher, A, [row(2)]), return_exceptions=True
        )
        assert all(isinstance(result, DatabaseUnavailable) for result in results)
        table.fail = None
        assert await submit(batcher, A, [row(1)]) == [Verdict.ACCEPTED]

    asyncio.run(story())


def test_a_client_that_goes_away_does_not_disturb_its_flight() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, QUICK)
        gone = asyncio.create_task(submit(batcher, A, [row(1)]))
        stays = asyncio.create_task(submit(batcher, A, [row(2)]))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == [Verdict.ACCEPTED]
        assert len(table.rows) == 2

    asyncio.run(story())


def test_closing_lets_everything_land() -> None:
    async def story() -> None:
        table = Table()
        batcher = Batcher(table.write, Limits(linger_s=60))
        waiting = [asyncio.create_task(submit(batcher, tenant, [row(1)])) for tenant in (A, B)]
        await asyncio.sleep(0)
        await batcher.close()
        assert [await task for task in waiting] == [[Verdict.ACCEPTED]] * 2

    asyncio.run(story())


events = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=30)


@settings(max_examples=60)
@given(events, st.data())
def test_whatever_the_batches_each_identity_is_accepted_once_and_every_event_has_one_verdict(
    sent: list[tuple[int, int]], data: st.DataObject
) -> None:
    batches: list[list[tuple[int, int]]] = [[]]
    for event in sent:
        if data.draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    limits = Limits(linger_s=0, flight_rows=data.draw(st.integers(1, 10)), flights=data.draw(st.integers(1, 3)))

    async def story() -> list[list[Verdict]]:
        table = Table()
        batcher = Batcher(table.write, limits)
        verdicts = await asyncio.gather(*(submit(batcher, A, [row(*event) for event in batch]) for batch in batches))
        assert {key[0] for _, key in table.rows} == {key for key, _ in sent}
        for batch, answers in zip(batches, verdicts, strict=True):
            for (key, content), verdict in zip(batch, answers, strict=True):
                same = table.rows[A, bytes([key]) * 16] == bytes([content]) * 16
                assert (verdict is Verdict.CONFLICT) == (not same)
        return verdicts

    flat = [verdict for answers in asyncio.run(story()) for verdict in answers]
    assert flat.count(Verdict.ACCEPTED) == len({key for key, _ in sent})
