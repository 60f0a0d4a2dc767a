"""A minimum over a term is not got rid of by a change: it is settled there, or goes on with what is held then."""

from datetime import datetime
from typing import Any

import pytest

from plans.changes import Timing, decide_change
from plans.documents import PlanDocument
from plans.rating import rate_advance, rate_period
from plans.rating.estimate import estimate_change
from plans.subscriptions import SubscriptionView
from tests.unit.plans.contracts import contract, day, fee, held, month, plan, told, units, used

FREE = plan(units("1"))


def committed(amount: str = "365", **more: Any) -> PlanDocument:
    term = {"key": "term", "name": "Year", "amounts": {"USD": amount}, "months": 12}
    return plan(units("1"), commitments=[term | more])


def switched(before: PlanDocument, after: PlanDocument, at: datetime) -> SubscriptionView:
    return contract(held(before, ends_at=at), held(after, starts_at=at, key="other"))


def true_ups(view: SubscriptionView, **facts: int) -> list[tuple[int, str]]:
    """Day of the year on which each true-up is due, and what it is."""
    start = day(1)
    return [
        ((span.period.ends_at - start).days, line.rated.amount.text())
        for span in view.spans_until(datetime(2027, 1, 1, tzinfo=start.tzinfo))
        for line in (*rate_advance(view, span), *rate_period(view, span, used(**facts)))
        if line.charge_key.startswith("commitment:")
    ]


@pytest.mark.parametrize(("early_end", "true_up"), [("prorated", "90.00"), ("due", "355.00")])
def test_a_change_to_a_plan_without_it_settles_the_part_that_ran_or_all_of_it(early_end, true_up):
    # Left on 11 April, after 100 of 365 days: 100.00 for them, or 365.00; 10 were used.
    view = switched(committed(early_end=early_end), FREE, day(4, 11))

    assert true_ups(view, m1=10, m8=500) == [(100, true_up)]


def test_a_change_with_the_end_of_a_period_settles_it_with_that_period():
    # 31 of 365 days.
    assert true_ups(switched(committed(), FREE, day(2)), m1=10) == [(31, "21.00")]


@pytest.mark.parametrize("when", ["prorate_now", "at_period_end"])
def test_the_preview_of_the_change_says_what_it_settles(when):
    before = contract(held(committed()))
    decision = decide_change(before, [], [held(FREE, key="other")], Timing(when, None, day(4, 11)))

    lines = dict(told(estimate_change(before, decision, used(m1=10))))

    # 100 days, or the 120 to the end of April.
    assert lines["commitment:term"] == ("90.00" if when == "prorate_now" else "110.00")


def test_one_of_its_key_goes_on_by_what_was_agreed_on_for_each_time():
    # 100 days of 365 a year, 265 of 730: 100 + 530, of which 210 were used.
    view = switched(committed(), committed("730"), day(4, 11))
    assert true_ups(view, m1=10, m8=200) == [(365, "420.00")]


@pytest.mark.parametrize("after", [committed("1"), committed("365", early_end="prorated")])
def test_what_is_due_as_a_whole_is_settled_where_less_is_agreed_on(after):
    view = switched(committed(early_end="due"), after, day(4, 11))
    assert true_ups(view, m1=10)[0] == (100, "355.00")


def test_what_is_due_as_a_whole_goes_on_in_one_for_more():
    view = switched(committed(early_end="due"), committed("730", early_end="due"), day(4, 11))
    assert true_ups(view, m1=10) == [(365, "620.00")]


def test_it_begins_anew_where_it_is_taken_up_again():
    document = committed()
    view = contract(
        held(document, ends_at=day(4, 11)),
        held(FREE, starts_at=day(4, 11), ends_at=day(10), key="other"),
        held(document, starts_at=day(10)),
    )
    # 100 days, then the 92 of the year's last quarter.
    assert true_ups(view, m8=500) == [(100, "100.00"), (365, "92.00")]


def test_a_pause_at_its_end_is_no_way_out_and_a_trial_is_not_part_of_it():
    document = committed()
    paused = contract(held(document, ends_at=day(12)), held(document, starts_at=day(12), mode="paused"))
    tried = contract(held(document, ends_at=day(1, 11), mode="trial"), held(document, starts_at=day(1, 11)))

    assert true_ups(paused, m1=10) == [(365, "355.00")]
    assert true_ups(tried) == [(365, "355.00")]


def test_an_add_on_that_goes_settles_its_own_and_another_number_of_it_does_not():
    base, document = held(plan(fee("5"))), committed()
    gone = contract(base, held(document, "extra", key="extra", ends_at=day(4, 11)))
    more = contract(
        base,
        held(document, "extra", key="extra", ends_at=day(4, 11)),
        held(document, "extra", key="extra", starts_at=day(4, 11), quantity=2),
    )
    assert true_ups(gone) == [(100, "100.00")]
    assert true_ups(more) == [(365, "365.00")]


def test_a_term_of_two_periods_is_settled_in_the_middle_of_the_first():
    # 60 for 59 days, left after 10 of them with 4 used: 10.17 − 4.
    view = switched(committed("60", months=2), FREE, day(1, 11))
    before = next(iter(view.spans_until(day(2))))
    assert before != month(1)
    assert told(rate_period(view, before, used(m1=4)))[-1] == ("commitment:term", "6.17")
