"""A bill's list of who was counted is made anew from archived files, byte by byte."""

from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from app.archiving import settled_until, verify_month
from core.db import Database
from core.periods import month_period
from metering.actions.archive_month import archive_month
from tests.builders.bill import Books
from tests.builders.world import World

FEBRUARY_RUN = datetime(2024, 3, 5, 9, tzinfo=UTC)
MARCH_RUN = datetime(2024, 4, 5, 9, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, now=datetime(2024, 2, 1, 9, tzinfo=UTC))
    books.plan()
    return books


def test_lists_of_archived_periods_come_out_the_same_and_a_forged_one_is_named(
    books: Books, world: World, tmp_path: Path, database_url: str
) -> None:
    tenant = world.tenant()
    books.subscribe(tenant, starts_on=date(2024, 2, 1))
    books.send(tenant, *books.active("2024-02-03", "ann", "bob"), *books.active("2024-02-29", "ann"), now=FEBRUARY_RUN)
    books.send(tenant, *books.starts("2024-02-06", "ann"), now=FEBRUARY_RUN)
    books.run(FEBRUARY_RUN)
    # A late one of February comes with March's bill, and March has an act of its own.
    books.send(tenant, *books.active("2024-02-20", "eve"), *books.active("2024-03-09", "bob"), now=MARCH_RUN)
    books.run(MARCH_RUN)
    february, march = (month_period(2024, number, tenant.tz) for number in (2, 3))

    for month in (february, march):
        archive_month(books.db, tenant, month, tmp_path)

    for month, lists in ((february, 2), (march, 1)):
        verified = verify_month(books.db, tenant, month, tmp_path)
        assert (verified.lists, verified.differing, verified.proof.differences) == (lists, (), ())
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("update evidence_file set sha256 = repeat('0', 64) where created_at < '2024-03-06'")
        admin.execute("update invoice_issue set evidence_files = jsonb_set(evidence_files, '{0,2}', to_jsonb(repeat('0', 64)))"
                      " where issued_on < '2024-03-06'")  # fmt: skip
    [told] = verify_month(books.db, tenant, february, tmp_path).differing
    assert "comes out otherwise" in told


def test_what_is_not_billed_holds_its_month_and_a_contract_year_before_it(books: Books, world: World) -> None:
    tenant = world.tenant()
    books.subscribe(tenant, starts_on=date(2024, 2, 1))

    # Nothing of February 2024 is billed: 1 February 2024 less 366 days is 31 January 2023.
    assert settled_until(books.db, tenant) == datetime(2023, 1, 30, 23, tzinfo=UTC)
