"""Changes and cancellations of subscriptions in the real database, and which of them are refused."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.scope import TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.open_periods import close_period, open_periods
from plans.actions.subscribe import AddonInput
from plans.actions.withdraw_change import WithdrawInput, withdraw_change
from plans.changes import running_span
from plans.errors import (
    ChangeAlreadyAtThatInstant,
    ChangeInThePast,
    ChangeOutsidePeriod,
    ChangePending,
    ChangesNothing,
    SubscriptionNotIn,
)
from plans.reads import (
    charges_of,
    get_subscription,
    periods,
)
from plans.states import State
from tests.builders.contracts import NOW, begin, days
from tests.builders.world import ACTOR


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


def test_changes_before_the_contract_beyond_the_period_or_to_the_same_are_refused(session, tenant):
    held = begin(session, tenant, addons=(AddonInput("compliance"),))
    given = ChangeInput(tenant.id, held.id, ACTOR, plan_key="light")

    with pytest.raises(ChangeInThePast):
        change_subscription(session, replace(given, at=held.starts_at - timedelta(seconds=1)), NOW)
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


@pytest.fixture
def act(db, tenant):
    """Do something in a transaction of its own: how versions follow each other is looked at as it is committed."""

    def act(action, given, now=NOW):
        with db.begin(TenantScope(tenant.id)) as session:
            return action(session, given, now)

    return act


@pytest.fixture
def helped(db, tenant):
    """A contract with an add-on, of which there are two from the end of the running period on."""
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant, addons=(AddonInput("compliance"),))
        later = ChangeInput(tenant.id, held.id, ACTOR, addons=(AddonInput("compliance", 2),), when="at_period_end")
        return held, change_subscription(session, later, NOW).effective_at


def many(db, tenant, held, at):
    with db.begin(TenantScope(tenant.id)) as session:
        return [one.quantity for one in get_subscription(session, tenant.id, held.id, at).addon_holdings]


def test_an_add_on_left_out_now_comes_back_where_it_was_agreed_to_and_can_be_withdrawn(db, tenant, act, helped):
    held, later = helped

    left_out = act(change_subscription, ChangeInput(tenant.id, held.id, ACTOR, addons=(), keep_later=True))

    with db.begin(TenantScope(tenant.id)) as session:
        assert get_subscription(session, tenant.id, held.id, NOW).holdings == left_out.after.holdings
    assert [many(db, tenant, held, at) for at in (NOW, later)] == [[], [2]]

    act(withdraw_change, WithdrawInput(tenant.id, held.id, ACTOR))
    assert [many(db, tenant, held, at) for at in (NOW, later)] == [[], []]


def test_an_add_on_held_again_before_it_was_to_come_back_is_held_until_then(db, tenant, act, helped):
    held, later = helped
    act(change_subscription, ChangeInput(tenant.id, held.id, ACTOR, addons=(), keep_later=True))

    soon = NOW + timedelta(hours=1)
    again = ChangeInput(tenant.id, held.id, ACTOR, addons=(AddonInput("compliance", 3),), keep_later=True)
    done = act(change_subscription, again, soon)

    with db.begin(TenantScope(tenant.id)) as session:
        assert get_subscription(session, tenant.id, held.id, soon).holdings == done.after.holdings
    assert [many(db, tenant, held, at) for at in (NOW, soon, later)] == [[], [3], [2]]


def test_an_add_on_that_is_to_end_ends_then_whatever_becomes_of_it_before(db, tenant, act):
    with db.begin(TenantScope(tenant.id)) as session:
        held = begin(session, tenant, addons=(AddonInput("compliance"),))
    ends = act(change_subscription, ChangeInput(tenant.id, held.id, ACTOR, addons=(), when="at_period_end"))

    twice = ChangeInput(tenant.id, held.id, ACTOR, addons=(AddonInput("compliance", 2),), keep_later=True)
    act(change_subscription, twice)

    assert [many(db, tenant, held, at) for at in (NOW, ends.effective_at)] == [[2], []]
