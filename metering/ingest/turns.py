"""Long work in slices, one in each turn of the loop.

Requests that came together would else all be drafted and packed in one turn, and the flights that are
in the air, which hear of the database once a turn, would wait for all of them at each of their steps.
"""

import asyncio

__all__ = ("Turns",)


class Turns:
    """Hands out turns of the loop, to who asks in the order of asking. For one event loop."""

    def __init__(self) -> None:
        self._taken = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn in which nobody else has one; it lasts until the caller waits for something."""
        await self._taken.acquire()
        asyncio.get_running_loop().call_soon(self._taken.release)
