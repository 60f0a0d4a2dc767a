"""The people of a demo customer, and which cost centres carry them when."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random

from app.demo.names import FIRST_NAMES, LAST_NAMES
from app.demo.world import Customer

__all__ = ("BACKDATED_MONTH", "DemoPerson", "Placement", "Population", "population")

BACKDATED_MONTH = 9
"""Moves of this month are partly reported late: after its bill, before its chargeback."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody. `imported` people come with the first import; the others are first seen in an event.

    `joined_ms` and `left_ms` are milliseconds since 1970; a person acts in `[joined_ms, left_ms)`.
    """

    key: str
    name: str
    email: str
    person_class: str
    audience: str
    imported: bool
    joined_ms: int
    left_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """From `valid_from` on these cost centres carry the person; weights need not add up to 1.

    Reported with the import number `report`: 0 comes before any event, `m + 1` after the bill of
    month `m` and before its chargeback.
    """

    person_key: str
    valid_from: date
    shares: tuple[tuple[str, int], ...]
    report: int


@dataclass(frozen=True, slots=True)
class Population:
    """A customer's people and their placements."""

    people: tuple[DemoPerson, ...]
    placements: tuple[Placement, ...]


@lru_cache(maxsize=16)
def population(customer: Customer) -> Population:
    """Return the customer's people and placements; the same customer gives the same, always."""
    rng = Random(f"{customer.seed}/{customer.slug}/people")
    people = [*_staff(customer, rng), *_others(customer, rng)]
    return Population(tuple(people), tuple(_placements(customer, people, rng)))


def _name(rng: Random) -> tuple[str, str]:
    return rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)


def _staff(customer: Customer, rng: Random) -> list[DemoPerson]:
    """Return the employees: who was there at the start, who joined since, and when some left."""
    crowd, edges = customer.spec.crowd, customer.edges_ms
    joins = [edges[0]] * crowd.employees
    for month in range(1, len(customer.months)):
        joins += [edges[month]] * (crowd.joiners_a_month if crowd.employees else 0)
    leaves: dict[int, int] = {}
    for month in range(1, len(customer.months)):
        for _ in range(crowd.leavers_a_month if crowd.employees else 0):
            index = rng.randrange(crowd.employees)
            leaves.setdefault(index, rng.randrange(edges[month], edges[month + 1]))
    staff = []
    for index, joined in enumerate(joins):
        first, last = _name(rng)
        key = f"{customer.spec.key_prefix}-{index:05}"
        email = f"{first}.{last}.{index}@{customer.slug}.example".lower()
        staff.append(DemoPerson(key, f"{first} {last}", email, "member", "employee", True, joined, leaves.get(index)))
    return staff


def _others(customer: Customer, rng: Random) -> list[DemoPerson]:
    """Return everyone who is no employee: nobody imports them, an event brings them."""
    crowd, prefix = customer.spec.crowd, customer.spec.key_prefix
    kinds = (
        ("partner", "member", "partner", crowd.partners),
        ("customer", "member", "customer", crowd.customers),
        ("public", "member", "public", crowd.public),
        ("guest", "guest", "employee", crowd.guests),
        ("robot", "service", "employee", crowd.services if crowd.employees else 0),
        ("tester", "test", "employee", crowd.tests if crowd.employees else 0),
    )
    others = []
    for kind, person_class, audience, count in kinds:
        for index in range(count):
            first, last = _name(rng)
            key = f"{prefix}-{kind}-{index:04}"
            email = f"{first}.{last}.{kind}{index}@{customer.slug}.example".lower()
            others.append(
                DemoPerson(key, f"{first} {last}", email, person_class, audience, False, customer.edges_ms[0])
            )
    return others


def _placements(customer: Customer, people: list[DemoPerson], rng: Random) -> list[Placement]:
    """Return who is carried by what: one centre mostly, some shared by two or three, a few by none."""
    centres = customer.spec.centres
    codes = [centre.code for centre in centres]
    weights = list(accumulate(centre.weight for centre in centres))
    long_ago = customer.months[0] - timedelta(days=400)
    placements: list[Placement] = []
    carried: list[DemoPerson] = []
    for person in people:
        if not person.imported or rng.random() < 0.01:
            continue
        start = long_ago
        if person.joined_ms > customer.edges_ms[0]:
            start = customer.months[customer.edges_ms.index(person.joined_ms)]
        placements.append(Placement(person.key, start, _shares(codes, weights, rng), 0))
        carried.append(person)
    if len(codes) > 1:
        placements += _moves(customer, carried, (codes, weights), rng)
    return placements


def _shares(codes: list[str], weights: list[int], rng: Random) -> tuple[tuple[str, int], ...]:
    first = rng.choices(codes, cum_weights=weights)[0]
    dice = rng.random()
    if dice > 0.05 or len(codes) < 3:
        return ((first, 1),)
    rest = [code for code in codes if code != first]
    if dice > 0.015:
        return ((first, 3), (rng.choice(rest), 2))
    second, third = rng.sample(rest, 2)
    return ((first, 1), (second, 1), (third, 1))


def _moves(
    customer: Customer, carried: list[DemoPerson], tree: tuple[list[str], list[int]], rng: Random
) -> list[Placement]:
    """Return moves in the middle of months; some of `BACKDATED_MONTH` are reported after its bill."""
    moves: dict[tuple[str, date], Placement] = {}
    for index, month in enumerate(customer.months):
        for number in range(max(1, len(carried) // 400)):
            person = rng.choice(carried)
            day = month + timedelta(days=rng.randrange(4, 26))
            if person.joined_ms > customer.edges_ms[index]:
                continue
            backdated = index == BACKDATED_MONTH and number % 2 == 0
            report = index + 1 if backdated else index
            moves[person.key, day] = Placement(person.key, day, _shares(*tree, rng), report)
    return list(moves.values())
