"""Is this document fit to be published? Every fault at once, each with a JSON pointer and a code."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Final

from core.errors import InputError
from core.money import UnknownCurrency, exponent
from metering.registry import MeterSpec
from plans.charges import Charge, ChargeModel, IncludedPer, Price, Tier
from plans.documents import PlanDocument
from plans.pricing import is_cumulative
from plans.validation.agreements import agreement_faults
from plans.validation.dimensions import dimension_faults, named_in_full, narrowed_by
from plans.validation.figures import MAX_DECIMALS, MAX_FIGURE, Found, below, number_faults

__all__ = ("MAX_DECIMALS", "MAX_FIGURE", "faults_of", "named_in_full", "narrowed_by", "warnings_of")

NEEDS: Final[dict[ChargeModel, tuple[str, ...]]] = {
    "flat": ("amount",),
    "per_unit": ("unit",),
    "graduated": ("tiers",),
    "volume": ("tiers",),
    "package": ("amount", "size"),
    "stairstep": ("tiers",),
    "percentage": ("percent",),
    "price_list": ("entries",),
}
MAY: Final[dict[ChargeModel, tuple[str, ...]]] = {
    "percentage": ("fixed", "least", "most"),
    "price_list": ("default",),
}
MONEY: Final = (
    "A percentage is of money: use courses.revenue. A custom meter adds up numbers that name no currency, weighted by"
    " class."
)
WHOLE: Final = Decimal(100)
SMALLEST: Final = Decimal(1).scaleb(-MAX_DECIMALS)
FIGURES: Final = ("amount", "unit", "size", "percent", "fixed", "least", "most", "default", "minimum", "cap")
TIERED: Final = ("graduated", "volume", "stairstep")


def faults_of(document: PlanDocument, meters: Mapping[str, MeterSpec]) -> list[InputError]:
    """Return every fault of the document in order of appearance; none means it may be published.

    Args:
        document: well-formed, but not yet trusted.
        meters: those that a plan may name.
    """
    faults = list(_document(document))
    for key, feature in document.features.items():
        if feature.meter is not None and feature.meter not in meters:
            faults.append(InputError(f"/features/{key}/meter", "meter_unknown", _no_meter(feature.meter)))
        elif feature.meter is not None and feature.limit is None:
            detail = f"'{key}' is metered: give the limit that its use counts against."
            faults.append(InputError(f"/features/{key}/limit", "feature_limit_invalid", detail))
    seen: set[str] = set()
    for index, charge in enumerate(document.charges):
        at = f"/charges/{index}"
        if charge.key in seen:
            faults.append(InputError(f"{at}/key", "charge_key_taken", f"The charge key '{charge.key}' is used twice."))
        seen.add(charge.key)
        faults += _meters(charge, at, meters)
        faults += _counts(charge, at, meters)
        faults += _terms(charge, at, document.interval_months)
        faults += _allowances(charge, at, document.interval_months)
        for currency, price in charge.prices.items():
            faults += _price(charge, price, currency, f"{at}/prices/{currency}")
    return faults + list(agreement_faults(document, meters))


def warnings_of(document: PlanDocument) -> list[InputError]:
    """Return what may be published but surprises: yearly volume tiers can make a bill negative."""
    return [
        InputError(
            f"/charges/{index}/tier_period",
            "bill_may_be_negative",
            f"When '{charge.key}' reaches a cheaper tier all earlier units get cheaper too: that bill may be a credit.",
        )
        for index, charge in enumerate(document.charges)
        if charge.model == "volume" and charge.tier_period is not None
    ]


def _document(document: PlanDocument) -> Found:
    if not document.charges:
        yield InputError("/charges", "charges_missing", "A plan needs at least one charge; a free one says flat 0.")
    if document.interval_months < 1 or document.interval_months > 120:
        yield InputError(
            "/interval_months",
            "interval_invalid",
            "An interval is 1 to 120 whole months, not days.",
        )
    currencies = {currency for charge in document.charges for currency in charge.prices}
    for index, charge in enumerate(document.charges):
        for currency in sorted(currencies - set(charge.prices)):
            yield InputError(
                f"/charges/{index}/prices",
                "price_missing_currency",
                f"'{charge.key}' has no price in {currency}, which another charge has: add it or drop it there.",
            )
    for key, feature in document.features.items():
        if feature.limit is not None and (feature.limit < 0 or not feature.granted):
            yield InputError(
                f"/features/{key}/limit", "feature_limit_invalid", f"'{key}' needs a limit ≥ 0, and only where granted."
            )


def _no_meter(name: str) -> str:
    return (
        f"There is no meter '{name}' for plans. GET /v1/meters lists them; of a custom one of the vendor give the exact"
        " name of a version that is not retired, such as lab.hours@1."
    )


def _meters(charge: Charge, at: str, meters: Mapping[str, MeterSpec]) -> Found:
    if not charge.key or not charge.key.replace("_", "").isalnum() or charge.key != charge.key.lower():
        yield InputError(f"{at}/key", "charge_key_invalid", "A charge key has lower-case letters, digits and '_' only.")
    if charge.meter == "courses.transactions.net":
        yield InputError(
            f"{at}/meter", "meter_not_chargeable", "The net of a period can be below 0, where no tier is. Charge"
            " courses.transactions.charged: refunds come by themselves, at the price of the period they belong to."
        )  # fmt: skip
    meter = meters.get(charge.meter or "")
    counted = meter is not None and meter.additive
    if charge.tier_period is not None and not counted:
        yield InputError(
            f"{at}/tier_period", "tier_period_needs_counted_meter", "Tiers over a year need a meter that adds up."
        )
    if charge.fair_use and charge.meter != "members.registered.average":
        yield InputError(
            f"{at}/fair_use", "fair_use_needs_members", "Idle members are credited by the day: charge"
            " members.registered.average, of which they are a part."
        )  # fmt: skip
    if charge.included_per is not None:
        yield from _pool(charge, charge.included_per, f"{at}/included_per", meters)


def _counts(charge: Charge, at: str, meters: Mapping[str, MeterSpec]) -> Found:
    """Yield what is wrong with the meter's name, and with what the charge narrows and lists it by."""
    meter = meters.get(charge.meter or "")
    if charge.meter is not None and meter is None:
        yield InputError(f"{at}/meter", "meter_unknown", _no_meter(charge.meter))
    if charge.meter is None and charge.model == "price_list":
        yield InputError(f"{at}/meter", "price_list_needs_meter", "A list prices what is counted: name a meter.")
    if charge.where and (meter is None or not meter.additive):
        yield InputError(
            f"{at}/where", "where_needs_counted_meter", "'where' narrows counts and sums only, not levels or nothing."
        )
    for name, values in charge.where.items():
        if not values:
            detail = f"Name at least one value of {name} that counts, or leave it out: now nothing counts."
            yield InputError(f"{at}/where/{name}", "where_empty", detail)
    if meter is not None:
        yield from dimension_faults(charge, meter, at)


def _pool(charge: Charge, per: IncludedPer, at: str, meters: Mapping[str, MeterSpec]) -> Found:
    if per.meter not in meters or meters[per.meter].additive:
        yield InputError(f"{at}/meter", "meter_unknown", f"'{per.meter}' is no meter of seats or people.")
    yield from number_faults(per.quantity, f"{at}/quantity")
    if per.period == "period":
        return
    meter = meters.get(charge.meter or "")
    if meter is None or not meter.additive:
        yield InputError(at, "included_per_needs_counted_meter", "A pool needs a meter that adds up.")
    if charge.model in TIERED and charge.tier_period != per.period:
        pointer = at.removesuffix("/included_per") + "/tier_period"
        yield InputError(pointer, "included_per_needs_tier_period", "Tiers after a yearly pool are yearly.")


def _terms(charge: Charge, at: str, plan_months: int) -> Found:
    yield from number_faults(charge.included, f"{at}/included")
    if not charge.prices:
        yield InputError(f"{at}/prices", "price_missing", f"'{charge.key}' has no price in any currency.")
    if charge.interval_months is not None and (charge.interval_months < 1 or charge.interval_months % plan_months):
        yield InputError(
            f"{at}/interval_months",
            "interval_invalid",
            f"Whole months, a multiple of {plan_months}, not days.",
        )
    if charge.in_advance and charge.meter is not None:
        yield InputError(f"{at}/in_advance", "in_advance_metered", "What is measured is known in arrears only.")
    if charge.once and (charge.meter is not None or charge.interval_months is not None):
        yield InputError(f"{at}/once", "once_is_a_fee", "What is due once counts nothing and has no interval.")
    if is_cumulative(charge) and charge.model in ("flat", "percentage", "price_list"):
        yield InputError(
            f"{at}/tier_period", "cumulative_model", f"'{charge.model}' has no tiers or units to reckon over a year."
        )
    if charge.model == "percentage" and charge.meter != "courses.revenue":
        yield InputError(f"{at}/meter", "percentage_needs_money", MONEY)
    if (charge.model == "price_list") != (charge.dimension is not None):
        yield InputError(f"{at}/dimension", "dimension_invalid", "A price list needs a dimension, other models none.")


def _allowances(charge: Charge, at: str, plan_months: int) -> Found:
    yield from number_faults(charge.included_per_item, f"{at}/included_per_item")
    if charge.included_per_item and (charge.meter is None or is_cumulative(charge)):
        yield InputError(
            f"{at}/included_per_item", "included_per_item_needs_meter", "Units come with an item where use is metered,"
            " and not reckoned over a year."
        )  # fmt: skip
    if charge.rollover_months is None:
        return
    at = f"{at}/rollover_months"
    if charge.rollover_months < 1 or charge.rollover_months > 120 or charge.rollover_months % plan_months:
        yield InputError(at, "rollover_invalid", f"Unused units are kept for a multiple of {plan_months} month(s).")
    free = charge.included or charge.included_per_item or charge.included_per
    own = is_cumulative(charge) or charge.interval_months is not None
    if charge.meter is None or not free or own or charge.model in ("percentage", "price_list"):
        yield InputError(
            at, "rollover_needs_allowance", "Only what is included of a meter in each period of the plan can be kept."
        )


def _price(charge: Charge, price: Price, currency: str, at: str) -> Found:
    try:
        exponent(currency)
    except UnknownCurrency as unknown:
        yield InputError(at, unknown.code, unknown.detail)
    needed, allowed = NEEDS[charge.model], MAY.get(charge.model, ())
    for name in needed:
        if not getattr(price, name) and getattr(price, name) != 0:
            yield InputError(f"{at}/{name}", "price_incomplete", f"A '{charge.model}' price needs '{name}'.")
    for name in (*FIGURES, "tiers", "entries"):
        value = getattr(price, name)
        if value not in (None, (), {}) and name not in (*needed, *allowed, "minimum", "cap"):
            yield InputError(f"{at}/{name}", "price_field_unused", f"A '{charge.model}' price does not use '{name}'.")
        if isinstance(value, Decimal):
            yield from number_faults(value, f"{at}/{name}")
    for key, unit in price.entries.items():
        yield from number_faults(unit, f"{at}/entries/{key}")
    yield from _bounds(price, at)
    if price.tiers:
        yield from _tiers(charge, price.tiers, f"{at}/tiers")


def _bounds(price: Price, at: str) -> Found:
    if below(price.cap, price.minimum):
        yield InputError(f"{at}/cap", "cap_below_minimum", "The cap is below the minimum: no amount could keep both.")
    if below(price.most, price.least):
        yield InputError(f"{at}/most", "most_below_least", "'most' is below 'least': no amount could keep both.")
    if below(price.size, SMALLEST):
        yield InputError(f"{at}/size", "size_invalid", "A package holds more than 0 units.")
    if below(WHOLE, price.percent):
        yield InputError(f"{at}/percent", "percent_invalid", "A percentage is at most 100; 7.5 means 7.5 %.")


def _tiers(charge: Charge, tiers: tuple[Tier, ...], at: str) -> Found:
    for index, tier in enumerate(tiers):
        for name in ("up_to", "unit", "flat"):
            value = getattr(tier, name)
            if value is not None:
                yield from number_faults(value, f"{at}/{index}/{name}")
        if charge.model == "stairstep" and tier.unit is not None:
            yield InputError(f"{at}/{index}/unit", "price_field_unused", "A stair has a flat amount only.")
        if tier.unit is None and tier.flat is None:
            yield InputError(f"{at}/{index}", "price_incomplete", "A tier needs a unit price or a flat amount.")
    edges = [tier.up_to for tier in tiers]
    if edges[-1] is not None:
        yield InputError(f"{at}/{len(tiers) - 1}/up_to", "last_tier_not_open", "Leave 'up_to' out in the last tier.")
    if below(edges[0], SMALLEST):
        yield InputError(f"{at}/0/up_to", "tiers_not_ascending", "The first tier must end above 0.")
    for index, (low, high) in enumerate(pairwise(edges), start=1):
        if low is None or (high is not None and not below(low, high)):
            yield InputError(f"{at}/{index}/up_to", "tiers_not_ascending", "Each tier must end above the one before.")
