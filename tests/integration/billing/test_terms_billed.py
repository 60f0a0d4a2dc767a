"""What a contract agrees on comes out on its invoices: previewed, executed and billed alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from msgspec.structs import replace as changed

from core.scope import StewardScope, TenantScope
from metering.policies import WeightPolicy
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.create_coupon import CouponInput, create_coupon
from plans.actions.redeem_coupon import RedeemInput, redeem_coupon
from plans.actions.renew_subscription import RenewInput, renew_subscription
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.catalogue.suite import POLICIES
from plans.documents import Feature, PlanDocument
from plans.errors import ChangePending, CouponNotUsable, PlanInvalid, SubscriptionNotIn, TermsDontFit
from plans.rating.estimate import estimate_change, estimate_next
from plans.reads import Phase, get_subscription, measured_sources, periods, subscriptions
from plans.reads.entitlements import entitlement_of
from plans.subscriptions import SubscriptionView
from plans.terms import Commitment, Discount
from tenants.reads import TenantView
from tests.builders.bill import ACTIVE, FEE, Books, lines, price
from tests.builders.credits import ledger
from tests.builders.world import ACTOR, World, bearer

NOW = datetime(2026, 10, 11, 8, tzinfo=UTC)
HALF = Discount(key="half", name="Half price", percent=Decimal(50), periods=2)


@pytest.fixture
def acme(world: World) -> TenantView:
    return world.tenant()


def begin(books: Books, tenant: TenantView, now: datetime = NOW, **changes) -> SubscriptionView:
    given = SubscribeInput(tenant.id, "small", ACTOR, key="main", starts_on=date(2026, 10, 1))
    with books.db.begin(TenantScope(tenant.id)) as session:
        return subscribe(session, replace(given, **changes), now)


def change(books: Books, held: SubscriptionView, now: datetime = NOW, **wanted):
    with books.db.begin(TenantScope(held.tenant_id)) as session:
        return change_subscription(session, ChangeInput(held.tenant_id, held.id, ACTOR, **wanted), now)


def total(books: Books, tenant: TenantView) -> dict[str, int]:
    """What was billed in all, in cents, by charge."""
    billed: dict[str, int] = {}
    for invoice in books.invoices(tenant):
        sign = -1 if invoice.kind == "credit_note" else 1
        for line in invoice.lines:
            billed[line.charge_key] = billed.get(line.charge_key, 0) + sign * line.amount.amount_minor
    return billed


def test_discounts_and_a_commitment_are_billed_and_late_facts_move_them(books, acme):
    floor = Commitment(key="floor", name="Minimum", amounts=dict.fromkeys(("EUR", "USD", "GBP", "JPY"), Decimal(120)))
    terms = PlanDocument(charges=(FEE, ACTIVE), discounts=(HALF,), commitments=(floor,))
    begin(books, acme, terms=terms)
    books.send(acme, *books.active("2026-10-05", "ann", "bob"))

    books.run("2026-11-04T09:00:00+00:00")

    opening, october = books.invoices(acme)
    # The fee of 100 less 50 % in advance; 2 × 4.20 = 8.40 less 4.20; 120 − 50 − 4.20 = 65.80 are missing.
    assert lines(opening) == [("fee", "advance", "1", "100.00"), ("discount:half:advance", "advance", "1", "-50.00")]
    assert lines(october)[:3] == [
        ("active", "usage", "2", "8.40"),
        ("discount:half", "usage", "1", "-4.20"),
        ("commitment:floor", "usage", "1", "65.80"),
    ]

    # Ten late people: 42.00, of which half is off, so that 21.00 less are missing.
    books.send(acme, *books.active("2026-10-06", *(f"p{n}" for n in range(10))), now=datetime(2026, 11, 20, tzinfo=UTC))
    books.run("2026-12-04T09:00:00+00:00")

    late = [line for line in lines(books.invoices(acme)[-1]) if line[1] == "late"]
    assert late == [
        ("active", "late", "10", "42.00"),
        ("discount:half", "late", "0", "-21.00"),
        ("commitment:floor", "late", "0", "-21.00"),
    ]
    # December is the third period: no discount any more.
    books.run("2027-01-04T09:00:00+00:00")
    assert all(key != "discount:half" for key, *_ in lines(books.invoices(acme)[-1]))


@pytest.mark.parametrize("when", ["prorate_now", "at_period_end"])
def test_a_change_bills_the_very_lines_that_it_previewed(books, acme, when):
    held = begin(books, acme, quantity=3)
    books.send(acme, *books.active("2026-10-05", "ann", "bob"))
    books.run("2026-10-10T09:00:00+00:00")
    wanted = {"quantity": 5, "terms": PlanDocument(charges=(FEE, ACTIVE), discounts=(HALF,)), "when": when}

    with books.db.begin(TenantScope(acme.id)) as session:
        given = ChangeInput(acme.id, held.id, ACTOR, preview=True, **wanted)
        preview = change_subscription(session, given, NOW)
        sources = measured_sources(session, acme, now=NOW)
        estimate, following = estimate_change(held, preview, sources), estimate_next(preview, sources)
    assert following is not None
    assert len(subscriptions_of(books, acme)[0].holdings) == 1
    done = change(books, held, **wanted)
    assert (done.effective_at, done.pieces) == (preview.effective_at, preview.pieces)
    books.run("2026-11-04T09:00:00+00:00")

    promised: dict[str, int] = {}
    for line in estimate:
        promised[line.charge_key] = promised.get(line.charge_key, 0) + line.rated.amount.amount_minor
    billed = total(books, acme)
    # The bill has November's fee and the opening invoice's beside what was promised for October.
    opening = {line.charge_key: line.amount.amount_minor for line in books.invoices(acme)[0].lines}
    november = {
        line.charge_key: line.rated.amount.amount_minor
        for line in following.lines
        if line.charge_key in ("fee", "discount:half:advance")
    }
    assert november == {"fee": 50_000, "discount:half:advance": -25_000}
    assert {key: billed[key] - opening.get(key, 0) - november.get(key, 0) for key in billed} == {
        key: promised.get(key, 0) for key in billed
    }


def test_a_preview_counts_people_as_the_plan_to_come_does(books, acme, client, world):
    # A guest is a whole member as the catalogue counts, and half of one for this plan: half of 4.20.
    halves = changed(POLICIES, weights=WeightPolicy(classes={"guest": Decimal("0.5")}))
    members = changed(ACTIVE, meter="members.registered.peak")
    books.publish("halves", PlanDocument(charges=(members,), policies=halves))
    joined = books.event("membership.opened", "gus", "2026-09-05", community_id="all", person={"class": "guest"})
    books.send(acme, joined, now=NOW)

    asked = {"plan": "halves", "starts_on": "2026-10-01", "ends_on": "2026-11-01", "preview": True}
    answer = client.post("/v1/subscriptions", headers=bearer(world.key("vendor_sales"), acme.slug), json=asked)

    [line] = answer.json()["estimate"]
    assert (Decimal(line["quantity"]), line["amount"]["amount"]) == (Decimal("0.5"), "2.10")


def subscriptions_of(books: Books, tenant: TenantView) -> tuple[SubscriptionView, ...]:
    with books.db.begin(TenantScope(tenant.id)) as session:
        return subscriptions(session, tenant.id, NOW)


def test_a_ramp_with_a_trial_is_billed_as_it_was_agreed_on(books, acme):
    # Free until 15 October, then 10 seats; from 15 December 20 seats; periods from the 15th on.
    begin(books, acme, quantity=10, trial_days=14, phases=(Phase(date(2026, 12, 15), quantity=20),))

    books.run("2027-01-20T09:00:00+00:00")

    fees = [line for invoice in books.invoices(acme) for line in lines(invoice) if line[0] == "fee"]
    assert fees == [
        ("fee", "advance", "10", "1000.00"),
        ("fee", "advance", "10", "1000.00"),
        ("fee", "advance", "20", "2000.00"),
        ("fee", "advance", "20", "2000.00"),
    ]
    (held,) = subscriptions_of(books, acme)
    assert [(h.mode, h.quantity) for h in held.holdings] == [("trial", 10), ("regular", 10), ("regular", 20)]


def test_a_phase_inside_a_period_cuts_it(books, acme):
    begin(books, acme, phases=(Phase(date(2026, 10, 16), quantity=2),))

    books.run("2026-11-04T09:00:00+00:00")

    # October has 31 days and, in Berlin, an hour more: 745 h. 100 × 360/745 = 48.32, 200 × 385/745 = 103.36.
    fees = [line for invoice in books.invoices(acme) for line in lines(invoice) if line[0] == "fee"]
    assert [amount for *_, amount in fees] == ["48.32", "103.36", "200.00"]


def test_a_change_before_a_later_phase_is_refused_unless_that_stays(books, acme):
    held = begin(books, acme, phases=(Phase(date(2026, 12, 1), quantity=20),))

    with pytest.raises(ChangePending):
        change(books, held, quantity=5)
    change(books, held, quantity=5, keep_later=True)

    (after,) = subscriptions_of(books, acme)
    assert [holding.quantity for holding in after.holdings] == [1, 5, 20]
    assert after.holdings[1].ends_at == after.holdings[2].starts_at == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_a_pause_gives_the_rest_of_the_fee_back_and_bills_nothing_until_it_ends(books, acme):
    held = begin(books, acme)
    books.run("2026-10-10T09:00:00+00:00")
    at = datetime(2026, 10, 15, 22, tzinfo=UTC)  # midnight of the 16th in Berlin
    change(books, held, mode="paused", at=at)
    with books.db.begin(TenantScope(acme.id)) as session:
        resumed = ChangeInput(acme.id, held.id, ACTOR, mode="regular", at=datetime(2026, 12, 31, 23, tzinfo=UTC))
        change_subscription(
            session, replace(resumed, at=None, when="at_period_end"), datetime(2026, 12, 20, tzinfo=UTC)
        )

    books.run("2027-01-02T09:00:00+00:00", skip_grace=True, reason="tests")

    # 100 less the 385 of 745 hours after the 16th, then nothing until January's 100.
    assert total(books, acme)["fee"] == 10_000 - 5_168 + 10_000


def test_who_leaves_a_commitment_at_the_end_of_a_paused_month_that_was_closed_owes_what_lacks(books, acme):
    year = Commitment(
        key="year", name="Year", amounts=dict.fromkeys(("EUR", "USD", "GBP", "JPY"), Decimal(1_200)), months=12,
        early_end="prorated",
    )  # fmt: skip
    held = begin(books, acme, terms=PlanDocument(charges=(FEE, ACTIVE), commitments=(year,)))
    change(books, held, mode="paused", when="at_period_end")
    books.run("2026-12-04T09:00:00+00:00")
    assert total(books, acme) == {"fee": 10_000, "active": 0}

    first = datetime(2026, 12, 1, tzinfo=acme.tz)
    change(books, held, datetime(2026, 12, 5, tzinfo=UTC), terms=PlanDocument(charges=(FEE, ACTIVE)), at=first)
    books.run("2027-01-04T09:00:00+00:00")

    # The year ran on in the pause: 61 days and the hour of October out of 365 days, less the fee of October.
    part = Fraction(61 * 24 + 1, 365 * 24)
    assert total(books, acme)["commitment:year"] == round(part * 120_000) - 10_000


def test_a_subscription_is_renewed_before_it_ends_and_its_periods_go_on(books, acme):
    held = begin(books, acme, ends_on=date(2026, 10, 21))
    books.run("2026-10-10T09:00:00+00:00")
    with books.db.begin(TenantScope(acme.id)) as session:
        given = RenewInput(acme.id, held.id, ACTOR, date(2026, 12, 1))
        preview = renew_subscription(session, replace(given, preview=True), NOW)
        assert get_subscription(session, acme.id, held.id, NOW).ends_at == held.ends_at
        assert renew_subscription(session, given, NOW).ends_at == preview.ends_at
        with pytest.raises(TermsDontFit):
            renew_subscription(session, given, NOW)
        with pytest.raises(SubscriptionNotIn):
            renew_subscription(session, replace(given, ends_on=None), datetime(2027, 1, 1, tzinfo=UTC))

    books.run("2026-12-10T09:00:00+00:00")

    # The pieces of October sum to a whole month: 64.43 + 35.57.
    fees = [line for invoice in books.invoices(acme) for line in lines(invoice) if line[0] == "fee"]
    assert [amount for *_, amount in fees] == ["64.43", "35.57", "100.00"]
    with books.db.begin(TenantScope(acme.id)) as session:
        tiles = [view.span.period for view in periods(session, acme.id, held.id)]
    assert all(before.ends_at == after.starts_at for before, after in pairwise(tiles))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"phases": (Phase(date(2026, 10, 1), quantity=2),)}, TermsDontFit),
        ({"phases": (Phase(date(2027, 2, 1)), Phase(date(2027, 1, 1)))}, TermsDontFit),
        ({"phases": (Phase(date(2027, 2, 1)),), "ends_on": date(2027, 1, 1)}, TermsDontFit),
        ({"trial_days": 30, "phases": (Phase(date(2026, 10, 20)),)}, TermsDontFit),
        ({"terms": PlanDocument(charges=(changed(ACTIVE, meter="members.counted"),))}, PlanInvalid),
    ],
)
def test_terms_that_do_not_fit_are_refused_and_nothing_is_written(books, acme, changes, refusal):
    with pytest.raises(refusal):
        begin(books, acme, **changes)

    assert subscriptions_of(books, acme) == ()


def test_negotiated_terms_are_this_customers_alone(books, acme, world):
    begin(books, acme, terms=PlanDocument(charges=(changed(FEE, prices=price(amount=Decimal(60))),)))
    beta = world.tenant("beta")
    begin(books, beta)

    books.run("2026-10-10T09:00:00+00:00")

    assert (total(books, acme)["fee"], total(books, beta)["fee"]) == (6_000, 10_000)
    with books.db.begin(TenantScope(beta.id)) as session:
        assert all(held.terms_id is None for view in subscriptions(session, beta.id, NOW) for held in view.holdings)


def coupon(books: Books, **limits) -> str:
    with books.db.begin(StewardScope()) as session:
        return create_coupon(session, CouponInput("SPRING-26", HALF, ACTOR, **limits), NOW).code


def test_a_coupon_counts_from_the_first_period_that_is_not_billed(books, acme):
    held = begin(books, acme)
    books.run("2026-10-10T09:00:00+00:00")
    code = coupon(books)
    with books.db.begin(TenantScope(acme.id)) as session:
        agreed = redeem_coupon(session, RedeemInput(acme.id, held.id, code, ACTOR), NOW)
    # October's fee is billed: the coupon is for November and December.
    assert agreed.starts_at == datetime(2026, 10, 31, 23, tzinfo=UTC)

    books.run("2027-02-04T09:00:00+00:00")

    offs = [line for invoice in books.invoices(acme) for line in lines(invoice) if line[0].startswith("discount")]
    assert [amount for *_, amount in offs if amount not in ("0.00", "-0.00")] == ["-50.00", "-50.00"]
    with books.db.begin(TenantScope(acme.id)) as session, pytest.raises(CouponNotUsable, match="before"):
        redeem_coupon(session, RedeemInput(acme.id, held.id, code, ACTOR), NOW)


def test_four_customers_at_once_redeem_a_coupon_for_one_once(books, world):
    customers = [world.tenant(f"c{n}") for n in range(4)]
    held = [begin(books, tenant) for tenant in customers]
    code = coupon(books, max_redemptions=1)

    def redeem(view: SubscriptionView) -> str:
        try:
            with books.db.begin(TenantScope(view.tenant_id)) as session:
                redeem_coupon(session, RedeemInput(view.tenant_id, view.id, code, ACTOR), NOW)
        except CouponNotUsable as refusal:
            return refusal.extra["reason"]
        return "redeemed"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(redeem, held))

    assert answers == ["redeemed", "used_up", "used_up", "used_up"]


@pytest.mark.parametrize(
    ("limits", "why"),
    [({"valid_until": NOW}, "expired"), ({"plan_keys": ("large",)}, "other_plan")],
)
def test_a_coupon_that_does_not_fit_says_why(books, acme, limits, why):
    books.plan("large")
    code = coupon(books, **limits)

    with pytest.raises(CouponNotUsable) as refusal:
        begin(books, acme, coupon=code)
    assert refusal.value.extra["reason"] == why
    assert subscriptions_of(books, acme) == ()


def test_any_pieces_of_a_month_sum_to_it_in_the_database(books, acme):
    held = begin(books, acme)
    books.run("2026-10-01T09:00:00+00:00")
    for day in (5, 11, 23):
        change(books, held, datetime(2026, 10, day, tzinfo=UTC), quantity=day)

    books.run("2026-11-04T09:00:00+00:00")

    tz = held.schedule.tz
    edges = [datetime(2026, 10, 1, tzinfo=tz), *(datetime(2026, 10, day, tzinfo=UTC) for day in (5, 11, 23))]
    edges.append(datetime(2026, 11, 1, tzinfo=tz))
    hours = [Fraction((b.astimezone(UTC) - a.astimezone(UTC)).total_seconds()) / 3600 for a, b in pairwise(edges)]
    assert sum(hours) == 745
    worked_out = sum(round(10_000 * count * part / 745) for count, part in zip((1, 5, 11, 23), hours, strict=True))
    assert total(books, acme)["fee"] - 23 * 10_000 == worked_out


def test_a_metered_feature_is_granted_until_its_limit_is_used_in_this_period(books, acme):
    exports = {"exports": Feature(limit=2, meter="members.active", unit="person")}
    today = datetime.now(UTC)
    begin(books, acme, today, starts_on=today.date(), terms=PlanDocument(charges=(FEE, ACTIVE), features=exports))

    def asked() -> tuple[bool, str | None, Decimal | None]:
        with books.db.begin(TenantScope(acme.id)) as session:
            found = entitlement_of(session, acme, "exports")
        return found.granted, found.reason, found.used

    assert asked() == (True, None, 0)
    books.send(acme, *books.active(f"{today:%Y-%m-%dT%H:%M:%SZ}", "ann"), now=today)
    assert asked() == (True, None, 1)
    books.send(acme, *books.active(f"{today:%Y-%m-%dT%H:%M:%SZ}", "bob"), now=today)
    assert asked() == (False, "limit_reached", 2)


def test_a_fee_in_advance_that_was_cut_short_is_earned_and_nothing_of_it_stays_deferred(books, acme):
    held = begin(books, acme, datetime(2026, 10, 1, tzinfo=UTC))
    books.run("2026-10-02T09:00:00+00:00")
    assert ledger(books)["deferred_revenue"] == "-100.00"

    with books.db.begin(TenantScope(acme.id)) as session:
        cancel_subscription(session, CancelInput(acme.id, held.id, ACTOR, "prorate_now"), NOW)
    books.run("2026-10-20T09:00:00+00:00")

    # 100.00 for October's 745 hours in Berlin, of which 250 are served: 33.56.
    assert total(books, acme)["fee"] == 3356
    left = ledger(books)
    assert (left.get("deferred_revenue"), left["revenue"]) == (None, "-33.56")
