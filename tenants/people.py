"""Who an identity is, and what class and audience held when (pure)."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

__all__ = ("AUDIENCES", "DEFAULT_TRAITS", "NO_EVENT", "PERSON_CLASSES", "IdentityRow", "People", "TraitRow", "Traits")

PERSON_CLASSES = ("member", "guest", "anonymous", "service", "test")
AUDIENCES = ("employee", "partner", "customer", "public")
NO_EVENT = UUID(int=0)
"""Stands where a statement about somebody came by no event: by an import, for instance."""


class Traits(NamedTuple):
    """What a plan weighs a person by."""

    person_class: str
    audience: str


DEFAULT_TRAITS = Traits("member", "employee")


class IdentityRow(NamedTuple):
    """An identity and whom it stands for: whom it was made for, and whom it is now."""

    identity_id: int
    home_person_id: UUID
    person_id: UUID


class TraitRow(NamedTuple):
    """One dated statement about an identity; of several at an instant the smallest `event_key` holds."""

    identity_id: int
    trait: Literal["class", "audience"]
    valid_from: datetime
    event_key: UUID
    value: str


@dataclass(frozen=True, slots=True)
class _Timeline:
    instants: list[datetime] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def at(self, instant: datetime) -> str | None:
        """Return the value that held; before the first known one, the first known one."""
        if not self.values:
            return None
        return self.values[max(bisect_right(self.instants, instant) - 1, 0)]


def _timeline(rows: list[TraitRow]) -> _Timeline:
    line = _Timeline()
    if len(rows) > 1:  # most people have one: tens of thousands need no sorting
        rows.sort(key=lambda row: (row.valid_from, row.event_key))
    for row in rows:
        if not line.instants or line.instants[-1] != row.valid_from:  # else the smaller event key holds
            line.instants.append(row.valid_from)
            line.values.append(row.value)
    return line


class People:
    """A tenant's people as known at one moment of recording.

    Identities that were found to be one person resolve to the survivor, whose own traits hold:
    those recorded for identities that were made for the survivor.
    """

    def __init__(
        self,
        identities: Iterable[IdentityRow],
        traits: Iterable[TraitRow] = (),
        departures: Mapping[UUID, Sequence[datetime]] | None = None,
    ) -> None:
        self._person: dict[int, UUID] = {}
        home: dict[int, UUID] = {}
        for identity_id, home_person_id, person_id in identities:
            self._person[identity_id] = person_id
            home[identity_id] = home_person_id
        self._class: dict[UUID, _Timeline] = {}
        self._audience: dict[UUID, _Timeline] = {}
        self._departures = dict(departures or {})
        stated: dict[tuple[UUID, str], list[TraitRow]] = {}
        for trait in traits:
            owner = home.get(trait.identity_id)
            if owner is not None:
                stated.setdefault((owner, trait.trait), []).append(trait)
        for (owner, name), rows in stated.items():
            timelines = self._class if name == "class" else self._audience
            timelines[owner] = _timeline(rows)
        self._stated = self._class.keys() | self._audience.keys()

    def person_of(self, identity_id: int) -> UUID:
        """Return the person behind an identity.

        Raises:
            KeyError: the identity is not this tenant's, or was made after the moment of recording.
        """
        return self._person[identity_id]

    def __contains__(self, identity_id: int) -> bool:
        return identity_id in self._person

    def identities(self) -> Mapping[int, UUID]:
        """Return identity → person for all identities."""
        return self._person

    def traits_of(self, person_id: UUID, at: datetime) -> Traits:
        """Return the class and audience that held for a person at that instant."""
        return Traits(
            self._class.get(person_id, _EMPTY).at(at) or DEFAULT_TRAITS.person_class,
            self._audience.get(person_id, _EMPTY).at(at) or DEFAULT_TRAITS.audience,
        )

    def steady_traits(self, person_id: UUID) -> Traits | None:
        """Return the class and audience that held for a person at all times, None where one may have changed."""
        if person_id not in self._stated:
            return DEFAULT_TRAITS  # as of nearly all of tens of thousands: no sets are made for them
        if len(self.trait_changes(person_id)) > 1:
            return None
        # Before the first known value the first known one holds: any instant will do.
        return self.traits_of(person_id, _BEGINNING)

    def traits(self, identity_id: int, at: datetime) -> Traits:
        """Return the traits of the person behind an identity."""
        return self.traits_of(self._person[identity_id], at)

    def trait_changes(self, person_id: UUID) -> tuple[datetime, ...]:
        """Return the instants at which the person's class or audience may change, ascending."""
        lines = (self._class.get(person_id, _EMPTY), self._audience.get(person_id, _EMPTY))
        return tuple(sorted({instant for line in lines for instant in line.instants}))

    def departures(self) -> Mapping[UUID, Sequence[datetime]]:
        """Return when people left, each time, for those who did."""
        return self._departures


_EMPTY = _Timeline()
_BEGINNING = datetime.min.replace(tzinfo=UTC)
