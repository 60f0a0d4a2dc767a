"""What has left the database: which months, and what is still told of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.orm import Session

from core.periods import Period, local_date
from metering.archive.files import AT_ONCE, ArchivedFact
from metering.archive.months import CLOSED, GONE
from metering.bodies import unpacked_body
from metering.errors import EventArchived, FactsArchived
from metering.models import Fact, FactArchive, FactBody, FactKey, FactRetention
from metering.reads.facts import symbols_of
from metering.reads.keyed import of_events, same_event
from metering.registry import FactSpan
from tenants.reads import TenantView

__all__ = (
    "ArchiveView",
    "archive_of",
    "archived_figures",
    "archives",
    "are_here",
    "facts_between",
    "first_of_types",
    "hold_archives",
    "is_archived",
    "last_accepted",
    "refuse_archived",
    "refuse_closed",
    "retention_of",
    "span_text",
    "status_locked",
)


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """A month in a file. `window` is when the facts in it occurred; `types` is how many of each type."""

    month: Period
    window: Period
    status: str
    folder: str
    rows: int
    file_sha256: str
    manifest_sha256: str
    types: dict[str, int]
    measured_at: datetime
    changed_at: datetime
    checked_at: datetime | None
    """When it was last measured from its files; `differences` is what came out otherwise then, as sentences."""
    differences: list[str] | None


_VIEW = (
    FactArchive.starts_at, FactArchive.ends_at, FactArchive.facts_from, FactArchive.facts_until, FactArchive.status,
    FactArchive.folder, FactArchive.row_count, FactArchive.file_sha256, FactArchive.manifest_sha256,
    FactArchive.types, FactArchive.measured_at, FactArchive.changed_at, FactArchive.checked_at, FactArchive.differences,
)  # fmt: skip


def archives(session: Session, tenant_id: UUID) -> tuple[ArchiveView, ...]:
    """Return the months of a tenant that are, or were, in files; oldest first."""
    rows = session.execute(select(*_VIEW).where(FactArchive.tenant_id == tenant_id).order_by(FactArchive.starts_at))
    return tuple(
        ArchiveView(Period(starts, ends), Period(first, until), *rest) for starts, ends, first, until, *rest in rows
    )


def archive_of(session: Session, tenant_id: UUID, month: Period) -> ArchiveView | None:
    """Return a month, or None where it never was in a file."""
    return next((found for found in archives(session, tenant_id) if found.month == month), None)


def hold_archives(session: Session, tenant_id: UUID) -> bool:
    """Return whether nobody else writes this tenant's archives, and keep others out until the transaction ends."""
    lock = text("select pg_try_advisory_xact_lock(hashtextextended(:tenant, 5))")
    return bool(session.execute(lock, {"tenant": str(tenant_id)}).scalar_one())


def are_here(session: Session, tenant_id: UUID, keys: Sequence[UUID]) -> bool:
    """Tell whether the facts of all these events are in the database."""
    if not keys:
        return True
    found = session.execute(_HERE, {"tenant": tenant_id, "keys": list(keys)}).scalar_one()
    return int(found) == len(set(keys))


_HERE = text("""
    select count(*) from fact_key k join fact f
      on f.tenant_id = k.tenant_id and f.accepted_at = k.accepted_at and f.event_key = k.event_key
    where k.tenant_id = :tenant and k.event_key = any(cast(:keys as uuid[]))
""")


def status_locked(session: Session, tenant_id: UUID, month: Period) -> str | None:
    """Return a month's state, which stays until this transaction ends; a steward's read."""
    query = select(FactArchive.status).where(
        FactArchive.tenant_id == tenant_id, FactArchive.starts_at == month.starts_at
    )
    return session.execute(query.with_for_update(read=True)).scalar_one_or_none()


def retention_of(session: Session, tenant_id: UUID) -> int | None:
    """Return for how many whole months a tenant's facts stay on line; None: for ever."""
    return session.execute(
        select(FactRetention.keep_months).where(FactRetention.tenant_id == tenant_id)
    ).scalar_one_or_none()


def refuse_archived(session: Session, tenant: TenantView, types: Collection[str], span: FactSpan) -> None:
    """Refuse where facts of these types and this span may be away. Ask after they were read, not before.

    Raises:
        FactsArchived: those of some months are, all of which are named (`facts_archived`).
    """
    query = select(FactArchive.starts_at, FactArchive.types).where(
        FactArchive.tenant_id == tenant.id, FactArchive.status.in_(GONE)
    )
    if span.since is not None:
        query = query.where(FactArchive.facts_until > span.since)
    if span.until is not None:
        query = query.where(FactArchive.facts_from < span.until)
    away = [
        f"{local_date(starts_at, tenant.tz):%Y-%m}"
        for starts_at, gone in session.execute(query.order_by(FactArchive.starts_at))
        if not gone.keys().isdisjoint(types)
    ]
    if away:
        raise FactsArchived(tenant.slug, away)


def refuse_closed(session: Session, tenant_id: UUID, target_key: UUID, at: datetime | None) -> None:
    """Refuse a correction of an event that is away, or one that would act in a month that is.

    Raises:
        EventArchived: it must be restored first (`event_archived`).
    """
    closed = select(FactArchive.starts_at).where(FactArchive.tenant_id == tenant_id, FactArchive.status.in_(CLOSED))
    known = of_events(select(Fact.occurred_at), Fact, tenant_id, [target_key])
    occurred_at = session.execute(known).scalar_one_or_none()
    if occurred_at is None and is_archived(session, tenant_id, target_key):
        raise EventArchived
    for instant in (occurred_at, at):
        if (
            instant is not None
            and session.execute(closed.where(FactArchive.starts_at <= instant, FactArchive.ends_at > instant)).first()
        ):
            raise EventArchived


def is_archived(session: Session, tenant_id: UUID, event_key: UUID) -> bool:
    """Tell whether an event was accepted and is not here."""
    here = select(Fact.event_key).where(same_event(Fact, FactKey)).exists()
    query = select(FactKey.event_key).where(FactKey.tenant_id == tenant_id, FactKey.event_key == event_key, ~here)
    return session.execute(query).first() is not None


def span_text(period: Period) -> str:
    """Return a period as the key under which its archived figure stands."""
    return f"{period.starts_at.isoformat()}/{period.ends_at.isoformat()}"


def archived_figures(
    session: Session, tenant_id: UUID, meter: str, periods: Sequence[Period]
) -> dict[Period, Fraction]:
    """Return the figures of those periods whose facts are away: of whole archived months and their days."""
    if not periods:
        return {}
    rows = session.execute(
        select(FactArchive.figures[meter]).where(
            FactArchive.tenant_id == tenant_id,
            FactArchive.status.in_(GONE),
            FactArchive.ends_at > min(period.starts_at for period in periods),
            FactArchive.starts_at < max(period.ends_at for period in periods),
        )
    ).scalars()
    told: dict[str, str] = {}
    for figures in rows:
        told |= figures or {}
    wanted = {period: told.get(span_text(period)) for period in periods} if told else {}
    return {period: Fraction(figure) for period, figure in wanted.items() if figure is not None}


_FIRST = text("""
    select min(found.occurred_at) from symbol s, lateral (
        select f.occurred_at from fact f where f.tenant_id = s.tenant_id and f.type_id = s.id
        order by f.occurred_at limit 1) as found
    where s.tenant_id = :tenant and s.kind = 'type' and not s.value = any(:standing)
""")


def first_of_types(session: Session, tenant_id: UUID, standing: Collection[str]) -> datetime | None:
    """Return when the first fact occurred that may leave."""
    found: datetime | None = session.execute(_FIRST, {"tenant": tenant_id, "standing": sorted(standing)}).scalar_one()
    return found


def last_accepted(session: Session, tenant_id: UUID) -> datetime | None:
    """Return when the last fact was accepted."""
    found: datetime | None = session.execute(
        select(func.max(Fact.accepted_at)).where(Fact.tenant_id == tenant_id)
    ).scalar_one()
    return found


def facts_between(
    session: Session, tenant_id: UUID, window: Period, standing: Collection[str]
) -> Iterator[ArchivedFact]:
    """Yield the facts that occurred in a window but those of standing types, in order of time and key."""
    symbols = symbols_of(session, tenant_id)
    query = (
        select(
            Fact.event_key, Fact.occurred_at, Fact.accepted_at, Fact.type_id, Fact.source_id, Fact.identity_id,
            cast(Fact.attributes, Text), FactBody.body,
        )
        .outerjoin(FactBody, same_event(FactBody, Fact))
        .where(
            Fact.tenant_id == tenant_id,
            Fact.type_id.not_in([symbol for symbol, name in symbols.items() if name in standing]),
            Fact.occurred_at >= window.starts_at,
            Fact.occurred_at < window.ends_at,
        )
        .order_by(Fact.occurred_at, Fact.event_key)
    )  # fmt: skip
    rows: Any = session.execute(query.execution_options(yield_per=AT_ONCE))
    for key, occurred_at, accepted_at, type_id, source_id, identity_id, attributes, body in rows:
        yield ArchivedFact(
            key, occurred_at, accepted_at, symbols[type_id], symbols[source_id], identity_id, attributes,
            None if body is None else unpacked_body(body).decode(),
        )  # fmt: skip
