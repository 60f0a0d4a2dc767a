"""What `data` carries, by family of event type. Every struct is also a JSON Schema under /schemas.

Unknown fields are not refused: they stay in the body and can be dimensions of custom meters.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

__all__ = (
    "Activity",
    "ClassAttended",
    "ClassMissed",
    "Contribution",
    "ContributionAccepted",
    "CourseCancelled",
    "CourseMoney",
    "CourseStep",
    "EventData",
    "Membership",
    "PersonChanged",
    "PersonDetails",
    "SeatChange",
    "SessionHeartbeat",
    "SessionStarted",
)

Key = Annotated[str, Meta(min_length=1, max_length=512)]
PersonKey = Annotated[str, Meta(min_length=1, max_length=512, description="A person's key at the sender.")]
TagName = Annotated[str, Meta(min_length=1, max_length=64)]
TagValue = Annotated[str, Meta(max_length=256)]
Instant = Annotated[datetime, Meta(tz=True)]
Audience = Literal["employee", "partner", "customer", "public"]
CourseType = Literal["wbt", "ilt", "simulation", "program"]


class PersonDetails(Struct, kw_only=True, gc=False):
    """What the sender knows about the subject. Name, e-mail and external id never stay in the event."""

    person_class: Literal["member", "guest", "anonymous", "service", "test"] | None = field(default=None, name="class")
    audience: Audience | None = None
    name: Annotated[str, Meta(max_length=256)] | None = None
    email: Annotated[str, Meta(max_length=320)] | None = None
    external_id: Key | None = None


class EventData(Struct, kw_only=True, omit_defaults=True, gc=False):
    """What every event may carry."""

    cost_centre: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """Overrides the person's assignment for this fact alone."""
    audience: Audience | None = None
    """For this fact alone."""
    person: PersonDetails | None = None
    tags: Annotated[dict[TagName, TagValue], Meta(max_length=50)] | None = None


class SessionStarted(EventData, kw_only=True):
    """Somebody logged in."""

    session_id: Key
    device_id: Key | None = None
    channel: Literal["web", "app", "api"] | None = None
    pool: Key | None = None


class SessionHeartbeat(EventData, kw_only=True):
    """A session is alive, or has ended."""

    session_id: Key


class Membership(EventData, kw_only=True):
    """Somebody joined or left a community."""

    community_id: Key
    role: Key | None = None


class Activity(EventData, kw_only=True):
    """Somebody used something without adding to it."""

    verb: Literal["viewed", "played", "read", "searched", "followed", "reacted", "downloaded"]
    object_type: Key
    object_id: Key
    community_id: Key | None = None
    course_id: Key | None = None


class Contribution(EventData, kw_only=True):
    """Somebody created something."""

    kind: Literal["post", "answer", "comment", "wiki_edit", "blog", "idea", "upload", "rating", "forecast"]
    object_id: Key
    community_id: Key | None = None
    in_reply_to: Key | None = None
    object_owner: PersonKey | None = None


class ContributionAccepted(EventData, kw_only=True):
    """The subject found somebody's contribution useful: an accepted answer, a re-use."""

    object_id: Key
    contributor: PersonKey


class SeatChange(EventData, kw_only=True):
    """A named seat was assigned or released."""

    pool: Key


class CourseStep(EventData, kw_only=True):
    """An enrolment, a launch or a completion."""

    course_id: Key
    course_type: CourseType
    community_id: Key | None = None
    transfer_of: Key | None = None
    """The registration that this one goes on from."""
    registration: Key | None = None
    class_id: Key | None = None
    class_starts_at: Instant | None = None
    mode: Literal["normal", "browse", "review"] | None = None
    waived: bool | None = None


class CourseCancelled(EventData, kw_only=True):
    """An enrolment was cancelled, by the learner unless `by` says otherwise."""

    course_id: Key
    course_type: CourseType
    community_id: Key | None = None
    registration: Key | None = None
    class_id: Key | None = None
    class_starts_at: Instant | None = None
    progress: Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": 1})] | None = None
    """The part that was done, 0 to 1."""
    by: Literal["learner", "provider"] | None = None
    substitute: PersonKey | None = None


class ClassMissed(EventData, kw_only=True):
    """Somebody did not come."""

    course_id: Key
    class_id: Key
    community_id: Key | None = None
    registration: Key | None = None
    class_starts_at: Instant | None = None


class ClassAttended(EventData, kw_only=True):
    """Somebody came."""

    course_id: Key
    class_id: Key
    community_id: Key | None = None
    registration: Key | None = None
    class_starts_at: Instant | None = None
    minutes: Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": 44640})] | None = None
    """Minutes attended, 0 to 44,640 (31 days)."""


class CourseMoney(EventData, kw_only=True):
    """A learner paid for a course, or was paid back."""

    course_id: Key
    amount: Annotated[str, Meta(pattern=r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$", max_length=82)]
    """A decimal string of at most 12 digits, not negative."""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    """An ISO 4217 code."""
    course_type: CourseType | None = None
    community_id: Key | None = None


class PersonChanged(EventData, kw_only=True):
    """A person's details changed, or the person left (`person.deactivated`), or is back (`person.reactivated`)."""
