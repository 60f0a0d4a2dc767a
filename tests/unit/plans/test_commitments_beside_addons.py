"""A minimum that a change settles counts what the add-ons came to by then, which are billed later; each counts once."""

import pytest

from plans.documents import PlanDocument
from plans.rating import rate_advance, rate_period
from plans.subscriptions import SubscriptionView
from tests.unit.plans.contracts import contract, day, fee, held, month, plan, units, used

FREE = plan(fee("0", key="base"))
FLAT = plan(fee("31", key="flat"))
"""Due late: 10 of 31 days are 10.00."""


def least(amount: str, key: str, **more: object) -> PlanDocument:
    return plan(fee("0", key="base"), commitments=[{"key": key, "name": "Least", "amounts": {"USD": amount}} | more])


def changed(before: PlanDocument, after: PlanDocument, addon: PlanDocument) -> SubscriptionView:
    """From 11 March on another plan, an add-on beside both."""
    return contract(
        held(before, ends_at=day(3, 11)),
        held(after, starts_at=day(3, 11), key="other"),
        held(addon, "extra", key="extra"),
    )


def lines(view: SubscriptionView, **facts: int) -> dict[str, str]:
    """What March bills, but for nothing."""
    spans = [span for span in view.spans_until(day(4)) if span.full == month(3).full]
    found = [line for span in spans for line in (*rate_advance(view, span), *rate_period(view, span, used(**facts)))]
    return {line.charge_key: line.rated.amount.text() for line in found if line.rated.amount.amount_minor}


@pytest.mark.parametrize(
    ("addon", "charge", "billed", "missing", "then"),
    [
        (plan(units("1")), "extra.units", "60.00", "40.00", "420.00"),  # all 60 happened on 2 March
        (plan(units("1", "seats.named.peak")), "extra.units", "60.00", "80.65", "379.35"),  # 60 × 10/31 = 19.35
        (FLAT, "extra.flat", "31.00", "90.00", "399.00"),
    ],
)
def test_what_an_add_on_came_to_counts_for_the_plan_that_was_held(addon, charge, billed, missing, then):
    # 310 a month for 10 of 31 days: 100; then 620 for 21 of 31 days: 420.
    view = changed(least("310", "floor"), least("620", "other"), addon)

    assert lines(view, m3=60) == {charge: billed, "commitment:floor": missing, "commitment:other": then}


def test_where_nothing_is_committed_to_before_or_after_the_rest_counts_nowhere():
    assert lines(changed(least("310", "floor"), FREE, FLAT)) == {"extra.flat": "31.00", "commitment:floor": "90.00"}
    assert lines(changed(FREE, least("620", "other"), FLAT)) == {"extra.flat": "31.00", "commitment:other": "399.00"}


def test_a_minimum_that_goes_on_counts_the_whole_month_at_its_end():
    view = changed(least("310", "floor"), least("310", "floor"), FLAT)

    assert lines(view) == {"extra.flat": "31.00", "commitment:floor": "279.00"}


def test_a_term_that_a_change_ends_counts_the_add_on_up_to_it():
    view = changed(least("365", "term", months=12), FREE, FLAT)

    # 69 of 365 days: 69.00; January and February came to 62.00, March to 10.00 by then.
    assert "commitment:term" not in lines(view)


def test_what_serves_a_quarter_counts_where_it_is_billed():
    view = changed(least("310", "floor"), least("620", "other"), plan(fee("90", key="flat", interval_months=3)))

    assert lines(view) == {"extra.flat": "90.00", "commitment:floor": "100.00", "commitment:other": "330.00"}
