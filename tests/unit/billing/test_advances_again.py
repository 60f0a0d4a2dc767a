"""A change corrects what was billed in advance: of the running period, of a longer one, from its first instant on."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from billing.actions.rate_subscription import Wanted, reckon
from billing.due import DueItem, Timing
from billing.history import History, RatedPart
from billing.reads import BilledPeriodView, RevisionView
from plans.documents import PlanDocument
from plans.periods import Span
from plans.subscriptions import SubscriptionView
from tests.unit.plans.contracts import contract, day, fee, held, month, plan, used

INVOICE, NOBODY = UUID(int=7), UUID(int=0)
QUARTERLY = plan(fee("900", in_advance=True, interval_months=3))
MONTHLY = plan(fee("310", in_advance=True))


def changed(before: PlanDocument, after: PlanDocument, at: datetime) -> SubscriptionView:
    return contract(held(before, ends_at=at), held(after, starts_at=at, key="other"))


def bill(view: SubscriptionView, timing: Timing, span: Span, history: History, now: datetime) -> tuple[RatedPart, ...]:
    item = DueItem(NOBODY, view.id, span.period, timing)
    return reckon(Wanted(cast(Any, None), view, (item,), now), history, used()).parts


def told(parts: tuple[RatedPart, ...]) -> list[tuple[str, str, str]]:
    return [(part.charge_key, part.kind, part.figure.amount.text()) for part in parts]


def after_first(view: SubscriptionView, first: Span, spans: list[Span]) -> History:
    """The books after the first period's advance was billed."""
    parts = bill(view, "advance", first, History({first.period.starts_at: first}), first.period.starts_at)
    revisions = {
        (part.charge_key, part.period.starts_at): [
            RevisionView(
                NOBODY, 0, part.kind, part.figure, part.meter, part.unit, part.period, NOBODY, INVOICE
            )
        ]
        for part in parts
    }  # fmt: skip
    billed = BilledPeriodView(view.id, "advance", first.period, NOBODY, INVOICE if parts else None, None)
    return History({span.period.starts_at: span for span in spans}, (billed,), revisions)


def test_a_quarters_fee_that_was_paid_comes_back_from_the_change_on_though_it_falls_in_another_billing_period():
    # 900 for the 90 days of the quarter were billed in January; the plan ends with February's 14th, after 45 of them.
    january, cut_short = month(1), replace(month(2), period=replace(month(2).period, ends_at=day(2, 15)))
    history = after_first(contract(held(QUARTERLY)), january, [january, cut_short])

    parts = bill(changed(QUARTERLY, MONTHLY, day(2, 15)), "arrears", cut_short, history, day(2, 20))

    assert told(parts) == [("fee", "late", "-450.00")]


def test_a_plan_that_is_changed_at_the_first_instant_of_a_period_is_billed_by_the_new_one_alone():
    # January's 310 were billed in advance, as was 40 for support; the plan from the first instant on costs 62 in all.
    january = month(1)
    before = plan(fee("310", in_advance=True), fee("40", key="support", in_advance=True), fee("5", key="late"))
    after = plan(fee("62", in_advance=True), fee("5", key="late"), fee("1", key="new", in_advance=True))
    history = after_first(contract(held(before)), january, [january])

    parts = bill(contract(held(after)), "arrears", january, history, day(2))

    assert told(parts) == [
        ("late", "usage", "5.00"), ("new", "advance", "1.00"), ("fee", "late", "-248.00"), ("support", "late", "-40.00"),
    ]  # fmt: skip


def test_a_fee_that_becomes_one_in_arrears_at_the_first_instant_is_settled_by_that_bill():
    january = month(1)
    history = after_first(contract(held(MONTHLY)), january, [january])

    parts = bill(contract(held(plan(fee("62")))), "arrears", january, history, day(2))

    assert told(parts) == [("fee", "late", "-248.00")]


def test_a_fee_comes_back_where_the_contract_ended_as_its_period_began():
    # Cancelled on 1 February at midnight: February was billed in advance, and is no period any more.
    january, february = month(1), month(2)
    history = after_first(contract(held(MONTHLY)), february, [january])

    parts = bill(contract(held(MONTHLY), ends_at=day(2)), "arrears", january, history, day(2, 4))

    assert told(parts) == [("fee", "late", "-310.00")]
