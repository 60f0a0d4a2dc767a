"""A small world through the product's own actions: a legal entity, tenants, users, keys."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from tenants.actions.create_legal_entity import LegalEntityInput, create_legal_entity
from tenants.actions.create_tenant import TenantInput, create_tenant
from tenants.actions.create_user import KeyInput, UserInput, create_api_key, create_user
from tenants.actions.import_people import (
    AssignmentInput,
    CostCentreInput,
    PersonInput,
    import_assignments,
    import_cost_centres,
    import_people,
)
from tenants.reads import LegalEntityView, TenantView, legal_entities

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ACTOR = "system:tests"


@dataclass
class World:
    db: Database
    entities: dict[str, LegalEntityView] = field(default_factory=dict)

    def entity(self, key: str = "eu", currency: str = "EUR", country: str = "DE") -> LegalEntityView:
        if key not in self.entities:
            with self.db.begin(TenantScope(VENDOR_ID)) as session:
                self.entities = {entity.key: entity for entity in legal_entities(session)}
            if key in self.entities:
                return self.entities[key]
            with self.db.begin(TenantScope(VENDOR_ID)) as session:
                self.entities[key] = create_legal_entity(
                    session,
                    LegalEntityInput(
                        key,
                        f"Suite {key.upper()}",
                        "1 Main Street",
                        country,
                        f"{country}123456789",
                        currency,
                        key.upper(),
                    ),
                )
        return self.entities[key]

    def tenant(self, slug: str = "acme", **changes: Any) -> TenantView:
        fields: dict[str, Any] = {
            "slug": slug,
            "name": slug.title(),
            "legal_entity_id": self.entity().id,
            "time_zone": "Europe/Berlin",
            "currency": "EUR",
            "country": "DE",
            "billing_name": f"{slug.title()} GmbH",
            "billing_address": "2 Side Street",
            "tax_id": "DE987654321",
        } | changes
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            return create_tenant(session, TenantInput(**fields), ACTOR, LONG_AGO)

    def key(
        self,
        role: str = "tenant_admin",
        tenant: TenantView | None = None,
        *,
        cost_centre: str | None = None,
        name: str = "",
    ) -> str:
        """Create a user of that role and return the token of a key."""
        tenant_id = tenant.id if tenant else None
        with self.db.begin(TenantScope(tenant_id or VENDOR_ID)) as session:
            local = name or role
            email = f"{local}@{tenant.slug if tenant else 'vendor'}.example"
            user = create_user(
                session, UserInput(email, local, role, tenant_id, cost_centre, "correct horse battery"), ACTOR, LONG_AGO
            )
            return create_api_key(session, KeyInput(user, role, "test"), ACTOR, LONG_AGO).token

    def people(
        self, tenant: TenantView, *keys: str, active_from: datetime = LONG_AGO, **changes: Any
    ) -> dict[str, UUID]:
        with self.db.begin(TenantScope(tenant.id)) as session:
            return import_people(
                session, tenant.id, [PersonInput(key, active_from, **changes) for key in keys], ACTOR, LONG_AGO
            )

    def cost_centres(self, tenant: TenantView, *codes: str, valid_from: date = date(2020, 1, 1)) -> None:
        with self.db.begin(TenantScope(tenant.id)) as session:
            import_cost_centres(
                session, tenant.id, [CostCentreInput(code, code.title(), valid_from) for code in codes], ACTOR
            )

    def assign(
        self,
        tenant: TenantView,
        key: str,
        *,
        valid_from: date = date(2020, 1, 1),
        recorded_at: datetime = LONG_AGO,
        **shares: int,
    ) -> None:
        weights = tuple((code, Decimal(weight)) for code, weight in shares.items())
        with self.db.begin(TenantScope(tenant.id)) as session:
            import_assignments(session, tenant.id, [AssignmentInput(key, valid_from, weights)], ACTOR, recorded_at)


def bearer(token: str, tenant: str | None = None, **headers: str) -> dict[str, str]:
    named = {"Tbk-Tenant": tenant} if tenant else {}
    return {"Authorization": f"Bearer {token}", **named, **headers}
