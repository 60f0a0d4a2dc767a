"""Who bills what in most tests of billing; a module that needs other plans makes its own."""

from datetime import date

import pytest

from core.db import Database
from tenants.reads import TenantView
from tests.builders.bill import ACTIVE, FEE, Books
from tests.builders.world import World


@pytest.fixture
def books(db: Database, world: World) -> Books:
    """A plan with a fee in advance of 100.00 and 4.20 for each active member."""
    books = Books(db, world)
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def acme(books: Books, world: World) -> TenantView:
    """A customer since October, in which three people were active."""
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"))
    return acme
