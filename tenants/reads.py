"""Selects about who; they return frozen values."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import NotFound
from core.periods import zone
from tenants.attribution import AssignmentRow, Attribution
from tenants.errors import TenantUnknown
from tenants.models import (
    Assignment,
    CostCentre,
    IdentityKey,
    IdentityLink,
    LegalEntity,
    Person,
    PersonTrait,
    Tenant,
    TestClock,
)
from tenants.people import IdentityRow, People, TraitRow

__all__ = (
    "CostCentreView",
    "LegalEntityView",
    "PersonView",
    "TenantView",
    "attribution",
    "clock_now",
    "cost_centres",
    "find_tenant",
    "get_legal_entity",
    "get_tenant",
    "legal_entities",
    "list_tenants",
    "people",
    "people_page",
    "tenant_now",
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


@dataclass(frozen=True, slots=True)
class CostCentreView:
    """A node of the organisation tree on some day."""

    code: str
    name: str
    parent_code: str | None
    headcount: int | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person with personal data: for the customer's own administrators only."""

    id: UUID
    external_id: str | None
    name: str
    email: str
    active_from: datetime
    active_to: datetime | None


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
    views = []
    for row in session.execute(query):
        fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a mapping
        fields["holidays"] = frozenset(date.fromisoformat(day) for day in fields["holidays"])
        views.append(TenantView(**fields))
    return tuple(views)


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


def people(session: Session, tenant_id: UUID, as_of: datetime | None = None) -> People:
    """Return the tenant's people as known at `as_of` (inclusive), or now.

    Identities made later are still known by whom they were made for: which facts are seen is the
    caller's cut.
    """
    latest = (
        select(
            IdentityLink.identity_id,
            IdentityLink.person_id,
            func.row_number()
            .over(partition_by=IdentityLink.identity_id, order_by=IdentityLink.recorded_at.desc())
            .label("rank"),
        )
        .where(IdentityLink.tenant_id == tenant_id)
        .where(IdentityLink.recorded_at <= as_of if as_of is not None else True)  # type: ignore[arg-type]
        .subquery()
    )
    rows = session.execute(
        select(
            IdentityKey.id,
            IdentityKey.home_person_id,
            func.coalesce(latest.c.person_id, IdentityKey.home_person_id),
        )
        .outerjoin(latest, and_(latest.c.identity_id == IdentityKey.id, latest.c.rank == 1))
        .where(IdentityKey.tenant_id == tenant_id)
    )
    traits = session.execute(
        select(
            PersonTrait.identity_id,
            PersonTrait.trait,
            PersonTrait.valid_from,
            PersonTrait.event_key,
            PersonTrait.value,
        ).where(PersonTrait.tenant_id == tenant_id)
    )
    left = session.execute(
        select(Person.id, Person.active_to).where(Person.tenant_id == tenant_id, Person.active_to.is_not(None))
    )
    return People(
        (IdentityRow(*row) for row in rows),
        (TraitRow(*row) for row in traits),
        {person_id: at for person_id, at in left if at is not None},
    )


def attribution(session: Session, tenant_id: UUID, as_of: datetime | None = None) -> Attribution:
    """Return the assignments recorded up to `as_of` (inclusive), or all."""
    query = select(
        Assignment.person_id,
        Assignment.valid_from,
        Assignment.recorded_at,
        Assignment.cost_centre,
        Assignment.weight,
    ).where(Assignment.tenant_id == tenant_id)
    if as_of is not None:
        query = query.where(Assignment.recorded_at <= as_of)
    return Attribution(AssignmentRow(*row) for row in session.execute(query))


def cost_centres(session: Session, tenant_id: UUID, day: date) -> tuple[CostCentreView, ...]:
    """Return the tree's nodes that exist on that local day, by code."""
    rows = session.execute(
        select(
            CostCentre.code,
            CostCentre.name,
            CostCentre.parent_code,
            CostCentre.headcount,
            CostCentre.valid_from,
            CostCentre.valid_to,
        )
        .where(
            CostCentre.tenant_id == tenant_id,
            CostCentre.valid_from <= day,
            or_(CostCentre.valid_to.is_(None), CostCentre.valid_to > day),
        )
        .order_by(CostCentre.code)
    )
    return tuple(CostCentreView(*row) for row in rows)


def people_page(
    session: Session, tenant_id: UUID, *, search: str = "", after: UUID | None = None, limit: int = 50
) -> tuple[PersonView, ...]:
    """Return people whose name, e-mail or external id contains `search`, by id, after a cursor."""
    query = (
        select(Person.id, Person.external_id, Person.name, Person.email, Person.active_from, Person.active_to)
        .where(Person.tenant_id == tenant_id)
        .order_by(Person.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Person.id > after)
    if search:
        pattern = f"%{search.replace('%', '').replace('_', '')}%"
        query = query.where(
            or_(Person.name.ilike(pattern), Person.email.ilike(pattern), Person.external_id.ilike(pattern))
        )
    return tuple(PersonView(*row) for row in session.execute(query))
