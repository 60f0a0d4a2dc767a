"""The API of who."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import NotFound
from tenants.actions.change_tenant import change_tenant, particulars_of
from tenants.actions.create_legal_entity import LegalEntityInput, create_legal_entity
from tenants.actions.create_tenant import TenantInput
from tenants.actions.import_organisation import import_centres_csv, import_people_csv
from tenants.actions.import_people import (
    AssignmentInput,
    CostCentreInput,
    PersonInput,
    import_assignments,
    import_cost_centres,
    import_people,
)
from tenants.actions.invite_user import AdminInput
from tenants.actions.take_on_customer import take_on_customer
from tenants.api.erasure import ErasureController
from tenants.api.keys import KeyController
from tenants.api.leaving import LeavingController
from tenants.api.person import PersonController
from tenants.principal import Principal, require
from tenants.reads import (
    TenantView,
    all_cost_centres,
    audit_page,
    find_tenant,
    legal_entities,
    list_tenants,
    people_page,
    tenant_now,
)
from tenants.roles import Permission
from tenants.schemas import (
    AssignmentBody,
    Audit,
    CostCentreBody,
    Imported,
    LegalEntityAnswer,
    LegalEntityBody,
    Me,
    OrganisationAnswer,
    Page,
    ParticularsBody,
    PersonAnswer,
    PersonBody,
    TenantAnswer,
    TenantBody,
)

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class AccessController(Controller):
    """Who is asking, and the audit trail."""

    path = "/v1"
    tags = ("access",)

    @get("/me", sync_to_thread=False)
    def me(self, principal: Principal) -> Me:
        """Say whom this key acts for."""
        return Me.of(principal)

    @get("/audit", sync_to_thread=True)
    def audit(self, principal: Principal, session: Session, cursor: UUID | None = None, limit: Limit = 50) -> Page:
        """List the acting tenant's audit trail, newest first."""
        require(principal, Permission.AUDIT_READ)
        lines = audit_page(session, session.info["scope"].tenant_id, before=cursor, limit=limit)
        return Page([Audit.of(line) for line in lines], str(lines[-1].id) if len(lines) == limit else None)


class TenantController(Controller):
    """Customers and legal entities: the vendor's."""

    path = "/v1"
    tags = ("tenants",)

    @get("/legal-entities", sync_to_thread=True)
    def entities(self, principal: Principal, session: Session) -> list[LegalEntityAnswer]:
        """List the companies that issue invoices."""
        require(principal, Permission.TENANTS_READ)
        return [LegalEntityAnswer.of(entity) for entity in legal_entities(session)]

    @post("/legal-entities", sync_to_thread=True)
    def add_entity(self, principal: Principal, session: Session, data: LegalEntityBody) -> LegalEntityAnswer:
        """Set up a company that issues invoices."""
        require(principal, Permission.TENANTS_WRITE)
        given = LegalEntityInput(**{name: getattr(data, name) for name in LegalEntityInput.__slots__})
        return LegalEntityAnswer.of(create_legal_entity(session, given))

    @get("/tenants", sync_to_thread=True)
    def tenants(self, principal: Principal, session: Session) -> Page:
        """List the customers by slug."""
        require(principal, Permission.TENANTS_READ)
        return Page([TenantAnswer.of(tenant) for tenant in list_tenants(session)], None)

    @get("/tenants/{key:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, key: str) -> TenantAnswer:
        """Show a customer by id or slug."""
        require(principal, Permission.TENANTS_READ)
        return TenantAnswer.of(find_tenant(session, key))

    @post("/tenants", sync_to_thread=True)
    def add(self, principal: Principal, session: Session, data: TenantBody) -> TenantAnswer:
        """Take on a customer, in real time or on a test clock, and invite its first administrator."""
        _may_keep_customers(principal)
        entity = next((entity for entity in legal_entities(session) if entity.key == data.legal_entity), None)
        if entity is None:
            raise NotFound("legal entity", data.legal_entity)
        given = TenantInput(
            legal_entity_id=entity.id,
            parent_id=find_tenant(session, data.parent).id if data.parent else None,
            holidays=tuple(data.holidays),
            test_clock_id=data.test_clock,
            **{name: getattr(data, name) for name in _PLAIN},
        )
        admin = AdminInput(data.admin.email, data.admin.name, data.admin.language) if data.admin else None
        return TenantAnswer.of(take_on_customer(session, given, admin, principal.actor, utc_now()))

    @patch("/tenants/{key:str}", sync_to_thread=True)
    def change(self, principal: Principal, session: Session, key: str, data: ParticularsBody) -> TenantAnswer:
        """Change how a customer is called, and how its invoices are made out: those that are issued from now on."""
        _may_keep_customers(principal)
        known = find_tenant(session, key)
        return TenantAnswer.of(change_tenant(session, known.id, data.over(particulars_of(known)), principal.actor))


def _may_keep_customers(principal: Principal) -> None:
    """Whoever may write all of who may keep customers too."""
    if not principal.may(Permission.TENANTS_WRITE):
        require(principal, Permission.CUSTOMERS_WRITE)


_PLAIN = (
    "slug", "name", "time_zone", "currency", "country", "billing_name", "billing_address", "tax_id",
    "tax_treatment", "purchase_order", "payment_terms_days", "grace_hours", "bill_to_parent",
)  # fmt: skip


class PeopleController(Controller):
    """People, cost centres and who carries whom."""

    path = "/v1"
    tags = ("people",)

    @get("/people", sync_to_thread=True)
    def people(
        self, principal: Principal, session: Session, tenant: TenantView,
        search: str = "", cursor: UUID | None = None, limit: Limit = 50,
    ) -> Page:  # fmt: skip
        """List people by id; `search` looks into name, e-mail and key."""
        require(principal, Permission.PEOPLE_READ)
        found = people_page(session, tenant.id, search=search, after=cursor, limit=limit)
        return Page([PersonAnswer.of(person) for person in found], str(found[-1].id) if len(found) == limit else None)

    @post("/people", sync_to_thread=True)
    def add_people(
        self, principal: Principal, session: Session, tenant: TenantView, data: list[PersonBody]
    ) -> Imported:
        """Create people that are not known yet."""
        require(principal, Permission.PEOPLE_WRITE)
        given = [PersonInput(p.key, p.active_from, p.name, p.email, p.person_class, p.audience) for p in data]
        import_people(session, tenant.id, given, principal.actor, tenant_now(session, tenant))
        return Imported(len(data))

    @post("/people/csv", sync_to_thread=True, status_code=200)
    def people_file(
        self, principal: Principal, session: Session, tenant: TenantView, body: bytes, dry_run: bool = False
    ) -> OrganisationAnswer:  # fmt: skip
        """Bring in people and who carries them from CSV: all of the file, or nothing with each bad row named."""
        require(principal, Permission.PEOPLE_WRITE)
        now = tenant_now(session, tenant)
        done = import_people_csv(session, tenant, body, principal.actor, now, dry_run=dry_run)
        return OrganisationAnswer.of(done)

    @post("/cost-centres/csv", sync_to_thread=True, status_code=200)
    def centres_file(
        self, principal: Principal, session: Session, tenant: TenantView, body: bytes, dry_run: bool = False
    ) -> OrganisationAnswer:  # fmt: skip
        """Bring in cost centres from CSV: all of the file, or nothing with each bad row named."""
        require(principal, Permission.PEOPLE_WRITE)
        done = import_centres_csv(session, tenant, body, principal.actor, dry_run=dry_run)
        return OrganisationAnswer.of(done)

    @get("/cost-centres", sync_to_thread=True)
    def centres(self, principal: Principal, session: Session, tenant: TenantView) -> Page:
        """List the organisation tree with the dates for which each node holds."""
        require(principal, Permission.PEOPLE_READ)
        return Page([CostCentreBody.of(centre) for centre in all_cost_centres(session, tenant.id)], None)

    @put("/cost-centres", sync_to_thread=True)
    def put_centres(
        self, principal: Principal, session: Session, tenant: TenantView, data: list[CostCentreBody]
    ) -> Imported:
        """Create or change nodes of the tree."""
        require(principal, Permission.PEOPLE_WRITE)
        given = [CostCentreInput(c.code, c.name, c.valid_from, c.parent_code, c.valid_to, c.headcount) for c in data]
        import_cost_centres(session, tenant.id, given, principal.actor)
        return Imported(len(data))

    @post("/assignments", sync_to_thread=True)
    def assign(
        self, principal: Principal, session: Session, tenant: TenantView, data: list[AssignmentBody]
    ) -> Imported:
        """Record which cost centres carry people, from which day on."""
        require(principal, Permission.PEOPLE_WRITE)
        given = [AssignmentInput(a.key, a.valid_from, tuple(a.shares.items()), a.valid_to) for a in data]
        import_assignments(session, tenant.id, given, principal.actor, tenant_now(session, tenant))
        return Imported(len(data))


route_handlers = (
    AccessController, KeyController, TenantController, PeopleController, LeavingController,
    ErasureController, PersonController,
)  # fmt: skip
