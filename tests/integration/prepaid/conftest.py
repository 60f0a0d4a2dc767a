"""A vendor with one plan, and a customer with three active people in October."""

from datetime import date

import pytest

from core.db import Database
from tenants.reads import TenantView
from tests.builders.bill import ACTIVE, Books
from tests.builders.credits import BOUGHT, NOVEMBER
from tests.builders.world import World


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, BOUGHT)
    books.plan("small", ACTIVE)
    return books


@pytest.fixture
def acme(books: Books, world: World) -> TenantView:
    """October: three active people, 12.60."""
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"), now=NOVEMBER)
    return acme
