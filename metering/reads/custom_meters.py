"""The custom meters that a tenant has, its own and the vendor's, and how far their backfills are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.scope import VENDOR_ID
from metering.custom.definition import MeterDefinition, name_and_version
from metering.custom.extraction import Extractor
from metering.custom.spec import custom_spec
from metering.errors import MeterUnknown
from metering.models import Fact, MeterBackfill, MeterVersion, Symbol
from metering.registry import METERS, CustomMeter, MeterSpec, find_meter

__all__ = (
    "BackfillView",
    "MeterVersionView",
    "backfill_of",
    "contract_meters",
    "custom_meters",
    "custom_types",
    "facts_of_types",
    "find_spec",
    "is_backfilled",
    "key_is_used",
    "longest_of",
    "meter_of",
    "unfinished_backfills",
    "versions_of",
    "versions_owned",
)


@dataclass(frozen=True, slots=True)
class MeterVersionView:
    """A version of a custom meter; `vendor_wide` says that it is everybody's."""

    meter: CustomMeter
    vendor_wide: bool
    created_at: datetime
    created_by: str
    retired_at: datetime | None
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class BackfillView:
    """How far a meter has looked at what was there before it.

    `total` are the facts of its types when it began; while it runs, others may come that it need
    not look at.
    """

    meter_id: UUID
    after_key: UUID | None
    looked_at: int
    found: int
    total: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


def custom_meters(session: Session, tenant_id: UUID) -> tuple[MeterVersionView, ...]:
    """Return all versions that the tenant can measure by, its own and the vendor's, by key and version."""
    rows = session.execute(
        select(MeterVersion)
        .where(MeterVersion.tenant_id.in_((tenant_id, VENDOR_ID)))
        .order_by(MeterVersion.key, MeterVersion.version)
    ).scalars()
    return tuple(_view(row) for row in rows)


def versions_of(session: Session, tenant_id: UUID, key: str) -> tuple[MeterVersionView, ...]:
    """Return the versions of a key, ascending; none where there is no such custom meter."""
    rows = session.execute(
        select(MeterVersion)
        .where(MeterVersion.tenant_id.in_((tenant_id, VENDOR_ID)), MeterVersion.key == key)
        .order_by(MeterVersion.version)
    ).scalars()
    return tuple(_view(row) for row in rows)


def _view(row: MeterVersion) -> MeterVersionView:
    meter = CustomMeter(row.id, row.key, row.version, msgspec.convert(row.definition, MeterDefinition))
    return MeterVersionView(
        meter, row.tenant_id == VENDOR_ID, row.created_at, row.created_by, row.retired_at, bytes(row.content_hash)
    )


def versions_owned(session: Session, owner: UUID) -> int:
    """Return how many versions are the owner's own, of all its meters."""
    query = select(func.count()).select_from(MeterVersion).where(MeterVersion.tenant_id == owner)
    return session.execute(query).scalar_one()


def meter_of(session: Session, tenant_id: UUID, name: str) -> MeterVersionView | None:
    """Return the version that a name means: the one it names, else the newest; None where there is none."""
    key, version = name_and_version(name)
    found = versions_of(session, tenant_id, key)
    if version is None:
        return found[-1] if found else None
    return next((one for one in found if one.meter.version == version), None)


def contract_meters(session: Session, tenant_id: UUID) -> dict[str, MeterSpec]:
    """Return the meters that new contracts and rules may name, by exact name: what they say never changes."""
    offered = (found for found in custom_meters(session, tenant_id) if found.retired_at is None)
    return METERS | {found.meter.name: custom_spec(found.meter) for found in offered}


def find_spec(session: Session, tenant_id: UUID, name: str) -> MeterSpec:
    """Return the meter of that name, built-in or custom, as the tenant sees it.

    Raises:
        MeterUnknown: there is none (`meter_unknown`).
    """
    spec = find_meter(name)
    if spec is None:
        found = meter_of(session, tenant_id, name)
        spec = custom_spec(found.meter) if found is not None else None
    if spec is None:
        raise MeterUnknown(name)
    return spec


def key_is_used(session: Session, key: str, *, vendor: bool) -> bool:
    """Tell, in the steward's scope, whether the vendor, or any of the customers, has a meter of that key."""
    side = MeterVersion.tenant_id == VENDOR_ID if vendor else MeterVersion.tenant_id != VENDOR_ID
    query = select(MeterVersion.id).where(side, MeterVersion.key == key).limit(1)
    return session.execute(query).scalar_one_or_none() is not None


def longest_of(session: Session, tenant_id: UUID) -> dict[str, int]:
    """Return, by type of event, for how many seconds back an event may close something of a custom meter."""
    longest: dict[str, int] = {}
    for found in custom_meters(session, tenant_id):
        definition = found.meter.definition
        for event_type in definition.closed_by:
            longest[event_type] = max(longest.get(event_type, 0), definition.longest_s or 0)
    return longest


def custom_types(session: Session, tenant_id: UUID) -> frozenset[str]:
    """Return the types of events that the tenant's custom meters and the vendor's are about."""
    found = [Extractor(one.meter.definition).types for one in custom_meters(session, tenant_id)]
    return frozenset().union(*found)


def is_backfilled(session: Session, tenant_id: UUID, meter_id: UUID) -> bool:
    """Tell whether every fact of the tenant that the meter is about has its row of values."""
    query = select(MeterBackfill.finished_at).where(
        MeterBackfill.tenant_id == tenant_id, MeterBackfill.meter_id == meter_id
    )
    return session.execute(query).scalar_one_or_none() is not None


def backfill_of(session: Session, tenant_id: UUID, meter_id: UUID, *, lock: bool = False) -> BackfillView | None:
    """Return how far a backfill is; None where it has not begun. `lock` holds it until the transaction ends."""
    query = select(MeterBackfill).where(MeterBackfill.tenant_id == tenant_id, MeterBackfill.meter_id == meter_id)
    query = query.execution_options(populate_existing=True)
    row = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if row is None:
        return None
    return BackfillView(
        row.meter_id, row.after_key, row.looked_at, row.found, row.total, row.started_at, row.updated_at,
        row.finished_at,
    )  # fmt: skip


def facts_of_types(session: Session, tenant_id: UUID, types: frozenset[str]) -> int:
    """Return how many facts of these types there are."""
    symbols = select(Symbol.id).where(
        Symbol.tenant_id == tenant_id, Symbol.kind == "type", Symbol.value.in_(sorted(types))
    )
    query = select(func.count()).select_from(Fact).where(Fact.tenant_id == tenant_id, Fact.type_id.in_(symbols))
    return session.execute(query).scalar_one()


def unfinished_backfills(session: Session, tenants: tuple[UUID, ...]) -> Iterator[tuple[UUID, UUID]]:
    """Yield (tenant, meter) of every backfill that is not finished; a steward's read."""
    done = {
        (tenant_id, meter_id)
        for tenant_id, meter_id in session.execute(
            select(MeterBackfill.tenant_id, MeterBackfill.meter_id).where(MeterBackfill.finished_at.is_not(None))
        )
    }
    meters = session.execute(
        select(MeterVersion.tenant_id, MeterVersion.id).order_by(MeterVersion.created_at, MeterVersion.id)
    ).all()
    for owner, meter_id in meters:
        for tenant_id in tenants if owner == VENDOR_ID else (owner,):
            if (tenant_id, meter_id) not in done:
                yield tenant_id, meter_id
