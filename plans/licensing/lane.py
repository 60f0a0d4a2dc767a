"""The hot lane of floating pools: checkout, heartbeat, release, durable when answered.

A flight locks the pools it is about (in order of key) and looks what is stored in one call, decides
in plain code (`floating.Floor`) and writes rows, denials and counters in another (`calls`), all in
one transaction. Heartbeats of open
leases take no lock of a pool and wait for nobody; only what they do not find goes through a flight.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from core.db import APP
from core.ids import new_id
from metering.ingest.connections import Connections
from metering.leases import Stretch
from plans.entitlements import Entitlement
from plans.licensing.calls import look, put, renew
from plans.licensing.entitled import ask_entitlements
from plans.licensing.floating import Beat, Checkout, Denial, Floor, Outcome, Release
from plans.licensing.gathering import Gatherer, Owner

__all__ = ("LeaseLane", "decided")

Wish = Checkout | Beat | Release

_ORDER = (Release, Beat, Checkout)
"""Who leaves goes first: of requests that are under way at the same time, any order is a true one."""


class LeaseLane:
    """One per process and event loop: its connections and its group commit."""

    def __init__(self, database_url: str, flights: int = 4) -> None:
        self._connections = Connections(database_url, flights, APP)
        self._doors: Gatherer[Wish, Outcome] = Gatherer(self._fly)
        self._beats: Gatherer[UUID, Stretch | None] = Gatherer(self._renew)
        self._questions: Gatherer[tuple[str, str], Entitlement] = Gatherer(self._tell)

    async def decide(self, owner: Owner, wish: Wish) -> Outcome:
        """Return what becomes of a request; it is durable.

        Raises:
            LeasesBusy, DatabaseUnavailable: to send the same again is safe.
        """
        if isinstance(wish, Beat):
            held = await self._beats.submit(owner, wish.lease_id)
            if held is not None:
                return held
        return await self._doors.submit(owner, wish)

    async def entitled(self, owner: Owner, status: str, feature: str) -> Entitlement:
        """Return whether a tenant of that status may use a feature; a metered one as if nothing were used.

        Raises:
            LeasesBusy, DatabaseUnavailable: to ask again is safe.
        """
        return await self._questions.submit(owner, (status, feature))

    async def close(self) -> None:
        """Let everything land and close the connections."""
        await self._questions.close()
        await self._beats.close()
        await self._doors.close()
        await self._connections.close()

    async def _renew(self, owner: Owner, leases: Sequence[UUID]) -> list[Stretch | None]:
        async def flight(connection: AsyncConnection[Any]) -> list[Stretch]:
            return await renew(connection, owner, set(leases))

        held = {stretch.lease_id: stretch for stretch in await self._connections.flown(flight)}
        return [held.get(lease_id) for lease_id in leases]

    async def _tell(self, owner: Owner, asked: Sequence[tuple[str, str]]) -> list[Entitlement]:
        async def flight(connection: AsyncConnection[Any]) -> list[Entitlement]:
            # Who asked last knows the tenant's status best.
            return await ask_entitlements(connection, owner, asked[-1][0], [feature for _, feature in asked])

        return await self._connections.flown(flight)

    async def _fly(self, owner: Owner, wishes: Sequence[Wish]) -> list[Outcome]:
        async def flight(connection: AsyncConnection[Any]) -> list[Outcome]:
            found = await look(connection, owner, _asked(wishes))
            floor = Floor(found.now, {pool.key: pool for pool in found.pools}, {p.key: p.in_use for p in found.pools})
            floor.know_counted(found.crowded, [(c.pool, c.group_key, c.held, c.borrowed) for c in found.counted])
            floor.know_people(found.people)
            floor.know_gone(found.gone)
            floor.know(found.stretches)
            outcomes = decided(floor, wishes)
            denials = [one for one in outcomes if isinstance(one, Denial)]
            counts = [(pool, floor.held(pool.key)) for pool in found.pools]
            stretches = floor.changed(), floor.begun()
            await put(connection, owner.tenant_id, found.now, stretches, denials, counts)
            return outcomes

        return await self._connections.flown(flight)


def _asked(wishes: Sequence[Wish]) -> dict[str, Any]:
    """Return what must be known to decide; see `calls.look`."""
    wanting = [wish for wish in wishes if isinstance(wish, Checkout)]
    wanted = Counter(wish.pool for wish in wanting)
    return {
        "pools": list(wanted),
        "wanting": wanted,
        "beats": sum(isinstance(wish, Beat) for wish in wishes),
        "borrows": any(wish.borrow_s for wish in wanting),
        "leases": list({wish.lease_id for wish in wishes if not isinstance(wish, Checkout)}),
        "identities": list({wish.identity_id for wish in wanting}),
        "keys": list({wish.client_key for wish in wanting}),
        "wishes": [
            {"pool": w.pool, "identity_id": w.identity_id, "device": w.device_id, "client_key": w.client_key}
            for w in wanting
        ],
    }


def decided(floor: Floor, wishes: Collection[Wish]) -> list[Outcome]:
    """Return what becomes of requests of one flight, in their order: who leaves goes first (pure)."""
    outcomes: dict[int, Outcome] = {}
    for kind in _ORDER:
        for at, wish in enumerate(wishes):
            if not isinstance(wish, kind):
                continue
            match wish:
                case Checkout():
                    outcomes[at] = floor.checkout(wish, new_id())
                case Beat():
                    outcomes[at] = floor.beat(wish)
                case Release():
                    outcomes[at] = floor.release(wish)
    return [outcomes[at] for at in range(len(wishes))]
