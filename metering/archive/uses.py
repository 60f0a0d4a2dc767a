"""Which acts of people stay on line so that seats are billed the same for ever (pure).

A freed seat cools down only if its holder did something with it, however long ago. One act in each
stretch between a person's seat events answers that as well as all of them.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from metering.facts import Fact
from metering.seats import USE_TYPES
from tenants.people import People

__all__ = ("SEAT_TYPES", "FirstUses")

SEAT_TYPES = ("seat.assigned", "seat.released", "person.deactivated")


class FirstUses:
    """Tells the first act of each identity in each stretch, asked in the order of time."""

    def __init__(self, seat_facts: Iterable[Fact], people: People) -> None:
        self._people = people
        self._cuts: dict[UUID, list[datetime]] = {}
        for fact in sorted(seat_facts, key=lambda fact: fact.occurred_at):
            if fact.type in SEAT_TYPES:
                self._cuts.setdefault(people.person_of(fact.identity_id), []).append(fact.occurred_at)
        self._seen: set[tuple[int, int]] = set()

    def is_first(self, event_type: str, identity_id: int, occurred_at: datetime) -> bool:
        """Return whether this act has to stay; acts must be asked for in the order of time."""
        if event_type not in USE_TYPES:
            return False
        cuts = self._cuts.get(self._people.person_of(identity_id))
        if cuts is None:
            return False
        stretch = (identity_id, bisect_right(cuts, occurred_at))
        if stretch in self._seen:
            return False
        self._seen.add(stretch)
        return True
