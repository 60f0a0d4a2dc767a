"""A charge's price in plain words, one sentence a line (pure)."""

from collections.abc import Iterator
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.formats import quantity, unit_price
from app.pages.words import one_of
from plans.charges import Charge, Price, Tier

__all__ = ("model_name", "price_lines")


def price_lines(charge: Charge, currency: str) -> tuple[str, ...]:
    """Return what the charge costs in that currency; empty where it has no price in it."""
    price = charge.prices.get(currency)
    return () if price is None else tuple(_lines(charge, price, currency))


def model_name(model: str) -> str:
    """Return what a way of pricing is called."""
    names = {
        "flat": _("Flat"),
        "per_unit": _("Per unit"),
        "graduated": _("Graduated tiers"),
        "volume": _("Volume tiers"),
        "package": _("Packages"),
        "stairstep": _("Stair steps"),
        "percentage": _("Percentage"),
        "price_list": _("Price list"),
    }
    return names.get(model, model)


def _lines(charge: Charge, price: Price, currency: str) -> Iterator[str]:
    yield from _free(charge)
    yield from _figures(charge, price, currency)
    yield from _bounds(price, currency)
    if charge.in_advance:
        yield _("billed in advance")
    if charge.proration != "by_second" and not charge.once:
        yield _("prorated by the day") if charge.proration == "by_day" else _("never prorated")


def _figures(charge: Charge, price: Price, currency: str) -> Iterator[str]:
    match charge.model:
        case "flat" if price.amount is not None:
            yield _flat(charge, unit_price(price.amount, currency))
        case "per_unit" if price.unit is not None:
            yield _("%(price)s %(thing)s") % {"price": unit_price(price.unit, currency), "thing": one_of(charge.meter)}
        case "graduated" | "volume":
            yield from _tiers(charge, price.tiers, currency)
        case "stairstep":
            yield from _stairs(price.tiers, currency)
        case "package" if price.amount is not None and price.size is not None:
            what = {"price": unit_price(price.amount, currency), "size": quantity(price.size)}
            yield _("%(price)s for each started package of %(size)s") % what
        case "percentage" if price.percent is not None:
            yield _("%(percent)s%% of the amount") % {"percent": quantity(price.percent, 4)}
        case "price_list":
            for key, unit in sorted(price.entries.items()):
                yield _("%(key)s: %(price)s") % {"key": key, "price": unit_price(unit, currency)}
            if price.default is not None:
                yield _("all others: %(price)s") % {"price": unit_price(price.default, currency)}


def _flat(charge: Charge, price: str) -> str:
    if charge.once:
        return _("%(price)s one time") % {"price": price}
    if charge.interval_months in (None, 1):
        return _("%(price)s a month") % {"price": price}
    return _("%(price)s every %(count)s months") % {"price": price, "count": quantity(charge.interval_months or 1)}


def _free(charge: Charge) -> Iterator[str]:
    for name, values in charge.where.items():
        yield _("only %(name)s: %(values)s") % {"name": name.replace("_", " "), "values": ", ".join(values)}
    if charge.fair_use:
        yield _("days of idle members are credited")
    if charge.included:
        yield _("first %(count)s included") % {"count": quantity(charge.included)}
    if charge.included_per_item:
        yield _("%(count)s included for each one held; then") % {"count": quantity(charge.included_per_item)}
    if charge.included_per:
        what = {"count": quantity(charge.included_per.quantity), "thing": one_of(charge.included_per.meter)}
        yield (
            _("%(count)s a year included for %(thing)s, pooled; then") % what
            if charge.included_per.period == "year"
            else _("%(count)s a period included for %(thing)s; then") % what
        )
    if charge.rollover_months is not None:
        yield _("unused free units last %(count)s months") % {"count": quantity(charge.rollover_months)}


def _tiers(charge: Charge, tiers: tuple[Tier, ...], currency: str) -> Iterator[str]:
    low = Decimal(0)
    for tier in tiers:
        price = unit_price(tier.unit or Decimal(0), currency)
        if tier.flat:
            price = _("%(price)s and %(flat)s flat") % {"price": price, "flat": unit_price(tier.flat, currency)}
        if tier.up_to is None:
            yield _("then %(price)s") % {"price": price}
            continue
        if charge.model == "volume":
            yield _("up to %(edge)s: %(price)s") % {"edge": quantity(tier.up_to), "price": price}
        elif not low:
            yield _("first %(count)s at %(price)s") % {"count": quantity(tier.up_to), "price": price}
        else:
            yield _("next %(count)s at %(price)s") % {"count": quantity(tier.up_to - low), "price": price}
        low = tier.up_to
    if charge.tier_period:
        yield _("tiers over the contract year")
    if charge.model == "volume":
        yield _("all units at the price of the tier reached")


def _stairs(tiers: tuple[Tier, ...], currency: str) -> Iterator[str]:
    for tier in tiers:
        price = unit_price(tier.flat or Decimal(0), currency)
        if tier.up_to is None:
            yield _("above: %(price)s") % {"price": price}
        else:
            yield _("up to %(edge)s: %(price)s") % {"edge": quantity(tier.up_to), "price": price}


def _bounds(price: Price, currency: str) -> Iterator[str]:
    if price.fixed:
        yield _("plus %(price)s") % {"price": unit_price(price.fixed, currency)}
    least = price.minimum if price.minimum is not None else price.least
    if least is not None:
        yield _("at least %(price)s a month") % {"price": unit_price(least, currency)}
    most = price.cap if price.cap is not None else price.most
    if most is not None:
        yield _("at most %(price)s a month") % {"price": unit_price(most, currency)}
