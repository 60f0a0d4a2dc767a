"""What every meter computes from: facts, who people are, who carries them, and the policy (pure)."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from core.periods import Period, local_date
from metering.facts import Fact
from metering.measurement import UNASSIGNED, Centres, Entry, Exclusion, Keys
from metering.policies import CountingPolicies
from tenants.attribution import Attribution
from tenants.people import People, Traits

__all__ = ("Grounds", "Weighed", "excluded")

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Weighed:
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
    people: People
    attribution: Attribution
    policies: CountingPolicies
    tz: ZoneInfo
    holidays: frozenset[date] = frozenset()
    now: datetime | None = None

    def within(self, period: Period) -> Sequence[Fact]:
        """Return the facts of a period, in reading order."""
        return self.facts[bisect_left(self._instants, period.starts_at) : bisect_left(self._instants, period.ends_at)]

    def person_of(self, fact: Fact) -> UUID:
        """Return the person behind a fact."""
        return self.people.person_of(fact.identity_id)

    def weigh(self, fact: Fact, *, by_audience: bool = False, at: datetime | None = None) -> Weighed:
        """Return the fact with its person's weight: class, times audience where a meter asks for it.

        The fact's own audience is for this fact alone and comes before the person's. `at` is the
        instant at which the traits are read, the fact's own by default.
        """
        person_id = self.people.person_of(fact.identity_id)
        traits = self.people.traits_of(person_id, at or fact.occurred_at)
        audience = fact.attributes.get("audience")
        if audience is not None and audience != traits.audience:
            traits = Traits(traits.person_class, audience)
        return Weighed(fact, person_id, traits, self.weight_of(traits, by_audience=by_audience))

    def weight_of(self, traits: Traits, *, by_audience: bool) -> Fraction:
        """Return class weight, times audience weight where asked for; what is not named weighs 1."""
        weight = self._class_weights.get(traits.person_class, ONE)
        return weight * self._audience_weights.get(traits.audience, ONE) if by_audience else weight

    def centres_on(self, fact: Fact, person_id: UUID, day: date) -> Centres:
        """Return who carries the person on a local day; the fact's own cost centre comes first."""
        own = fact.attributes.get("cost_centre")
        if own is not None:
            return ((own, ONE),)
        return self.attribution.shares(person_id, day) or UNASSIGNED

    def centres_of(self, fact: Fact, person_id: UUID) -> Centres:
        """Return who carries the fact: its own cost centre, else the person's on its local day."""
        if "cost_centre" in fact.attributes:
            return self.centres_on(fact, person_id, date.min)
        return self.centres_on(fact, person_id, local_date(fact.occurred_at, self.tz))

    def entry(self, counted: Weighed, quantity: Fraction, reason: str, dimensions: Iterable[str]) -> Entry:
        """Return an entry that is attributed by the fact that counted."""
        fact = counted.fact
        return Entry(
            person_id=counted.person_id,
            identity_id=fact.identity_id,
            quantity=quantity,
            weight=counted.weight,
            reason=reason,
            at=fact.occurred_at,
            source=fact.source,
            event_key=fact.event_key,
            event_id=fact.event_id or None,
            keys=keys_of(counted, dimensions),
            cost_centres=self.centres_of(fact, counted.person_id),
        )

    @cached_property
    def _instants(self) -> list[datetime]:
        return [fact.occurred_at for fact in self.facts]

    @cached_property
    def _class_weights(self) -> dict[str, Fraction]:
        return {name: Fraction(weight) for name, weight in self.policies.weights.classes.items()}

    @cached_property
    def _audience_weights(self) -> dict[str, Fraction]:
        return {name: Fraction(weight) for name, weight in self.policies.weights.audiences.items()}


def keys_of(counted: Weighed, dimensions: Iterable[str]) -> Keys:
    """Return the dimensions of an entry: audience, class, and those of the fact that are there."""
    attributes = counted.fact.attributes
    present = [(name, str(attributes[name])) for name in dimensions if attributes.get(name) is not None]
    return (("audience", counted.traits.audience), ("class", counted.traits.person_class), *present)


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
