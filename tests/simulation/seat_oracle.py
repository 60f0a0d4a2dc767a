"""A pool of named seats in a few lines, which know nothing of facts, locks or readings: who holds, and the time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
COOLDOWN_DAYS = 30


@dataclass(slots=True)
class Seat:
    """A held seat: since when, and until when it cooled down where its holder took it back."""

    since: datetime
    before: datetime | None = None


class Oracle:
    """Who holds, whose seat cools down, who waits; by lists and the time.

    `now` is what the clock says, which may be set back. `at` is the pool's time, which does not run backwards from
    one act to the next; between two of them it is what the clock says, so that a cool-down nobody acted after can
    be there again.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.now, self.at = limit, START, START
        self.held: dict[int, Seat] = {}
        self.freed: dict[int, datetime] = {}
        """Until when freed seats cool down, or did."""
        self.waiting: list[int] = []
        self.gone: set[int] = set()
        self.left: dict[int, datetime] = {}
        """When people left last: what they get when they are back is later."""
        self.past: list[tuple[int, datetime, datetime]] = []
        """Who held a seat once, and between when."""
        self.uses: list[tuple[int, datetime]] = []
        """Who did something when; by a clock that is set back then, it is still to come."""

    @property
    def cooling(self) -> dict[int, datetime]:
        return {one: until for one, until in self.freed.items() if until > self.at and one not in self.held}

    @property
    def free(self) -> int:
        return self.limit - len(self.held) - len(self.cooling)

    def promote(self) -> None:
        while self.free > 0 and self.waiting:
            self.held[self.waiting.pop(0)] = Seat(self.at)

    def assign(self, one: int, *, wait: bool) -> str:
        if one in self.gone or one in self.held:
            return "no"
        if one in self.cooling:
            self.take_back(one)
        elif self.free > 0 and not self.waiting:
            self.held[one] = Seat(self.at)
        elif not wait:
            return "no"
        else:
            self.waiting += [one] if one not in self.waiting else []
            return "waits"
        return "granted"

    def take_back(self, one: int) -> None:
        self.held[one] = Seat(self.at, before=self.cooling.get(one))

    def release(self, one: int) -> None:
        seat = self.held.pop(one)
        self.past.append((one, seat.since, self.at))
        midnight = (self.at + timedelta(days=COOLDOWN_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
        used = any(who == one and seat.since < at <= self.at for who, at in self.uses)
        until = midnight if used else seat.before
        self.freed.pop(one, None)
        if until is not None:
            self.freed[one] = until

    def leave(self, one: int) -> None:
        self.gone.add(one)
        # What they have, or what of theirs cools down, ends by the pool's time.
        left_at = self.at if one in self.held or one in self.cooling else self.now
        self.left[one] = max(left_at, self.left.get(one, left_at))
        seat = self.held.pop(one, None)
        if seat is not None:
            self.past.append((one, seat.since, self.at))
        self.freed.pop(one, None)
        self.waiting = [other for other in self.waiting if other != one]
