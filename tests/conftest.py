"""Fixtures of all tests: a real database per test, cloned from a migrated template."""

import os
from collections.abc import Iterator

import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url
from sqlalchemy.event import listen

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 32)
os.environ.setdefault("BROKER_URL", "memory://")

from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from tenants.actions import create_user
from tests.application import client_on
from tests.builders.world import World
from tests.server import drop_spare_databases, fresh_database, postgres

# On a busy machine generating examples takes longer than Hypothesis thinks healthy; nothing timed decides a test.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, so that a change fails for what it changed; `--hypothesis-profile=search` tries others.
settings.register_profile("tollbook", PATIENT, derandomize=True)
settings.register_profile("search", PATIENT, derandomize=False)
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


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash passwords as badly as the library lets: every key belongs to a user, and a good hash takes 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(create_user, "PASSWORDS", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log one line per event, as the service does: drawing a fault with its variables takes longer than the test."""
    plain = structlog.processors
    structlog.configure(processors=[plain.add_log_level, plain.format_exc_info, plain.JSONRenderer()])


@pytest.fixture(scope="session")
def engines() -> Database:
    """Engines for all tests: what they have compiled of statements is good in any database."""
    database = Database("postgresql://nobody@127.0.0.1:1/none")

    def to_this_database(_dialect: object, _record: object, _args: object, parameters: dict[str, object]) -> None:
        url = make_url(database.database_url)
        parameters |= url.translate_connect_args(username="user", database="dbname")

    for engine in (database.app, database.steward):
        listen(engine, "do_connect", to_this_database)
    return database


@pytest.fixture
def db(engines: Database, database_url: str) -> Iterator[Database]:
    engines.database_url = database_url
    yield engines
    engines.dispose()


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


@pytest.fixture
def client(db: Database) -> Iterator[TestClient[Litestar]]:
    with client_on(db) as client:
        yield client
