"""Subscriptions and their periods in the real database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from core.db import Database
from core.errors import InvalidInput, NotFound
from core.scope import VENDOR_ID, StewardScope, TenantScope
from metering.reads import policies_at
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.load_catalogue import load_catalogue
from plans.actions.open_periods import close_period, open_periods
from plans.actions.subscribe import AddonInput, SubscribeInput, subscribe
from plans.changes import running_span
from plans.errors import (
    AddonNotOffered,
    ChangeAlreadyAtThatInstant,
    ChangeInThePast,
    ChangeOutsidePeriod,
    ChangePending,
    ChangesNothing,
    CurrencyNotPriced,
    SubscriptionKeyTaken,
    SubscriptionNotIn,
)
from plans.reads import (
    DuePeriod,
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
from tenants.reads import TenantView
from tests.builders.world import World

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ACTOR = "user:tests"


@pytest.fixture
def tenant(db: Database, world: World) -> TenantView:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, datetime(2025, 1, 1, tzinfo=UTC))
    return world.tenant()


@pytest.fixture
def session(db: Database, tenant: TenantView) -> Iterator[Session]:
    with db.begin(TenantScope(tenant.id)) as session:
        yield session


def begin(session: Session, tenant: TenantView, plan: str = "standard-named", **changes) -> SubscriptionView:
    given = SubscribeInput(tenant.id, plan, ACTOR, key="main", starts_on=date(2026, 1, 31))
    return subscribe(session, replace(given, **changes), changes.pop("now", NOW))


def days(session: Session, subscription: SubscriptionView) -> list[str]:
    """The local dates (Berlin) on which the periods begin, and the last one's end."""
    spans = [view.span.period for view in periods(session, subscription.tenant_id, subscription.id)]
    tz = subscription.schedule.tz
    return [s.starts_at.astimezone(tz).isoformat()[:16] for s in spans] + [
        spans[-1].ends_at.astimezone(tz).isoformat()[:16]
    ]


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


def test_a_change_at_once_cuts_the_running_period_and_keeps_its_divisor(session, tenant):
    held = begin(session, tenant, addons=(AddonInput("compliance"),))
    given = ChangeInput(tenant.id, held.id, ACTOR, plan_key="full-active")
    preview = change_subscription(session, replace(given, preview=True), NOW)
    assert days(session, held) == ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"]

    decision = change_subscription(session, given, NOW)

    assert decision == preview
    assert decision.effective_at == NOW
    assert days(session, held) == ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-10T13:00", "2026-03-31T00:00"]
    *_, before, after = periods(session, tenant.id, held.id)
    stored = get_subscription(session, tenant.id, held.id, NOW)
    assert running_span(stored, (), NOW) == after.span
    assert running_span(stored, (), NOW - timedelta(seconds=1)) == before.span
    assert before.span.full == after.span.full == decision.running.full
    assert stored == replace(decision.after, as_of=NOW)
    assert [key for key, _ in charges_of(stored)] == ["active_members", "contributors", "ilt_seats", "compliance.fee"]
    assert stored.at(NOW - timedelta(seconds=1)).plan_key == "standard-named"


def test_a_change_with_the_period_waits_for_its_end(session, tenant):
    held = begin(session, tenant)
    given = ChangeInput(tenant.id, held.id, ACTOR, plan_key="light", when="at_period_end")

    decision = change_subscription(session, given, NOW)

    assert days(session, held)[-1] == "2026-03-31T00:00"
    assert get_subscription(session, tenant.id, held.id, NOW).plan_key == "standard-named"
    assert get_subscription(session, tenant.id, held.id, decision.effective_at).plan_key == "light"
    open_periods(session, tenant.id, held.id, decision.effective_at)
    assert days(session, held)[-2:] == ["2026-03-31T00:00", "2026-04-30T00:00"]


def test_two_changes_at_one_instant_and_changes_before_one_agreed_on_are_refused(session, tenant):
    held = begin(session, tenant)
    change_subscription(session, ChangeInput(tenant.id, held.id, ACTOR, plan_key="light"), NOW)

    with pytest.raises(ChangeAlreadyAtThatInstant):
        change_subscription(session, ChangeInput(tenant.id, held.id, ACTOR, plan_key="full-active"), NOW)
    at_end = ChangeInput(tenant.id, held.id, ACTOR, plan_key="full-active", when="at_period_end")
    change_subscription(session, at_end, NOW + timedelta(days=1))
    with pytest.raises(ChangeAlreadyAtThatInstant):
        change_subscription(session, replace(at_end, plan_key="full-concurrent"), NOW + timedelta(days=2))
    with pytest.raises(ChangePending):
        change_subscription(session, replace(at_end, when="prorate_now"), NOW + timedelta(days=2))


def test_changes_in_the_past_beyond_the_period_or_to_the_same_are_refused(session, tenant):
    held = begin(session, tenant, addons=(AddonInput("compliance"),))
    given = ChangeInput(tenant.id, held.id, ACTOR, plan_key="light")

    with pytest.raises(ChangeInThePast):
        change_subscription(session, replace(given, at=NOW - timedelta(seconds=1)), NOW)
    with pytest.raises(ChangeOutsidePeriod):
        change_subscription(session, replace(given, at=NOW + timedelta(days=40)), NOW)
    with pytest.raises(ChangesNothing):
        change_subscription(session, replace(given, plan_key="standard-named"), NOW)
    with pytest.raises(ChangesNothing):
        change_subscription(session, replace(given, plan_key=None, addons=(AddonInput("compliance"),)), NOW)


def test_add_ons_come_go_and_come_back_and_change_their_number(session, tenant):
    held = begin(session, tenant, addons=(AddonInput("compliance"),))

    def have(now: datetime, *addons: AddonInput) -> list[tuple[str, int]]:
        change_subscription(session, ChangeInput(tenant.id, held.id, ACTOR, addons=addons), now)
        stored = get_subscription(session, tenant.id, held.id, now)
        return [(h.slot, h.quantity) for h in stored.addon_holdings]

    day = timedelta(days=1)
    assert have(NOW, AddonInput("extended-enterprise", 2)) == [("extended-enterprise", 2)]
    assert have(NOW + day, AddonInput("extended-enterprise", 3)) == [("extended-enterprise", 3)]
    assert have(NOW + 3 * day, AddonInput("compliance"), AddonInput("extended-enterprise", 3)) == [
        ("compliance", 1),
        ("extended-enterprise", 3),
    ]


def test_a_cancellation_with_the_period_lets_it_run_out(session, tenant):
    held = begin(session, tenant)

    decision = cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR), NOW)

    stored = get_subscription(session, tenant.id, held.id, NOW)
    assert (stored.status, stored.ends_at) == (State.ENDING, decision.effective_at)
    open_periods(session, tenant.id, held.id, NOW + timedelta(days=90))
    assert days(session, held)[-1] == "2026-03-31T00:00"
    assert get_subscription(session, tenant.id, held.id, decision.effective_at).status == State.ENDED
    with pytest.raises(SubscriptionNotIn):
        change_subscription(session, ChangeInput(tenant.id, held.id, ACTOR, plan_key="light"), decision.effective_at)


def test_a_cancellation_at_once_cuts_the_running_period(session, tenant):
    held = begin(session, tenant)
    preview = cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR, "prorate_now", preview=True), NOW)
    assert get_subscription(session, tenant.id, held.id, NOW).ends_at is None

    decision = cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR, "prorate_now"), NOW)

    assert decision == preview
    assert days(session, held) == ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-10T13:00"]
    assert get_subscription(session, tenant.id, held.id, NOW).status == State.ENDED
    with pytest.raises(SubscriptionNotIn):
        cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR), NOW)


def test_a_cancellation_at_the_very_start_of_a_period_takes_that_period_away(session, tenant):
    held = begin(session, tenant)
    at = periods(session, tenant.id, held.id)[-1].span.period.starts_at

    cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR, "prorate_now"), at)

    assert days(session, held) == ["2026-01-31T00:00", "2026-02-28T00:00"]


def test_what_is_on_an_invoice_is_not_cut_any_more(session, tenant):
    held = begin(session, tenant)
    last = periods(session, tenant.id, held.id)[-1]
    close_period(session, tenant.id, held.id, last.span.period.starts_at, NOW)

    with pytest.raises(ChangeInThePast):
        cancel_subscription(session, CancelInput(tenant.id, held.id, ACTOR, "prorate_now"), NOW)
    with pytest.raises(ChangeInThePast):
        change_subscription(session, ChangeInput(tenant.id, held.id, ACTOR, plan_key="light"), NOW)


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


# --- What must never happen is refused by the database itself, whoever writes ---------------------

TILE = (
    "insert into billing_period (tenant_id, subscription_id, starts_at, ends_at, prev_ends_at, full_starts_at, full_ends_at)"
    " values (:tenant, :subscription, :starts, :ends, :prev, :starts, :ends)"
)


@pytest.mark.parametrize(
    ("starts", "ends", "prev", "constraint"),
    [
        ("2026-04-01", "2026-05-01", None, "uq_billing_period_head"),  # a second head: a gap
        ("2026-04-01", "2026-05-01", "2026-04-01", "fk_billing_period_previous"),  # points at nobody: a gap
        ("2026-03-30 22:00", "2026-05-01", "2026-04-01", "ck_billing_period_tiles"),  # points elsewhere than its start
        ("2026-02-27 23:00", "2026-03-15", "2026-02-27 23:00", "pk_billing_period"),  # the same start: an overlap
        ("2026-03-01", "2026-03-30 22:00", "2026-03-01", "uq_billing_period_end"),  # the same end: an overlap
        ("2026-03-30 22:00", "2026-03-30 22:00", "2026-03-30 22:00", "ck_billing_period_span"),  # no length
    ],
)
def test_gaps_and_overlaps_of_billing_periods_are_refused_by_constraint(db, tenant, starts, ends, prev, constraint):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)
        assert days(session, held)[-1] == "2026-03-31T00:00"  # 2026-03-30 22:00 in UTC

    row = {
        "tenant": tenant.id,
        "subscription": held.id,
        "starts": f"{starts}+00",
        "ends": f"{ends}+00",
        "prev": prev and f"{prev}+00",
    }
    with pytest.raises(IntegrityError) as refused, db.begin(TenantScope(tenant.id)) as session:
        session.execute(text(TILE), row)

    assert isinstance(refused.value.orig, psycopg.Error)
    assert refused.value.orig.diag.constraint_name == constraint


def test_moving_an_end_away_from_its_successor_is_refused(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)

    with pytest.raises(IntegrityError, match="fk_billing_period_previous"), db.begin(TenantScope(tenant.id)) as session:
        session.execute(text("update billing_period set ends_at = '2026-02-20' where prev_ends_at is null"))
    with pytest.raises(IntegrityError, match="fk_billing_period_previous"), db.begin(TenantScope(tenant.id)) as session:
        session.execute(text("delete from billing_period where prev_ends_at is null"))
    with db.begin(TenantScope(tenant.id)) as session:
        assert len(periods(session, tenant.id, held.id)) == 2


def test_two_base_plans_at_once_or_a_gap_between_them_are_refused(db, tenant):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant)
    item = (
        "insert into subscription_item (tenant_id, subscription_id, slot, starts_at, ends_at, prev_ends_at, version_id, quantity)"
        " select tenant_id, subscription_id, slot, :starts, null, :prev, version_id, 1 from subscription_item"
        " where subscription_id = :subscription"
    )

    for prev in (None, "2026-03-01+00", "2026-02-28+00"):
        with pytest.raises(IntegrityError), db.begin(TenantScope(tenant.id)) as session:
            session.execute(text(item), {"starts": "2026-03-01+00", "prev": prev, "subscription": held.id})


@pytest.mark.parametrize(
    "statement",
    [
        "update plan_version set document = '{}'",
        "update plan_version set number = number + 1",
        "delete from plan_version",
        "update plan set rank = 9",
        "update subscription set currency = 'USD'",
        "update subscription set starts_at = now()",
        "delete from subscription",
        "update subscription_item set version_id = version_id",
        "delete from subscription_item",
        "update billing_period set starts_at = now()",
    ],
)
def test_what_is_published_or_agreed_on_cannot_be_rewritten_by_the_service(db, tenant, statement):
    with db.begin(TenantScope(tenant.id)) as session:
        begin(session, tenant)

    with pytest.raises(ProgrammingError, match="permission denied"), db.begin(TenantScope(tenant.id)) as session:
        session.execute(text(statement))


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
            return len(open_periods(session, tenant.id, held.id, NOW + timedelta(days=200)))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(open_all, range(8))) == {8}
