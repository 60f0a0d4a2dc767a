"""The meters by name: what each measures, and which facts it needs; the built-in ones (pure)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from core.periods import Period
from metering.courses import meters as courses
from metering.custom.definition import MeterDefinition, exact_name
from metering.grounds import Grounds
from metering.measurement import Reader
from metering.members import active, contributions, contributors
from metering.memberships import idle, registered
from metering.policies import CountingPolicies
from metering.seats import USE_TYPES, named
from metering.sessions import concurrent

__all__ = ("METERS", "CustomMeter", "FactSpan", "LoadedGrounds", "MeterSpec", "find_meter")

Family = Literal["members", "contributions", "seats", "sessions", "courses", "classes", "revenue", "custom"]
WhichSpan = Literal["inside", "all_before", "idle", "around_sessions", "around_longest", "ever"]

PERSON_DIMENSIONS = ("cost_centre", "audience", "class")
SHORT = {"course": "course_id", "community": "community_id"}
"""Short names of dimensions, for whoever asks."""
LEFT = "person.deactivated"

SEEN_TYPES = ("course.enrolled", *sorted(USE_TYPES - {"course.enrolled"}))
"""What shows that somebody was there, whether or not it makes active."""
COURSE_TYPES = (
    "course.enrolled",
    "course.launched",
    "course.completed",
    "course.cancelled",
    "class.attended",
    "class.missed",
)


@dataclass(frozen=True, slots=True)
class FactSpan:
    """Which facts a figure needs: `[since, until)`; None is without end."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class LoadedGrounds:
    """Grounds of one kind of meter, and the periods that they can answer for."""

    first: datetime
    span: FactSpan
    grounds: Grounds
    readers: dict[str, Reader] = field(default_factory=dict)

    def answers(self, first: datetime, span: FactSpan) -> bool:
        """Return whether a period that begins at `first` and needs `span` can be read from them."""
        since_ok = self.span.since is None or (span.since is not None and self.span.since <= span.since)
        until_ok = self.span.until is None or (span.until is not None and span.until <= self.span.until)
        return self.first <= first and since_ok and until_ok


@dataclass(frozen=True, slots=True)
class CustomMeter:
    """One version of a meter that somebody defined; it never changes."""

    id: UUID
    key: str
    version: int
    definition: MeterDefinition

    @property
    def name(self) -> str:
        """The exact name."""
        return exact_name(self.key, self.version)


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """A meter, built-in or somebody's own (then with its definition).

    `additive` says that the figures of parts of a period sum to the figure of the whole.
    """

    name: str
    unit: str
    statistic: str
    family: Family
    description: str
    dimensions: tuple[str, ...]
    additive: bool
    types: tuple[str, ...]
    which: WhichSpan
    reader: Callable[[Grounds], Reader]
    custom: "CustomMeter | None" = None
    folds: bool = False
    """Whether of facts that count alike the first of a day says it all (`metering.reads.days`)."""
    folds_figure: bool = False
    """Whether it does for the bare figure, by how many they are, though not for who was counted by what."""

    def dimension(self, name: str) -> str | None:
        """Return the dimension that a name stands for, in full or in short (`course`); None: it keeps no such one."""
        full = name if name in self.dimensions else SHORT.get(name)
        return full if full in self.dimensions else None

    def span(self, period: Period, policies: CountingPolicies) -> FactSpan:
        """Return the span of facts that the figure of a period can depend on."""
        match self.which:
            case "inside":
                return FactSpan(period.starts_at, period.ends_at)
            case "all_before" | "idle":
                return FactSpan(None, period.ends_at)
            case "ever":
                return FactSpan(None, None)
            case "around_sessions":
                # A session over an edge began, or is heard of again, at most its longest life away.
                reach = timedelta(seconds=policies.sessions.max_session_s)
                return FactSpan(period.starts_at - reach, period.ends_at + reach)
            case "around_longest":
                assert self.custom is not None, "only custom meters say what is the longest"
                reach = timedelta(seconds=self.custom.definition.longest_s or 0)
                # What was opened in the period may be closed after it, which the end of the period cuts.
                return FactSpan(period.starts_at - reach, period.ends_at)

    def acts_since(self, first: datetime, policies: CountingPolicies) -> datetime | None:
        """Return since when acts matter beside what is `all_before`: who is idle shows in the days before too."""
        # A day of grace on both sides: days are the customer's.
        return first - timedelta(days=policies.members.idle_after + 2) if self.which == "idle" else None

    def fact_types(self, policies: CountingPolicies) -> tuple[str, ...]:
        """Return the types of event that the figure depends on under a policy."""
        if self.family == "members" and self.which in ("inside", "idle"):
            return tuple(dict.fromkeys((*self.types, *policies.members.active_types)))
        return self.types


def _registered(statistic: Literal["average", "peak", "end_of_period", "any"], description: str) -> MeterSpec:
    return MeterSpec(
        name=f"members.registered.{statistic}",
        unit="person",
        statistic=statistic,
        family="members",
        description=description,
        dimensions=(*PERSON_DIMENSIONS, "community_id"),
        additive=False,
        types=("membership.opened", "membership.closed", LEFT),
        which="all_before",
        reader=partial(registered, statistic=statistic),
    )


def _seats(statistic: Literal["peak", "prorated", "end_of_period"], description: str) -> MeterSpec:
    return MeterSpec(
        name=f"seats.named.{statistic}",
        unit="seat",
        statistic=statistic,
        family="seats",
        description=description,
        dimensions=(*PERSON_DIMENSIONS, "pool"),
        additive=False,
        types=("seat.assigned", "seat.released", LEFT),
        which="all_before",
        reader=partial(named, statistic=statistic),
    )


def _concurrent(statistic: Literal["peak", "p95", "average"], description: str) -> MeterSpec:
    return MeterSpec(
        name=f"sessions.concurrent.{statistic}",
        unit="session",
        statistic=statistic,
        family="sessions",
        description=description,
        dimensions=(*PERSON_DIMENSIONS, "channel", "pool"),
        additive=False,
        types=("session.started", "session.heartbeat", "session.ended"),
        which="around_sessions",
        reader=partial(concurrent, statistic=statistic),
    )


def _transactions(statistic: Literal["charged", "refunded", "net"], description: str) -> MeterSpec:
    return MeterSpec(
        name=f"courses.transactions.{statistic}",
        unit="transaction",
        statistic=statistic,
        family="courses",
        description=description,
        dimensions=(*PERSON_DIMENSIONS, "course_id", "course_type", "community_id"),
        additive=True,
        types=COURSE_TYPES,
        which="all_before",
        reader=partial(courses.transactions, statistic=statistic),
    )


_ALL = (
    _registered("average", "People with a membership open: member-days divided by the days of the period."),
    _registered("peak", "People with a membership open on the highest day."),
    _registered("end_of_period", "People with a membership open at the last instant of the period."),
    _registered("any", "People with a membership open at any time in the period."),
    MeterSpec(
        name="members.idle",
        unit="person",
        statistic="average",
        family="members",
        description="Registered members without a qualifying event for so long (28 days) that they are idle: their"
        " days from then until the next one, divided by the days of the period.",
        dimensions=(*PERSON_DIMENSIONS, "community_id"),
        additive=False,
        types=("membership.opened", "membership.closed", LEFT),
        which="idle",
        reader=idle,
    ),
    MeterSpec(
        name="members.active",
        unit="person",
        statistic="unique",
        family="members",
        description="Distinct people with enough qualifying learning or community events.",
        dimensions=(*PERSON_DIMENSIONS, "community_id", "course_id", "course_type"),
        additive=False,
        types=SEEN_TYPES,
        which="inside",
        reader=active,
        folds=True,
    ),
    MeterSpec(
        name="members.contributors",
        unit="person",
        statistic="unique",
        family="members",
        description="Distinct people who created something.",
        dimensions=(*PERSON_DIMENSIONS, "community_id"),
        additive=False,
        types=SEEN_TYPES,
        which="inside",
        reader=contributors,
        folds=True,
    ),
    MeterSpec(
        name="contributions",
        unit="contribution",
        statistic="sum",
        family="contributions",
        description="What people created, weighted by class and kind.",
        dimensions=(*PERSON_DIMENSIONS, "community_id", "kind"),
        additive=True,
        types=("contribution.created",),
        which="inside",
        reader=contributions,
        folds_figure=True,
    ),
    _seats("peak", "Named seats billable on the highest day."),
    _seats("prorated", "Seat-days divided by the days of the period."),
    _seats("end_of_period", "Named seats billable at the last instant of the period."),
    _concurrent("peak", "Sessions open at the busiest instant."),
    _concurrent("p95", "95th percentile of the busiest instants of all minutes: 5 % of the minutes are free."),
    _concurrent("average", "Session-seconds divided by the seconds of the period."),
    _transactions("charged", "Course transactions whose trigger lies in the period."),
    _transactions("refunded", "Course transactions given back by cancellations in the period, as a positive number."),
    _transactions("net", "Course transactions charged less those refunded."),
    MeterSpec(
        name="class.hours",
        unit="hour",
        statistic="sum",
        family="classes",
        description="Attended class minutes divided by 60, summed over people.",
        dimensions=(*PERSON_DIMENSIONS, "course_id", "course_type", "class_id", "community_id"),
        additive=True,
        types=("class.attended",),
        which="ever",
        reader=courses.class_hours,
    ),
    MeterSpec(
        name="courses.revenue",
        unit="currency",
        statistic="sum",
        family="revenue",
        description="What learners paid for courses less what they got back, in each currency.",
        dimensions=(*PERSON_DIMENSIONS, "course_id", "course_type", "currency", "community_id"),
        additive=True,
        types=("course.purchased", "course.refunded"),
        which="inside",
        reader=courses.revenue,
    ),
)

METERS: dict[str, MeterSpec] = {spec.name: spec for spec in _ALL}
"""All built-in meters, by name, in the order of the contract's metrics."""


def find_meter(name: str) -> MeterSpec | None:
    """Return the built-in meter of that name, or None."""
    return METERS.get(name)
