"""Published worked examples, each with its source, and the edges of every model, worked out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest

from core.money import Money
from plans.charges import Charge, IncludedPer, Price, Tier
from plans.errors import CurrencyNotPriced
from plans.pricing import UsageQuantity, difference, exact_amount, price_curve, rate


def tiers(*rows: tuple[str | None, str | None, str | None]) -> tuple[Tier, ...]:
    return tuple(
        Tier(
            up_to=None if up_to is None else Decimal(up_to),
            unit=None if unit is None else Decimal(unit),
            flat=None if flat is None else Decimal(flat),
        )
        for up_to, unit, flat in rows
    )


def charge(model: str, currency: str = "USD", *, meter: str | None = "contributions", **fields) -> Charge:
    own = {name: fields.pop(name) for name in list(fields) if name in Charge.__struct_fields__}
    figures = {name: Decimal(value) if isinstance(value, str) else value for name, value in fields.items()}
    return Charge(key="c", name="C", model=model, meter=meter, prices={currency: Price(**figures)}, **own)


def used(quantity: str | int | Fraction) -> UsageQuantity:
    return UsageQuantity(Fraction(quantity))


LIGHT = tiers(("500", "1.20", None), ("5000", "0.80", None), (None, "0.45", None))
STARTS = tiers(
    ("5000", "2.50", None),
    ("10000", "2.25", None),
    ("20000", "1.75", None),
    ("50000", "1.15", None),
    (None, "0.95", None),
)
LAGO = tiers(("10000", "0.0010", "10"), ("50000", "0.0008", "10"), ("100000", "0.0006", "10"), (None, "0.0004", "10"))
OPENMETER = tiers(("1000", "0.10", None), ("10000", "0.05", None), (None, "0.01", None))
ORACLE = tiers(("29", "1", None), ("74", "2", None), (None, "3", None))
APP = tiers(("500", None, "99"), ("5000", None, "249"), ("50000", None, "499"), (None, None, "899"))


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


def test_a_ratio_is_rounded_to_twelve_decimals_before_it_is_priced():
    # 2/3 → 0.666666666667; × 3e10 = 20,000,000,000.01, where 2/3 itself would give exactly 2e10.
    rated = rate(charge("per_unit", unit="30000000000"), used(Fraction(2, 3)), "USD")

    assert rated.quantity == Decimal("0.666666666667")
    assert rated.amount.text() == "20000000000.01"


def test_a_currency_without_a_price_is_refused():
    with pytest.raises(CurrencyNotPriced):
        rate(charge("per_unit", unit="1"), used(1), "EUR")


def test_a_price_list_uses_up_included_units_in_key_order_unless_the_plan_says_another():
    # 4 free of 2 ilt + 3 wbt. By key: 2 ilt and 2 wbt are free, 1 wbt at 1 is left: 1.
    # With wbt first: 3 wbt and 1 ilt are free, 1 ilt at 4 is left: 4.
    fields = {"entries": {"ilt": Decimal(4)}, "default": "1", "dimension": "course_type", "included": Decimal(4)}
    usage = UsageQuantity(Fraction(5), by_key=(("wbt", Fraction(3)), ("ilt", Fraction(2))))

    assert rate(charge("price_list", **fields), usage, "USD").amount.text() == "1.00"
    assert rate(charge("price_list", **fields, list_order=("wbt", "ilt")), usage, "USD").amount.text() == "4.00"


def test_a_price_list_refuses_keys_that_do_not_sum_to_the_total():
    usage = UsageQuantity(Fraction(5), by_key=(("wbt", Fraction(3)),))

    with pytest.raises(ValueError, match="sum"):
        rate(charge("price_list", entries={"wbt": Decimal(1)}, dimension="course_type"), usage, "USD")


def test_yearly_volume_tiers_bill_the_difference_and_may_turn_negative():
    # Month 1: 4,000 × 2.50 = 10,000. Month 2: 5,000 × 2.50 − 10,000 = 2,500. Month 3: one more
    # start brings all to 2.25: 5,001 × 2.25 = 11,252.25 − 12,500 = −1,247.75: a credit line.
    starts = charge("volume", tiers=STARTS, tier_period="year", meter="courses.transactions.charged")
    bills = []
    before = Fraction(0)
    for month in (4_000, 1_000, 1):
        bills.append(rate(starts, UsageQuantity(Fraction(month), cumulative_before=before), "USD").amount.text())
        before += month

    assert bills == ["10000.00", "2500.00", "-1247.75"]


def test_yearly_tiers_round_the_cumulative_charge_and_then_subtract():
    # 0.005 a unit: cumulative 0.005 → 0.01, 0.010 → 0.01, 0.015 → 0.02: bills 0.01, 0.00, 0.01.
    priced = charge("graduated", tiers=tiers((None, "0.005", None)), tier_period="year")
    bills = [
        rate(priced, UsageQuantity(Fraction(1), cumulative_before=Fraction(n)), "USD").amount.text() for n in range(3)
    ]

    assert bills == ["0.01", "0.00", "0.01"]


def test_two_courses_a_year_per_seat_are_pooled_over_the_year_so_far():
    # 5 seats: 10 courses. January 8 → free. February 4 more = 12 → 2 over × 2.00 = 4.00.
    # March: the peak rises to 7 seats, the pool to 14; 3 more = 15 → 1 over in all; 2 were billed: −2.00.
    # April: seats fall to 3, the pool stays 14; 1 more = 16 → 2 over in all, 1 billed so far: 2.00.
    seats = IncludedPer(meter="seats.named.peak", quantity=Decimal(2))
    courses = charge("per_unit", unit="2.00", included_per=seats, meter="courses.transactions.charged")
    months = [(8, 0, 0, 10), (4, 8, 10, 10), (3, 12, 10, 14), (1, 15, 14, 14)]

    bills = [
        rate(
            courses, UsageQuantity(Fraction(n), (), Fraction(before), Fraction(pool), Fraction(old)), "USD"
        ).amount.text()
        for n, before, old, pool in months
    ]

    assert bills == ["0.00", "4.00", "-2.00", "2.00"]


def test_a_flat_fee_of_a_cut_period_is_its_exact_part_rounded_once():
    # 10 of 30 days of 400: 133.333… → 133.33, not 10 × round(400/30).
    fee = charge("flat", amount="400", meter=None)

    rated = rate(fee, used(1), "USD", part=Fraction(1, 3))

    assert rated.amount.text() == "133.33"
    assert exact_amount(fee, used(1), "USD", part=Fraction(1, 3)) == Fraction(400, 3)


def test_a_level_of_a_cut_period_keeps_its_tier_and_pays_its_part():
    # 600 registered half of a month: the second stair's 249 ÷ 2 = 124.50, not the first stair's 99.
    app = charge("stairstep", tiers=APP, meter="members.registered.average")

    assert rate(app, used(600), "USD", part=Fraction(1, 2)).amount.text() == "124.50"


def test_a_count_of_a_cut_period_is_what_happened_in_it_and_only_bounds_and_free_units_shrink():
    # Half a month, 30 uses of which 20 ÷ 2 = 10 are free: 20 × 2 = 40; the minimum of 100 is 50.
    counted = charge("per_unit", unit="2", included=Decimal(20), minimum="100")

    assert rate(counted, used(30), "USD", part=Fraction(1, 2)).amount.text() == "50.00"
    assert rate(counted, used(60), "USD", part=Fraction(1, 2)).amount.text() == "100.00"  # (60 − 10) × 2


def test_a_refund_is_the_difference_to_what_its_origin_period_billed():
    # 6 at 5 = 30 up to 5 units at 6 …: graduated 5 × 6 + 1 × 4 = 34; without one: 30. Refund −4.
    priced = charge("graduated", tiers=tiers(("5", "6", None), (None, "4", None)))

    refund = difference(priced, used(6), used(5), "USD", Fraction(1))

    assert refund.amount.text() == "-4.00"
    assert refund.quantity == Decimal(-1)
    assert [(step.code, step.quantity, step.amount) for step in refund.steps] == [
        ("now", "5", "30"),
        ("before", "6", "-34"),
    ]


def test_steps_explain_the_amount_in_the_order_of_the_calculation():
    priced = charge("graduated", tiers=LIGHT, included=Decimal(100), minimum="800", meter="members.registered.average")

    rated = rate(priced, used(700), "USD")

    # 700 − 100 free = 600: 500 × 1.20 = 600, 100 × 0.80 = 80, 120 to the minimum of 800.
    told = [(step.code, step.quantity, step.unit_price, step.amount) for step in rated.steps]
    assert told == [
        ("included", "100", "0", "0"),
        ("tier", "500", "1.2", "600"),
        ("tier", "100", "0.8", "80"),
        ("minimum", None, "800", "120"),
    ]
    assert rated.steps[2].params == {"from": "500", "to": "5000"}
    assert rated.amount.text() == "800.00"


def test_a_price_curve_gives_total_average_and_the_price_of_the_next_unit():
    points = price_curve(charge("graduated", tiers=LIGHT), "USD", [Fraction(0), Fraction(500), Fraction(1000)])

    # 1,000: 600 + 500 × 0.80 = 1,000, 1.00 on average; the unit after 500 costs 0.80.
    told = [(str(p.quantity), p.total.text(), str(p.average), str(p.marginal)) for p in points]
    assert told == [("0", "0.00", "0", "1.2"), ("500", "600.00", "1.2", "0.8"), ("1000", "1000.00", "1", "0.8")]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("sec-101", "5.00"),  # listed itself
        ("sec-102", "7.00"),  # sec-*
        ("sec-lab-1", "9.00"),  # sec-lab-* says more than sec-*
        ("intro-de", "2.00"),  # *-de
        ("sec-de", "7.00"),  # sec-* has four letters of its own, *-de three
        ("other", "1.00"),  # the default
        ("[x]", "3.00"),  # only * is a wildcard
    ],
)
def test_a_price_list_takes_the_value_itself_then_the_closest_wildcard_then_the_default(value, amount):
    entries = {"sec-101": "5", "sec-*": "7", "sec-lab-*": "9", "*-de": "2", "[x]*": "3"}
    priced = charge(
        "price_list",
        dimension="course_id",
        entries={key: Decimal(unit) for key, unit in entries.items()},
        default="1",
    )

    assert rate(priced, UsageQuantity(Fraction(1), by_key=((value, Fraction(1)),)), "USD").amount.text() == amount
