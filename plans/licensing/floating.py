"""Who gets into a floating pool: the rules, and the decision about requests that are committed together (pure).

The counter of a pool is the number of distinct units that it holds: seats in use, and those whose
lease has ended but that nobody has looked at since (`metering.leases`). Whoever decides has looked
once more wherever the answer could be a denial, so that time alone ends a lease.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from metering.leases import CountBy, Stretch, unit_of

__all__ = (
    "LARGEST",
    "Beat",
    "Checkout",
    "Denial",
    "Fault",
    "Floor",
    "Mode",
    "Outcome",
    "PoolRules",
    "Reason",
    "Release",
    "Share",
    "TooLong",
)

Mode = Literal["hard", "overdraft", "soft"]
NO_END = 2_000_000_000
"""The capacity of a pool that only counts."""
LARGEST = 10_000_000
"""The most seats that a pool may have."""


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a group has of a pool: so many seats are kept for it, and it gets no more than so many."""

    least: int = 0
    most: int | None = None


class PoolRules(msgspec.Struct, frozen=True):
    """A floating pool's rules; `seats` is its limit."""

    key: str
    mode: Mode
    seats: int
    overdraft: int = 0
    """Seats above the limit; 0 where they are told in per cent."""
    overdraft_percent: int = 0
    count_by: CountBy = "person"
    lease_s: int = 900
    linger_s: int = 0
    borrow_max_s: int = 0
    """The longest offline grant; 0 for none."""
    borrow_keep: int = 0
    """Seats that offline grants must leave."""
    shares: dict[str, Share] = {}

    @property
    def capacity(self) -> int:
        """How many units may be in at once; a part of a seat in per cent counts as one.

        >>> PoolRules("cad", "overdraft", 15, overdraft_percent=10).capacity
        17
        """
        if self.mode == "soft":
            return NO_END
        if self.mode == "hard":
            return self.seats
        return self.seats + (self.overdraft or -(-self.seats * self.overdraft_percent // 100))

    def kept(self, used: Mapping[str, int], group: str) -> int:
        """Return how many free seats are kept for groups other than this one."""
        return sum(max(0, share.least - used.get(name, 0)) for name, share in self.shares.items() if name != group)


class Reason(StrEnum):
    """Why a pool let somebody not in; a closed list."""

    POOL_FULL = "pool_full"
    """Every seat is in use."""
    RESERVED = "reserved"
    """The seats that are free are kept for other groups."""
    GROUP_LIMIT = "group_limit"
    """The group has all that it may have."""
    BORROW_LIMIT = "borrow_limit"
    """Offline grants have taken all that they may."""


class Fault(StrEnum):
    """Why a request about a lease is refused without a denial."""

    KEY_TAKEN = "lease_key_taken"
    UNKNOWN = "lease_unknown"
    OVER = "lease_over"
    NO_POOL = "not_found"
    GONE = "person_inactive"


@dataclass(frozen=True, slots=True)
class Checkout:
    """Somebody wants in; `borrow_s` asks for an offline grant of that length."""

    pool: str
    client_key: str
    identity_id: int
    device_id: str | None = None
    group: str = ""
    borrow_s: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """A lease's client is still there."""

    lease_id: UUID


@dataclass(frozen=True, slots=True)
class Release:
    """A lease's client is done."""

    lease_id: UUID


@dataclass(frozen=True, slots=True)
class Denial:
    """Nobody got in: who, why, and how full the pool was."""

    pool: str
    identity_id: int
    client_key: str
    group: str
    reason: Reason
    in_use: int
    seats: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """An offline grant longer than the pool gives."""

    pool: str
    asked_s: int
    longest_s: int
    """0: it gives none."""


Outcome = Stretch | Denial | Fault | TooLong


@dataclass(slots=True)
class _Count:
    """Seats of a pool that are held: all, by group, and by offline grants."""

    held: int
    groups: dict[str, int] = field(default_factory=dict)
    borrowed: int = 0


_Place = tuple[int, datetime]
"""A stretch by the number of its lease, which is hashed a good deal quicker than the id."""


class Floor:
    """Some pools as they are at one moment, and what becomes of them request by request.

    What a request can touch must be known before it is decided: the stretches of the leases that it
    names, and all that is held under the same units and client keys.
    """

    def __init__(self, now: datetime, rules: Mapping[str, PoolRules], held: Mapping[str, int]) -> None:
        self.now = now
        self._rules = rules
        self._counts = {pool: _Count(number) for pool, number in held.items()}
        self._stored: dict[_Place, Stretch] = {}
        self._rows: dict[_Place, Stretch] = {}
        self._units: dict[tuple[str, str], set[_Place]] = {}
        self._keys: dict[tuple[str, str], _Place] = {}
        self._latest: dict[int, _Place] = {}
        self._people: Mapping[int, str] = {}
        self._gone: frozenset[int] = frozenset()

    def know_counted(self, pools: Iterable[str], counted: Iterable[tuple[str, str, int, int]]) -> None:
        """Take fresh counts of pools by (pool, group): seats held, and those of offline grants."""
        for pool in pools:
            self._counts[pool] = _Count(0)
        for pool, group, held, borrowed in counted:
            count = self._counts[pool]
            count.groups[group] = held
            count.held += held
            count.borrowed += borrowed

    def know(self, stretches: Iterable[Stretch]) -> None:
        """Take what is stored; the counters have it already."""
        for stretch in stretches:
            place = (stretch.lease_id.int, stretch.starts_at)
            self._stored[place] = stretch
            self._index(place, stretch)

    def know_people(self, people: Mapping[int, str]) -> None:
        """Take who is behind the identities that requests name, and that hold something under their client keys."""
        self._people = people

    def know_gone(self, identities: Iterable[int]) -> None:
        """Take by which identities nobody is let in, or held on: their people have left."""
        self._gone = frozenset(identities)

    def held(self, pool: str) -> int:
        """Return the pool's counter as it is now."""
        return self._counts[pool].held

    def changed(self) -> list[Stretch]:
        """Return the stored stretches that are different now."""
        return [self._rows[place] for place, before in self._stored.items() if self._rows[place] != before]

    def begun(self) -> list[Stretch]:
        """Return the stretches that are not stored yet."""
        return [stretch for place, stretch in self._rows.items() if place not in self._stored]

    def checkout(self, wish: Checkout, lease_id: UUID) -> Outcome:
        """Let somebody in, or not; the same client key is the same lease.

        Args:
            wish: who wants in where.
            lease_id: the id of the lease, if it is a new one.
        """
        rules = self._rules.get(wish.pool)
        if rules is None:
            return Fault.NO_POOL
        if wish.borrow_s > rules.borrow_max_s:
            return TooLong(wish.pool, wish.borrow_s, rules.borrow_max_s)
        if wish.identity_id in self._gone:
            return Fault.GONE
        same = self._of_key(wish.pool, wish.client_key)
        if same is not None and self._are_two(same.identity_id, wish.identity_id) and self._takes_seat(same):
            return Fault.KEY_TAKEN
        if same is not None and same.open_at(self.now):
            if same.borrowed or not wish.borrow_s:
                return self._held_on(same)
            if same.starts_at < self.now:
                lease_id = same.lease_id
        return self._let_in(wish, lease_id, same)

    def beat(self, beat: Beat) -> Outcome:
        """Hold a lease on; one that ran out comes back if there is a seat for it."""
        latest = self._of_lease(beat.lease_id)
        if latest is None:
            return Fault.UNKNOWN
        if latest.identity_id in self._gone:
            return Fault.OVER
        if latest.open_at(self.now):
            return self._held_on(latest)
        same = self._of_key(latest.pool, latest.client_key)
        if latest.released or (same is not None and same.lease_id != latest.lease_id and self._takes_seat(same)):
            return Fault.OVER
        wish = Checkout(latest.pool, latest.client_key, latest.identity_id, latest.device_id, latest.group_key)
        return self._let_in(wish, latest.lease_id, same)

    def release(self, release: Release) -> Outcome:
        """End a lease now; ending it again changes nothing."""
        latest = self._of_lease(release.lease_id)
        if latest is None:
            return Fault.UNKNOWN
        if latest.released:
            return latest
        ended = replace(self._ended(latest), released=True)
        return self._set(replace(ended, held=latest.held and self._takes_seat(ended)))

    def _are_two(self, one: int, other: int) -> bool:
        return self._people[one] != self._people[other]

    def _of_key(self, pool: str, client_key: str) -> Stretch | None:
        place = self._keys.get((pool, client_key))
        return None if place is None else self._rows[place]

    def _of_lease(self, lease_id: UUID) -> Stretch | None:
        place = self._latest.get(lease_id.int)
        return None if place is None else self._rows[place]

    def _held_on(self, stretch: Stretch) -> Stretch:
        """Hold an open stretch on; where it would be too long, the lease goes on in another, in the same seat.

        An offline grant holds its seat to its end and no longer: else one would be signed for longer than may be lent.
        """
        if stretch.borrowed:
            return stretch
        if stretch.renewable(self.now):
            return self._set(stretch.renewed(self.now))
        before, after = stretch.followed(self.now)
        self._set(before)
        return self._set(after)

    def _ended(self, stretch: Stretch) -> Stretch:
        return replace(stretch, ends_at=max(stretch.starts_at, min(stretch.ends_at, self.now)))

    def _let_in(self, wish: Checkout, lease_id: UUID, before: Stretch | None) -> Outcome:
        """Begin a stretch, in the place of the one that is held under the same client key, if there is one."""
        rules = self._rules[wish.pool]
        unit = unit_of(rules.count_by, self._people[wish.identity_id], wish.device_id, wish.client_key)
        inside = self._inside(wish.pool, unit, before)
        group = next((stretch.group_key for stretch in inside if self._takes_seat(stretch)), wish.group)
        reason = self._why_not(rules, group, inside, borrows=wish.borrow_s > 0)
        if reason is not None:
            held = self.held(wish.pool)
            return Denial(wish.pool, wish.identity_id, wish.client_key, wish.group, reason, held, rules.seats)
        if before is not None:
            self._set(replace(self._ended(before), held=False))
        adds = not self._units.get((wish.pool, unit))
        begun = Stretch(
            pool=wish.pool,
            lease_id=lease_id,
            starts_at=self.now,
            unit=unit,
            client_key=wish.client_key,
            identity_id=wish.identity_id,
            device_id=wish.device_id,
            group_key=group,
            ends_at=self.now + timedelta(seconds=wish.borrow_s or rules.lease_s),
            renews_s=rules.lease_s,
            lingers_s=rules.linger_s,
            borrowed=wish.borrow_s > 0,
            overdrawn=self.held(wish.pool) + adds > rules.seats,
        )
        return self._set(begun)

    def _inside(self, pool: str, unit: str, before: Stretch | None) -> list[Stretch]:
        """Return what holds the seat that the newcomer shares, or else takes over by its client key."""
        inside = [self._rows[place] for place in self._units.get((pool, unit), ())]
        if not inside and before is not None and len(self._units[pool, before.unit]) == 1:
            inside = [before]
        return inside

    def _takes_seat(self, stretch: Stretch) -> bool:
        return stretch.ends_at + timedelta(seconds=stretch.lingers_s) > self.now

    def _why_not(self, rules: PoolRules, group: str, inside: list[Stretch], *, borrows: bool) -> Reason | None:
        count = self._counts[rules.key]
        lends = borrows and not any(stretch.borrowed for stretch in inside)
        if lends and count.borrowed >= max(0, rules.seats - rules.borrow_keep):
            return Reason.BORROW_LIMIT
        if inside:
            return None
        share = rules.shares.get(group)
        if share is not None and share.most is not None and count.groups.get(group, 0) >= share.most:
            return Reason.GROUP_LIMIT
        if count.held >= rules.capacity:
            return Reason.POOL_FULL
        if count.held + rules.kept(count.groups, group) >= rules.capacity:
            return Reason.RESERVED
        return None

    def _set(self, stretch: Stretch) -> Stretch:
        """Put a stretch, as it is now, in its place, and keep the counters: a unit is one seat."""
        place, unit = (stretch.lease_id.int, stretch.starts_at), (stretch.pool, stretch.unit)
        self._count(unit, -1)
        self._units.get(unit, set()).discard(place)
        if self._keys.get((stretch.pool, stretch.client_key)) == place:
            del self._keys[stretch.pool, stretch.client_key]
        self._index(place, stretch)
        self._count(unit, 1)
        return stretch

    def _index(self, place: _Place, stretch: Stretch) -> None:
        self._rows[place] = stretch
        latest = self._latest.get(place[0])
        if latest is None or latest[1] <= stretch.starts_at:
            self._latest[place[0]] = place
        if stretch.held:
            self._units.setdefault((stretch.pool, stretch.unit), set()).add(place)
            self._keys[stretch.pool, stretch.client_key] = place

    def _count(self, unit: tuple[str, str], change: int) -> None:
        inside = [self._rows[place] for place in self._units.get(unit, ())]
        if inside:
            count, group = self._counts[unit[0]], inside[0].group_key
            count.held += change
            count.groups[group] = count.groups.get(group, 0) + change
            count.borrowed += change if any(stretch.borrowed for stretch in inside) else 0
