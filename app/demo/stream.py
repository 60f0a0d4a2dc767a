"""The growing list of what happened at one customer, and the dice that decide it."""

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from app.demo.people import DemoPerson, population
from app.demo.world import Customer
from core.periods import day_start, zone

__all__ = ("Happening", "Stream", "stamp")

_DAY_MS = 86_400_000

HOURS = {
    "office": (0, 0, 0, 0, 0, 1, 3, 8, 20, 24, 22, 16, 8, 14, 18, 18, 14, 8, 3, 2, 2, 1, 0, 0),
    "shop": (1, 1, 0, 0, 1, 4, 10, 16, 12, 8, 6, 6, 8, 10, 12, 10, 8, 8, 10, 14, 12, 8, 4, 2),
    "campus": (2, 1, 0, 0, 0, 0, 1, 4, 12, 20, 22, 20, 14, 18, 20, 18, 16, 12, 14, 16, 16, 12, 8, 4),
    "evening": (1, 0, 0, 0, 0, 0, 2, 4, 4, 4, 4, 4, 6, 4, 4, 4, 4, 8, 14, 20, 22, 18, 10, 4),
}
WEEKEND_WEIGHT = {"office": 1, "shop": 6, "campus": 3, "evening": 7}
SEASON = {
    "office": {7: 80, 8: 70, 12: 80},
    "shop": {11: 115, 12: 120, 1: 85},
    "campus": {1: 80, 6: 60, 7: 35, 8: 55, 9: 115, 10: 120, 12: 70},
    "evening": {7: 70, 8: 70},
}


class Happening(NamedTuple):
    """Something that happened: at, a tie-breaker, type, who, payload, which of the senders saw it."""

    at_ms: int
    order: int
    type: str
    person: DemoPerson
    data: dict[str, Any]
    sender: str


def stamp(at_ms: int) -> str:
    """Return the instant as RFC 3339 in UTC."""
    text = datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()[:19]
    milliseconds = at_ms % 1000
    return f"{text}.{milliseconds:03}Z" if milliseconds else f"{text}Z"


class Stream:
    """One customer's happenings, month by month. Stories add to it; what they add may lie ahead."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.rates = customer.spec.rates
        self.people = population(customer).people
        self.rng = Random(f"{customer.seed}/{customer.slug}/events")
        self.buckets: list[list[Happening]] = [[] for _ in customer.months]
        self.alive: list[DemoPerson] = []
        self.introduced: set[str] = set()
        self.order = 0
        self.memberships: set[tuple[str, str]] = set()
        self.holders: list[DemoPerson] = []
        self.fresh_holders: list[DemoPerson] = []
        self.posts: list[tuple[str, DemoPerson]] = []
        self.class_number = 0
        self._days: list[list[int]] = [self._day_starts(month) for month in customer.months]
        self._hours = list(accumulate(HOURS[self.rates.rhythm]))
        self._day_weights: list[int] = []

    def _day_starts(self, month: date) -> list[int]:
        tz = zone(self.customer.spec.time_zone)
        days = []
        day = month
        while day.month == month.month:
            days.append(int(day_start(day, tz).timestamp()) * 1000)
            day += timedelta(days=1)
        return days

    def open_month(self, month: int) -> None:
        """Begin a month: who is there, and which of its days are busy."""
        start = self.customer.edges_ms[month]
        self.alive = [p for p in self.people if p.joined_ms <= start and (p.left_ms is None or p.left_ms > start)]
        first = self.customer.months[month]
        weekend = WEEKEND_WEIGHT[self.rates.rhythm]
        weights = (
            weekend if (first + timedelta(days=index)).weekday() >= 5 else 10 for index in range(len(self._days[month]))
        )
        self._day_weights = list(accumulate(weights))

    def count(self, month: int, rate: int) -> int:
        """Return the month's share of a monthly rate: summers are quiet, Decembers busy in shops."""
        season = SEASON[self.rates.rhythm].get(self.customer.months[month].month, 100)
        return max(1, rate * season // 100) if rate else 0

    def moment(self, month: int) -> int:
        """Return some instant of the month, at an hour when people are about."""
        day = self.rng.choices(self._days[month], cum_weights=self._day_weights)[0]
        hour = self.rng.choices(range(24), cum_weights=self._hours)[0]
        at = day + hour * 3_600_000 + self.rng.randrange(3_600_000)
        return min(at, self.customer.edges_ms[month + 1] - 1)

    def someone(self) -> DemoPerson:
        """Return a person; a few are much busier than most."""
        return self.alive[int(len(self.alive) * self.rng.random() ** 2.2)]

    def emit(self, at_ms: int, type_: str, person: DemoPerson, data: dict[str, Any], sender: str = "suite") -> None:
        """Write a happening down, unless the person has left by then or it is beyond the world's end."""
        edges = self.customer.edges_ms
        if at_ms >= edges[-1] or (person.left_ms is not None and at_ms >= person.left_ms):
            return
        if not person.imported and (person.key not in self.introduced or self.rng.random() < 0.02):
            self.introduced.add(person.key)
            about = {"class": person.person_class, "audience": person.audience}
            data["person"] = {**about, "name": person.name, "email": person.email}
        month = len(edges) - 2
        while edges[month] > at_ms:
            month -= 1
        self.order += 1
        self.buckets[month].append(Happening(at_ms, self.order, type_, person, data, sender))

    def close_month(self, month: int) -> list[Happening]:
        """Return the month's happenings by time, and forget them."""
        found, self.buckets[month] = sorted(self.buckets[month]), []
        return found
