"""What a process remembers for two seconds: looked up once for all, renewed in time, forgotten when revoked."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.errors import Refused
from core.remembering import LIFE_S, RENEWED_S, Remembered
from tests.builders.hand_clock import HandClock


class Revoked(Refused):
    code = "revoked"
    status = 401


class Away(Refused):
    code = "away"
    status = 503


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    return HandClock(monkeypatch)


def counting(answers: list[object]) -> tuple[list[int], Callable[[], Awaitable[object]]]:
    asked: list[int] = []

    async def look_up() -> object:
        asked.append(1)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return asked, look_up


async def settled() -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


def test_all_who_ask_at_once_wait_for_one_look_up(clock: HandClock) -> None:
    del clock
    free, asked = asyncio.Event(), []

    async def look_up() -> str:
        asked.append(1)
        await asyncio.wait_for(free.wait(), 5)
        return "ann"

    async def run() -> list[str]:
        kept = Remembered[str]()
        waiting = [asyncio.create_task(kept.ask("key", look_up)) for _ in range(20)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # one hangs up
        free.set()
        return await asyncio.gather(*waiting[1:])

    assert asyncio.run(run()) == ["ann"] * 19
    assert asked == [1]


def test_where_the_first_waits_only_those_who_ask_meanwhile_are_told_what_is_known(clock: HandClock) -> None:
    free, answers = asyncio.Event(), iter(["one", "two"])
    free.set()

    async def look_up() -> str:
        await asyncio.wait_for(free.wait(), 5)
        return next(answers)

    async def run() -> None:
        kept = Remembered[str](first_waits=True)
        assert await kept.ask("key", look_up) == "one"
        free.clear()
        clock.now += RENEWED_S
        first = asyncio.create_task(kept.ask("key", look_up))
        await asyncio.sleep(0)
        assert await kept.ask("key", look_up) == "one"
        free.set()
        assert await first == "two"

    asyncio.run(run())


def test_what_takes_long_to_look_up_rests_for_so_many_times_as_long(clock: HandClock) -> None:
    asked: list[float] = []

    async def look_up() -> int:
        asked.append(clock.now)
        clock.now += 0.5
        return len(asked)

    async def run() -> None:
        kept = Remembered[int](30, first_waits=True, rests=10)
        assert await kept.ask("key", look_up) == 1
        clock.now = asked[0] + 4.9
        assert await kept.ask("key", look_up) == 1
        clock.now = asked[0] + 5
        assert await kept.ask("key", look_up) == 2

    asyncio.run(run())


def test_a_value_in_use_is_renewed_before_it_runs_out_and_nobody_waits(clock: HandClock) -> None:
    asked, look_up = counting(["one", "two"])

    async def run() -> None:
        kept = Remembered[object]()
        assert await kept.ask("key", look_up) == "one"
        clock.now += RENEWED_S
        assert await kept.ask("key", look_up) == "one"
        kept.renew("key", look_up)
        await settled()
        clock.now += LIFE_S - 0.1
        assert kept.get("key") == "two", "as old as its own question, not as the first"
        clock.now += 0.1
        assert kept.get("key") is None

    asyncio.run(run())
    assert len(asked) == 2


def test_what_is_told_at_once_is_renewed_as_well_and_what_ran_out_is_not_told(clock: HandClock) -> None:
    asked, look_up = counting(["one", "two"])

    async def run() -> None:
        kept = Remembered[object]()
        assert kept.fresh("key", look_up) is None, "nobody waits, so nobody asks"
        assert await kept.ask("key", look_up) == "one"
        assert kept.fresh("key", look_up) == "one"
        clock.now += RENEWED_S
        assert [kept.fresh("key", look_up), kept.fresh("key", look_up)] == ["one", "one"]
        await settled()
        assert kept.fresh("key", look_up) == "two"
        clock.now += LIFE_S
        assert kept.fresh("key", look_up) is None

    asyncio.run(run())
    assert len(asked) == 2


def test_what_was_revoked_is_forgotten_by_its_renewal_and_a_database_that_is_away_forgets_nothing(
    clock: HandClock,
) -> None:
    _, look_up = counting(["ann", OSError("away"), Away("away"), Revoked("gone")])

    async def run() -> None:
        kept = Remembered[object]()
        await kept.ask("key", look_up)
        clock.now += RENEWED_S
        for _ in ("an error", "a refusal that says nothing of the key"):
            kept.renew("key", look_up)
            await settled()
            assert kept.get("key") == "ann"
        kept.renew("key", look_up)
        await settled()
        assert kept.get("key") is None
        with pytest.raises(Revoked):
            await kept.ask("key", look_up)

    asyncio.run(run())


def test_an_answer_that_took_longer_than_it_is_good_for_is_its_own_askers_only(clock: HandClock) -> None:
    free, asked = asyncio.Event(), []

    async def look_up() -> int:
        asked.append(1)
        if len(asked) == 1:
            await asyncio.wait_for(free.wait(), 5)
        return len(asked)

    async def run() -> tuple[int, int]:
        kept = Remembered[int]()
        first, second = (asyncio.create_task(kept.ask("key", look_up)) for _ in range(2))
        await asyncio.sleep(0.01)
        clock.now += LIFE_S
        free.set()
        return await first, await second

    assert asyncio.run(run()) == (1, 2)
