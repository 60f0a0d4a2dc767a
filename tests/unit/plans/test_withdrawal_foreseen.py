"""A change that is withdrawn: what the running period then bills, whole again if the change had cut it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from plans.changes import decide_withdrawal
from plans.charges import Charge, Price
from plans.documents import PlanDocument
from plans.rating import Sources
from plans.rating.estimate import estimate_change, estimate_next
from plans.states import State
from plans.subscriptions import BASE, Holding, SubscriptionView

SOME = UUID("01890000-0000-7000-8000-000000000001")


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def contract(change_at: datetime) -> SubscriptionView:
    """One of a plan at 10.00 a month in arrears; from an instant on three of it."""
    fee = Charge(key="fee", name="Fee", model="flat", prices={"EUR": Price(amount=Decimal(10))})
    document = PlanDocument(charges=(fee,))
    one = Holding(BASE, "small", "Small", SOME, 1, document, 1, day(1, 1), change_at)
    return SubscriptionView(
        id=SOME, tenant_id=SOME, key="k", payer_tenant_id=SOME, currency="EUR", starts_at=day(1, 1), ends_at=None,
        anchor_on=date(2026, 1, 1), time_zone="UTC", purchase_order="", status=State.ACTIVE,
        holdings=(one, replace(one, quantity=3, starts_at=change_at, ends_at=None)), as_of=day(4, 10),
    )  # fmt: skip


def foreseen(held: SubscriptionView) -> tuple[list[str], list[str]]:
    sources = Sources(measure=lambda meter, period: (_ for _ in ()).throw(AssertionError))
    decision = decide_withdrawal(held, None, held.as_of)
    following = estimate_next(decision, sources)
    assert following is not None
    assert following.span.period.starts_at == day(5, 1)
    running = [one.rated.amount.text() for one in estimate_change(held, decision, sources)]
    return running, [one.rated.amount.text() for one in following.lines]


def test_a_change_with_the_period_leaves_the_running_one_as_it_is() -> None:
    assert foreseen(contract(day(5, 1))) == (["10.00"], ["10.00"])


def test_a_period_that_the_change_had_cut_is_billed_as_a_whole() -> None:
    assert foreseen(contract(day(4, 20))) == (["10.00"], ["10.00"])
