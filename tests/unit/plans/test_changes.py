"""Any sequence of changes leaves periods that tile and one plan in force at every instant."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import day_start
from plans.changes import Timing, decide_cancellation, decide_change, direction, effective_at, running_span
from plans.charges import Charge, Price
from plans.documents import PlanDocument
from plans.errors import ChangeAlreadyAtThatInstant, ChangeOutsidePeriod, ChangePending, ChangesNothing
from plans.periods import Span, spans
from plans.states import State
from plans.subscriptions import Holding, SubscriptionView

CHARGE = Charge(key="c", name="C", model="flat", prices={"EUR": Price()})
YEARLY, TWO_MONTHLY = 4, 5


def holding(slot: str, version: int, starts_at: datetime) -> Holding:
    months = {YEARLY: 12, TWO_MONTHLY: 2}.get(version, 1)
    document = PlanDocument(charges=(CHARGE,), interval_months=months)
    return Holding(slot, f"{slot}-{version}", "", UUID(int=version), 1, document, 1, starts_at, None)


def contract(anchor: date, zone: str) -> SubscriptionView:
    starts_at = day_start(anchor, ZoneInfo(zone))
    return SubscriptionView(
        UUID(int=2),
        UUID(int=3),
        "main",
        UUID(int=3),
        "EUR",
        starts_at,
        None,
        anchor,
        zone,
        "",
        State.ACTIVE,
        (holding("base", 1, starts_at),),
        starts_at,
    )


def tiles(view: SubscriptionView, known: list[Span], now: datetime) -> list[Span]:
    begins = known[-1].period.ends_at if known else view.starts_at
    return [*known, *spans(view.full_at, begins, view.ends_at, until=now + timedelta(microseconds=1))]


STEPS = st.tuples(
    st.integers(1, 60 * 24 * 45),  # minutes after the step before
    st.sampled_from(["prorate_now", "at_period_end"]),
    st.integers(2, TWO_MONTHLY),  # the version wanted
    st.booleans(),  # with the add-on
)


@given(
    st.dates(date(2023, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
    st.lists(STEPS, max_size=8),
    st.sampled_from([None, "prorate_now", "at_period_end"]),
)
def test_changes_and_an_end_keep_the_tiling(anchor, zone, steps, end):
    view, now = contract(anchor, zone), day_start(anchor, ZoneInfo(zone))
    known = tiles(view, [], now)
    for minutes, when, version, with_addon in steps:
        now += timedelta(minutes=minutes)
        known = tiles(view, known, now)
        wanted = [holding("base", version, now)] + ([holding("extra", 9, now)] if with_addon else [])
        try:
            decision = decide_change(view, known, wanted, Timing(when, None, now))
        except (ChangesNothing, ChangePending, ChangeAlreadyAtThatInstant):
            continue
        known = [piece for span in known for piece in (decision.pieces if span == decision.running else (span,))]
        view = decision.after
    if end:
        now += timedelta(minutes=7)
        known = tiles(view, known, now)
        decision = decide_cancellation(view, known, Timing(end, None, now))
        known = [s for s in known if s.period.ends_at <= decision.running.period.starts_at] + list(decision.pieces)
        view = decision.after
        assert known[-1].period.ends_at == view.ends_at

    assert known[0].period.starts_at == view.starts_at
    assert all(before.period.ends_at == after.period.starts_at for before, after in pairwise(known))
    for span in known:
        months = view.at(span.period.starts_at).interval_months
        assert span.full == view.every(months).at(span.period.starts_at)
    chain = [held for held in view.holdings if held.slot == "base"]
    assert chain[0].starts_at == view.starts_at
    assert all(before.ends_at == after.starts_at for before, after in pairwise(chain))
    assert chain[-1].ends_at is None
    # A running period is told the same from the stored tiles and from the versions alone.
    for span in known:
        assert running_span(view, (), span.period.starts_at) == span


RANKS = {"light": 1, "standard-named": 2, "standard-concurrent": 2, "full-active": 3}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("light", "light", "same_plan"),
        ("standard-named", "standard-concurrent", "same_tier"),
        ("light", "full-active", "upgrade"),
        ("full-active", "light", "downgrade"),
    ],
)
def test_up_and_down_follow_the_familys_order_whatever_the_prices(before, after, told):
    view = contract(date(2026, 1, 1), "UTC")
    view = replace(view, holdings=(replace(view.holdings[0], plan_key=before),))
    wanted = [replace(holding("base", 2, view.starts_at), plan_key=after)]

    decision = decide_change(view, [], wanted, Timing("prorate_now", None, view.starts_at + timedelta(days=1)))

    assert direction(decision, RANKS) == told


@pytest.mark.parametrize("cut", [True, False])
def test_a_second_change_at_an_instant_to_come_is_told_that_one_is_there(cut):
    view, now = contract(date(2026, 1, 1), "UTC"), datetime(2026, 1, 10, tzinfo=UTC)
    at = datetime(2026, 1, 20, tzinfo=UTC)
    known = tiles(view, [], now)
    first = decide_change(view, known, [holding("base", 2, at)], Timing("prorate_now", at, now))
    stored = list(first.pieces) if cut else []  # whether or not the running period was stored by then

    with pytest.raises(ChangeAlreadyAtThatInstant):
        decide_change(first.after, stored, [holding("base", 3, at)], Timing("prorate_now", at, now))
    with pytest.raises(ChangeAlreadyAtThatInstant):
        effective_at(first.after, stored, Timing("prorate_now", at, now))
    with pytest.raises(ChangeOutsidePeriod):
        effective_at(first.after, stored, Timing("prorate_now", at + timedelta(days=1), now))
