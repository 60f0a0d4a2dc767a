"""What every meter computes from: facts, who people are, who carries them, and the policy (pure)."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from core.periods import Period, local_date
from metering.directory import Directory, Somebody
from metering.facts import Fact
from metering.measurement import Centres, Entry, Exclusion, Keys
from metering.policies import CountingPolicies
from tenants.people import Traits

__all__ = ("Grounds", "Weighed", "entry_of", "excluded", "keys_of", "own_centre")

ONE = Fraction(1)
T = TypeVar("T")


class Weighed(msgspec.Struct, frozen=True, gc=False):
    """A fact with the person behind it and what that person weighs by it."""

    fact: Fact
    person_id: UUID
    traits: Traits
    weight: Fraction

    def rank(self) -> tuple[Fraction, datetime, str, str, UUID]:
        """Return the order in which facts of one person are preferred: heaviest, then earliest."""
        fact = self.fact
        return -self.weight, fact.occurred_at, fact.source, fact.event_id, fact.event_key


@dataclass(frozen=True)
class Grounds:
    """Everything a figure depends on; equal grounds give the equal figure.

    `facts` are in reading order (`metering.facts.sorted_facts`). `now` cuts what has not elapsed
    yet off the session figures of a period that is still open; None counts it in full.
    """

    facts: Sequence[Fact]
    directory: Directory
    policies: CountingPolicies
    tz: ZoneInfo
    holidays: frozenset[date] = frozenset()
    now: datetime | None = None

    def within(self, period: Period) -> Sequence[Fact]:
        """Return the facts of a period, in reading order."""
        return self.facts[bisect_left(self._instants, period.starts_at) : bisect_left(self._instants, period.ends_at)]

    def who(self, identity_id: int) -> Somebody:
        """Return the person behind an identity."""
        return self.directory.who(identity_id)

    def person_of(self, fact: Fact) -> UUID:
        """Return the person behind a fact."""
        return self.who(fact.identity_id).person_id

    def weigh(self, fact: Fact, *, by_audience: bool = False, at: datetime | None = None) -> Weighed:
        """Return the fact with its person's weight: class, times audience where a meter asks for it.

        The fact's own audience is for this fact alone and comes before the person's. `at` is the
        instant at which the traits are read, the fact's own by default.
        """
        somebody = self.who(fact.identity_id)
        traits = somebody.steady or self.directory.people.traits_of(somebody.person_id, at or fact.occurred_at)
        audience = fact.attributes.get("audience")
        if audience is not None and audience != traits.audience:
            traits = Traits(traits.person_class, audience)
        return Weighed(fact, somebody.person_id, traits, self.weight_of(traits, by_audience=by_audience))

    def weight_of(self, traits: Traits, *, by_audience: bool) -> Fraction:
        """Return class weight, times audience weight where asked for; what is not named weighs 1."""
        place = (traits.person_class, traits.audience if by_audience else None)
        weight = self._weights.get(place)
        if weight is None:
            weights = self.policies.weights
            weight = Fraction(weights.classes.get(traits.person_class, 1))
            if by_audience:
                weight *= Fraction(weights.audiences.get(traits.audience, 1))
            self._weights[place] = weight
        return weight

    def centres_of(self, fact: Fact) -> Centres:
        """Return who carries the fact: its own cost centre, else the person's on its local day."""
        own = own_centre(fact)
        if own is not None:
            return own
        somebody = self.who(fact.identity_id)
        if len(somebody.centres) == 1:
            return somebody.centres[0]
        return somebody.centres_on(local_date(fact.occurred_at, self.tz))

    def entry(self, counted: Weighed, quantity: Fraction, reason: str, dimensions: Sequence[str]) -> Entry:
        """Return an entry that is attributed by the fact that counted."""
        return entry_of(counted, quantity, reason, (keys_of(counted, dimensions), self.centres_of(counted.fact)))

    def once(self, work: "Callable[[Grounds], T]") -> T:
        """Return what `work` makes of these grounds; meters of one kind share it, so it is made once."""
        if work not in self._made:
            self._made[work] = work(self)
        made: T = self._made[work]
        return made

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def _instants(self) -> list[datetime]:
        return [fact.occurred_at for fact in self.facts]

    @cached_property
    def _weights(self) -> dict[tuple[str, str | None], Fraction]:
        return {}


def own_centre(fact: Fact) -> Centres | None:
    """Return the cost centre that the fact itself names, for this fact alone."""
    own = fact.attributes.get("cost_centre")
    return None if own is None else ((own, ONE),)


def entry_of(counted: Weighed, quantity: Fraction, reason: str, labels: tuple[Keys, Centres]) -> Entry:
    """Return an entry by the fact that counted, with its dimensions and who carries it."""
    fact = counted.fact
    return Entry(
        counted.person_id,
        fact.identity_id,
        quantity,
        counted.weight,
        reason,
        fact.occurred_at,
        fact.source,
        fact.event_key,
        fact.event_id or None,
        *labels,
    )


def keys_of(counted: Weighed, dimensions: Sequence[str]) -> Keys:
    """Return the dimensions of an entry: audience, class, and those of the fact that are there."""
    attributes, traits = counted.fact.attributes, counted.traits
    present = [(name, str(attributes[name])) for name in dimensions if attributes.get(name) is not None]
    return (("audience", traits.audience), ("class", traits.person_class), *present)


def excluded(fact: Fact, person_id: UUID, reason: str) -> Exclusion:
    """Return the exclusion of what that fact would have counted."""
    return Exclusion(
        person_id,
        fact.identity_id,
        reason,
        fact.occurred_at,
        fact.source,
        fact.event_key,
        fact.event_id or None,
    )
