"""Laws that hold for every price and quantity, not for examples."""

from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.money import exponent, to_money
from plans.charges import Charge, Price, Tier
from plans.pricing import UsageQuantity, difference, exact_amount, rate

FLOW, LEVEL = "contributions", "seats.named.peak"
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
FIGURES = st.decimals(min_value=0, max_value=10_000, places=4) | st.decimals(min_value=0, max_value=10, places=12)
QUANTITIES = st.fractions(min_value=0, max_value=50_000, max_denominator=10**6) | st.integers(0, 50_000).map(Fraction)
PARTS = st.fractions(min_value=Fraction(1, 1000), max_value=1, max_denominator=3_000)


@st.composite
def tiered(draw: st.DrawFn, *, stairs: bool = False) -> tuple[Tier, ...]:
    edges = sorted(draw(st.sets(st.decimals(min_value=Decimal("0.5"), max_value=40_000, places=1), max_size=4)))
    return tuple(
        Tier(up_to=edge, unit=None if stairs else draw(FIGURES), flat=draw(FIGURES)) for edge in (*edges, None)
    )


@st.composite
def prices(draw: st.DrawFn, model: str, *, bounds: bool) -> Price:
    figures: dict[str, object] = {}
    if model == "flat":
        figures["amount"] = draw(FIGURES)
    elif model == "per_unit":
        figures["unit"] = draw(FIGURES)
    elif model in ("graduated", "volume", "stairstep"):
        figures["tiers"] = draw(tiered(stairs=model == "stairstep"))
    elif model == "package":
        figures |= {"amount": draw(FIGURES), "size": draw(st.decimals(min_value=1, max_value=500, places=1))}
    elif model == "price_list":
        figures |= {"entries": {"a": draw(FIGURES)}, "default": draw(FIGURES)}
    else:
        figures |= {"percent": draw(st.decimals(min_value=0, max_value=100, places=2))}
    if bounds:
        low, high = sorted([draw(FIGURES), draw(FIGURES)])
        figures |= {"minimum": low, "cap": high}
    return Price(**figures)


MODELS = ("flat", "per_unit", "graduated", "volume", "package", "stairstep", "percentage", "price_list")


@st.composite
def charges(
    draw: st.DrawFn, models: tuple[str, ...] = MODELS, *, bounds: bool = False, meter: str | None = None
) -> Charge:
    model = draw(st.sampled_from(models))
    return Charge(
        key="c",
        name="C",
        model=model,
        meter=meter or draw(st.sampled_from([FLOW, LEVEL])),
        included=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(10), Decimal("2.5")])),
        prices={code: draw(prices(model, bounds=bounds)) for code in ("USD", "JPY", "KWD")},
    )


def used(quantity: Fraction) -> UsageQuantity:
    third = quantity / 3
    return UsageQuantity(quantity, by_key=(("a", third), ("b", quantity - third)))


@given(charges(bounds=True), QUANTITIES, CURRENCIES, PARTS)
def test_steps_sum_to_the_amount_exactly(charge, quantity, currency, part):
    rated = rate(charge, used(quantity), currency, part=part)

    assert sum(Fraction(step.amount) for step in rated.steps) == Fraction(rated.amount.decimal())


@given(charges(bounds=True), QUANTITIES, CURRENCIES, PARTS)
def test_rating_rounds_once_from_the_exact_amount(charge, quantity, currency, part):
    exact = exact_amount(charge, used(quantity), currency, part=part)

    assert rate(charge, used(quantity), currency, part=part).amount == to_money(exact, currency)


@given(
    charges(("flat", "per_unit", "graduated", "package", "percentage", "price_list"), bounds=True),
    QUANTITIES,
    QUANTITIES,
)
def test_more_use_never_costs_less_where_the_model_is_monotone(charge, one, other):
    low, high = sorted([one, other])

    assert exact_amount(charge, used(low), "USD") <= exact_amount(charge, used(high), "USD")


@given(charges(("stairstep",), meter=LEVEL), QUANTITIES, QUANTITIES)
def test_ascending_stairs_never_cost_less(charge, one, other):
    stairs = charge.prices["USD"].tiers
    flats = sorted(tier.flat for tier in stairs)
    rising = Price(tiers=tuple(Tier(up_to=tier.up_to, flat=flat) for tier, flat in zip(stairs, flats, strict=True)))
    rising_charge = Charge(key="c", name="C", model="stairstep", meter=LEVEL, prices={"USD": rising})
    low, high = sorted([one, other])

    assert exact_amount(rising_charge, used(low), "USD") <= exact_amount(rising_charge, used(high), "USD")


@given(charges(("graduated",)), st.integers(0, 50_000), st.integers(0, 50_000))
def test_graduated_is_additive_over_tiers(charge, one, other):
    # The price of q is the sum over the tiers of what lies in each, whichever way q is reached:
    # amount(high) − amount(low) is the price of just the units between.
    low, high = sorted([Fraction(one), Fraction(other)])
    between, floor = Fraction(0), Fraction(0)
    free = Fraction(charge.included)
    bottom, top = max(Fraction(0), low - free), max(Fraction(0), high - free)
    for tier in charge.prices["USD"].tiers:
        ceiling = top if tier.up_to is None else Fraction(tier.up_to)
        inside = max(Fraction(0), min(top, ceiling) - max(bottom, floor))
        between += inside * Fraction(tier.unit)
        if bottom <= floor < top:
            between += Fraction(tier.flat)
        floor = ceiling

    assert exact_amount(charge, used(high), "USD") - exact_amount(charge, used(low), "USD") == between


@given(charges(("graduated",), meter=LEVEL), QUANTITIES, st.booleans())
def test_graduated_and_volume_differ_in_the_direction_of_their_prices(charge, quantity, falling):
    # Volume gives the price of the tier reached to all units, graduated to those of the tier alone: where units get
    # cheaper volume costs no more, where they get dearer no less. A tier's flat would be due once or in each.
    tiers = charge.prices["USD"].tiers
    units = sorted((tier.unit for tier in tiers), reverse=falling)
    priced = Price(tiers=tuple(Tier(up_to=tier.up_to, unit=unit) for tier, unit in zip(tiers, units, strict=True)))
    graduated = msgspec.structs.replace(charge, prices={"USD": priced})
    volume = msgspec.structs.replace(graduated, model="volume")

    by_tier, by_volume = (exact_amount(one, used(quantity), "USD") for one in (graduated, volume))

    assert by_volume <= by_tier if falling else by_tier <= by_volume


@given(charges(meter=LEVEL, bounds=True), QUANTITIES, st.lists(st.integers(1, 1000), min_size=1, max_size=6))
def test_pieces_of_a_level_sum_to_the_whole_in_exact_amounts(charge, quantity, cuts):
    whole = sum(cuts)
    pieces = [exact_amount(charge, used(quantity), "USD", part=Fraction(cut, whole)) for cut in cuts]

    assert sum(pieces) == exact_amount(charge, used(quantity), "USD")


@given(charges(("flat", "per_unit", "graduated", "volume", "package", "stairstep", "price_list")), CURRENCIES, PARTS)
def test_nothing_used_costs_nothing_flats_of_tiers_and_stairs_too(charge, currency, part):
    rated = rate(charge, used(Fraction(0)), currency, part=part)

    assert rated.amount.amount_minor == 0


@given(charges(bounds=True), QUANTITIES, CURRENCIES, PARTS)
def test_minimum_and_cap_hold_at_any_use_and_are_prorated(charge, quantity, currency, part):
    price = charge.prices[currency]

    exact = exact_amount(charge, used(quantity), currency, part=part)

    assert Fraction(price.minimum) * part <= exact <= Fraction(price.cap) * part


@given(
    charges(("per_unit", "graduated", "volume", "package", "stairstep"), meter=FLOW),
    st.lists(st.integers(0, 3_000), min_size=1, max_size=12),
    CURRENCIES,
)
def test_bills_of_a_year_with_yearly_tiers_sum_to_the_cumulative_charge(charge, months, currency):
    yearly = msgspec.structs.replace(charge, tier_period="year")
    before, billed = Fraction(0), 0
    for month in months:
        billed += rate(yearly, UsageQuantity(Fraction(month), cumulative_before=before), currency).amount.amount_minor
        before += month

    assert billed == rate(charge, UsageQuantity(before), currency).amount.amount_minor


@given(charges(meter=FLOW, bounds=True), QUANTITIES, QUANTITIES, CURRENCIES)
def test_billed_and_late_together_are_what_would_have_been_billed(charge, billed, then, currency):
    late = difference(charge, used(billed), used(then), currency, Fraction(1))

    together = rate(charge, used(billed), currency).amount + late.amount
    assert together == rate(charge, used(then), currency).amount
    assert sum(Fraction(step.amount) for step in late.steps) == Fraction(late.amount.decimal())


@given(QUANTITIES, FIGURES, CURRENCIES)
def test_rounding_errs_by_half_a_minor_unit_at_most(quantity, unit, currency):
    charge = Charge(key="c", name="C", model="per_unit", meter=LEVEL, prices={currency: Price(unit=unit)})

    error = Fraction(rate(charge, used(quantity), currency).amount.decimal()) - exact_amount(
        charge, used(quantity), currency
    )

    assert abs(error) <= Fraction(1, 2 * 10 ** exponent(currency))
