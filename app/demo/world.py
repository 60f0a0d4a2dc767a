"""Who is in the demo world: a vendor with two companies, six customers, and a reseller's three children.

Pure description. `build_world` turns it into the thirteen months that end with the last full month
before `now`; `events` says what happened in them.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from app.demo.customers import CUSTOMERS, ENTITIES
from app.demo.specs import Crowd, CustomerSpec, EntitySpec, Rates
from core.periods import add_months, day_start, zone

__all__ = ("FULL_SIZE", "MONTHS", "SEED", "Customer", "World", "build_world")

SEED = 20261124
MONTHS = 13
FULL_SIZE = 1000
"""Thousandths of the demo world's size."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer of the demo world, scaled.

    `edges_ms` are the starts of its local months in milliseconds since 1970, and the end of the last.
    """

    spec: CustomerSpec
    months: tuple[date, ...]
    edges_ms: tuple[int, ...]
    seed: int
    first_billed: int = 0
    """The number of the month in which the contract begins."""

    @property
    def slug(self) -> str:
        """Return the tenant's slug."""
        return self.spec.slug

    @property
    def holidays(self) -> tuple[date, ...]:
        """Return the days off in the years of the world and the one after, sorted."""
        years = range(self.months[0].year, self.months[-1].year + 2)
        return tuple(sorted(date.fromisoformat(f"{year}-{day}") for year in years for day in self.spec.holidays))

    def month_end(self, index: int) -> datetime:
        """Return the instant at which month number `index` ends for this customer."""
        return datetime.fromtimestamp(self.edges_ms[index + 1] // 1000, UTC)


@dataclass(frozen=True, slots=True)
class World:
    """The whole demo world. `months` are the first days of its months, oldest first."""

    now: datetime
    months: tuple[date, ...]
    entities: tuple[EntitySpec, ...]
    customers: tuple[Customer, ...]

    def customer(self, slug: str) -> Customer:
        """Return the customer of that slug."""
        return next(customer for customer in self.customers if customer.slug == slug)


def build_world(now: datetime, thousandths: int = FULL_SIZE, seed: int = SEED) -> World:
    """Return the demo world that ends with the last month that is over everywhere before `now`.

    Args:
        now: an aware instant.
        thousandths: size of the world; 1000 is the demo, 40 is enough for tests.
        seed: the same seed, month and size give the same world, to the last byte.
    """
    newest = add_months(now.astimezone(UTC).date().replace(day=1), -1)
    if any(day_start(add_months(newest, 1), zone(spec.time_zone)) > now for spec in CUSTOMERS):
        newest = add_months(newest, -1)
    months = tuple(add_months(newest, index - MONTHS + 1) for index in range(MONTHS))
    customers = tuple(_customer(spec, months, thousandths, seed) for spec in CUSTOMERS)
    return World(now, months, ENTITIES, customers)


def _customer(spec: CustomerSpec, months: tuple[date, ...], thousandths: int, seed: int) -> Customer:
    tz = zone(spec.time_zone)
    edges = [day_start(day, tz) for day in (*months, add_months(months[-1], 1))]
    rates = replace(spec.rates, **_scaled(spec.rates, spec.rates.scaled_names(), thousandths))
    crowd = replace(spec.crowd, **_scaled(spec.crowd, spec.crowd.scaled_names(), thousandths))
    scaled = replace(spec, rates=rates, crowd=crowd)
    # Small worlds are for tests: they are billed from the first month on, so that a whole year is checked.
    first_billed = MONTHS - 1 - spec.billed_months if thousandths == FULL_SIZE else 0
    return Customer(scaled, months, tuple(int(edge.timestamp()) * 1000 for edge in edges), seed, first_billed)


def _scaled(counts: Rates | Crowd, names: tuple[str, ...], thousandths: int) -> dict[str, Any]:
    """Scale the named counts; what exists at full size exists at every size."""
    full = {name: getattr(counts, name) for name in names}
    return {name: max(1, count * thousandths // 1000) if count else 0 for name, count in full.items()}
