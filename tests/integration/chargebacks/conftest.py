"""The customer that is charged back."""

import pytest

from tenants.reads import TenantView
from tests.builders.world import World


@pytest.fixture
def acme(world: World) -> TenantView:
    """Three cost centres; 1 person in A, 2 in B, none in C."""
    tenant = world.tenant()
    world.people(tenant, "ann", "bob", "cyd")
    world.cost_centres(tenant, "A", "B", "C")
    world.assign(tenant, "ann", A=1)
    world.assign(tenant, "bob", B=1)
    world.assign(tenant, "cyd", B=1)
    return tenant
