"""What a previewed change or end tells of fees that were paid in advance."""

from dataclasses import replace
from uuid import UUID

from plans.changes import Timing, decide_cancellation, decide_change
from plans.rating.estimate import estimate_change
from tests.unit.plans.contracts import contract, day, fee, held, plan, told, used


def test_a_previewed_change_tells_what_comes_back_of_fees_that_were_paid():
    # 900 for 90 days in advance. From 15 February on, 45 days later, another plan for 280 a month.
    before = contract(held(plan(fee("900", in_advance=True, interval_months=3), fee("40", key="support"))))
    other = replace(held(plan(fee("280", key="basis", in_advance=True)), key="other"), version_id=UUID(int=2))
    midway = decide_change(before, [], [other], Timing("prorate_now", None, day(2, 15)))
    at_once = decide_change(before, [], [other], Timing("prorate_now", None, day(2)))

    # Half of 900 comes back; support for half of February costs 20, the other plan for the other half 140.
    assert told(estimate_change(before, midway, used())) == [
        ("fee", "-450.00"),
        ("support", "20.00"),
        ("basis", "140.00"),
    ]
    # From the first instant of February on: 59 of 90 days come back.
    assert told(estimate_change(before, at_once, used())) == [("fee", "-590.00"), ("basis", "280.00")]


def test_a_previewed_end_at_the_first_instant_of_a_period_gives_back_what_was_paid_for_it():
    before = contract(held(plan(fee("310", in_advance=True))))

    ended = decide_cancellation(before, [], Timing("prorate_now", None, day(2)))

    assert told(estimate_change(before, ended, used())) == [("fee", "-310.00")]
