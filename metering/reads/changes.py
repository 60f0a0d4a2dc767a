"""What became known lately: so that closed periods are measured again only where something changed."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

from sqlalchemy import BigInteger, Select, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from metering.models import Correction, Fact, FactKey, PolicyBinding, Symbol
from metering.policies import DEFAULT_POLICIES
from metering.reads.custom_meters import longest_of
from metering.reads.facts import late_keys
from metering.reads.keyed import same_event
from tenants.reads import first_departure_since, first_traits, merged_since, people, trait_keys

__all__ = ("first_change_since",)

ATTENDED = "class.attended"
EVER = datetime.min.replace(tzinfo=UTC)


def first_change_since(session: Session, tenant_id: UUID, since: datetime) -> datetime | None:
    """Return the earliest instant from which on figures may differ from those known at `since`.

    Looked at are facts accepted, corrections, counting policies, departures and merges recorded after it. A
    figure of a period that ended at or before the answer is the same as it was. Most facts change
    nothing before their own time; a session's end, a longer class report, what closes something of
    a custom meter and the first word on somebody's class or audience do.

    Args:
        session: scoped to the tenant.
        tenant_id: whose figures.
        since: an instant of recording, not included.

    Returns:
        None where nothing was recorded since.
    """
    if merged_since(session, tenant_id, since):
        return EVER
    bound = session.execute(
        select(func.min(PolicyBinding.starts_at)).where(
            PolicyBinding.tenant_id == tenant_id, PolicyBinding.recorded_at > since
        )
    ).scalar_one()
    found = [
        bound,
        *_accepted(session, tenant_id, since),
        *_corrected(session, tenant_id, since),
        _stated(session, tenant_id, since),
        first_departure_since(session, tenant_id, since),
    ]
    return min((instant for instant in found if instant is not None), default=None)


def _accepted(session: Session, tenant_id: UUID, since: datetime) -> Iterator[datetime | None]:
    """Yield from when on the accepted facts may act, by type."""
    late = session.execute(
        select(Symbol.value, func.min(Fact.occurred_at))
        .join(Symbol, (Symbol.tenant_id == Fact.tenant_id) & (Symbol.id == Fact.type_id))
        .where(Fact.tenant_id == tenant_id, Fact.accepted_at > since)
        .group_by(Symbol.value)
    ).all()
    reach = _Reach(session, tenant_id)
    for event_type, occurred_at in late:
        yield reach.back_from(event_type, occurred_at)
        if event_type == ATTENDED:
            # A longer report takes the hours away from the period of the shorter one.
            reports = select(Fact.attributes["class_id"].astext).where(
                Fact.tenant_id == tenant_id,
                Fact.accepted_at > since,
                Fact.type_id.in_(_type_ids(ATTENDED, tenant_id)),
            )
            yield _first_report(session, tenant_id, set(session.execute(reports).scalars()))


class _Reach:
    """How far back before its own time an event may change figures, by its type."""

    def __init__(self, session: Session, tenant_id: UUID) -> None:
        self._session, self._tenant_id = session, tenant_id
        self._closing = longest_of(session, tenant_id)

    def back_from(self, event_type: str, occurred_at: datetime) -> datetime:
        """Return the first instant at which the event may change something."""
        reach = timedelta(seconds=self._closing.get(event_type, 0))
        if event_type.startswith("session."):
            # A logout or a heartbeat changes the session from its login on.
            reach = max(reach, self._longest_session)
        return occurred_at - reach

    @cached_property
    def _longest_session(self) -> timedelta:
        bound = self._session.execute(
            select(PolicyBinding.policies["sessions"]["max_session_s"].as_integer()).where(
                PolicyBinding.tenant_id == self._tenant_id
            )
        ).scalars()
        return timedelta(seconds=max([DEFAULT_POLICIES.sessions.max_session_s, *bound]))


def _first_report(session: Session, tenant_id: UUID, class_ids: Collection[str]) -> datetime | None:
    """Return the time of the first attendance of any of these classes.

    They are asked for first: in one statement, a planner that knows little of the tenant compares
    every report with every other (minutes were seen).
    """
    if not class_ids:
        return None
    first: datetime | None = session.execute(
        select(func.min(Fact.occurred_at)).where(
            Fact.tenant_id == tenant_id,
            Fact.type_id.in_(_type_ids(ATTENDED, tenant_id)),
            Fact.attributes["class_id"].astext == any_(literal(list(class_ids), ARRAY(Text))),
        )
    ).scalar_one()
    return first


def _corrected(session: Session, tenant_id: UUID, since: datetime) -> Iterator[datetime | None]:
    """Yield from when on corrected events acted, and from when on what stands for them does.

    An event that was corrected before acted at its earlier replacement's time; one that arrives
    after its correction acts at the replacement's.
    """
    fresh = select(Correction.target_key).where(Correction.tenant_id == tenant_id, Correction.recorded_at > since)
    known = (FactKey.tenant_id == Correction.tenant_id) & (FactKey.event_key == Correction.target_key)
    rows = session.execute(
        select(
            Correction.id,
            Correction.target_key,
            Symbol.value,
            Fact.occurred_at,
            Fact.attributes,
            Correction.replacement,
        )
        .select_from(Correction)
        .outerjoin(FactKey, known)
        .outerjoin(Fact, same_event(Fact, FactKey))
        .outerjoin(Symbol, (Symbol.tenant_id == Fact.tenant_id) & (Symbol.id == Fact.type_id))
        .where(Correction.tenant_id == tenant_id, Correction.target_key.in_(fresh) | (Fact.accepted_at > since))
    ).all()
    if not rows:
        return
    stating, reach, classes = set(trait_keys(session, tenant_id)), _Reach(session, tenant_id), set()
    for correction_id, target_key, event_type, occurred_at, attributes, replacement in rows:
        acts = [(event_type, occurred_at, attributes)] if event_type is not None else []
        if replacement is not None:
            at = datetime.fromisoformat(replacement["time"])
            acts.append((replacement["type"], at, replacement["attributes"]))
        for acting_type, at, fields in acts:
            yield reach.back_from(acting_type, at)
            if acting_type == ATTENDED and fields:
                classes.add(fields.get("class_id"))
        if correction_id in stating or target_key in stating:
            yield EVER
    yield _first_report(session, tenant_id, classes - {None})


def _stated(session: Session, tenant_id: UUID, since: datetime) -> datetime | None:
    """Return the first fact of people whose first known class or audience is new.

    Before the first known value the first known one holds: it reaches back to all they ever did.
    """
    first = first_traits(session, tenant_id)
    late = late_keys(session, tenant_id, [key for _, key in first], since)
    identities = {identity_id for identity_id, key in first if key in late}
    if not identities:
        return None
    who = people(session, tenant_id).identities()
    persons = {who[identity_id] for identity_id in identities}
    return _first_fact(session, tenant_id, [i for i, person_id in who.items() if person_id in persons])


def _first_fact(session: Session, tenant_id: UUID, identities: Collection[int]) -> datetime | None:
    first: datetime | None = session.execute(
        select(func.min(Fact.occurred_at)).where(
            Fact.tenant_id == tenant_id,
            Fact.identity_id == any_(literal(list(identities), ARRAY(BigInteger))),
        )
    ).scalar_one()
    return first


def _type_ids(value: str, tenant_id: UUID) -> Select[int]:
    return select(Symbol.id).where(Symbol.tenant_id == tenant_id, Symbol.kind == "type", Symbol.value == value)
