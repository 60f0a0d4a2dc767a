"""A discount or a commitment of one key from several sides: each is billed, and no bill stands still for it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.refresh_draft import refresh_draft
from billing.errors import InvoiceDraftDoubled
from billing.reads import InvoiceView, draft_content
from billing.store import set_invoice, violated
from core.db import Database
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.create_coupon import CouponInput, create_coupon
from plans.actions.publish_version import publish_version
from plans.actions.redeem_coupon import RedeemInput, redeem_coupon
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.actions.subscribe import AddonInput
from plans.documents import PlanDocument
from plans.errors import CouponNotUsable
from plans.terms import Commitment, Discount
from tests.builders.bill import ACTIVE, CURRENCIES, FEE, Books, lines
from tests.builders.world import ACTOR, LONG_AGO, World

NOW = datetime(2026, 10, 11, 8, tzinfo=UTC)
LAUNCH = Discount(key="launch", name="Launch", percent=Decimal(10))
FLOOR = Commitment(key="floor", name="Minimum", amounts=dict.fromkeys(CURRENCIES, Decimal(200)))
DEAL = PlanDocument(charges=(FEE, ACTIVE), discounts=(LAUNCH,), commitments=(FLOOR,))


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, now=NOW)
    books.plan("small", FEE, ACTIVE)
    return books


def coupon(books: Books, code: str) -> str:
    with books.db.begin(StewardScope()) as session:
        return create_coupon(session, CouponInput(code, LAUNCH, ACTOR), NOW).code


def test_a_child_with_a_discount_of_plan_contract_and_two_coupons_is_on_its_parents_bill(books, world):
    parent = world.tenant("parent")
    child = world.tenant("child", parent_id=parent.id, bill_to_parent=True)
    books.subscribe(parent, starts_on=date(2026, 10, 1))
    held = books.subscribe(child, starts_on=date(2026, 10, 1), terms=DEAL, discounts=(LAUNCH,))
    books.run("2026-10-10T09:00:00+00:00")
    codes = [coupon(books, "APRIL-26"), coupon(books, "MAY-26")]
    with books.db.begin(TenantScope(child.id)) as session:
        for code in codes:
            redeem_coupon(session, RedeemInput(child.id, held.id, code, ACTOR), NOW)
    with books.db.begin(TenantScope(child.id)) as session, pytest.raises(CouponNotUsable, match="before"):
        redeem_coupon(session, RedeemInput(child.id, held.id, codes[0], ACTOR), NOW)

    done = books.run("2026-11-04T09:00:00+00:00")

    assert done.failures == ()
    october, november = books.invoices(parent)
    assert [line for line in lines(october) if line[0] != "fee"] == [
        ("discount:launch:advance", "advance", "1", "-10.00"),
        ("discount:contract.launch:advance", "advance", "1", "-9.00"),
    ]
    # 100 − 10 % = 90 − 10 % = 81 − 10 % = 72.90 − 10 % = 65.61; the coupons count from November.
    offs = {key: amount for key, _, _, amount in lines(november) if key.startswith("discount") and "advance" in key}
    assert offs == {
        "discount:launch:advance": "-10.00", "discount:contract.launch:advance": "-9.00",
        "discount:APRIL-26.launch:advance": "-8.10", "discount:MAY-26.launch:advance": "-7.29",
    }  # fmt: skip


def test_minimums_of_plan_and_add_on_with_one_key_are_billed_and_late_facts_move_both(books, world):
    acme = world.tenant()
    extra = PlanDocument(charges=(ACTIVE,), commitments=(FLOOR,))
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        save_draft(session, DraftInput("extra", extra, PlanIdentity("Extra", "tests", "addon", 1), ACTOR), LONG_AGO)
        publish_version(session, "extra", ACTOR, LONG_AGO)
    terms = PlanDocument(charges=(FEE, ACTIVE), commitments=(FLOOR,))
    books.subscribe(acme, starts_on=date(2026, 10, 1), terms=terms, addons=(AddonInput("extra"),))
    books.send(acme, *books.active("2026-10-05", "ann", "bob"))

    books.run("2026-11-04T09:00:00+00:00")

    # 2 × 4.20 twice and a fee of 100: 200 − 116.80; of the add-on's own 200 − 8.40.
    october = {key: amount for key, _, _, amount in lines(books.invoices(acme)[-1])}
    assert (october["commitment:floor"], october["commitment:extra.floor"]) == ("83.20", "191.60")
    books.send(acme, *books.active("2026-10-06", "cid"), now=datetime(2026, 11, 20, tzinfo=UTC))
    books.run("2026-12-04T09:00:00+00:00")
    late = {key: amount for key, kind, _, amount in lines(books.invoices(acme)[-1]) if kind == "late"}
    assert (late["commitment:floor"], late["commitment:extra.floor"]) == ("-8.40", "-4.20")


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("months", [3, None])
def test_a_minimum_of_an_add_on_that_is_left_within_a_month_leaves_the_plans_own_whole(books, world, months, cut):
    acme = world.tenant()
    floor = replace(FLOOR, months=months, early_end="due" if months else "prorated", charges=("active",))
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        extra = PlanDocument(charges=(ACTIVE,), commitments=(floor,))
        save_draft(session, DraftInput("extra", extra, PlanIdentity("Extra", "tests", "addon", 1), ACTOR), LONG_AGO)
        publish_version(session, "extra", ACTOR, LONG_AGO)
    terms = PlanDocument(charges=(ACTIVE,), commitments=(FLOOR,))
    held = books.subscribe(acme, starts_on=date(2026, 10, 1), terms=terms, addons=(AddonInput("extra"),))
    with books.db.begin(TenantScope(acme.id)) as session:
        if cut:
            change_subscription(session, ChangeInput(acme.id, held.id, ACTOR, quantity=2), NOW - timedelta(days=3))
        change_subscription(session, ChangeInput(acme.id, held.id, ACTOR, addons=()), NOW)

    books.run("2026-11-04T09:00:00+00:00")

    billed = {key: amount for one in books.invoices(acme) for key, _, _, amount in lines(one) if amount != "0.00"}
    # A quarter is due as a whole when it is left; of a month 250 hours of 745 were held.
    assert billed == {"commitment:floor": "200.00", "commitment:extra.floor": "200.00" if months else "67.11"}


@pytest.mark.parametrize("comes", [True, False])
def test_a_contracts_percentage_acts_once_on_each_part_of_a_month_in_which_an_amount_off_comes_or_goes(
    books, world, comes
):
    acme, service = world.tenant(time_zone="UTC"), replace(FEE, in_advance=False)
    ten = Discount(key="ten", name="Ten off", amounts=dict.fromkeys(CURRENCIES, Decimal(31)))
    plain, less = PlanDocument(charges=(service,)), PlanDocument(charges=(service,), discounts=(ten,))
    first, then = (plain, less) if comes else (less, plain)
    held = books.subscribe(acme, starts_on=date(2026, 10, 1), terms=first, discounts=(LAUNCH,))
    with books.db.begin(TenantScope(acme.id)) as session:
        given = ChangeInput(acme.id, held.id, ACTOR, terms=then, at=datetime(2026, 10, 11, tzinfo=UTC))
        change_subscription(session, given, datetime(2026, 10, 11, tzinfo=UTC))

    books.run("2026-11-04T09:00:00+00:00")

    billed = [(key, amount) for one in books.invoices(acme) for key, _, _, amount in lines(one)]
    # 10 and 21 of 31 days; 10 % of 32.26 and of 67.74 − 21, or of 32.26 − 10 and of 67.74.
    off = [("discount:ten", "-21.00"), ("discount:launch", "-3.23"), ("discount:launch", "-4.67")]
    if not comes:
        off = [("discount:ten", "-10.00"), ("discount:launch", "-9.00")]
    assert sorted(billed) == sorted([("fee", "32.26"), ("fee", "67.74"), *off])


def drafted(books: Books, world: World) -> InvoiceView:
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1), terms=DEAL, discounts=(LAUNCH,))
    books.run("2026-10-10T09:00:00+00:00", finalise=False)
    [draft] = books.invoices(acme)
    return draft


def change_line(books: Books, draft: InvoiceView, position: int, **changes: Any) -> None:
    """Write a line of the draft as something else left it."""
    with books.db.begin(TenantScope(draft.tenant_id)) as session:
        content = draft_content(session, draft.tenant_id, draft.id)
        written = list(content.lines)
        written[position] = replace(written[position], **changes)
        content = msgspec.to_builtins(replace(content, lines=tuple(written)))
        set_invoice(session, draft.tenant_id, draft.id, draft=content)


def finalise(books: Books, draft: InvoiceView) -> str:
    with books.db.begin(TenantScope(draft.tenant_id)) as session:
        return finalise_invoice(session, draft.tenant_id, draft.id, NOW, ACTOR)


def test_a_draft_from_before_keys_were_told_apart_says_so_and_is_refreshed(books, world):
    draft = drafted(books, world)
    assert lines(draft)[-1][0] == "discount:contract.launch:advance"
    change_line(books, draft, -1, charge_key="discount:launch:advance", revision=1)

    with pytest.raises(InvoiceDraftDoubled):
        finalise(books, draft)
    with books.db.begin(TenantScope(draft.tenant_id)) as session:
        refresh_draft(session, draft.tenant_id, draft.id, NOW, ACTOR)
    assert finalise(books, draft) == "EU-2026-000001"


def test_what_the_database_refuses_for_another_reason_is_not_called_an_outdated_draft(books, world):
    draft = drafted(books, world)
    change_line(books, draft, 0, kind="refund", revision=-1)

    with pytest.raises(IntegrityError) as refused:
        finalise(books, draft)
    assert violated(refused.value) == "ck_rated_line_revision_sane"
