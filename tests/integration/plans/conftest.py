"""The shipped catalogue, a tenant that can have its plans, and a session in the tenant's scope."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tenants.reads import TenantView
from tests.builders.world import World


@pytest.fixture
def tenant(db: Database, world: World) -> TenantView:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))
    return world.tenant()


@pytest.fixture
def session(db: Database, tenant: TenantView) -> Iterator[Session]:
    with db.begin(TenantScope(tenant.id)) as session:
        yield session
