"""Published worked examples, each with its source, and the edges of every model, worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest

from core.money import Money
from plans.errors import CurrencyNotPriced
from plans.pricing import rate
from tests.unit.plans.prices import APP, LIGHT, STARTS, charge, tiers, used

LAGO = tiers(("10000", "0.0010", "10"), ("50000", "0.0008", "10"), ("100000", "0.0006", "10"), (None, "0.0004", "10"))
OPENMETER = tiers(("1000", "0.10", None), ("10000", "0.05", None), (None, "0.01", None))
ORACLE = tiers(("29", "1", None), ("74", "2", None), (None, "3", None))
FONTS = tiers(("5", "7", None), ("10", "6.5", None), (None, "6", None))
STRIPE = tiers(("5", "5", None), ("10", "4", None), ("15", "3", None), ("20", "2", None), (None, "1", None))
WATER = tiers(("1000", "1.5", None), (None, "2", None))


@pytest.mark.parametrize(
    ("model", "priced_by", "quantity", "amount"),
    [
        # docs.stripe.com/subscriptions/pricing-models/tiered-pricing, Typographic's fonts by volume.
        ("volume", FONTS, 1, "7.00"),
        ("volume", FONTS, 5, "35.00"),
        ("volume", FONTS, 6, "39.00"),
        ("volume", FONTS, 20, "120.00"),
        ("volume", FONTS, 25, "150.00"),
        # The same graduated: 5 cost 35, as by volume.
        ("graduated", FONTS, 5, "35.00"),
        # stripe.com/docs/billing/subscriptions/tiers: by volume, and 6 graduated: 25 + 4.
        ("volume", STRIPE, 1, "5.00"),
        ("volume", STRIPE, 5, "25.00"),
        ("volume", STRIPE, 6, "24.00"),
        ("volume", STRIPE, 20, "40.00"),
        ("volume", STRIPE, 25, "25.00"),
        ("graduated", STRIPE, 6, "29.00"),
        # docs.killbill.io/latest/catalog-examples, water-monthly without its 30 a month:
        # 400 × 1.5 = 600; 1,000 × 1.5 + 200 × 2 = 1,900.
        ("graduated", WATER, 400, "600.00"),
        ("graduated", WATER, 1200, "1900.00"),
        # docs.killbill.io/latest/consumable_in_arrear: 5 videos at 2, then 1 each: 7 → 12.
        ("graduated", tiers(("5", "2", None), (None, "1", None)), 7, "12.00"),
    ],
)
def test_stripes_and_kill_bills_examples_come_out_as_published(model, priced_by, quantity, amount):
    assert rate(charge(model, tiers=priced_by), used(quantity), "USD").amount.text() == amount


@pytest.mark.parametrize(
    ("what", "priced", "quantity", "amount"),
    [
        # Lago documentation, volume: 65,000 × 0.0006 + 10 = 39 + 10 = 49.
        ("Lago volume", charge("volume", tiers=tiers((None, "0.0006", "10"))), 65_000, "49.00"),
        # getlago.com/docs/guide/plans/charges/charge-models/volume: the whole table, 65,000 calls cost 49.
        ("Lago volume table", charge("volume", tiers=LAGO), 65_000, "49.00"),
        # …/charge-models/graduated: 1 each for 100, 0.50 for the next 100, then 0.10: 250 → 100 + 50 + 5.
        (
            "Lago graduated",
            charge("graduated", tiers=tiers(("100", "1", None), ("200", "0.5", None), (None, "0.1", None))),
            250,
            "155.00",
        ),
        # OpenMeter's models in Zuplo's documentation (articles/monetization/pricing-models): 15,000 units
        # cost 100 + 450 + 50 = 600 graduated, 150 by volume; 100,000 units at 0.001 cost 100.
        ("OpenMeter graduated", charge("graduated", tiers=OPENMETER), 15_000, "600.00"),
        ("OpenMeter volume", charge("volume", tiers=OPENMETER), 15_000, "150.00"),
        ("OpenMeter per unit", charge("per_unit", unit="0.001"), 100_000, "100.00"),
        # Autumn (docs.useautumn.com, graduated-pricing): 15,000 requests pay 10 + 72 + 25 = 107.
        (
            "Autumn graduated",
            charge("graduated", tiers=tiers(("1000", "0.01", None), ("10000", "0.008", None), (None, "0.005", None))),
            15_000,
            "107.00",
        ),
        # Oracle lending guide E.3.3, base units 76: 29 × 1 + 45 × 2 + 2 × 3 = 125 tiered, 76 × 3 = 228 not.
        ("Oracle tiered", charge("graduated", tiers=ORACLE), 76, "125.00"),
        ("Oracle not tiered", charge("volume", tiers=ORACLE), 76, "228.00"),
        # Flexprice (docs.flexprice.io, flat fee): 1,000 calls at 0.05 cost 50.
        ("Flexprice", charge("per_unit", unit="0.05"), 1_000, "50.00"),
        # Flexprice (docs.flexprice.io, tiered): 65,000 calls by volume in the tier at 0.0006 cost 39; packages of
        # 1,000 at 1.00: 4,500 calls are 5.
        ("Flexprice volume", charge("volume", tiers=tiers((None, "0.0006", None))), 65_000, "39.00"),
        ("Flexprice package", charge("package", amount="1", size="1000"), 4_500, "5.00"),
        # docs.zuora.com, flat fee pricing: 160 used, 99.00 whatever is used.
        ("Zuora flat fee", charge("flat", amount="99", meter=None), 1, "99.00"),
        # Lago documentation, package: 5 per 100, first 100 free: 201 − 100 = 101 → 2 packages = 10.
        ("Lago package", charge("package", amount="5", size="100", included=Decimal(100)), 201, "10.00"),
        # LatitudeLearning's list (licensing anchors §3): 5k enrolments cost 12,500, 10k 22,500,
        # 20k 35,000, 50k 57,500 and 100k 95,000: volume prices of 2.50, 2.25, 1.75, 1.15 and 0.95.
        ("LatitudeLearning 5k", charge("volume", tiers=STARTS), 5_000, "12500.00"),
        ("LatitudeLearning 10k", charge("volume", tiers=STARTS), 10_000, "22500.00"),
        ("LatitudeLearning 20k", charge("volume", tiers=STARTS), 20_000, "35000.00"),
        ("LatitudeLearning 50k", charge("volume", tiers=STARTS), 50_000, "57500.00"),
        ("LatitudeLearning 100k", charge("volume", tiers=STARTS), 100_000, "95000.00"),
        # Tribe (licensing anchors §3): 49 for each extra 1,000 monthly active: 2,500 → 3 × 49.
        ("Tribe packages", charge("package", amount="49", size="1000"), 2_500, "147.00"),
        # Teachable (licensing anchors §3): 7.5 % fee: 12,345.60 × 0.075 = 925.92.
        ("Teachable fee", charge("percentage", percent="7.5", meter="courses.revenue"), "12345.60", "925.92"),
    ],
)
def test_published_examples_come_out_as_published(what, priced, quantity, amount):
    assert rate(priced, used(quantity), "USD").amount.text() == amount, what


@pytest.mark.parametrize(
    ("priced", "quantity", "amount"),
    [
        # per_unit: 6.50 a seat.
        (charge("per_unit", unit="6.50"), 0, "0.00"),
        (charge("per_unit", unit="6.50"), 1, "6.50"),
        (charge("per_unit", unit="6.50"), "2.5", "16.25"),
        # 12 decimals: 0.000000000001 × 5e9 = 0.005 → 0.01, half away from zero.
        (charge("per_unit", unit="0.000000000001"), 5_000_000_000, "0.01"),
        (charge("per_unit", unit="0.000000000001"), 4_999_999_999, "0.00"),
        # graduated: 500 × 1.20 = 600; 501: + 0.80; 5,000: 600 + 4,500 × 0.80 = 4,200; 5,001: + 0.45.
        (charge("graduated", tiers=LIGHT), 0, "0.00"),
        (charge("graduated", tiers=LIGHT), 1, "1.20"),
        (charge("graduated", tiers=LIGHT), 499, "598.80"),
        (charge("graduated", tiers=LIGHT), 500, "600.00"),
        (charge("graduated", tiers=LIGHT), "500.5", "600.40"),
        (charge("graduated", tiers=LIGHT), 501, "600.80"),
        (charge("graduated", tiers=LIGHT), 4_999, "4199.20"),
        (charge("graduated", tiers=LIGHT), 5_000, "4200.00"),
        (charge("graduated", tiers=LIGHT), 5_001, "4200.45"),
        # graduated with flats: a tier's flat is due once any part of a unit reaches it.
        (charge("graduated", tiers=tiers(("10", "1", "5"), (None, "2", "7"))), 0, "0.00"),
        (charge("graduated", tiers=tiers(("10", "1", "5"), (None, "2", "7"))), 10, "15.00"),
        # 10 × 1 + 5 + 0.5 × 2 + 7 = 23.
        (charge("graduated", tiers=tiers(("10", "1", "5"), (None, "2", "7"))), "10.5", "23.00"),
        # volume: the edge belongs to the tier it ends; 5,001 × 2.25 = 11,252.25.
        (charge("volume", tiers=STARTS), 0, "0.00"),
        (charge("volume", tiers=STARTS), 1, "2.50"),
        (charge("volume", tiers=STARTS), 4_999, "12497.50"),
        (charge("volume", tiers=STARTS), 5_001, "11252.25"),
        (charge("volume", tiers=tiers((None, "0.0006", "10"))), 0, "0.00"),
        # package: rounded up, none for nothing.
        (charge("package", amount="120", size="100"), 0, "0.00"),
        (charge("package", amount="120", size="100"), "0.01", "120.00"),
        (charge("package", amount="120", size="100"), 100, "120.00"),
        (charge("package", amount="120", size="100"), "100.000000000001", "240.00"),
        (charge("package", amount="5", size="100", included=Decimal(100)), 100, "0.00"),
        (charge("package", amount="5", size="100", included=Decimal(100)), 200, "5.00"),
        # stairstep.
        (charge("stairstep", tiers=APP), 0, "0.00"),
        (charge("stairstep", tiers=APP), 1, "99.00"),
        (charge("stairstep", tiers=APP), 500, "99.00"),
        (charge("stairstep", tiers=APP), 501, "249.00"),
        (charge("stairstep", tiers=APP), 5_000, "249.00"),
        (charge("stairstep", tiers=APP), 50_000, "499.00"),
        (charge("stairstep", tiers=APP), 50_001, "899.00"),
        # percentage: bounds first, then the fixed part, which is always added.
        (charge("percentage", percent="7.5", meter="courses.revenue"), 0, "0.00"),
        (charge("percentage", percent="7.5", fixed="2", meter="courses.revenue"), 0, "2.00"),
        (charge("percentage", percent="7.5", fixed="2", least="50", meter="courses.revenue"), 100, "52.00"),
        (charge("percentage", percent="7.5", fixed="2", most="60", meter="courses.revenue"), 1000, "62.00"),
        # More refunded than sold: 7.5 % of −100 = −7.50, unless a minimum holds.
        (charge("percentage", percent="7.5", meter="courses.revenue"), -100, "-7.50"),
        (charge("percentage", percent="7.5", minimum="50", meter="courses.revenue"), -100, "50.00"),
        # minimum and cap hold at zero use and beyond.
        (charge("graduated", tiers=LIGHT, minimum="250"), 0, "250.00"),
        (charge("graduated", tiers=LIGHT, minimum="250"), 208, "250.00"),
        (charge("graduated", tiers=LIGHT, minimum="250"), 209, "250.80"),
        (charge("per_unit", unit="2", cap="100"), 50, "100.00"),
        (charge("per_unit", unit="2", cap="100"), 51, "100.00"),
        (charge("flat", amount="30", cap="20", meter=None), 1, "20.00"),
        # flat per item: 150 for each of 3 audiences; a free plan says 0.
        (charge("flat", amount="150", meter=None), 3, "450.00"),
        (charge("flat", amount="0", meter=None), 1, "0.00"),
    ],
)
def test_each_model_at_its_edges(priced, quantity, amount):
    assert rate(priced, used(quantity), "USD").amount.text() == amount


@pytest.mark.parametrize(
    ("currency", "unit", "quantity", "minor"),
    [
        ("JPY", "120.5", 1, 121),  # no decimals: 120.5 → 121
        ("JPY", "0.4", 1, 0),
        ("KWD", "0.0005", 1, 1),  # three decimals: 0.0005 KWD → 1 fils
        ("KWD", "1.2344", 1, 1234),
        ("EUR", "0.005", 1, 1),
        ("EUR", "0.005", -1, None),
    ],
)
def test_amounts_round_to_the_currencys_own_digits(currency, unit, quantity, minor):
    priced = charge("per_unit", currency, unit=unit)
    if minor is None:
        with pytest.raises(ValueError, match="difference"):
            rate(priced, used(quantity), currency)
        return
    assert rate(priced, used(quantity), currency).amount == Money(minor, currency)


EDGES = {
    # Two tiers to 10 and on at prices of 12 and 6 decimals, worked out by hand, in each currency's minor units:
    # quantity: (graduated, volume, package of 10 at 1.5, stairs of 99 and 249).
    # USD: 0.123456789012 and 0.05. 1: 12.3 cents. 9: 111.1. 10: 123.5. 10.5: 123.5 + 2.5 = 126.0, by volume 52.5 → 53.
    # 11: 123.5 + 5 = 128.5 → 128.4567… → 128. 0.5: 6.17.
    "USD": {
        "0": (0, 0, 0, 0), "0.5": (6, 6, 150, 9900), "1": (12, 12, 150, 9900), "9": (111, 111, 150, 9900),
        "10": (123, 123, 150, 9900), "10.000000000001": (123, 50, 300, 24900), "10.5": (126, 53, 300, 24900),
        "11": (128, 55, 300, 24900),
    },
    # JPY has no decimals: 1.5 a package is 2 (half away from zero), two are 3.
    "JPY": {
        "0": (0, 0, 0, 0), "0.5": (0, 0, 2, 99), "1": (0, 0, 2, 99), "9": (1, 1, 2, 99),
        "10": (1, 1, 2, 99), "10.000000000001": (1, 1, 3, 249), "10.5": (1, 1, 3, 249), "11": (1, 1, 3, 249),
    },
    # KWD has three: 0.123456789012 is 123 fils, half of it 61.7 → 62; 10: 1,234.57 → 1,235; 10.5: + 25 = 1,259.57.
    "KWD": {
        "0": (0, 0, 0, 0), "0.5": (62, 62, 1500, 99000), "1": (123, 123, 1500, 99000),
        "9": (1111, 1111, 1500, 99000), "10": (1235, 1235, 1500, 99000),
        "10.000000000001": (1235, 500, 3000, 249000), "10.5": (1260, 525, 3000, 249000),
        "11": (1285, 550, 3000, 249000),
    },
}  # fmt: skip


@pytest.mark.parametrize("currency", EDGES)
def test_both_sides_of_every_edge_in_currencies_of_two_no_and_three_decimals(currency):
    priced = tiers(("10", "0.123456789012", None), (None, "0.05", None))
    models = (
        charge("graduated", currency, tiers=priced),
        charge("volume", currency, tiers=priced),
        charge("package", currency, amount="1.5", size="10"),
        charge("stairstep", currency, tiers=tiers(("10", None, "99"), (None, None, "249"))),
    )
    for quantity, minor in EDGES[currency].items():
        found = tuple(rate(one, used(Fraction(quantity)), currency).amount.amount_minor for one in models)
        assert found == minor, quantity


def test_a_ratio_is_rounded_to_twelve_decimals_before_it_is_priced():
    # 2/3 → 0.666666666667; × 3e10 = 20,000,000,000.01, where 2/3 itself would give exactly 2e10.
    rated = rate(charge("per_unit", unit="30000000000"), used(Fraction(2, 3)), "USD")

    assert rated.quantity == Decimal("0.666666666667")
    assert rated.amount.text() == "20000000000.01"


def test_a_currency_without_a_price_is_refused():
    with pytest.raises(CurrencyNotPriced):
        rate(charge("per_unit", unit="1"), used(1), "EUR")
