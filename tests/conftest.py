"""Fixtures of all tests: a real database per test, cloned from a migrated template."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 32)
os.environ.setdefault("BROKER_URL", "memory://")

from litestar import Litestar
from litestar.datastructures import State
from litestar.testing import TestClient

from app.asgi import create_app
from core.db import Database
from tests.builders.world import World
from tests.server import drop_spare_databases, fresh_database, postgres

# On a busy machine generating examples takes longer than Hypothesis thinks healthy; nothing timed decides a test.
settings.register_profile("tollbook", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tollbook")


@pytest.fixture(scope="session")
def admin_url() -> Iterator[str]:
    with postgres() as url:
        yield url
        drop_spare_databases(url)


@pytest.fixture
def database_url(admin_url: str) -> Iterator[str]:
    with fresh_database(admin_url) as url:
        yield url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


@pytest.fixture(scope="session")
def application() -> Litestar:
    """The routes, which take longer to build than most tests to run; `client` gives them a database."""
    return create_app(Database("postgresql://nobody@127.0.0.1:1/none"))


@pytest.fixture
def client(application: Litestar, db: Database) -> Iterator[TestClient[Litestar]]:
    application.state = State({"database": db, "secure_cookies": False})
    with TestClient(application) as client:
        yield client
