"""Prices in words, as the catalogue shows them."""

import pytest
from babel import Locale
from msgspec import structs

from app.i18n import Reader, use
from app.pages.sales.catalogue import Offer, catalogue_view
from app.pages.sales.plan import curve, curve_wish
from app.pages.sales.prices import price_lines
from app.pages.tables import TableQuery
from plans.catalogue import CATALOGUE
from plans.documents import Feature

ENTRIES = {entry.key: entry for entry in CATALOGUE}
OFFERS = [Offer(e.key, e.name, e.kind, e.rank, 1, e.document) for e in CATALOGUE]


@pytest.fixture(autouse=True)
def british() -> None:
    use(Reader("en", Locale("en", "GB")))


def test_registered_members_of_light_in_words() -> None:
    charge = ENTRIES["light"].document.charge("registered_members")
    assert charge is not None

    # The USD list: first 500 at 1.20, next 4,500 at 0.80, then 0.45; minimum 250.
    assert price_lines(charge, "USD") == (
        "first 500 at US$1.20",
        "next 4,500 at US$0.80",
        "then US$0.45",
        "at least US$250.00 a month",
    )
    assert price_lines(charge, "JPY") == ()


def test_every_charge_of_the_catalogue_has_words_in_every_currency() -> None:
    for entry in CATALOGUE:
        for charge in entry.document.charges:
            for currency in charge.prices:
                assert price_lines(charge, currency), f"{entry.key}.{charge.key} has no words in {currency}"


def test_what_differs_from_the_tier_below_is_marked() -> None:
    view = catalogue_view(OFFERS, "EUR")
    rows = {row.label: row.squares for row in view.features}

    # 25, 500, 500, unlimited, unlimited: light has nothing below it.
    assert [one.differs for one in rows["Web-course (WBT) catalogue"]] == [False, True, True, True, True]
    assert not any(one.differs for one in rows["Discussions"])


def test_a_limit_that_is_used_up_in_each_period_says_by_what() -> None:
    document = ENTRIES["light"].document
    metered = Feature(limit=20, unit="transaction", meter="courses.transactions.charged")
    offer = Offer("light", "Light", "base", 1, 1, structs.replace(document, features={"exports": metered}))

    [row] = catalogue_view([offer], "EUR").features

    assert row.squares[0].lines == ("20 transactions", "in each billing period, by Course transactions charged")


def test_a_curve_stands_on_each_edge_of_a_tier() -> None:
    offer = next(offer for offer in OFFERS if offer.key == "light")
    wish = curve_wish(offer, TableQuery.of("/", {"charge": "registered_members", "currency": "USD", "up_to": "6000"}))

    drawn = curve(wish)

    # 500 × 1.20 = 600; 5,000: 600 + 4,500 × 0.80 = 4,200. At zero the minimum of 250 holds.
    total = dict(zip(drawn.total.x, drawn.total.series[0].values, strict=True))
    assert (total["0"], total["500"], total["5000"]) == ("250", "600", "4200")


def test_nonsense_in_the_address_falls_back() -> None:
    offer = OFFERS[0]
    for up_to in ("-5", "x", "1e999", "9" * 60, "NaN", ""):
        wish = curve_wish(offer, TableQuery.of("/", {"charge": "no", "currency": "ZZZ", "up_to": up_to}))
        assert wish.charge == offer.document.charges[0]
        assert 0 < wish.highest <= 10_000_000
