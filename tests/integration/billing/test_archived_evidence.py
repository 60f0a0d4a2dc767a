"""A bill's list of who was counted is made anew from archived files, byte by byte."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace as changed

from app.archiving import settled_until, verify_month
from billing.history import LOOK_BACK
from core.clock import utc_now
from core.db import Database
from core.periods import month_period
from metering.actions.archive_month import archive_month
from plans.documents import PlanDocument
from plans.rating.stretches import measured_from
from plans.terms import Commitment
from tests.builders.bill import ACTIVE, CURRENCIES, Books
from tests.builders.world import World

LEAST = Commitment(key="least", name="Least", amounts=dict.fromkeys(CURRENCIES, Decimal(1)), months=60)
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


@pytest.mark.parametrize(
    ("document", "since"),
    [
        ({"interval_months": 36}, datetime(2023, 1, 1, tzinfo=UTC)),
        ({"charges": (changed(ACTIVE, interval_months=48),)}, datetime(2022, 1, 1, tzinfo=UTC)),
        ({"commitments": (LEAST,)}, datetime(2021, 1, 1, tzinfo=UTC)),
        ({"charges": (changed(ACTIVE, included=Decimal(2), rollover_months=1),)}, datetime(2020, 6, 1, tzinfo=UTC)),
        ({}, datetime(2024, 1, 15, tzinfo=UTC)),
    ],
    ids=["a plan", "a charge", "a term", "a bank", "months"],
)
def test_what_may_be_measured_for_years_is_kept_for_them(books, world, database_url, document, since):
    tenant = world.tenant(time_zone="UTC")
    books.publish("long", PlanDocument(**{"charges": (ACTIVE,)} | document))
    held = books.subscribe(tenant, "long", starts_on=date(2020, 6, 1))
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("update billing_period set closed_at = ends_at")

    # Anchored on 1 January 2026: what holds 15 January 2024 may be billed anew, from where it began.
    assert measured_from(held, datetime(2024, 1, 15, tzinfo=UTC)) == since
    settled = settled_until(books.db, tenant)
    assert settled <= measured_from(held, utc_now() - LOOK_BACK) - timedelta(days=366)
