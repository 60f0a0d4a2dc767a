"""What was billed in parts, by bills that cut a month for an add-on, is what a bill of the whole takes off."""

from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from billing.actions.rate_subscription import Wanted, reckon
from billing.due import DueItem
from billing.history import History
from billing.late import Figure
from billing.reads import BilledPeriodView, RevisionView
from core.money import Money
from core.periods import Period
from plans.periods import cut
from tests.unit.plans.contracts import contract, day, fee, held, month, plan, units, used

INVOICE, NOBODY = UUID(int=7), UUID(int=0)


def part(minor: int, quantity: str, period: Period) -> RevisionView:
    figure = Figure(Money(minor, "USD"), Decimal(quantity))
    return RevisionView(NOBODY, 0, "usage", figure, "members.active", "", period, NOBODY, INVOICE)


def test_a_month_that_was_billed_in_two_parts_is_corrected_by_what_both_came_to():
    # 10 × 4 × 11/31 = 14.19 and 0 × 4 × 20/31 were billed; the whole is 40.00.
    first, last = cut(month(1), day(1, 12))
    view = contract(held(plan(units("4", "members.active"))), held(plan(fee("0")), "x", key="x", starts_at=day(1, 12)))
    revisions = {
        ("units", one.period.starts_at): [part(minor, quantity, one.period)]
        for one, minor, quantity in ((first, 1419, "3.548387096774"), (last, 0, "0"))
    }
    billed = tuple(BilledPeriodView(view.id, "arrears", one.period, NOBODY, INVOICE, day(2)) for one in (first, last))
    spans = {one.period.starts_at: one for one in (first, last, month(2))}
    history = History(spans, billed, revisions, day(2), day(1, 3))

    due = DueItem(NOBODY, view.id, month(2).period, "arrears")
    parts = reckon(Wanted(cast(Any, None), view, (due,), day(3)), history, used(m1=10)).parts

    late = [(one.charge_key, one.period, one.figure.amount.text()) for one in parts if one.kind == "late"]
    assert late == [("units", month(1).period, "25.81")]
