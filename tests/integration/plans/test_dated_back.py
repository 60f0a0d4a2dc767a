"""A change is dated back as far as nothing is billed; where something is, it is refused and says from when on."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace as changed

from core.db import Database
from core.scope import TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.open_periods import open_periods
from plans.errors import ChangeAlreadyAtThatInstant, ChangeInThePast
from plans.reads import get_subscription, periods
from plans.reads.foresight import foresee
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView, get_tenant
from tests.builders.bill import FEE, Books, lines, price
from tests.builders.world import ACTOR, World

LATE = changed(FEE, key="late", in_advance=False, prices=price(amount=Decimal(31)))


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, at(10, 1))
    books.plan("small", changed(FEE, prices=price(amount=Decimal(310))), LATE)
    return books


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant(time_zone="UTC")


@pytest.fixture
def held(books: Books, acme: TenantView) -> SubscriptionView:
    return books.subscribe(acme, starts_on=date(2026, 10, 1))


def test_a_change_within_the_running_period_is_billed_from_its_day_on(books, acme, held):
    books.run(at(10, 1, 9))
    with books.db.begin(TenantScope(acme.id)) as session:
        before = get_subscription(session, acme.id, held.id, at(10, 20))
        given = ChangeInput(acme.id, held.id, ACTOR, quantity=2, at=at(10, 12))
        done = change_subscription(session, given, at(10, 20))
        foreseen, _ = foresee(session, acme, before, done, at(10, 20))

    books.run(at(11, 10))

    # 11 of 31 days of one, 20 of two: 310 were paid in advance, of which 200 come back and 400 are due.
    promised = [(line.charge_key, line.rated.amount.text()) for line in foreseen]
    assert sorted(promised) == [("fee", "-200.00"), ("fee", "400.00"), ("late", "11.00"), ("late", "40.00")]
    told = [(key, kind, amount) for one in books.invoices(acme)[1:] for key, kind, _, amount in lines(one)]
    assert ("fee", "late", "-200.00") in told
    assert ("late", "usage", "11.00") in told
    assert ("late", "usage", "40.00") in told


def test_a_change_months_ago_is_taken_where_nothing_was_billed_and_its_preview_is_the_bill(books, acme, held):
    with books.db.begin(TenantScope(acme.id)) as session:
        before = get_subscription(session, acme.id, held.id, at(12, 20))
        given = ChangeInput(acme.id, held.id, ACTOR, quantity=2, at=at(10, 12))
        done = change_subscription(session, given, at(12, 20))
        foreseen, _ = foresee(session, acme, before, done, at(12, 20))

    books.run(datetime(2027, 1, 10, tzinfo=UTC))

    said: dict[str, int] = {}
    for line in foreseen:
        said[line.charge_key] = said.get(line.charge_key, 0) + line.rated.amount.amount_minor
    billed = {"fee": 0, "late": 0}
    for line in (line for one in books.invoices(acme) for line in one.lines if line.period.starts_at < at(12, 31)):
        billed[line.charge_key] += line.amount.amount_minor
    # Fees: (110 + 400) + 620 + 620, told as what comes beside the 310 a month of before. Late: 51 + 62 + 62.
    assert billed == {"fee": 175_000, "late": 17_500}
    assert said == {"fee": 175_000 - 3 * 31_000, "late": 17_500}


def test_over_what_is_billed_and_before_the_contract_it_is_refused_and_says_from_when_on(books, acme, held):
    books.run(at(11, 10))

    def refused(when: datetime, **wanted) -> Exception:
        with books.db.begin(TenantScope(acme.id)) as session, pytest.raises(Exception) as found:  # noqa: PT011 - told below
            change_subscription(session, ChangeInput(acme.id, held.id, ACTOR, at=when, **wanted), at(11, 12))
        return found.value

    over = refused(at(10, 31), quantity=2)
    assert isinstance(over, ChangeInThePast)
    assert "Nothing before 2026-11-01T00:00:00+00:00 can be changed any more" in over.detail
    assert [one.pointer for one in over.errors] == ["/at"]
    assert isinstance(refused(at(9, 30), quantity=2), ChangeInThePast)
    assert isinstance(refused(at(10, 1), quantity=2), ChangeAlreadyAtThatInstant)
    change_subscription_at = ChangeInput(acme.id, held.id, ACTOR, quantity=2, at=at(11, 1))
    with books.db.begin(TenantScope(acme.id)) as session:
        assert change_subscription(session, change_subscription_at, at(11, 12)).effective_at == at(11, 1)


def end(books: Books, held: SubscriptionView, now: datetime, when: str, ends_at: datetime) -> list[tuple[str, str]]:
    """End a contract, and return what its preview said."""
    with books.db.begin(TenantScope(held.tenant_id)) as session:
        before = get_subscription(session, held.tenant_id, held.id, now)
        given = CancelInput(held.tenant_id, held.id, ACTOR, when, ends_at)  # type: ignore[arg-type]
        done = cancel_subscription(session, given, now)
        foreseen, following = foresee(session, get_tenant(session, held.tenant_id), before, done, now)
    assert following is None
    return [(line.charge_key, line.rated.amount.text()) for line in foreseen]


@pytest.mark.parametrize("when", ["prorate_now", "at_instant"])
def test_an_end_is_dated_back_over_months_of_which_only_fees_are_billed(books, acme, held, when):
    with books.db.begin(TenantScope(acme.id)) as session:
        open_periods(session, acme.id, held.id, at(12, 20))
    told = end(books, held, at(12, 20), when, at(10, 12))

    books.run(at(12, 21))

    assert told == [("fee", "-200.00"), ("late", "11.00"), ("fee", "-310.00"), ("fee", "-310.00")]
    # Nothing was billed before: of October 11 of 31 days are due, and no month after it.
    found = [line for one in books.invoices(acme) for line in lines(one)]
    assert [(key, kind, amount) for key, kind, _, amount in found] == [
        ("fee", "advance", "110.00"),
        ("late", "usage", "11.00"),
    ]


def test_an_end_with_a_period_that_is_billed_gives_back_the_fees_paid_after_it(books, acme, held):
    books.run(at(11, 5))  # October, and November's fee
    told = end(books, held, at(11, 20), "prorate_now", at(11, 1))

    books.run(at(11, 22))

    assert told == [("fee", "-310.00")]
    assert [(one.kind, lines(one)) for one in books.invoices(acme)][-1] == (
        "credit_note", [("fee", "late", "1", "310.00")],
    )  # fmt: skip
    with books.db.begin(TenantScope(acme.id)) as session:
        assert [view.span.period.ends_at for view in periods(session, acme.id, held.id)] == [at(11, 1)]


def test_an_end_before_what_is_billed_is_refused_with_the_first_instant_that_is_free(books, acme, held):
    books.run(at(11, 5))

    with pytest.raises(ChangeInThePast) as refused:
        end(books, held, at(11, 20), "prorate_now", at(10, 12))

    assert refused.value.extra["possible_from"] == at(11, 1).isoformat()


def test_an_end_before_the_contract_is_refused(books, acme, held):
    with pytest.raises(ChangeInThePast):
        end(books, held, at(10, 20), "prorate_now", at(9, 12))
    with pytest.raises(ChangeAlreadyAtThatInstant):
        end(books, held, at(10, 20), "prorate_now", at(10, 1))
