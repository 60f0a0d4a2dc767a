"""The one function behind every figure: API, evidence, invoice, late delta and chargeback driver."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from core.periods import Period
from metering.errors import MeterUnknown
from metering.facts import Fact
from metering.grounds import Grounds
from metering.measurement import Measurement
from metering.policies import CountingPolicies
from metering.reads.facts import Corrections, Selection, corrections, late_keys, load_selected, ties_broken
from metering.reads.policies import policies_at
from metering.registry import FactSpan, MeterSpec, find_meter
from metering.seats import USE_TYPES
from metering.sessions import level_curve
from tenants.people import People
from tenants.reads import TenantView, attribution, people, trait_keys

__all__ = ("Reading", "concurrency_curve", "load_grounds", "measure", "spec_of")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read: under which policies (None: those in force), as recorded when, at what time."""

    policies: CountingPolicies | None = None
    as_of: datetime | None = None
    now: datetime | None = None


def measure(
    session: Session,
    tenant: TenantView,
    meter: str,
    period: Period,
    *,
    policy: CountingPolicies | None = None,
    as_of: datetime | None = None,
    now: datetime | None = None,
) -> Measurement:
    """Return a meter's figure for a period, with who was counted and who was not.

    Args:
        session: scoped to the tenant.
        tenant: whose usage.
        meter: a name of `METERS`.
        period: `[starts_at, ends_at)`.
        policy: the reading; None is the one in force at the start of the period.
        as_of: facts, corrections, merges and assignments recorded up to it (inclusive).
        now: cuts the session figures of a period that has not ended; None counts it in full.

    Raises:
        MeterUnknown: there is no such meter (`meter_unknown`).
    """
    spec = spec_of(meter)
    return spec.reader(load_grounds(session, tenant, spec, period, Reading(policy, as_of, now)))(period)


def spec_of(meter: str) -> MeterSpec:
    """Return the meter of that name.

    Raises:
        MeterUnknown: there is none (`meter_unknown`).
    """
    spec = find_meter(meter)
    if spec is None:
        raise MeterUnknown(meter)
    return spec


def load_grounds(session: Session, tenant: TenantView, spec: MeterSpec, period: Period, reading: Reading) -> Grounds:
    """Return everything that the meter's figure of a period, or of any part of it, depends on."""
    policies = reading.policies or policies_at(session, tenant.id, period.starts_at)
    known = corrections(session, tenant.id, reading.as_of)
    who = _people(session, tenant.id, known, reading.as_of)
    selection = Selection(spec.fact_types(policies), spec.span(period, policies))
    facts = load_selected(session, tenant.id, selection, known, reading.as_of)
    if spec.family == "seats":
        facts.extend(_seat_use(session, tenant.id, _Uses(facts, who, period, policies), known, reading.as_of))
    return Grounds(
        facts=ties_broken(session, tenant.id, facts, who),
        people=who,
        attribution=attribution(session, tenant.id, reading.as_of),
        policies=policies,
        tz=tenant.tz,
        holidays=tenant.holidays,
        now=reading.now,
    )


def _people(session: Session, tenant_id: UUID, known: Corrections, as_of: datetime | None) -> People:
    """Return the people; what voided, replaced or later accepted events said of them does not hold."""
    ignored = known.without_effect
    if as_of is not None:
        ignored |= late_keys(session, tenant_id, trait_keys(session, tenant_id), as_of)
    return people(session, tenant_id, as_of, ignored_events=ignored)


@dataclass(frozen=True, slots=True)
class _Uses:
    facts: Collection[Fact]
    people: People
    period: Period
    policies: CountingPolicies


def _seat_use(session: Session, tenant_id: UUID, uses: _Uses, known: Corrections, as_of: datetime | None) -> list[Fact]:
    """Return what people did with seats that were released so lately that a cool-down may run.

    Whether a seat was ever used matters for its cool-down alone; so everybody else's acts, which
    are most of a tenant's facts, stay where they are.
    """
    cooling = timedelta(days=uses.policies.seats.cooldown_days + 2)
    recent = [
        fact
        for fact in uses.facts
        if fact.type == "seat.released" and fact.occurred_at > uses.period.starts_at - cooling
    ]
    freed = {uses.people.person_of(fact.identity_id) for fact in recent}
    if not freed:
        return []
    theirs = [identity for identity, person_id in uses.people.identities().items() if person_id in freed]
    span = FactSpan(None, uses.period.ends_at)
    return load_selected(session, tenant_id, Selection(USE_TYPES, span, theirs), known, as_of)


def concurrency_curve(
    session: Session,
    tenant: TenantView,
    period: Period,
    *,
    step_s: int = 60,
    policy: CountingPolicies | None = None,
    now: datetime | None = None,
) -> tuple[tuple[datetime, Fraction], ...]:
    """Return the highest concurrency in each step of a period, by the steps' starts.

    Args:
        session: scoped to the tenant.
        tenant: whose sessions.
        period: for instance a day (`core.periods.day_period`).
        step_s: seconds per step, 60 (a minute) or more.
        policy: the reading; None is the one in force at the start of the period.
        now: the curve ends there if that is before the end of the period.
    """
    spec = spec_of("sessions.concurrent.peak")
    grounds = load_grounds(session, tenant, spec, period, Reading(policy, None, now))
    shown = period.clip(period.starts_at, now) if now is not None else period
    return tuple(level_curve(grounds, shown, step_s)) if shown is not None else ()
