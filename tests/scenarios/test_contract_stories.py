"""Twelve contracts from their first day on, by the API alone; every amount was reckoned by hand.

All of them share one database, and each has a test clock of its own. Berlin is an hour ahead of UTC
in winter and two in summer; amounts are net of tax unless it says otherwise.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from tests.application import client_on
from tests.builders.tales import Customer, Teller, active, fee, people
from tests.builders.world import LONG_AGO, World
from tests.server import fresh_database


@pytest.fixture(scope="module")
def url(admin_url: str) -> Iterator[str]:
    with fresh_database(admin_url) as url:
        yield url


@pytest.fixture(scope="module")
def vendor(url: str) -> Iterator[Teller]:
    database = Database(url)
    world = World(database)
    world.entity("eu", "EUR", "DE")
    with database.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    with client_on(database) as client:
        teller = Teller(client, world.key("vendor_admin"))
        teller.sells("light-fee", fee("100.00"))
        teller.sells("suite-fee", fee("310.00"), rank=2)
        teller.sells("gold", active("6.00"), rank=2)
        teller.sells("bronze", active("4.00"))
        yield teller
    database.dispose()


def test_a_trial_becomes_an_annual_contract(vendor: Teller) -> None:
    vendor.sells("annual", fee("1200.00"), interval_months=12)
    aster = vendor.meets("aster", "2025-01-10T08:00:00Z")
    begun = aster.begins("annual", "2025-01-10", trial_days=30)
    assert (begun["mode"], begun["anchor_on"]) == ("trial", "2025-02-09")

    aster.until("2025-02-08T22:00:00Z")
    assert aster.bills() == []

    # The trial is over on 9 February, and the year is paid at once; the second one a year later.
    aster.until("2026-02-13T00:00:00Z")
    assert aster.bills() == ["2025-02-09 1200.00", "2026-02-09 1200.00"]


def test_a_ramp_grows_as_it_was_agreed(vendor: Teller) -> None:
    seats = {
        "key": "seats",
        "name": "Seats",
        "model": "per_unit",
        "in_advance": True,
        "prices": {"EUR": {"unit": "5.00"}},
    }
    vendor.sells("seats", seats)
    birch = vendor.meets("birch", "2025-01-01T08:00:00Z")
    phases = [{"starts_on": "2025-03-01", "quantity": 200}, {"starts_on": "2025-04-01", "quantity": 350}]
    birch.begins("seats", "2025-01-01", quantity=100, phases=phases)

    birch.until("2025-05-04T01:00:00Z")

    # 100 × 5.00 in January and February, 200 × 5.00 in March, 350 × 5.00 from April on.
    assert birch.bills() == [
        "2025-01-01 500.00",
        "2025-02-01 500.00",
        "2025-03-01 1000.00",
        "2025-04-01 1750.00",
        "2025-05-01 1750.00",
    ]


def test_an_upgrade_in_the_middle_of_a_month_on_the_31st(vendor: Teller) -> None:
    cedar = vendor.meets("cedar", "2025-01-15T08:00:00Z")
    cedar.begins("light-fee", "2025-01-15")
    cedar.until("2025-01-30T23:00:00Z")
    upgrade = {"plan": "suite-fee", "when": "prorate_now"}

    shown = cedar.contract("change", **upgrade, preview=True)
    assert shown["direction"] == "upgrade"
    assert [(line["charge"], line["amount"]["amount"]) for line in shown["estimate"]] == [
        ("fee", "-48.39"),
        ("fee", "150.00"),
    ]
    cedar.contract("change", **upgrade)
    cedar.until("2025-02-19T00:00:00Z")

    # 15 January to 15 February are 31 days, of which 15 are left: 100.00 × 16/31 = 51.61 stay, 48.39 go
    # back; 310.00 × 15/31 = 150.00 come. From 15 February on the whole 310.00.
    assert cedar.bills() == ["2025-01-15 100.00", "2025-01-31 101.61", "2025-02-15 310.00"]
    assert cedar.lines("2025-01-31") == ["fee advance 150.00", "fee late -48.39"]


def test_a_downgrade_with_prepaid_credits(vendor: Teller) -> None:
    dahlia = vendor.meets("dahlia", "2025-01-01T08:00:00Z")
    dahlia.begins("gold", "2025-01-01")
    wanted = {"name": "Credits", "amount": {"amount": "130.00", "currency": "EUR"}}
    assert dahlia.does("POST", "/v1/credits", wanted | {"preview": True})["gross"]["amount"] == "154.70"
    dahlia.does("POST", "/v1/credits", wanted)
    dahlia.until("2025-01-20T12:00:00Z")
    dahlia.acts("2025-01-10", people(10))
    dahlia.contract("change", plan="bronze", when="at_period_end")
    dahlia.until("2025-02-20T12:00:00Z")
    dahlia.acts("2025-02-10", people(10))
    dahlia.until("2025-03-20T12:00:00Z")
    dahlia.acts("2025-03-10", people(10))
    dahlia.until("2025-04-05T00:00:00Z")

    # Bought: 130.00. January 10 × 6.00 = 60.00, from February on 10 × 4.00 = 40.00. Credits pay 60.00,
    # 40.00 and the last 30.00 of March, so that 10.00 are left to pay.
    assert dahlia.bills() == ["2025-01-01 130.00", "2025-02-01 0.00", "2025-03-01 0.00", "2025-04-01 10.00"]
    assert dahlia.lines("2025-04-01") == ["active usage 40.00", "active prepaid -30.00"]
    [block] = dahlia.does("GET", "/v1/credits")["items"]
    moved = dahlia.does("GET", f"/v1/credits/{block['id']}/movements")["items"]
    assert [(m["kind"], m["amount"]["amount"], m["remaining"]["amount"]) for m in moved[::-1]] == [
        ("granted", "130.00", "130.00"),
        ("drawn", "-60.00", "70.00"),
        ("drawn", "-40.00", "30.00"),
        ("drawn", "-30.00", "0.00"),
    ]


def test_an_add_on_across_the_change_to_summer_time(vendor: Teller) -> None:
    vendor.sells("boost", fee("743.00", "boost"), kind="addon")
    elder = vendor.meets("elder", "2025-03-01T08:00:00Z")
    elder.begins("light-fee", "2025-03-01")
    elder.until("2025-03-15T23:00:00Z")
    elder.contract("change", addons=[{"key": "boost"}])
    elder.until("2025-04-04T01:00:00Z")

    # March has 743 hours, since the 30th has 23; from midnight of the 16th on 383 are left. The add-on:
    # 743.00 × 383/743 = 383.00. The plan's own fee of March is paid and stays as it is. April: 100.00 and 743.00.
    assert elder.bills() == ["2025-03-01 100.00", "2025-03-16 383.00", "2025-04-01 843.00"]
    assert elder.lines("2025-03-16") == ["boost.boost advance 383.00"]


def test_a_minimum_over_a_term_with_its_true_up(vendor: Teller) -> None:
    floor = {"key": "floor", "name": "Quarterly minimum", "amounts": {"EUR": "200.00"}, "months": 3}
    vendor.sells("floored", active("4.00"), commitments=[floor])
    fir = vendor.meets("fir", "2025-01-01T08:00:00Z")
    fir.begins("floored", "2025-01-01")
    for month, count in (("2025-01", 10), ("2025-02", 20)):
        fir.until(f"{month}-20T12:00:00Z")
        fir.acts(f"{month}-10", people(count))
    fir.until("2025-04-05T00:00:00Z")

    # 40.00 and 80.00, then nothing: of 200.00 for the quarter 80.00 are missing, billed with March.
    assert fir.bills() == ["2025-02-01 40.00", "2025-03-01 80.00", "2025-04-01 80.00"]
    assert fir.lines("2025-04-01") == ["active usage 0.00", "commitment:floor usage 80.00"]


def test_periods_are_anchored_anew(vendor: Teller) -> None:
    ginkgo = vendor.meets("ginkgo", "2025-01-15T08:00:00Z")
    ginkgo.begins("light-fee", "2025-01-15")
    ginkgo.until("2025-02-28T23:00:00Z")
    ginkgo.contract("cancel", when="prorate_now")
    ginkgo.does("POST", "/v1/subscriptions", {"plan": "light-fee", "key": "first", "starts_on": "2025-03-01"})
    ginkgo.does(
        "POST",
        "/v1/subscriptions",
        {"plan": "suite-fee", "key": "aligned", "starts_on": "2025-03-15", "anchor_on": "2025-04-01"},
    )
    ginkgo.until("2025-04-05T00:00:00Z")

    # Bills on the 15th become bills on the 1st: of 15 February to 15 March 14 of 28 days are over, 50.00 go
    # back, on the document by which the new contract takes its first 100.00. A third one begins inside a month that is
    # anchored on the 1st: 310.00 × 17 days less an hour of March's 31 days less an hour = 310.00 × 407/743.
    assert ginkgo.bills() == [
        "2025-01-15 100.00",
        "2025-02-15 100.00",
        "2025-03-01 50.00",
        "2025-03-15 169.81",
        "2025-04-01 410.00",
    ]


def test_a_pause_costs_nothing_and_gives_nothing(vendor: Teller) -> None:
    hazel = vendor.meets("hazel", "2025-02-01T08:00:00Z")
    hazel.begins("light-fee", "2025-02-01")
    hazel.until("2025-02-10T23:00:00Z")
    hazel.contract("pause")
    hazel.until("2025-02-20T12:00:00Z")
    hazel.contract("resume", when="at_period_end")
    hazel.until("2025-03-05T00:00:00Z")

    # 10 of February's 28 days are due: 35.71; of 100.00 that were paid 64.29 go back. March is whole.
    assert hazel.bills() == ["2025-02-01 100.00", "2025-02-11 -64.29", "2025-03-01 100.00"]


def test_of_two_who_race_for_the_last_coupon_one_gets_it(vendor: Teller) -> None:
    half = {"key": "half", "name": "Half price", "percent": "50", "periods": 1}
    vendor.does("POST", "/v1/coupons", {"code": "LAST", "discount": half, "max_redemptions": 1})
    racers = [vendor.meets(slug, "2025-06-01T08:00:00Z") for slug in ("iris", "ivy")]
    for racer in racers:
        racer.begins("light-fee", "2025-06-01")

    def redeem(racer: Customer) -> int:
        return racer.tries("POST", "/v1/subscriptions/main/coupons", {"code": "LAST"})[0]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(redeem, racers))
    for racer in racers:
        racer.until("2025-07-05T00:00:00Z")

    assert sorted(answers) == [200, 409]
    # June is due in advance already; of July who was faster pays half of 100.00, the other the whole.
    for racer, answer in zip(racers, answers, strict=True):
        assert racer.bills() == ["2025-06-01 100.00", f"2025-07-01 {'50.00' if answer == 200 else '100.00'}"]


def test_a_contract_never_changes_its_currency(vendor: Teller) -> None:
    vendor.sells("dollars", fee("110.00") | {"prices": {"USD": {"amount": "110.00"}}})
    juniper = vendor.meets("juniper", "2025-01-01T08:00:00Z")
    juniper.begins("light-fee", "2025-01-01")

    status, refused = juniper.tries("POST", "/v1/subscriptions/main/change", {"plan": "dollars"})
    assert (status, refused["code"]) == (422, "currency_not_priced")
    assert refused["detail"] == "The charge 'fee' has no price in EUR. Use a currency that the plan lists."
    status, refused = juniper.tries("POST", "/v1/subscriptions/main/change", {"currency": "USD"})
    assert (status, refused["code"]) == (400, "malformed_request")
    assert "currency" in refused["detail"]
    juniper.until("2025-02-04T00:00:00Z")

    assert juniper.bills() == ["2025-01-01 100.00", "2025-02-01 100.00"]


def test_a_contract_that_is_dated_back_bills_what_has_happened_since(vendor: Teller) -> None:
    larch = vendor.meets("larch", "2025-04-10T08:00:00Z")
    larch.acts("2025-01-10", people(3))
    larch.acts("2025-03-10", people(5))
    larch.begins("gold", "2025-01-01")

    larch.until("2025-04-10T09:00:00Z")
    assert larch.bills() == ["2025-02-01 18.00", "2025-03-01 0.00", "2025-04-01 30.00"]
    # April's first fact of January comes late: 6.00 more on the next bill.
    larch.acts("2025-01-11", ["latecomer"])
    larch.until("2025-05-05T00:00:00Z")
    assert larch.lines("2025-05-01") == ["active usage 0.00", "active late 6.00"]


def test_many_children_are_paid_by_their_parent(vendor: Teller, url: str) -> None:
    """A hundred, which takes seconds; `make laws` tells it of a thousand, which takes a minute."""
    count = int(os.environ.get("TALE_CHILDREN", "100"))
    net, tax, gross = {100: ("200.00", "38.00", "238.00"), 1000: ("2000.00", "380.00", "2380.00")}[count]
    vendor.sells("child-fee", fee("2.00", in_advance=False))
    mother = vendor.meets("mother", "2025-01-01T08:00:00Z", grace_hours=0)
    child = vendor.adds("child-0", mother.clock, parent="mother", bill_to_parent=True, grace_hours=0)
    child.begins("child-fee", "2025-01-01")
    multiply(url, "child-0", count - 1)

    mother.until("2025-02-01T01:00:00Z")

    # 2.00 for each on one document, and 19 % of the sum, not of each line.
    [bill] = mother.does("GET", "/v1/invoices")["items"]
    assert [bill[part]["amount"] for part in ("net", "tax", "gross")] == [net, tax, gross]
    lines = mother.does("GET", f"/v1/invoices/{bill['id']}")["lines"]
    assert len({line["consumer_tenant_id"] for line in lines}) == count
    assert {line["amount"]["amount"] for line in lines} == {"2.00"}
    assert child.bills() == []


def multiply(url: str, slug: str, count: int) -> None:
    """Copy a customer with its contract so many times, in one transaction: the API would take a minute."""
    like: dict[str, Any] = {"slug": slug, "count": count}
    with psycopg.connect(url) as connection:
        connection.execute("set local row_security = off")
        connection.execute(
            "create temp table copy on commit drop as select gen_random_uuid() as tenant_id, gen_random_uuid() as id, n,"
            " t.id as tenant_of, s.id as contract_of from tenant t join subscription s on s.tenant_id = t.id,"
            " generate_series(1, %(count)s) n where t.slug = %(slug)s",
            like,
        )
        changed = {
            "tenant": "jsonb_build_object('id', copy.tenant_id, 'slug', 'child-' || n, 'name', 'Child ' || n)",
            "subscription": "jsonb_build_object('tenant_id', copy.tenant_id, 'id', copy.id, 'key', 'main')",
            "subscription_item": "jsonb_build_object('tenant_id', copy.tenant_id, 'subscription_id', copy.id)",
            "billing_period": "jsonb_build_object('tenant_id', copy.tenant_id, 'subscription_id', copy.id)",
        }
        for table, values in changed.items():
            owner = "id" if table == "tenant" else "tenant_id"
            connection.execute(
                f"insert into {table} select (jsonb_populate_record(r, to_jsonb(r) || {values})).*"
                f" from {table} r, copy where r.{owner} = copy.tenant_of"
            )


def test_a_term_renews_by_itself_until_it_is_not_wanted_any_more(vendor: Teller) -> None:
    maple = vendor.meets("maple", "2025-01-01T08:00:00Z")
    begun = maple.begins("light-fee", "2025-01-01", ends_on="2025-03-01", renews_months=2, notice_days=10)
    assert (begun["renews_months"], begun["status"]) == (2, "ending")

    # Settled ten days before 1 March: it goes on to 1 May.
    maple.until("2025-02-18T22:00:00Z")
    assert maple.does("GET", "/v1/subscriptions/main")["ends_at"] == "2025-02-28T23:00:00Z"
    maple.until("2025-02-18T23:00:00Z")
    assert maple.does("GET", "/v1/subscriptions/main")["ends_at"] == "2025-04-30T22:00:00Z"
    shown = maple.contract("cancel", when="at_term_end")
    assert (shown["effective_at"], shown["subscription"]["renews_months"]) == ("2025-04-30T22:00:00Z", None)
    maple.until("2025-06-05T00:00:00Z")

    # Four months of 100.00, and nothing in May.
    assert maple.bills() == [f"2025-0{month}-01 100.00" for month in (1, 2, 3, 4)]


def test_a_change_that_has_not_come_yet_is_withdrawn(vendor: Teller) -> None:
    olive = vendor.meets("olive", "2025-01-01T08:00:00Z")
    olive.begins("light-fee", "2025-01-01")
    assert olive.tries("POST", "/v1/subscriptions/main/withdraw", {})[1]["code"] == "nothing_pending"
    # One with the period's end, and one inside the running period, which cuts it.
    olive.contract("change", plan="suite-fee", when="at_period_end")
    olive.contract("change", quantity=2, at="2025-01-20T23:00:00Z", keep_later=True)
    status, refused = olive.tries("POST", "/v1/subscriptions/main/withdraw", {})
    assert (status, refused["code"]) == (409, "nothing_pending")
    assert "2025-01-20T23:00:00+00:00" in refused["detail"]

    olive.contract("withdraw", at="2025-01-20T23:00:00Z")
    olive.contract("withdraw")
    olive.until("2025-03-05T00:00:00Z")

    # As if nothing had been said: one document a month, nothing cut.
    assert olive.bills() == [f"2025-0{month}-01 100.00" for month in (1, 2, 3)]
