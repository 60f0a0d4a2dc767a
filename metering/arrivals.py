"""The arrival log replayed at a limit: who would have been turned away (pure).

Sessions that were really held are offered again, in their order, to a pool with fewer licences. One
that finds the pool full is lost, as at a hard limit; a unit (a person, by default) that holds a licence
already gets no second one. What people would have done after a denial nobody knows: their later
sessions come as they did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from uuid import UUID

from metering.sessions import Session

__all__ = ("TRUE_DENIAL_US", "Arrival", "BusiestHour", "Replay", "arrivals_of", "busiest_hour", "replay")

TRUE_DENIAL_US = 600_000_000
"""A denial is a true one if the same person got nothing within ten minutes."""
HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody wants a licence for `[starts_us, ends_us)`."""

    starts_us: int
    ends_us: int
    unit: object
    person_id: UUID


@dataclass(frozen=True, slots=True)
class Replay:
    """What a limit would have done."""

    limit: int
    requests: int
    """How often a licence was wanted by a unit that held none."""
    denied: int
    true_denials: int
    people_denied: int
    """How many people were truly denied at least once."""
    hour_requests: int = 0
    """How many of the requests were made in the hour that was asked about."""
    hour_denied: int = 0


def arrivals_of(sessions: Iterable[Session], starts_us: int, ends_us: int, pool: str | None = None) -> list[Arrival]:
    """Return the sessions that began in `[starts_us, ends_us)` and weigh something, by their start.

    Args:
        sessions: of one tenant (`metering.sessions.sessions_of`).
        starts_us: microseconds since 1970.
        ends_us: likewise.
        pool: only the sessions of this pool; None: all.
    """
    found = [
        Arrival(one.starts_us, one.ends_us, one.unit, one.weighed.person_id)
        for one in sessions
        if starts_us <= one.starts_us < min(ends_us, one.ends_us)
        and one.weighed.weight
        and pool in (None, one.weighed.fact.attributes.get("pool"))
    ]
    return sorted(found, key=lambda one: (one.starts_us, one.ends_us))


def replay(arrivals: Sequence[Arrival], limit: int, hour_us: int | None = None) -> Replay:
    """Return what happens to arrivals, ordered by start, at a hard limit; at one instant ends come first.

    Args:
        arrivals: of the whole time asked about.
        limit: licences.
        hour_us: the start of an hour whose requests and denials are told apart: it begins with whoever holds
            a licence then, as a formula's hour does.
    """
    ends: list[tuple[int, int]] = []
    open_of: dict[object, int] = {}
    requests = in_hour = 0
    denials: list[Arrival] = []
    granted: dict[UUID, list[int]] = {}
    for number, one in enumerate(arrivals):
        while ends and ends[0][0] <= one.starts_us:
            _close(open_of, arrivals[heappop(ends)[1]].unit)
        holds = open_of.get(one.unit, 0)
        requests += not holds
        in_hour += not holds and hour_us is not None and hour_us <= one.starts_us < hour_us + HOUR_US
        if not holds and len(open_of) >= limit:
            denials.append(one)
            continue
        open_of[one.unit] = holds + 1
        granted.setdefault(one.person_id, []).append(one.starts_us)
        heappush(ends, (one.ends_us, number))
    people = [one.person_id for one in denials if _is_true(one, granted.get(one.person_id, ()))]
    hour_denied = sum(hour_us is not None and hour_us <= one.starts_us < hour_us + HOUR_US for one in denials)
    return Replay(limit, requests, len(denials), len(people), len(set(people)), in_hour, hour_denied)


@dataclass(frozen=True, slots=True)
class BusiestHour:
    """The load of the busiest clock hour in erlang, and how many people ever came."""

    erlang: float
    people: int
    starts_us: int | None = None
    """Microseconds since 1970, the earliest of the busiest hours; None: nobody came."""


def busiest_hour(arrivals: Sequence[Arrival]) -> BusiestHour:
    """Return the load of the busiest clock hour.

    The load is person-seconds ÷ 3600 of what was held in that hour, a unit's overlapping sessions once.
    """
    held: dict[int, int] = {}
    reached: dict[object, int] = {}
    for one in arrivals:
        low, high = max(one.starts_us, reached.get(one.unit, 0)), one.ends_us
        reached[one.unit] = max(high, reached.get(one.unit, 0))
        while low < high:
            hour = low // HOUR_US
            stop = min(high, (hour + 1) * HOUR_US)
            held[hour] = held.get(hour, 0) + stop - low
            low = stop
    people = len({one.person_id for one in arrivals})
    if not held:
        return BusiestHour(0.0, people)
    busiest = max(held, key=lambda hour: (held[hour], -hour))
    return BusiestHour(held[busiest] / HOUR_US, people, busiest * HOUR_US)


def _close(open_of: dict[object, int], unit: object) -> None:
    if open_of[unit] == 1:
        del open_of[unit]
    else:
        open_of[unit] -= 1


def _is_true(denied: Arrival, granted: Sequence[int]) -> bool:
    return not any(denied.starts_us <= at < denied.starts_us + TRUE_DENIAL_US for at in granted)
