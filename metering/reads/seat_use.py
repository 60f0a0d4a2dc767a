"""What was done with seats that are cooling down."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from metering.facts import Fact
from metering.policies import CountingPolicies
from metering.reads.facts import Corrections, Selection, load_selected
from metering.registry import FactSpan
from metering.seats import USE_TYPES
from tenants.people import People

__all__ = ("SeatUses", "seat_use")


@dataclass(frozen=True, slots=True)
class SeatUses:
    """Facts about seats, whose they are, between which instants figures are asked for, and how they are read."""

    facts: Collection[Fact]
    people: People
    between: tuple[datetime, datetime | None]
    policies: CountingPolicies


def seat_use(
    session: Session, tenant_id: UUID, uses: SeatUses, known: Corrections, as_of: datetime | None
) -> list[Fact]:
    """Return what people did with seats that were released so lately that a cool-down may run.

    Whether a seat was ever used matters for its cool-down alone; so everybody else's acts, which
    are most of a tenant's facts, stay where they are.
    """
    cooling = timedelta(days=uses.policies.seats.cooldown_days + 2)
    recent = [
        fact for fact in uses.facts if fact.type == "seat.released" and fact.occurred_at > uses.between[0] - cooling
    ]
    freed = {uses.people.person_of(fact.identity_id) for fact in recent}
    if not freed:
        return []
    theirs = [identity for identity, person_id in uses.people.identities().items() if person_id in freed]
    span = FactSpan(None, uses.between[1])
    return load_selected(session, tenant_id, Selection(USE_TYPES, span, theirs), known, as_of)
