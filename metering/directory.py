"""The people of a tenant as meters ask for them: who it is, what they weigh by, who carries them (pure)."""

from bisect import bisect_right
from datetime import date
from uuid import UUID

import msgspec

from metering.measurement import UNASSIGNED, Centres
from tenants.attribution import Attribution
from tenants.people import People, Traits

__all__ = ("Directory", "Somebody")


class Somebody(msgspec.Struct, frozen=True, gc=False):
    """What is asked about a person again and again.

    `number` is the same for two identities exactly if they are one person. `steady` are the
    person's traits if they never change. `since` and `centres` tell who carries the person from
    which date on; the first date is the beginning of time.
    """

    number: int
    person_id: UUID
    steady: Traits | None
    since: tuple[date, ...]
    centres: tuple[Centres, ...]

    def centres_on(self, day: date) -> Centres:
        """Return who carries the person on a local day."""
        return self.centres[bisect_right(self.since, day) - 1]


class Directory:
    """People and who carries them, as known at one moment; each is looked up once, for all meters."""

    def __init__(self, people: People, attribution: Attribution) -> None:
        self.people = people
        self.attribution = attribution
        self._by_identity: dict[int, Somebody] = {}
        self._by_person: dict[UUID, Somebody] = {}

    def who(self, identity_id: int) -> Somebody:
        """Return the person behind an identity."""
        known = self._by_identity.get(identity_id)
        if known is None:
            person_id = self.people.person_of(identity_id)
            known = self._by_person.get(person_id)
            if known is None:
                known = self._by_person[person_id] = self._look_up(person_id)
            self._by_identity[identity_id] = known
        return known

    def _look_up(self, person_id: UUID) -> Somebody:
        segments = self.attribution.segments(person_id, date.min, date.max)
        return Somebody(
            number=len(self._by_person),
            person_id=person_id,
            steady=self.people.steady_traits(person_id),
            since=tuple(first for first, _, _ in segments),
            centres=tuple(shares or UNASSIGNED for _, _, shares in segments),
        )
