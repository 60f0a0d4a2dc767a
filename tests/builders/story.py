"""Facts about people told in local time, and the figures that follow: for tests of pure meters."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.periods import Period, day_start, month_period
from metering.directory import Directory
from metering.facts import Fact, sorted_facts
from metering.grounds import Grounds
from metering.measurement import Measurement
from metering.policies import DEFAULT_POLICIES, CountingPolicies
from metering.registry import METERS
from tenants.attribution import AssignmentRow, Attribution
from tenants.people import IdentityRow, People, TraitRow


@dataclass
class Story:
    """People are named by a word; each word is an identity and, unless merged, a person."""

    zone: str = "Europe/Berlin"
    policies: CountingPolicies = DEFAULT_POLICIES
    holidays: frozenset[date] = frozenset()
    now: datetime | None = None
    facts: list[Fact] = field(default_factory=list)
    _ids: dict[str, int] = field(default_factory=dict)
    _persons: dict[str, str] = field(default_factory=dict)
    _traits: list[TraitRow] = field(default_factory=list)
    _assignments: list[AssignmentRow] = field(default_factory=list)
    _departures: dict[UUID, list[datetime]] = field(default_factory=dict)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def at(self, local: str) -> datetime:
        return datetime.fromisoformat(local).replace(tzinfo=self.tz).astimezone(UTC)

    def identity(self, who: str) -> int:
        return self._ids.setdefault(who, len(self._ids) + 1)

    def person(self, who: str) -> UUID:
        return UUID(int=self.identity(self._persons.get(who, who)))

    def merge(self, who: str, into: str) -> None:
        self._persons[who] = into

    def trait(self, who: str, since: str = "2020-01-01", **traits: str) -> None:
        for name, value in traits.items():
            trait: Any = "class" if name == "person_class" else name
            self._traits.append(TraitRow(self.identity(who), trait, self.at(since), UUID(int=0), value))

    def assign(self, who: str, since: str = "2020-01-01", **weights: int) -> None:
        for code, weight in weights.items():
            row = AssignmentRow(
                self.person(who), date.fromisoformat(since), datetime(2020, 1, 1, tzinfo=UTC), code, Decimal(weight)
            )
            self._assignments.append(row)

    def left(self, who: str, at: str) -> None:
        self._departures.setdefault(self.person(who), []).append(self.at(at))

    def fact(
        self,
        event_type: str,
        who: str,
        at: str | datetime,
        /,
        source: str = "suite",
        event_id: str = "",
        **attributes: Any,
    ) -> Fact:
        instant = at if isinstance(at, datetime) else self.at(at)
        self.identity(who)
        fact = Fact(
            UUID(int=len(self.facts) + 1), instant, event_type, source, self.identity(who), attributes, event_id
        )
        self.facts.append(fact)
        return fact

    def grounds(self, facts: list[Fact] | None = None) -> Grounds:
        for who in list(self._persons.values()):
            self.identity(who)
        return Grounds(
            facts=sorted_facts(self.facts if facts is None else facts),
            directory=Directory(
                People(
                    (
                        IdentityRow(number, UUID(int=number), self.person(who))
                        for who, number in list(self._ids.items())
                    ),
                    self._traits,
                    self._departures,
                ),
                Attribution(self._assignments),
            ),
            policies=self.policies,
            tz=self.tz,
            holidays=self.holidays,
            now=self.now,
        )

    def month(self, text: str) -> Period:
        year, month = text.split("-")
        return month_period(int(year), int(month), self.tz)

    def days(self, first: str, until: str) -> Period:
        return Period(day_start(date.fromisoformat(first), self.tz), day_start(date.fromisoformat(until), self.tz))

    def measure(self, meter: str, period: Period | str, facts: list[Fact] | None = None) -> Measurement:
        span = self.month(period) if isinstance(period, str) else period
        return METERS[meter].reader(self.grounds(facts))(span)

    def figure(self, meter: str, period: Period | str) -> Fraction:
        return self.measure(meter, period).quantity


def reasons(measurement: Measurement) -> list[str]:
    return sorted(exclusion.reason for exclusion in measurement.exclusions)
