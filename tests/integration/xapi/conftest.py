"""One database for all tests of xAPI: each test has a tenant of its own."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.asgi import create_app
from core.db import Database
from core.ids import new_id
from tenants.reads import TenantView
from tests.builders.world import World
from tests.builders.xapi import Lrs
from tests.server import fresh_database

Client = TestClient[Litestar]


@pytest.fixture(scope="session")
def shared(admin_url: str) -> Iterator[tuple[Client, World]]:
    with fresh_database(admin_url) as url:
        database = Database(url)
        with TestClient(create_app(database)) as client:
            yield client, World(database)
        database.dispose()


@pytest.fixture
def world(shared: tuple[Client, World]) -> World:
    return shared[1]


@pytest.fixture
def client(shared: tuple[Client, World]) -> Client:
    return shared[0]


@pytest.fixture
def tenant(world: World) -> TenantView:
    return world.tenant(f"t-{new_id().hex}")


@pytest.fixture
def lrs(client: Client, world: World, tenant: TenantView) -> Lrs:
    return Lrs(client, world.key("tenant_admin", tenant))
