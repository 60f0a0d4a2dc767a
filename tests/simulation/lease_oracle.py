"""A floating pool in a few lines, which know nothing of counters, batches or looks: a list of leases and the time."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from metering.leases import Stretch, unit_of
from plans.licensing.floating import Checkout, Denial, Fault, Outcome, PoolRules, Reason, Share, TooLong

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
GROUPS = ("", "hr", "it")


@dataclass
class Lease:
    """One lease of the oracle: its stretches, and whether it may come back."""

    id: UUID
    wish: Checkout
    group: str
    stretches: list[list[datetime]] = field(default_factory=list)
    wishes: list[Checkout] = field(default_factory=list)
    released: bool = False
    borrowed: bool = False
    gave_up: bool = False

    @property
    def end(self) -> datetime:
        return self.stretches[-1][1]

    def sits(self, now: datetime, linger: timedelta) -> bool:
        return not self.gave_up and self.end + linger > now


class Oracle:
    """A pool in a few lines: who is in follows from the leases and the time."""

    def __init__(self, rules: PoolRules, who: dict[int, UUID]) -> None:
        self.rules, self.now = rules, START
        self.leases: dict[UUID, Lease] = {}
        self.who = who
        """The person behind each identity, as is known now."""
        self.gone: set[UUID] = set()

    def unit(self, wish: Checkout) -> str:
        """Return what counts once: by whom is known to be who now, whenever it was asked."""
        return unit_of(self.rules.count_by, str(self.who[wish.identity_id]), wish.device_id, wish.client_key)

    def sitting(self) -> list[Lease]:
        linger = timedelta(seconds=self.rules.linger_s)
        return [lease for lease in self.leases.values() if lease.sits(self.now, linger)]

    def seats(self) -> dict[str, Lease]:
        return {self.unit(lease.wish): lease for lease in reversed(self.sitting())}

    def check_out(self, wish: Checkout, told: Outcome) -> None:
        if wish.borrow_s > self.rules.borrow_max_s:
            assert told == TooLong(wish.pool, wish.borrow_s, self.rules.borrow_max_s)
            return
        if self.who[wish.identity_id] in self.gone:
            assert told is Fault.GONE
            return
        same = [lease for lease in self.sitting() if lease.wish.client_key == wish.client_key]
        if any(self.who[lease.wish.identity_id] != self.who[wish.identity_id] for lease in same):
            assert told is Fault.KEY_TAKEN
            return
        mine = [lease for lease in same if lease.end > self.now]
        if mine and (mine[0].borrowed or not wish.borrow_s):
            assert isinstance(told, Stretch)
            assert told.lease_id == mine[0].id
            self.renew(mine[0])
            assert told.ends_at == mine[0].end
            return
        self.let_in(wish, told, mine[0] if mine else None)

    def let_in(self, wish: Checkout, told: Outcome, before: Lease | None) -> None:
        unit, taken = self.unit(wish), self.seats()
        own = self.own_seat(wish.client_key)
        inside = taken.get(unit, own)
        lent = {self.unit(one.wish) for one in self.sitting() if one.borrowed}
        # A seat that passes on stays its group's, and one that is lent is lent on: as many stay for who does not borrow.
        group = wish.group if inside is None else inside.group
        lends = wish.borrow_s and (inside is None or self.unit(inside.wish) not in lent)
        why = None
        if lends and len(lent) >= max(0, self.rules.seats - self.rules.borrow_keep):
            why = Reason.BORROW_LIMIT
        elif inside is None:
            why = self.no_seat_for(group, taken)
        if why is not None:
            assert isinstance(told, Denial), f"let in although {why}: {told}"
            assert told.reason is why
            assert told.in_use == len(taken)
            return
        assert isinstance(told, Stretch), f"a wrong denial: {told}"
        if before is not None:
            before.stretches[-1][1] = self.now
        for one in self.leases.values():
            one.gave_up = one.gave_up or one.wish.client_key == wish.client_key
        lease = self.leases.setdefault(told.lease_id, Lease(told.lease_id, wish, group))
        lease.wish, lease.group = wish, group
        if lease.stretches and lease.stretches[-1][0] == self.now:  # given up and back at one instant: it was nothing
            del lease.stretches[-1], lease.wishes[-1]
        lease.wishes.append(wish)
        lease.stretches.append([self.now, self.now + timedelta(seconds=wish.borrow_s or self.rules.lease_s)])
        lease.borrowed, lease.released, lease.gave_up = bool(wish.borrow_s), False, False
        assert (told.starts_at, told.ends_at) == tuple(lease.stretches[-1])

    def no_seat_for(self, group: str, taken: dict[str, Lease]) -> Reason | None:
        used = {name: sum(lease.group == name for lease in taken.values()) for name in GROUPS}
        share = self.rules.shares.get(group, Share())
        kept = sum(max(0, s.least - used[name]) for name, s in self.rules.shares.items() if name != group)
        if share.most is not None and used[group] >= share.most:
            return Reason.GROUP_LIMIT
        if len(taken) >= self.rules.capacity:
            return Reason.POOL_FULL
        return Reason.RESERVED if len(taken) + kept >= self.rules.capacity else None

    def own_seat(self, client_key: str) -> Lease | None:
        """Return the newest lease of the key if it still has a seat of its own."""
        mine = [lease for lease in self.sitting() if lease.wish.client_key == client_key]
        alone = mine and sum(self.unit(one.wish) == self.unit(mine[-1].wish) for one in self.sitting()) == 1
        return mine[-1] if alone else None

    def renew(self, lease: Lease) -> None:
        if lease.borrowed:  # to the end of its grant, and no longer
            return
        start, end = lease.stretches[-1]
        until = self.now + timedelta(seconds=self.rules.lease_s)
        if until <= start + timedelta(days=7):
            lease.stretches[-1][1] = max(end, until)
            return
        lease.stretches[-1][1] = self.now
        lease.stretches.append([self.now, until])
        lease.wishes.append(lease.wishes[-1])

    def beat(self, lease: Lease, told: Outcome) -> None:
        if self.who[lease.wish.identity_id] in self.gone:
            assert told is Fault.OVER
            return
        if lease.end > self.now:
            assert isinstance(told, Stretch)
            self.renew(lease)
            assert told.ends_at == lease.end
            return
        others = [one for one in self.sitting() if one.wish.client_key == lease.wish.client_key and one.id != lease.id]
        if lease.released or others:
            assert told is Fault.OVER
            return
        wish = Checkout("cad", lease.wish.client_key, lease.wish.identity_id, lease.wish.device_id, lease.group)
        self.let_in(wish, told, None)

    def release(self, lease: Lease) -> None:
        if not lease.released:
            lease.released = True
            lease.stretches[-1][1] = max(lease.stretches[-1][0], min(lease.end, self.now))

    def known_as(self, identities: Collection[int], person: UUID) -> None:
        """Let identities be a person's from now on; a seat that two had becomes the group's of who had it first."""
        self.who |= dict.fromkeys(identities, person)
        first: dict[str, str] = {}
        for lease in sorted(self.sitting(), key=lambda one: (one.stretches[-1][0], one.id)):
            lease.group = first.setdefault(self.unit(lease.wish), lease.group)
        if person in self.gone:
            self.leave(person)

    def leave(self, person: UUID) -> None:
        """End what somebody has; what ran out before stays as it is, whoever looked at it."""
        self.gone.add(person)
        for lease in self.sitting():
            if self.who[lease.wish.identity_id] == person:
                lease.stretches[-1][1] = max(lease.stretches[-1][0], min(lease.end, self.now))
                lease.released = lease.gave_up = True
