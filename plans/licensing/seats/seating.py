"""Who gets a seat of a named pool, and when one comes free: the rules (pure).

A seat is taken by who holds it and, once freed, by its cool-down: exactly what `seats.named` bills. So a
pool that is never above its limit never bills more seats than that.
"""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from core.periods import add_months, day_start, local_date
from metering.seats import cooled_at

__all__ = (
    "Freed",
    "Granted",
    "Holder",
    "No",
    "Reason",
    "SeatRules",
    "Seating",
    "Waits",
    "counted_moves",
    "counts_until",
)


class Hold(Protocol):
    """Somebody's hold on a seat, as `metering` tells it: its end, and what became of the seat then."""

    @property
    def starts_at(self) -> datetime:
        """Since when."""

    @property
    def ends_at(self) -> datetime:
        """Until when."""

    @property
    def used(self) -> bool:
        """Whether its holder did something with it, of a hold that has ended."""

    @property
    def left(self) -> bool:
        """Whether its holder left."""

    @property
    def cooled_at(self) -> datetime:
        """Until when the freed seat is taken."""


H = TypeVar("H", bound=Hold)


class Reason(StrEnum):
    """Why not; a closed list."""

    HELD = "seat_already_held"
    """The person holds a seat of this pool."""
    NOT_HELD = "seat_not_held"
    """The person holds none."""
    FULL = "seat_pool_full"
    """Every seat is taken and none comes free by itself."""
    COOLING = "seat_cooling_down"
    """Every seat is taken; one comes free when its cool-down is over."""
    MOVES_USED_UP = "seat_moves_used_up"
    """As many used seats as the pool allows in twelve months were freed."""
    GONE = "person_inactive"
    """The person has left."""


@dataclass(frozen=True, slots=True)
class SeatRules:
    """A pool's limit and how its seats may move; `moves_per_year` is None for as often as wanted."""

    limit: int
    cooldown_days: int
    moves_per_year: int | None
    tz: ZoneInfo


@dataclass(frozen=True, slots=True)
class Cooling:
    """A freed seat that is taken until its cool-down is over."""

    released_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a seat. One that its holder never used is free to move.

    `before` is the cool-down that was running when they took their own seat back: it goes on where they
    release it again without having used it, or else to take it back for a moment would end it.
    """

    since: datetime
    used: bool
    before: Cooling | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The person holds a seat; `retaken` says that it is their own, whose cool-down ran."""

    person_id: UUID
    retaken: bool = False


@dataclass(frozen=True, slots=True)
class Freed:
    """The person holds no seat any more; it is taken until `free_at`, None where it is free at once."""

    person_id: UUID
    free_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waits:
    """The person is on the wait-list at this place, counted from 1."""

    person_id: UUID
    place: int


@dataclass(frozen=True, slots=True)
class No:
    """Refused, and why; from when on it may be different, and the place that one would have on the wait-list."""

    person_id: UUID
    reason: Reason
    until: datetime | None = None
    place: int | None = None


Outcome = Granted | Freed | Waits | No


@dataclass(slots=True)
class Seating:
    """A pool at one moment, and what becomes of it request by request.

    `moves` are the instants at which used seats were freed in the last twelve months, of those whose
    cool-down is over, in no order; without a quota nothing counts them, and those of holds that were not
    read are missing. `waiting` is in the order of coming.
    """

    rules: SeatRules
    held: dict[UUID, Holder]
    cooling: dict[UUID, Cooling]
    moves: list[datetime] = field(default_factory=list)
    waiting: list[UUID] = field(default_factory=list)

    @classmethod
    def of(
        cls, rules: SeatRules, holds: Mapping[UUID, Iterable[H]], used: Iterable[UUID],
        waiting: Iterable[UUID], now: datetime,
    ) -> "Seating":  # fmt: skip
        """Return the pool as its facts say that it is.

        Args:
            rules: the pool's.
            holds: everybody's, each in the order of their starts.
            used: those of the holders who did something with their seat, of those whose seat may be freed.
            waiting: in the order of coming; who holds a seat by now, by a merge or by an event, waits no more.
            now: what has ended or cooled down by then is over.
        """
        did, made = set(used), cls(rules, {}, {})
        for person_id, theirs in holds.items():
            *earlier, last = theirs
            if last.ends_at > now:
                made.held[person_id] = Holder(last.starts_at, person_id in did, _cooling(earlier, last.starts_at))
            elif (cooling := _cooling([*earlier, last], now)) is not None:
                made.cooling[person_id] = cooling
        made.waiting = [person_id for person_id in waiting if person_id not in made.held]
        made.moves = [
            hold.ends_at for hold in counted_moves(holds, now)
            if hold.cooled_at <= now and counts_until(hold.ends_at, rules.tz) > now
        ]  # fmt: skip
        return made

    @property
    def taken(self) -> int:
        """Seats held, and those that cool down."""
        return len(self.held) + len(self.cooling)

    @property
    def free(self) -> int:
        """Seats that nobody has; below 0 where the limit was lowered and the pool drains."""
        return self.rules.limit - self.taken

    def assign(self, person_id: UUID, at: datetime, *, wait: bool) -> Outcome:
        """Give somebody a seat; else, if they want, a place on the wait-list. Who waits comes first."""
        if person_id in self.held:
            return No(person_id, Reason.HELD)
        if person_id in self.cooling:
            return self._grant(person_id, at)
        if self.free > 0 and not self.waiting:
            return self._grant(person_id, at)
        known = person_id in self.waiting
        place = self.waiting.index(person_id) + 1 if known else len(self.waiting) + 1
        if wait:
            if not known:
                self.waiting.append(person_id)
            return Waits(person_id, place)
        return self._none_free(person_id, place, [cooling.until for cooling in self.cooling.values()])

    def promote(self, at: datetime) -> list[Granted]:
        """Give free seats to those who wait, first come, first served."""
        granted = []
        while self.waiting and self.free > 0:
            granted.append(self._grant(self.waiting[0], at))
        return granted

    def release(self, person_id: UUID, at: datetime) -> Outcome:
        """Free somebody's seat; one that was used is taken until its cool-down is over, and counts as a move."""
        refusal = self._may_free(person_id, at)
        return refusal if refusal is not None else self._freed(person_id, at)

    def move(self, person_id: UUID, to: UUID, at: datetime) -> list[Outcome]:
        """Take the seat of one for another: both or, with the reason alone, neither.

        A seat that its holder never used passes on, whoever waits. For one that cools down the other
        needs a free one, and who waits comes first.
        """
        if to in self.held:
            return [No(to, Reason.HELD)]
        refusal = self._may_free(person_id, at)
        if refusal is not None:
            return [refusal]
        until = self._cools_until(person_id, at)
        if to not in self.cooling:
            spare = self.free + (until is None)
            if spare < 1 or (until is not None and self.waiting):
                untils = [cooling.until for cooling in self.cooling.values()]
                place = 1 if until is None else len(self.waiting) + 1
                return [self._none_free(to, place, untils if until is None else [*untils, until])]
        freed = self._freed(person_id, at)
        return [freed, self._grant(to, at)]

    def leave(self, person_id: UUID) -> None:
        """Forget somebody who left: their seat is free at that instant, and its cool-down over."""
        self.held.pop(person_id, None)
        self.cooling.pop(person_id, None)
        if person_id in self.waiting:
            self.waiting.remove(person_id)

    def may_free(self, person_id: UUID, at: datetime) -> Freed | No:
        """Return what freeing a seat would come to; nothing is changed."""
        return self._may_free(person_id, at) or Freed(person_id, self._cools_until(person_id, at))

    def may_free_in_turn(self, persons: Iterable[UUID], at: datetime) -> dict[UUID, Freed | No]:
        """Return what freeing these seats one after the other would come to; nothing is changed."""
        counted, told = self._counted(at), dict[UUID, Freed | No]()
        for person_id in persons:
            moved_at = self._move_of(person_id, at)
            refusal = self._may_free(person_id, at, counted)
            told[person_id] = refusal or Freed(person_id, self._cools_until(person_id, at))
            if refusal is None and moved_at is not None:
                insort(counted, moved_at)
        return told

    def moves_left(self, at: datetime) -> int | None:
        """Return how many used seats may still be freed, None for any number."""
        quota = self.rules.moves_per_year
        return None if quota is None else max(0, quota - len(self._counted(at)))

    def _grant(self, person_id: UUID, at: datetime) -> Granted:
        before = self.cooling.pop(person_id, None)
        self.held[person_id] = Holder(at, used=False, before=before)
        if person_id in self.waiting:
            self.waiting.remove(person_id)
        return Granted(person_id, before is not None)

    def _may_free(self, person_id: UUID, at: datetime, counted: Sequence[datetime] | None = None) -> No | None:
        """Return why not; `counted` are the moves that are taken to have been made, by default those that were."""
        if person_id not in self.held:
            return No(person_id, Reason.NOT_HELD)
        quota = self.rules.moves_per_year
        if quota is None or self._move_of(person_id, at) is None:
            return None
        counted = self._counted(at) if counted is None else counted
        if len(counted) >= quota:
            # With a quota of 2 and moves of March, May and June, the next may be when that of May is a year old.
            until = counts_until(counted[len(counted) - quota], self.rules.tz) if quota else None
            return No(person_id, Reason.MOVES_USED_UP, until)
        return None

    def _move_of(self, person_id: UUID, at: datetime) -> datetime | None:
        """Return when freeing somebody's seat now will have been a move; None where it is none that counts."""
        holder = self.held.get(person_id)
        moved_at = None if holder is None else _moved_at(holder, at)
        return moved_at if moved_at is not None and counts_until(moved_at, self.rules.tz) > at else None

    def _freed(self, person_id: UUID, at: datetime) -> Freed:
        until, moved_at = self._cools_until(person_id, at), _moved_at(self.held.pop(person_id), at)
        if until is not None and moved_at is not None:
            self.cooling[person_id] = Cooling(moved_at, until)
        elif moved_at is not None:
            self.moves.append(moved_at)
        return Freed(person_id, until)

    def _cools_until(self, person_id: UUID, at: datetime) -> datetime | None:
        holder = self.held[person_id]
        if not holder.used:
            return holder.before.until if holder.before is not None and holder.before.until > at else None
        until = cooled_at(at, self.rules.cooldown_days, self.rules.tz)
        return until if until > at else None

    def _counted(self, at: datetime) -> list[datetime]:
        freed = [*self.moves, *(cooling.released_at for cooling in self.cooling.values())]
        return sorted(one for one in freed if counts_until(one, self.rules.tz) > at)

    def _none_free(self, person_id: UUID, place: int, untils: list[datetime]) -> No:
        """Refuse; the seat that is this person's turn comes free when so many cool-downs are over."""
        needed = place - self.free
        until = sorted(untils)[needed - 1] if needed <= len(untils) else None
        return No(person_id, Reason.FULL if until is None else Reason.COOLING, until, place)


def _moved_at(holder: Holder, at: datetime) -> datetime | None:
    """Return when a seat that is freed now will have been moved; None where it is free to move.

    Taken back and not used, what was released the first time stays released: it was a move then, and is one again.
    """
    if holder.used:
        return at
    return None if holder.before is None else holder.before.released_at


@lru_cache(maxsize=4096)
def counts_until(moved_at: datetime, tz: ZoneInfo) -> datetime:
    """Return until when a move counts: the local midnight of its date a year later."""
    return day_start(add_months(local_date(moved_at, tz), 12), tz)


def counted_moves(holds: Mapping[UUID, Iterable[H]], now: datetime) -> list[H]:
    """Return the holds whose end was a move: of a used seat, by nobody who left, and not taken back.

    Taken back is a seat that its own holder has again before its cool-down is over, and holds still or used
    again: to release it once more without having used it leaves the first release as it was.
    """
    moved: list[H] = []
    for theirs in holds.values():
        ordered = list(theirs)
        for number, hold in enumerate(ordered):
            if hold.ends_at > now or not hold.used or hold.left:
                continue
            until = max(hold.cooled_at, hold.ends_at + _TICK)
            again = (after for after in ordered[number + 1 :] if after.starts_at < until)
            if not any(after.ends_at > now or after.used for after in again):
                moved.append(hold)
    return moved


def _cooling(holds: Iterable[Hold], at: datetime) -> Cooling | None:
    """Return the cool-down of somebody's earlier holds that runs longest, if one runs at that instant."""
    last = max((hold for hold in holds if not hold.left), key=lambda hold: hold.cooled_at, default=None)
    return Cooling(last.ends_at, last.cooled_at) if last is not None and last.cooled_at > at else None


_TICK = timedelta(microseconds=1)
