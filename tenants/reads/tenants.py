"""Tenants, legal entities and test clocks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.db import driver_text
from core.errors import NotFound
from core.lists import any_of
from core.periods import zone
from tenants.errors import TenantUnknown
from tenants.models import LegalEntity, Tenant, TestClock

__all__ = (
    "LegalEntityView",
    "TenantView",
    "ask_tenant",
    "clock_now",
    "find_tenant",
    "get_legal_entity",
    "get_tenant",
    "legal_entities",
    "list_tenants",
    "tenant_now",
    "tenants_now",
    "tenants_on_clock",
)


@dataclass(frozen=True, slots=True)
class TenantView:
    """One customer organisation, as the rest of the product sees it."""

    id: UUID
    slug: str
    name: str
    status: str
    legal_entity_id: UUID
    parent_id: UUID | None
    bill_to_parent: bool
    time_zone: str
    currency: str
    country: str
    billing_name: str
    billing_address: str
    tax_id: str
    tax_treatment: str
    purchase_order: str
    payment_terms_days: int
    grace_hours: int
    holidays: frozenset[date]
    test_clock_id: UUID | None

    @property
    def tz(self) -> ZoneInfo:
        """The zone in which days, months and periods are cut."""
        return zone(self.time_zone)

    @property
    def payer_id(self) -> UUID:
        """Who receives the invoice: the paying parent, else the tenant itself."""
        return self.parent_id if self.bill_to_parent and self.parent_id else self.id


@dataclass(frozen=True, slots=True)
class LegalEntityView:
    """A company of the vendor that issues invoices."""

    id: UUID
    key: str
    name: str
    address: str
    country: str
    tax_id: str
    base_currency: str
    number_prefix: str
    iban: str


_TENANT = (
    Tenant.id,
    Tenant.slug,
    Tenant.name,
    Tenant.status,
    Tenant.legal_entity_id,
    Tenant.parent_id,
    Tenant.bill_to_parent,
    Tenant.time_zone,
    Tenant.currency,
    Tenant.country,
    Tenant.billing_name,
    Tenant.billing_address,
    Tenant.tax_id,
    Tenant.tax_treatment,
    Tenant.purchase_order,
    Tenant.payment_terms_days,
    Tenant.grace_hours,
    Tenant.holidays,
    Tenant.test_clock_id,
)
_ENTITY = (
    LegalEntity.id,
    LegalEntity.key,
    LegalEntity.name,
    LegalEntity.address,
    LegalEntity.country,
    LegalEntity.tax_id,
    LegalEntity.base_currency,
    LegalEntity.number_prefix,
    LegalEntity.iban,
)


def _tenant_views(session: Session, query: Select[tuple[object, ...]]) -> tuple[TenantView, ...]:
    return tuple(_tenant_view(row) for row in session.execute(query))


def _tenant_view(row: Sequence[Any]) -> TenantView:
    fields = dict(zip((column.key for column in _TENANT), row, strict=True))
    fields["holidays"] = frozenset(date.fromisoformat(day) for day in fields["holidays"])
    return TenantView(**fields)


def get_tenant(session: Session, tenant_id: UUID) -> TenantView:
    """Return the tenant.

    Raises:
        TenantUnknown: there is none of that id (`tenant_unknown`).
    """
    found = _tenant_views(session, select(*_TENANT).where(Tenant.id == tenant_id))
    if not found:
        raise TenantUnknown(tenant_id)
    return found[0]


def find_tenant(session: Session, key: str) -> TenantView:
    """Return the tenant of that id or slug.

    Raises:
        TenantUnknown: there is none (`tenant_unknown`).
    """
    try:
        return get_tenant(session, UUID(key))
    except ValueError:
        found = _tenant_views(session, select(*_TENANT).where(Tenant.slug == key))
    if not found:
        raise TenantUnknown(key)
    return found[0]


_BY_ID = driver_text(select(*_TENANT).where(Tenant.id == bindparam("key")))
_BY_SLUG = driver_text(select(*_TENANT).where(Tenant.slug == bindparam("key")))


async def ask_tenant(connection: AsyncConnection[Any], key: str | UUID) -> TenantView:
    """Return what `get_tenant` and `find_tenant` do, in the event loop.

    Raises:
        TenantUnknown: there is none (`tenant_unknown`).
    """
    try:
        cursor = await connection.execute(_BY_ID, {"key": UUID(str(key))})
    except ValueError:
        cursor = await connection.execute(_BY_SLUG, {"key": key})
    row = await cursor.fetchone()
    if row is None:
        raise TenantUnknown(key)
    return _tenant_view(row)


def list_tenants(session: Session, parent_id: UUID | None = None) -> tuple[TenantView, ...]:
    """Return all tenants by slug, or the children of one parent."""
    query = select(*_TENANT).order_by(Tenant.slug)
    if parent_id is not None:
        query = query.where(Tenant.parent_id == parent_id)
    return _tenant_views(session, query)


def tenants_on_clock(session: Session, clock_id: UUID) -> tuple[TenantView, ...]:
    """Return the sandbox tenants whose time this clock tells, by slug."""
    return _tenant_views(session, select(*_TENANT).where(Tenant.test_clock_id == clock_id).order_by(Tenant.slug))


def get_legal_entity(session: Session, entity_id: UUID) -> LegalEntityView:
    """Return one of the vendor's companies.

    Raises:
        NotFound: there is none of that id.
    """
    row = session.execute(select(*_ENTITY).where(LegalEntity.id == entity_id)).one_or_none()
    if row is None:
        raise NotFound("legal entity", entity_id)
    return LegalEntityView(*row)


def legal_entities(session: Session) -> tuple[LegalEntityView, ...]:
    """Return the vendor's companies by key."""
    return tuple(LegalEntityView(*row) for row in session.execute(select(*_ENTITY).order_by(LegalEntity.key)))


def clock_now(session: Session, clock_id: UUID) -> datetime:
    """Return a test clock's time.

    Raises:
        NotFound: there is no such clock.
    """
    now = session.execute(select(TestClock.now_at).where(TestClock.id == clock_id)).scalar_one_or_none()
    if now is None:
        raise NotFound("test clock", clock_id)
    return now


def tenant_now(session: Session, tenant: TenantView) -> datetime:
    """Return what time it is for a tenant: its test clock's, else the service's."""
    return clock_now(session, tenant.test_clock_id) if tenant.test_clock_id else utc_now()


def tenants_now(session: Session, tenant_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return what time it is for each of these tenants; those in real time share one reading of the clock."""
    now, clock = utc_now(), TestClock.id == Tenant.test_clock_id
    query = select(Tenant.id, TestClock.now_at).outerjoin(TestClock, clock).where(any_of(Tenant.id, tenant_ids))
    return {tenant_id: now_at or now for tenant_id, now_at in session.execute(query).tuples()}
