"""Subscriptions and their periods in the real database: begun, opened, due, seen by their tenant only."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, text

from core.errors import InvalidInput, NotFound
from core.scope import VENDOR_ID, StewardScope, TenantScope
from metering.reads import policies_at
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.open_periods import close_period, open_periods
from plans.actions.subscribe import AddonInput
from plans.errors import (
    AddonNotOffered,
    CurrencyNotPriced,
    SubscriptionKeyTaken,
    SubscriptionNotIn,
)
from plans.reads import (
    DuePeriod,
    all_subscriptions,
    charges_of,
    due_periods,
    find_subscription,
    get_subscription,
    periods,
    subscriptions,
    unopened,
)
from plans.states import State
from plans.subscriptions import SubscriptionView
from tests.builders.contracts import NOW, begin, days
from tests.builders.world import ACTOR


def test_a_subscription_opens_the_periods_that_have_begun_and_binds_the_policy(session, tenant):
    held = begin(session, tenant, addons=(AddonInput("extended-enterprise", 2), AddonInput("compliance")))

    stored = get_subscription(session, tenant.id, held.id, NOW)
    assert replace(stored, as_of=held.as_of) == held
    assert days(session, held) == ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"]
    assert stored.status == State.ACTIVE
    assert (stored.plan_key, stored.version_number, stored.currency, stored.payer_tenant_id) == (
        "standard-named",
        1,
        "EUR",
        tenant.id,
    )
    assert [key for key, _ in charges_of(stored)] == [
        "named_seats",
        "courses",
        "compliance.fee",
        "extended-enterprise.fee",
    ]
    assert policies_at(session, tenant.id, NOW).courses.triggers["wbt"] == "launched"
    assert subscriptions(session, tenant.id, NOW) == (stored,)
    assert find_subscription(session, tenant.id, "main", NOW).id == held.id


def test_the_same_key_and_terms_again_are_the_same_subscription(session, tenant):
    first = begin(session, tenant)

    assert begin(session, tenant).id == first.id
    assert len(subscriptions(session, tenant.id, NOW)) == 1
    with pytest.raises(SubscriptionKeyTaken):
        begin(session, tenant, plan="light")


def test_a_preview_writes_nothing_and_shows_the_same(session, tenant):
    preview = begin(session, tenant, preview=True)

    assert subscriptions(session, tenant.id, NOW) == ()
    assert replace(begin(session, tenant), id=preview.id) == preview


def test_what_cannot_be_had_is_refused(session, tenant):
    with pytest.raises(NotFound):
        begin(session, tenant, plan="gigantic")
    with pytest.raises(NotFound):
        begin(session, tenant, version=7)
    with pytest.raises(AddonNotOffered):
        begin(session, tenant, plan="compliance")
    with pytest.raises(AddonNotOffered):
        begin(session, tenant, addons=(AddonInput("light"),))
    with pytest.raises(CurrencyNotPriced):
        begin(session, tenant, currency="JPY")
    with pytest.raises(InvalidInput) as faults:
        begin(
            session, tenant, ends_on=date(2026, 1, 31), addons=(AddonInput("compliance"), AddonInput("compliance", 0))
        )
    assert [fault.code for fault in faults.value.errors] == ["ends_before_start", "addon_twice", "quantity_invalid"]
    assert subscriptions(session, tenant.id, NOW) == ()


def test_a_subscription_that_begins_later_is_scheduled_and_opens_nothing(session, tenant):
    held = begin(session, tenant, starts_on=date(2026, 5, 1))

    assert held.status == State.SCHEDULED
    assert periods(session, tenant.id, held.id) == ()
    assert unopened(session, NOW) == ()
    assert unopened(session, held.starts_at) == ((tenant.id, held.id),)
    with pytest.raises(SubscriptionNotIn):
        cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR), NOW)


def test_opening_periods_again_or_in_steps_gives_the_same_tiles(session, tenant):
    held = begin(session, tenant)

    for until in (NOW, NOW, NOW + timedelta(days=70), NOW + timedelta(days=40)):
        open_periods(session, tenant.id, held.id, until)

    assert days(session, held) == [f"2026-{day}T00:00" for day in ("01-31", "02-28", "03-31", "04-30", "05-31")]


def test_a_period_is_due_after_its_grace_and_until_it_is_closed(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)
    first, _ = (datetime(2026, 1, 30, 23, tzinfo=UTC), datetime(2026, 2, 27, 23, tzinfo=UTC))
    ends_at = datetime(2026, 2, 27, 23, tzinfo=UTC)
    due = DuePeriod(tenant.id, held.id, first, ends_at)

    with db.begin(StewardScope()) as steward:
        assert due_periods(steward, ends_at + timedelta(hours=72) - timedelta(microseconds=1)) == ()
        assert due_periods(steward, ends_at + timedelta(hours=72)) == (due,)
        assert due_periods(steward, ends_at, skip_grace=True) == (due,)
        assert due_periods(steward, ends_at, skip_grace=True, tenants=[VENDOR_ID]) == ()
        assert unopened(steward, datetime(2026, 3, 31, tzinfo=UTC)) == ((tenant.id, held.id),)
    with db.begin(TenantScope(tenant.id)) as session:
        close_period(session, tenant.id, held.id, first, NOW)
    with db.begin(StewardScope()) as steward:
        assert due_periods(steward, NOW) == ()


def test_a_paying_parent_is_the_payer(db, world, tenant):
    child = world.tenant("child", parent_id=tenant.id, bill_to_parent=True, currency="USD")

    with db.begin(TenantScope(child.id)) as session:
        held = begin(session, child)

    assert (held.payer_tenant_id, held.tenant_id, held.currency) == (tenant.id, child.id, "USD")


def test_another_tenant_sees_nothing(db, world, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)
    other = world.tenant("other")

    with db.begin(TenantScope(other.id)) as session:
        assert subscriptions(session, tenant.id) == ()
        with pytest.raises(NotFound):
            get_subscription(session, tenant.id, held.id)
        for table in ("subscription", "subscription_item", "billing_period", "plan_draft"):
            assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0


def test_ten_at_once_with_one_key_begin_one_subscription(db, tenant):
    def start(_: int) -> SubscriptionView:
        with db.begin(TenantScope(tenant.id)) as session:
            return begin(session, tenant)

    with ThreadPoolExecutor(10) as pool:
        found = {held.id for held in pool.map(start, range(10))}

    assert len(found) == 1
    with db.begin(TenantScope(tenant.id)) as session:
        assert len(subscriptions(session, tenant.id, NOW)) == 1
        assert len(periods(session, tenant.id, found.pop())) == 2


def test_two_workers_open_the_same_periods_once(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)

    def open_all(_: int) -> int:
        with db.begin(TenantScope(tenant.id)) as session:
            return len(open_periods(session, tenant.id, held.id, NOW + timedelta(days=200))[1])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(open_all, range(8))) == {8}


def test_all_contracts_are_read_by_as_many_statements_as_a_few(db, world, tenant):
    def contracts(*slugs):
        for slug in slugs:
            customer = world.tenant(slug)
            with db.begin(TenantScope(customer.id)) as session:
                begin(session, customer)

    def counted():
        sent = []
        event.listen(db.steward, "before_cursor_execute", note := lambda *told: sent.append(told[2]))
        with db.begin(StewardScope()) as session:
            found = len(all_subscriptions(session)), len(due_periods(session)), len(unopened(session))
        event.remove(db.steward, "before_cursor_execute", note)
        return found[0], len(sent)

    contracts("a", "b")
    few = counted()
    contracts("c", "d", "e", "f")

    assert (few, counted()) == ((2, few[1]), (6, few[1]))
