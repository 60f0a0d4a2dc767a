"""What the hot lane of licences asks of the database, and what it has it write: a function a flight.

The functions stand in the migrations; here is what goes in and what comes out.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from core.clock import AHEAD
from core.ids import new_id
from metering.ingest.calls import ask, order
from metering.leases import LONGEST, Stretch
from plans.documents import Feature
from plans.licensing.floating import Denial, PoolRules
from plans.licensing.gathering import Owner
from plans.subscriptions import Mode

__all__ = ("Facts", "Held", "Look", "PoolRow", "Terms", "Used", "look", "look_up", "put", "renew")

Connection = AsyncConnection[Any]


class PoolRow(PoolRules, frozen=True, kw_only=True):
    """A pool's rules and its counter, locked."""

    in_use: int


class Held(msgspec.Struct, frozen=True):
    """How many seats of a pool a group holds, and how many of them by offline grants."""

    pool: str
    group_key: str
    held: int
    borrowed: int


class Look(msgspec.Struct, frozen=True):
    """Everything that decides about some requests, as it is while their pools are locked."""

    now: datetime
    pools: list[PoolRow]
    crowded: list[str]
    """Pools that could deny somebody: there what had ended was let go, and seats were counted."""
    counted: list[Held]
    people: dict[int, str]
    """The person behind each identity that requests name, and that has their leases and client keys."""
    gone: list[int]
    """Identities of people who have left."""
    stretches: list[Stretch]
    """All of the leases that requests name, and what is held under the same units and client keys."""


class Terms(msgspec.Struct, frozen=True):
    """An item of a contract, and what its document says of one feature."""

    feature: str
    contract: UUID
    begins: datetime
    ends: datetime | None
    slot: str
    starts_at: datetime
    ends_at: datetime | None
    mode: Mode
    said: Feature | None


class Used(msgspec.Struct, frozen=True):
    """What was used of a feature's limit in its last period."""

    feature: str
    starts_at: datetime
    ends_at: datetime
    used: int


class Facts(msgspec.Struct, frozen=True):
    """What is known of some features: contracts in order, pools that are full, limits used."""

    now: datetime
    contracts: list[Terms]
    full: list[str]
    used: list[Used]


_LOOK = msgspec.json.Decoder(Look)
_STRETCHES = msgspec.json.Decoder(list[Stretch])
_FACTS = msgspec.json.Decoder(Facts)


def _asking(owner: Owner) -> dict[str, Any]:
    return {"tenant": owner.tenant_id, "test_clock": owner.test_clock_id, "ahead_s": AHEAD.total_seconds()}


async def look(connection: Connection, owner: Owner, asked: Mapping[str, Any]) -> Look:
    """Lock the pools that some requests are about and return what decides about them; the transaction stays open.

    Args:
        connection: of the serving role.
        owner: whose pools.
        asked: `pools`, `wanting` (how many want into each), `beats`, whether anybody `borrows`, the
            `leases`, `identities` and client `keys` of the requests, and the `wishes` to be let in.
    """
    return await ask(connection, "lease_look", _asking(owner) | dict(asked), _LOOK, begin=True)


async def put(
    connection: Connection,
    tenant_id: UUID,
    now: datetime,
    stretches: tuple[Sequence[Stretch], Sequence[Stretch]],
    denials: Sequence[Denial],
    counts: Sequence[tuple[PoolRules, int]],
) -> None:
    """Write what became of requests, and commit.

    Args:
        connection: in the transaction that `look` began.
        tenant_id: whose.
        now: when it was decided.
        stretches: those that have changed, and those that begin.
        denials: who was not let in.
        counts: how many seats of each pool are in use.
    """
    denied = [msgspec.to_builtins(denial) | {"id": new_id()} for denial in denials]
    given = {
        "tenant": tenant_id, "now": now, "changed": stretches[0], "begun": stretches[1], "denied": denied,
        "counts": [{"key": pool.key, "in_use": in_use, "capacity": pool.capacity} for pool, in_use in counts],
    }  # fmt: skip
    await order(connection, "lease_put", given)


async def renew(connection: Connection, owner: Owner, leases: Collection[UUID]) -> list[Stretch]:
    """Hold those of the leases on that are open and not in anybody's hands; return them."""
    asked = _asking(owner) | {"leases": list(leases), "longest_s": LONGEST.total_seconds()}
    return await ask(connection, "lease_renew", asked, _STRETCHES, begin=False)


async def look_up(connection: Connection, owner: Owner, features: Sequence[str]) -> Facts:
    """Return what is known of some features now."""
    return await ask(connection, "entitlement_look", _asking(owner) | {"features": features}, _FACTS, begin=False)
