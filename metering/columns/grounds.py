"""What figures in columns are computed from: facts that are alike as one column, and who they are about (pure)."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from core.periods import Period
from metering.concurrency import EPOCH, Ints, micros
from metering.facts import Fact
from metering.grounds import Grounds
from metering.measurement import UNASSIGNED, Entry, Keys, Measurement
from metering.policies import CountingPolicies
from tenants.people import People, Traits

__all__ = ("Column", "ColumnGrounds", "Crowd", "Told", "columns_of", "in_groups", "text_of")

NOBODY = UUID(int=0)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Facts of one type and source that share some attributes, in any order.

    Attributes are texts as JSON has them (`true`), None where there is none. Of `own` each fact has its own.
    """

    type: str
    source: str
    shared: Mapping[str, str | None]
    identities: Ints
    at_us: Ints
    own: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A column with the number of the person behind each fact, and the code of what that person was then."""

    column: Column
    people: Ints
    traits: Ints

    def inside(self, low: int, high: int) -> Any:
        """Return which facts lie in `[low, high)` microseconds."""
        return (self.column.at_us >= low) & (self.column.at_us < high)


class Crowd:
    """The people of a tenant, numbered as they are met, and codes of what they are; for all columns of one moment."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.persons: list[UUID] = []
        """By number."""
        self.codes: dict[Traits, int] = {}
        self._numbers: dict[UUID, int] = {}
        self._known: dict[int, tuple[int, int]] = {}
        """Number and code by identity; -1 where class or audience change in time."""

    def told(self, column: Column) -> Told:
        """Return who the facts of a column are about."""
        found, place = np.unique(column.identities, return_inverse=True)
        identities = found.tolist()
        self._learn(identity for identity in identities if identity not in self._known)
        known = [self._known[identity] for identity in identities]
        numbers, codes = (np.fromiter((one[of] for one in known), np.int64, len(known))[place] for of in (0, 1))
        for index in np.flatnonzero(codes < 0).tolist():
            at = EPOCH + timedelta(microseconds=int(column.at_us[index]))
            codes[index] = self._code_of(self.people.traits_of(self.persons[numbers[index]], at))
        return Told(column, numbers, codes)

    def numbers_of(self, identities: Iterable[int]) -> set[int]:
        """Return the numbers of the people behind identities."""
        return {self._number_of(self.people.person_of(identity)) for identity in identities}

    def identities_of(self, numbers: Iterable[int]) -> list[int]:
        """Return all identities of the people of those numbers."""
        wanted = {self.persons[number] for number in numbers}
        return [identity for identity, person in self.people.identities().items() if person in wanted]

    def _learn(self, identities: Iterable[int]) -> None:
        for identity in identities:
            person = self.people.person_of(identity)
            steady = self.people.steady_traits(person)
            self._known[identity] = self._number_of(person), -1 if steady is None else self._code_of(steady)

    def _number_of(self, person: UUID) -> int:
        number = self._numbers.setdefault(person, len(self.persons))
        if number == len(self.persons):
            self.persons.append(person)
        return number

    def _code_of(self, traits: Traits) -> int:
        return self.codes.setdefault(traits, len(self.codes))


@dataclass(frozen=True)
class ColumnGrounds:
    """Everything that figures in columns depend on.

    `grounds_of` reads all facts of some identities, for those few people whose facts hang together in ways
    that columns don't show.
    """

    columns: Sequence[Column]
    crowd: Crowd
    policies: CountingPolicies
    tz: ZoneInfo
    now: datetime | None
    grounds_of: Callable[[Collection[int]], Grounds]

    @cached_property
    def told(self) -> list[Told]:
        """The columns with the people behind their facts."""
        return [self.crowd.told(column) for column in self.columns]

    @cached_property
    def heads(self) -> int:
        """How many people there are; the numbers of those in the columns are below it."""
        assert self.told is not None, "people are numbered while they are told"
        return len(self.crowd.persons)

    @cached_property
    def traits(self) -> list[Traits]:
        """What the codes of `Told.traits` mean."""
        assert self.told is not None, "codes are given while they are told"
        return list(self.crowd.codes)

    def weights(self, column: Column, *, by_audience: bool, factor: Fraction = Fraction(1)) -> list[Fraction]:
        """Return what a fact of the column weighs, by the code of its person's traits."""
        weights, own = self.policies.weights, column.shared.get("audience")
        found = []
        for traits in self.traits:
            weight = factor * Fraction(weights.classes.get(traits.person_class, 1))
            if by_audience:
                weight *= Fraction(weights.audiences.get(own or traits.audience, 1))
            found.append(weight)
        return found

    def once(self, work: "Callable[[ColumnGrounds], T]") -> T:
        """Return what `work` makes of these grounds; meters of one kind share it, so it is made once."""
        if work not in self._made:
            self._made[work] = work(self)
        made: T = self._made[work]
        return made

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}


def columns_of(facts: Iterable[Fact], shared: Sequence[str], own: Sequence[str]) -> list[Column]:
    """Return facts as columns; the attributes `shared` tell them apart."""
    alike: dict[tuple[Any, ...], list[Fact]] = {}
    for fact in facts:
        alike.setdefault((fact.type, fact.source, *(text_of(fact.attributes.get(name)) for name in shared)), []).append(
            fact
        )
    return [
        Column(
            event_type,
            source,
            dict(zip(shared, values, strict=True)),
            np.array([fact.identity_id for fact in together], dtype=np.int64),
            np.array([micros(fact.occurred_at) for fact in together], dtype=np.int64),
            {name: [text_of(fact.attributes.get(name)) for fact in together] for name in own},
        )
        for (event_type, source, *values), together in alike.items()
    ]


def text_of(value: Any) -> str | None:
    """Return an attribute as the database's `->>` has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def in_groups(meter: str, period: Period, unit: str, parts: Mapping[Keys, Fraction], *, named: bool) -> Measurement:
    """Return a figure whose entries stand for all that share their keys; without names it has none."""
    total = sum(parts.values(), Fraction(0))
    entries = tuple(
        Entry(NOBODY, 0, part, Fraction(1), "", None, None, None, None, keys, UNASSIGNED)
        for keys, part in parts.items()
        if part
    )
    return Measurement(meter, period, unit, total, entries if named else (), ())
