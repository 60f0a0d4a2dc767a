"""Long work leaves room between its slices: whoever else is in the loop is heard after each."""

import asyncio

from metering.ingest.turns import Turns


def test_one_of_those_who_ask_has_a_turn_of_the_loop_in_the_order_of_asking() -> None:
    took: list[tuple[int, int]] = []

    async def story() -> None:
        turns, at = Turns(), 0

        async def ask(who: int) -> None:
            await turns.take()
            took.append((at, who))

        asking = [asyncio.ensure_future(ask(who)) for who in range(5)]
        while not all(one.done() for one in asking):
            await asyncio.sleep(0)
            at += 1

    asyncio.run(story())

    assert [who for _, who in took] == [0, 1, 2, 3, 4]
    assert len({at for at, _ in took}) == 5


def test_who_gives_up_holds_nobody_up() -> None:
    async def story() -> None:
        turns = Turns()
        first, second = (asyncio.ensure_future(turns.take()) for _ in range(2))
        await asyncio.sleep(0)
        second.cancel()
        await first

        await asyncio.wait_for(turns.take(), 1)

    asyncio.run(story())
