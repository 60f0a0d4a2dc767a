"""Granted, or the first reason why not."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from plans.charges import Charge, Price
from plans.documents import Feature, PlanDocument
from plans.entitlements import decide_entitlement, granting, with_use
from plans.states import State
from plans.subscriptions import Holding, SubscriptionView

START = datetime(2026, 1, 1, tzinfo=UTC)


def document(**features: Feature) -> PlanDocument:
    return PlanDocument(charges=(Charge(key="c", name="C", model="flat", prices={"EUR": Price()}),), features=features)


def contract(
    status: State = State.ACTIVE, *, addon: PlanDocument | None = None, **features: Feature
) -> SubscriptionView:
    base = Holding("base", "plan", "Plan", UUID(int=1), 1, document(**features), 1, START, None)
    held = (base,) if addon is None else (base, replace(base, slot="addon", document=addon))
    ends_at = datetime(2026, 6, 1, tzinfo=UTC) if status == State.ENDED else None
    return SubscriptionView(
        UUID(int=2),
        UUID(int=3),
        "main",
        UUID(int=3),
        "EUR",
        START,
        ends_at,
        date(2026, 1, 1),
        "UTC",
        "",
        status,
        held,
        datetime(2026, 7, 1, tzinfo=UTC),
    )


NO = Feature(granted=False, addon="compliance")


@pytest.mark.parametrize(
    ("tenant_status", "contracts", "reason"),
    [
        ("active", [contract(ilt=Feature())], None),
        ("trial", [contract(State.ENDING, ilt=Feature())], None),
        ("active", [contract(ilt=NO)], "not_in_plan"),
        ("active", [contract()], "not_in_plan"),
        ("active", [], "not_in_plan"),
        ("active", [contract(State.SCHEDULED, ilt=Feature())], "not_in_plan"),
        ("active", [contract(State.ENDED, ilt=Feature())], "expired"),
        ("active", [contract(State.ENDED, ilt=Feature()), contract(ilt=NO)], "not_in_plan"),
        ("active", [contract(ilt=NO, addon=document(ilt=Feature()))], None),
        ("suspended", [contract(ilt=Feature())], "suspended"),
        ("closed", [contract(ilt=Feature())], "suspended"),
    ],
)
def test_the_first_reason_in_order_is_told(tenant_status, contracts, reason):
    found = decide_entitlement("ilt", tenant_status, contracts)

    assert found.reason == reason
    assert found.granted == (reason is None)


def test_of_several_grants_the_one_that_reaches_furthest_is_told():
    small, large, endless = Feature(limit=50), Feature(limit=250), Feature()

    assert decide_entitlement("gb", "active", [contract(gb=small), contract(gb=large)]).detail == large
    assert decide_entitlement("gb", "active", [contract(gb=endless), contract(gb=large)]).detail == endless


def test_what_is_not_granted_names_the_add_on_that_would_bring_it():
    assert decide_entitlement("ilt", "active", [contract(ilt=NO)]).detail == NO


@pytest.mark.parametrize(("used", "granted"), [("0", True), ("9.999999999999", True), ("10", False), ("11", False)])
def test_a_metered_feature_is_granted_below_its_limit(used, granted):
    metered = contract(exports=Feature(limit=10, meter="contributions"))
    found = with_use(decide_entitlement("exports", "active", [metered]), Decimal(used))

    assert (found.granted, found.used) == (granted, Decimal(used))
    assert (found.reason is None) == granted


def test_a_contract_at_rest_grants_nothing_and_says_so():
    view = contract(ilt=Feature())
    paused = replace(view, holdings=tuple(replace(held, mode="paused") for held in view.holdings))

    assert decide_entitlement("ilt", "active", [paused]).reason == "paused"
    assert decide_entitlement("ilt", "active", [paused, view]).granted
    assert decide_entitlement("wbt", "active", [paused]).reason == "not_in_plan"


def test_a_contract_at_rest_is_not_the_one_that_grants_a_metered_feature():
    running = contract(exports=Feature(limit=10, meter="m"))
    at_rest = replace(running, holdings=(replace(running.base, mode="paused"),))

    found = decide_entitlement("exports", "active", [at_rest, running])

    assert granting(found, [at_rest, running]) is running
