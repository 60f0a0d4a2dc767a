"""A contract changes between monthly and yearly: its anchor stays, and each second is billed once."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace as changed

from app.listeners import listen
from core.db import Database
from core.scope import StewardScope, TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.move_customers import MoveInput, run_move, start_move
from plans.actions.subscribe import AddonInput, Phase, SubscribeInput, subscribe
from plans.actions.withdraw_change import WithdrawInput, withdraw_change
from plans.changes import Decision
from plans.documents import PlanDocument
from plans.errors import IntervalDiffers
from plans.reads import get_subscription, periods
from plans.reads.foresight import foresee
from plans.reads.moves import move_items
from plans.subscriptions import SubscriptionView
from plans.terms import Commitment, Discount
from tenants.reads import TenantView, get_tenant
from tests.builders.bill import CURRENCIES, FEE, Books, lines, price
from tests.builders.world import ACTOR, World

MONTHLY = changed(FEE, prices=price(amount=Decimal(310)))
YEARLY = changed(FEE, key="year", prices=price(amount=Decimal(3650)))
NOW = datetime.now(UTC)
USED = changed(FEE, key="late", in_advance=False, prices=price(amount=Decimal(31)))


def at(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    listen()
    books = Books(db, world, at(10, 1))
    books.plan("month", MONTHLY, USED)
    books.publish("year", PlanDocument(charges=(YEARLY,), interval_months=12))
    extra = changed(USED, key="extra")
    books.publish("extra", PlanDocument(charges=(extra,)), kind="addon")
    books.publish("extra-year", PlanDocument(charges=(extra,), interval_months=12), kind="addon")
    return books


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant(time_zone="UTC")


def change(
    books: Books, held: SubscriptionView, now: datetime, **wanted: object
) -> tuple[Decision, list[str], list[str]]:
    """Return what is done, what its preview said of the running period, and of the next one."""
    with books.db.begin(TenantScope(held.tenant_id)) as session:
        tenant = get_tenant(session, held.tenant_id)
        before = get_subscription(session, held.tenant_id, held.id, now)
        given = ChangeInput(held.tenant_id, held.id, ACTOR, **wanted)  # type: ignore[arg-type]
        done = change_subscription(session, given, now)
        running, following = foresee(session, tenant, before, done, now)
        told = [f"{line.charge_key} {line.rated.amount.text()}" for line in running]
        assert following is not None
        return done, told, [f"{line.charge_key} {line.rated.amount.text()}" for line in following.lines]


def spans(books: Books, held: SubscriptionView) -> list[tuple[date, date]]:
    with books.db.begin(TenantScope(held.tenant_id)) as session:
        found = [view.span.period for view in periods(session, held.tenant_id, held.id)]
    return [(one.starts_at.date(), one.ends_at.date()) for one in found]


def billed(books: Books, tenant: TenantView) -> list[list[str]]:
    return [[f"{key} {kind} {amount}" for key, kind, _, amount in lines(one)] for one in books.invoices(tenant)]


def test_from_monthly_to_yearly_the_first_year_is_what_is_left_of_the_contract_year(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1))
    books.run(at(10, 1, 9))
    _, told, then = change(books, held, at(10, 12), plan_key="year")

    books.run(at(10, 20))
    books.run(at(1, 9, year=2027))

    # Of 310 for October 11 of 31 days ran: 200 come back, and 11 of 31 are due late. Of the year that the anchor cuts
    # 81 of 365 days are left: 3,650 × 81/365. The next year is whole.
    assert told == ["fee -200.00", "late 11.00", "year 810.00"]
    assert then == ["year 3650.00"]
    assert billed(books, acme) == [
        ["fee advance 310.00"],
        ["late usage 11.00", "year advance 810.00", "fee late -200.00"],
        ["year advance 3650.00"],
    ]
    assert spans(books, held) == [
        (date(2026, 10, 1), date(2026, 10, 12)),
        (date(2026, 10, 12), date(2027, 1, 1)),
        (date(2027, 1, 1), date(2028, 1, 1)),
    ]


def test_from_yearly_to_monthly_the_rest_of_the_year_comes_back_and_months_follow(books, acme):
    held = books.subscribe(acme, "year", date(2026, 1, 1))
    books.run(at(1, 1, 9))
    done, told, then = change(books, held, at(10, 12), plan_key="month")

    books.run(at(11, 5))

    # 284 of 365 days of the year ran: 3,650 - 2,840 come back. October is billed for 20 of its 31 days.
    assert [(piece.period.starts_at, piece.period.ends_at) for piece in done.pieces] == [
        (at(1, 1), at(10, 12)),
        (at(10, 12), at(11, 1)),
    ]
    assert told == ["year -810.00", "fee 200.00", "late 20.00"]
    assert then == ["fee 310.00", "late 31.00"]
    assert billed(books, acme) == [
        ["year advance 3650.00"],
        ["fee advance -200.00", "year late 810.00"],  # a credit note, which tells what it gives back
        ["late usage 20.00", "fee advance 310.00"],
    ]


def test_at_the_end_of_the_period_nothing_is_cut_and_the_next_period_shows_the_change(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1))
    books.run(at(10, 1, 9))
    _, told, then = change(books, held, at(10, 12), plan_key="year", when="at_period_end")

    books.run(at(11, 5))

    assert told == ["late 31.00"]
    # November and December: 61 of 365 days.
    assert then == ["year 610.00"]
    assert billed(books, acme) == [["fee advance 310.00"], ["late usage 31.00", "year advance 610.00"]]


def test_a_change_that_is_withdrawn_leaves_the_months_as_they_were(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1))
    change(books, held, at(10, 2), plan_key="year", at=at(10, 12))
    with books.db.begin(TenantScope(acme.id)) as session:
        withdraw_change(session, WithdrawInput(acme.id, held.id, ACTOR), at(10, 5))

    books.run(at(11, 5))

    assert spans(books, held) == [(date(2026, 10, 1), date(2026, 11, 1)), (date(2026, 11, 1), date(2026, 12, 1))]
    assert billed(books, acme) == [["fee advance 310.00"], ["late usage 31.00", "fee advance 310.00"]]


def test_dated_back_over_months_that_are_not_billed_in_arrears_their_fees_come_back(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1))
    done, told, _ = change(books, held, at(12, 20), plan_key="year", at=at(10, 12))

    books.run(at(1, 9, year=2027))

    assert spans(books, held)[:2] == [(date(2026, 10, 1), date(2026, 10, 12)), (date(2026, 10, 12), date(2027, 1, 1))]
    assert [span.period.starts_at for span in done.followed] == [at(11, 1), at(12, 1)]
    assert done.following == ()
    assert told == ["fee -200.00", "late 11.00", "year 810.00", "fee -310.00", "fee -310.00"]
    assert billed(books, acme) == [
        ["fee advance 110.00"],
        ["late usage 11.00", "year advance 810.00"],
        ["year advance 3650.00"],
    ]


def test_from_the_first_instant_of_a_month_that_is_paid_the_year_is_billed_at_once(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1))
    books.run(at(11, 5))
    _, told, _ = change(books, held, at(11, 10), plan_key="year", at=at(11, 1))

    books.run(at(11, 10, 1))
    made = len(books.invoices(acme))
    books.run(at(11, 11))

    # November's 310 were paid in advance; what the year costs from then on is not left to its end.
    assert told == ["year 610.00", "fee -310.00"]
    assert billed(books, acme)[-1] == ["year advance 610.00", "fee late -310.00"]
    assert len(books.invoices(acme)) == made


def test_a_ramp_goes_from_months_to_years_without_drift(books, acme):
    books.now = at(1, 31)
    with books.db.begin(TenantScope(acme.id)) as session:
        given = SubscribeInput(
            acme.id, "month", ACTOR, starts_on=date(2026, 1, 31), phases=(Phase(date(2026, 4, 30), "year"),)
        )
        held = subscribe(session, given, at(1, 31))

    books.run(at(2, 4, year=2028))

    # Anchored on the 31st: the months end on the last day of February, the 31st and the 30th, the years on the 31st.
    assert spans(books, held) == [
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 4, 30)),
        (date(2026, 4, 30), date(2027, 1, 31)),
        (date(2027, 1, 31), date(2028, 1, 31)),
        (date(2028, 1, 31), date(2029, 1, 31)),
    ]


def test_an_addon_has_the_interval_of_its_plan_or_is_changed_with_it(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1), addons=(AddonInput("extra"),))

    with pytest.raises(IntervalDiffers) as refused:
        change(books, held, at(10, 12), plan_key="year")
    assert "'extra' is billed every 1 month(s), the plan that it is held with every 12." in refused.value.detail
    _, told, _ = change(books, held, at(10, 12), plan_key="year", addons=(AddonInput("extra-year"),))

    # The add-on of months is billed to the change, that of years from there: 31 × 11/31, and 31 × 81/365.
    assert [line for line in told if "extra" in line] == ["extra.extra 11.00", "extra-year.extra 6.88"]


def test_what_is_agreed_on_for_later_must_fit_too(books, acme):
    held = books.subscribe(acme, "month", date(2026, 10, 1))
    change(books, held, at(10, 2), plan_key="year", when="at_period_end")

    # The add-on would go on beside the yearly plan.
    with pytest.raises(IntervalDiffers):
        change(books, held, at(10, 12), addons=(AddonInput("extra"),), keep_later=True)


def test_money_off_for_two_months_does_not_last_two_years(books, acme):
    off = Discount(key="off", name="Off", percent=Decimal(50), periods=2)
    held = books.subscribe(acme, "month", date(2026, 10, 1), discounts=(off,))
    _, told, then = change(books, held, at(10, 12), plan_key="year")

    # The year begins within the two months; the one after it does not.
    assert told[-2:] == ["year 810.00", "discount:off:advance -405.00"]
    assert then == ["year 3650.00"]


def test_money_off_each_period_is_for_each_its_time(books, acme):
    off = Discount(key="off", name="Off", amounts={"EUR": Decimal(31)})
    held = books.subscribe(acme, "month", date(2026, 10, 1), discounts=(off,))
    change(books, held, at(10, 12), plan_key="year")

    books.run(at(1, 9, year=2027))

    # 31 a month for 11 of 31 days, then 31 a year for 81 of 365 days, and the next year whole.
    found = [line for one in billed(books, acme) for line in one if line.startswith("discount")]
    assert [line.rpartition(" ")[2] for line in found] == ["-11.00", "0.00", "-6.88", "-31.00"]


def test_a_minimum_over_a_year_goes_on_through_a_change_of_interval(books, acme):
    least = Commitment(key="least", name="Least", amounts=dict.fromkeys(CURRENCIES, Decimal(4000)), months=12)
    books.publish("month-least", PlanDocument(charges=(MONTHLY,), commitments=(least,)))
    books.publish("year-least", PlanDocument(charges=(YEARLY,), commitments=(least,), interval_months=12))
    held = books.subscribe(acme, "month-least", date(2026, 1, 1))
    change(books, held, at(10, 12), plan_key="year-least")

    books.run(at(1, 9, year=2027))

    # Nine months at 310, 11 days of October for 110, and 810 of the year: 3,710 of 4,000.
    assert [line for one in billed(books, acme) for line in one if "least" in line] == ["commitment:least usage 290.00"]


def test_customers_are_moved_to_a_plan_of_another_interval_and_see_what_the_same_time_costs(books, acme):
    books.subscribe(acme, "month", date(2026, 1, 1))
    with books.db.begin(StewardScope()) as session:
        given = MoveInput("month", 1, 1, ACTOR, to_plan_key="year")
        preview = start_move(session, replace(given, preview=True), NOW)
        move = start_move(session, given, NOW)
    for one in (preview, move):
        run_move(books.db, one.id)
    with books.db.begin(StewardScope()) as session:
        [told], [done] = (move_items(session, one.id, None, 10) for one in (preview, move))

    days = monthrange(NOW.year, NOW.month)[1]
    # Of the year that comes, so many days as the month has that runs: 10 a day. With its use it costs 341 now.
    assert (told.status, told.before_minor, told.after_minor) == ("moves", 34_100, days * 1_000)
    assert (done.status, done.before_minor, done.after_minor) == ("moved", 34_100, days * 1_000)
