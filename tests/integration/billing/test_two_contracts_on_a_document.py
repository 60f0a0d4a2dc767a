"""A contract that stands on a document for another one's sake is changed as the period begins: its new fee is due."""

from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec.structs import replace as changed

from core.db import Database
from core.scope import TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from tests.builders.bill import FEE, Books, price
from tests.builders.world import ACTOR, World

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
LATE_FEE = changed(FEE, in_advance=False, interval_months=3, prices=price(amount=Decimal(90)))


def test_a_fee_that_comes_with_the_first_instant_of_a_billed_period_is_billed(db: Database, world: World):
    books = Books(db, world, datetime(2026, 1, 1, tzinfo=UTC))
    books.plan("ahead", FEE)
    books.plan("behind", LATE_FEE)
    acme = world.tenant(time_zone="UTC", grace_hours=0)
    books.subscribe(acme, "ahead", date(2026, 1, 1))
    held = books.subscribe(acme, "behind", date(2026, 1, 1))
    # February's fee of the one; the other stands on the document without a line.
    books.run(FEBRUARY)
    with db.begin(TenantScope(acme.id)) as session:
        change_subscription(session, ChangeInput(acme.id, held.id, ACTOR, plan_key="ahead"), FEBRUARY)

    books.run("2026-03-01T00:00:00+00:00")

    told = [
        (line.period.starts_at.month, line.charge_key, line.kind, line.amount.text())
        for one in books.invoices(acme)
        for line in one.lines
        if line.subscription_id == held.id
    ]
    # A third of the quarter's 90 (31 of 90 days), February's fee a month late, March's in time.
    assert sorted(told) == [
        (1, "fee", "usage", "31.00"), (2, "fee", "advance", "100.00"), (3, "fee", "advance", "100.00"),
    ]  # fmt: skip
