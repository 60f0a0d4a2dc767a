"""Counting policies: the exact reading of each metric that a contract agreed on (pure).

A policy set is immutable. A plan version carries one, its activation binds it to a tenant for a
stretch of time; with none bound the defaults below, the catalogue's, hold.
"""

from decimal import Decimal
from hashlib import blake2b
from typing import Literal

import msgspec

__all__ = (
    "DEFAULT_POLICIES",
    "CountingPolicies",
    "CoursePolicy",
    "MemberPolicy",
    "OffsetRule",
    "RefundPolicy",
    "SeatPolicy",
    "SessionPolicy",
    "SinceRule",
    "WeightPolicy",
    "policy_hash",
)

DAY_S = 86_400


class WeightPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people weigh: class × audience. Audience acts in `members.*` only.

    A class or audience that is not named weighs 1.
    """

    classes: dict[str, Decimal] = msgspec.field(
        default_factory=lambda: {
            "member": Decimal(1),
            "guest": Decimal(1),
            "anonymous": Decimal(0),
            "service": Decimal(0),
            "test": Decimal(0),
        }
    )
    audiences: dict[str, Decimal] = msgspec.field(
        default_factory=lambda: {
            "employee": Decimal(1),
            "partner": Decimal("0.6"),
            "customer": Decimal("0.3"),
            "public": Decimal(0),
        }
    )

    def __post_init__(self) -> None:
        _refuse_negative("a weight", *self.classes.values(), *self.audiences.values())


class MemberPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is active and what a contribution weighs."""

    active_types: tuple[str, ...] = (
        "activity.performed",
        "contribution.created",
        "course.launched",
        "course.completed",
        "class.attended",
    )
    """The types whose events make active; neither a login nor an enrolment unless named here."""
    min_events: int = 1
    """How many qualifying events make active."""
    kind_weights: dict[str, Decimal] = {}
    """Weight of each kind of contribution; one that is not named weighs 1."""
    idle_days: int | msgspec.UnsetType = msgspec.UNSET
    """After so many days without a qualifying event a member is idle (`members.idle`); 28 where it is not said.
    Left out of the JSON then, so that readings agreed on before there was one keep their names."""

    @property
    def idle_after(self) -> int:
        """The days without a qualifying event after which a member is idle."""
        return 28 if self.idle_days is msgspec.UNSET else self.idle_days

    def __post_init__(self) -> None:
        if self.min_events < 1:
            raise ValueError("min_events must be at least 1")
        if not 1 <= self.idle_after <= 366:
            raise ValueError("idle_days must be from 1 to 366")
        _refuse_negative("a kind's weight", *self.kind_weights.values())


class SeatPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a freed seat stays billable."""

    cooldown_days: int = 30
    """Billable until local midnight of the release date + this many days."""

    def __post_init__(self) -> None:
        _refuse_negative("cooldown_days", Decimal(self.cooldown_days))


class SessionPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a session ends and what is counted at an instant."""

    timeout_s: int = 1_800
    """Without a logout a session ends this long after its login or last heartbeat."""
    max_session_s: int = DAY_S
    """No session is longer than this."""
    count_by: Literal["person", "person_device", "session"] = "person"
    leased_pools: dict[str, str] = {}
    """Pool → ISO date of its binding: from that local date on, suite sessions of the pool are not
    counted, because its leases are its only feed."""

    def __post_init__(self) -> None:
        if self.timeout_s < 1 or self.max_session_s < 1:
            raise ValueError("timeout_s and max_session_s must be at least 1")
        if self.max_session_s > 31 * DAY_S:
            raise ValueError("max_session_s must be at most 31 days")


class OffsetRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cancelled at least this many days before the class: this part is given back."""

    days: int
    unit: Literal["business_days", "calendar_days"]
    percent: Decimal

    def __post_init__(self) -> None:
        _refuse_refund(self.days, self.percent)


class SinceRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cancelled at most this many days after the trigger: this part is given back."""

    days: int
    unless_begun: bool
    percent: Decimal

    def __post_init__(self) -> None:
        _refuse_refund(self.days, self.percent)


class RefundPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules in order; the first that applies decides, none gives 0 %."""

    before_class: tuple[OffsetRule, ...] = ()
    after_trigger: tuple[SinceRule, ...] = ()


Trigger = Literal["enrolled", "launched", "completed", "attended"]


class CoursePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a course transaction is and what comes back."""

    triggers: dict[str, Trigger] = msgspec.field(
        default_factory=lambda: {
            "wbt": "enrolled",
            "ilt": "enrolled",
            "simulation": "launched",
            "program": "enrolled",
        }
    )
    """One trigger per course type; a type that is not named is never charged."""
    access_window_days: int = 365
    no_show_billable: bool = False
    """Whether a missed class charges where the trigger is `attended`."""
    refunds: dict[str, RefundPolicy] = msgspec.field(
        default_factory=lambda: {
            "ilt": RefundPolicy(
                before_class=(
                    OffsetRule(5, "business_days", Decimal(100)),
                    OffsetRule(2, "business_days", Decimal(50)),
                )
            ),
            "wbt": RefundPolicy(after_trigger=(SinceRule(14, True, Decimal(100)),)),
        }
    )
    """Refund rules per course type when the learner cancels; by the provider it is always 100 %."""

    def __post_init__(self) -> None:
        if self.access_window_days < 1:
            raise ValueError("access_window_days must be at least 1")


class CountingPolicies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole reading that one contract agreed on."""

    weights: WeightPolicy = msgspec.field(default_factory=WeightPolicy)
    members: MemberPolicy = msgspec.field(default_factory=MemberPolicy)
    seats: SeatPolicy = msgspec.field(default_factory=SeatPolicy)
    sessions: SessionPolicy = msgspec.field(default_factory=SessionPolicy)
    courses: CoursePolicy = msgspec.field(default_factory=CoursePolicy)


def policy_hash(policies: CountingPolicies) -> str:
    """Return 32 hex digits that name the reading: equal policies, equal hash."""
    return blake2b(msgspec.json.encode(policies, order="deterministic"), digest_size=16).hexdigest()


def _refuse_negative(what: str, *values: Decimal) -> None:
    if any(not value.is_finite() or value < 0 for value in values):
        raise ValueError(f"{what} must not be negative")


def _refuse_refund(days: int, percent: Decimal) -> None:
    if days < 0:
        raise ValueError("days must not be negative")
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise ValueError("percent must be from 0 to 100")


DEFAULT_POLICIES = CountingPolicies()
"""The catalogue's reading; it holds where no plan is bound."""
