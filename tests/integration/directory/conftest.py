"""A customer whose directory speaks SCIM."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.builders.directory import Sender
from tests.builders.world import World


@pytest.fixture
def sender(client: TestClient[Litestar], world: World) -> Sender:
    acme = world.tenant()
    return Sender(client, world, acme, world.key("tenant_admin", acme))
