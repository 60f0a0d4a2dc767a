"""The demo's companies, tenants, people and cost centres, through the actions that customers' calls use."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.demo.people import DemoPerson, Placement, Population
from app.demo.specs import CustomerSpec
from app.demo.steps import ACTOR, note_step
from app.demo.world import Customer, World
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from tenants.actions.create_legal_entity import LegalEntityInput, create_legal_entity
from tenants.actions.create_tenant import TenantInput, create_tenant
from tenants.actions.import_people import (
    AssignmentInput,
    CostCentreInput,
    PersonInput,
    import_assignments,
    import_cost_centres,
    import_people,
)
from tenants.reads import TenantView, legal_entities, list_tenants

__all__ = ("create_customers", "import_organisation", "report_moves")

HISTORIC_GRACE_HOURS = 72


def create_customers(db: Database, world: World, now: datetime) -> dict[str, TenantView]:
    """Create the vendor's companies and its customers where they are missing; return the tenants by slug."""
    with db.begin(TenantScope(VENDOR_ID)) as session:
        entities = {entity.key: entity.id for entity in legal_entities(session)}
        for spec in world.entities:
            if spec.key not in entities:
                fields = {name: getattr(spec, name) for name in LegalEntityInput.__slots__}
                entities[spec.key] = create_legal_entity(session, LegalEntityInput(**fields)).id
        tenants = {tenant.slug: tenant for tenant in list_tenants(session)}
        for customer in world.customers:
            if customer.slug not in tenants:
                parent = tenants[customer.spec.parent].id if customer.spec.parent else None
                wanted = _tenant_input(customer, entities[customer.spec.entity], parent)
                tenants[customer.slug] = create_tenant(session, wanted, ACTOR, now)
    return {customer.slug: tenants[customer.slug] for customer in world.customers}


def _tenant_input(customer: Customer, entity_id: UUID, parent_id: UUID | None) -> TenantInput:
    spec: CustomerSpec = customer.spec
    return TenantInput(
        slug=spec.slug,
        name=spec.name,
        legal_entity_id=entity_id,
        time_zone=spec.time_zone,
        currency=spec.currency,
        country=spec.country,
        billing_name=spec.name,
        billing_address=spec.address,
        tax_id=spec.tax_id,
        tax_treatment=spec.tax_treatment,
        purchase_order=spec.purchase_order,
        grace_hours=HISTORIC_GRACE_HOURS,
        holidays=customer.holidays,
        parent_id=parent_id,
        bill_to_parent=parent_id is not None,
    )


def import_organisation(db: Database, customer: Customer, tenant: TenantView, who: Population) -> int:
    """Import cost centres, people and first placements in one transaction; return the number of people."""
    imported = [person for person in who.people if person.imported]
    founded = customer.months[0] - timedelta(days=800)
    recorded_at = datetime.fromtimestamp(customer.edges_ms[0] // 1000, UTC) - timedelta(days=1)
    with db.begin(TenantScope(tenant.id)) as session:
        import_cost_centres(session, tenant.id, list(_centres(customer.spec, founded)), ACTOR)
        import_people(session, tenant.id, [_person(person) for person in imported], ACTOR, recorded_at)
        placements = [_assignment(placement) for placement in who.placements if placement.report == 0]
        import_assignments(session, tenant.id, placements, ACTOR, recorded_at)
        note_step(session, tenant.id, "organisation")
    return len(imported)


def report_moves(db: Database, tenant: TenantView, placements: list[Placement], step: str, now: datetime) -> None:
    """Import the moves that were reported later, as HR does: with the dates from which they hold."""
    with db.begin(TenantScope(tenant.id)) as session:
        import_assignments(session, tenant.id, [_assignment(placement) for placement in placements], ACTOR, now)
        note_step(session, tenant.id, step)


def _centres(spec: CustomerSpec, founded: date) -> Iterator[CostCentreInput]:
    for centre in spec.centres:
        yield CostCentreInput(centre.code, centre.name, founded, centre.parent)


def _person(person: DemoPerson) -> PersonInput:
    since = datetime.fromtimestamp(person.joined_ms / 1000, UTC)
    return PersonInput(person.key, since, person.name, person.email, person.person_class, person.audience)


def _assignment(placement: Placement) -> AssignmentInput:
    shares = tuple((code, Decimal(weight)) for code, weight in placement.shares)
    return AssignmentInput(placement.person_key, placement.valid_from, shares)
