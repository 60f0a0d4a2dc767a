"""Rating, pure: a charge and a quantity give an amount and the steps to it.

This is the one place where a price becomes money: previews, simulations, invoices and late
differences all come through `rate`. Each model stands in its module; what they share (free units,
proration, bounds) in `modifiers`.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from core.money import quantize_quantity, to_money
from plans.charges import Charge, ChargeModel, Price
from plans.errors import CurrencyNotPriced
from plans.pricing.flat import flat
from plans.pricing.graduated import graduated
from plans.pricing.modifiers import discounted, limits, prorated, take_free, take_free_by_key, total_quantity
from plans.pricing.package import package
from plans.pricing.per_unit import per_unit
from plans.pricing.percentage import percentage
from plans.pricing.price_list import price_list
from plans.pricing.stairstep import stairstep
from plans.pricing.steps import Line, Step, decimal_text, to_steps, total_of
from plans.pricing.usage import Billable, CurvePoint, Off, Rated, UsageQuantity
from plans.pricing.volume import volume
from plans.proration import splits_by_time

__all__ = (
    "CurvePoint",
    "Off",
    "Rated",
    "Step",
    "UsageQuantity",
    "decimal_text",
    "difference",
    "exact_amount",
    "is_cumulative",
    "price_curve",
    "rate",
)

MODELS: Final[dict[ChargeModel, Callable[[Price, Billable], list[Line]]]] = {
    "flat": flat,
    "per_unit": per_unit,
    "graduated": graduated,
    "volume": volume,
    "package": package,
    "stairstep": stairstep,
    "percentage": percentage,
    "price_list": price_list,
}


def rate(
    charge: Charge,
    usage: UsageQuantity,
    currency: str,
    *,
    part: Fraction = Fraction(1),
    discounts: Sequence[Off] = (),
) -> Rated:
    """Price a quantity: free units off, the model, the part of the period, minimum, cap, discounts, one rounding.

    Args:
        charge: a valid charge (`plans.validation`).
        usage: the measured quantity, ≥ 0 except for `percentage`.
        currency: one that the charge has a price in.
        part: of the full period, `0 < part <= 1`. Amounts of flat charges and of meters that do not
            split by time are for the full period and are reduced to it; the free units, bounds and
            fixed money of the others are.
        discounts: of this line, in their order.

    Returns:
        The amount in minor units, the billed quantity to 12 decimals (a level's for its part: 10 seats
        for half a period are 5), and steps whose amounts sum to the amount.

    Raises:
        CurrencyNotPriced: `currency_not_priced`.
        ValueError: a negative quantity, or keys that do not sum to the total.

    65,000 units by volume at 0.0006 plus 10 (Lago's documentation):

    >>> from decimal import Decimal
    >>> from plans.charges import Tier
    >>> tier = Tier(unit=Decimal("0.0006"), flat=Decimal(10))
    >>> calls = Charge(key="calls", name="Calls", model="volume", prices={"USD": Price(tiers=(tier,))})
    >>> rate(calls, UsageQuantity(Fraction(65000)), "USD").amount.text()
    '49.00'
    """
    lines = _lines(charge, usage, currency, part)
    lines += discounted(lines, discounts, part)
    amount = to_money(total_of(lines), currency)
    billed = usage.total if charge.meter is None or _splits(charge, usage) else usage.total * part
    return Rated(amount, quantize_quantity(billed), to_steps(lines, amount))


def exact_amount(charge: Charge, usage: UsageQuantity, currency: str, *, part: Fraction = Fraction(1)) -> Fraction:
    """Return what `rate` rounds: the amount in major units as an exact ratio."""
    return total_of(_lines(charge, usage, currency, part))


def difference(
    charge: Charge,
    before: UsageQuantity,
    after: UsageQuantity,
    currency: str,
    part: Fraction,
    discounts: Sequence[Off] = (),
) -> Rated:
    """Price a change of an already billed quantity: `rate(after) − rate(before)`.

    A late fact is a difference to a larger quantity, a refund one to a smaller: negative quantities
    never go through tiers. The amount is the difference of the two rounded amounts, so that billed
    and late together are what would have been billed.

    11 units cost 44 by volume (4 each from the 11th on), 10 cost 50: the refund of one *costs* 6.

    >>> from decimal import Decimal
    >>> from plans.charges import Tier
    >>> tiers = (Tier(up_to=Decimal(10), unit=Decimal(5)), Tier(unit=Decimal(4)))
    >>> starts = Charge(key="s", name="S", model="volume", prices={"EUR": Price(tiers=tiers)})
    >>> eleven, ten = UsageQuantity(Fraction(11)), UsageQuantity(Fraction(10))
    >>> difference(starts, eleven, ten, "EUR", Fraction(1)).amount.text()
    '6.00'
    """
    old, new = (rate(charge, usage, currency, part=part, discounts=discounts) for usage in (before, after))
    quantity = quantize_quantity(Fraction(new.quantity) - Fraction(old.quantity))
    sides = (("now", new, 1), ("before", old, -1))
    steps = tuple(
        Step(
            code=code,
            amount=decimal_text(sign * Fraction(side.amount.decimal())),
            quantity=decimal_text(Fraction(side.quantity)),
        )
        for code, side, sign in sides
    )
    return Rated(new.amount - old.amount, quantity, steps)


def price_curve(charge: Charge, currency: str, quantities: Sequence[Fraction]) -> tuple[CurvePoint, ...]:
    """Return total, average and marginal price at each quantity, for a full period, as a chart wants them.

    The marginal price is that of the next whole unit: `amount(q + 1) − amount(q)`, unrounded amounts.
    """

    def at(quantity: Fraction) -> Fraction:
        keyed = (("", quantity),) if charge.model == "price_list" else ()
        return exact_amount(charge, UsageQuantity(quantity, by_key=keyed), currency)

    return tuple(
        CurvePoint(
            quantity=quantize_quantity(quantity),
            total=to_money(at(quantity), currency),
            average=quantize_quantity(at(quantity) / quantity if quantity else Fraction(0)),
            marginal=quantize_quantity(at(quantity + 1) - at(quantity)),
        )
        for quantity in quantities
    )


def is_cumulative(charge: Charge) -> bool:
    """Tell whether a bill of this charge is a difference of cumulative amounts over the contract year."""
    pooled = charge.included_per is not None and charge.included_per.period == "year"
    return charge.tier_period is not None or pooled


def _lines(charge: Charge, usage: UsageQuantity, currency: str, part: Fraction) -> list[Line]:
    price = charge.prices.get(currency)
    if price is None:
        raise CurrencyNotPriced(charge.key, currency)
    quantity = Fraction(quantize_quantity(usage.total))
    if quantity < 0 and charge.model != "percentage":
        raise ValueError("a negative quantity is priced as a difference")
    if is_cumulative(charge):
        lines = _cumulative(charge, price, usage, currency)
    elif _splits(charge, usage):
        lines = _modelled(charge, price, usage, part)
    else:
        lines = _modelled(charge, price, usage, Fraction(1))
        lines += prorated(lines, part)
    return lines + limits(lines, price, part)


def _splits(charge: Charge, usage: UsageQuantity) -> bool:
    return splits_by_time(charge.meter) if usage.splits is None else usage.splits


def _modelled(charge: Charge, price: Price, usage: UsageQuantity, part: Fraction) -> list[Line]:
    """Free units off, then the model; `part` acts on what is for a full period where use itself is split."""
    quantity = Fraction(quantize_quantity(usage.total))
    free = Fraction(charge.included) * part
    left, lines = take_free(quantity, free, "included")
    for allowance, code in ((usage.included_pool * part, "pool"), (usage.banked, "banked")):
        left, more = take_free(left, Fraction(quantize_quantity(allowance)), code)
        free, lines = free + total_quantity(more), lines + more
    by_key: tuple[tuple[str, Fraction], ...] = ()
    if charge.model == "price_list":
        if sum((part_of_it for _, part_of_it in usage.by_key), Fraction(0)) != usage.total:
            raise ValueError("the quantities by key do not sum to the total")
        by_key = take_free_by_key(charge, usage.by_key, free)
    return lines + MODELS[charge.model](price, Billable(left, by_key, part))


def _cumulative(charge: Charge, price: Price, usage: UsageQuantity, currency: str) -> list[Line]:
    """Price the contract year so far and subtract what it came to before: both rounded, so that bills add up."""
    before = Fraction(quantize_quantity(usage.cumulative_before))
    after = before + Fraction(quantize_quantity(usage.total))
    lines = _year_so_far(charge, price, after, usage.included_pool)
    so_far = Fraction(to_money(total_of(lines), currency).decimal())
    if so_far != total_of(lines):
        lines.append(Line("rounded", so_far - total_of(lines)))
    earlier = total_of(_year_so_far(charge, price, before, usage.included_pool_before))
    billed = Fraction(to_money(earlier, currency).decimal())
    if before or billed:
        lines.append(Line("earlier", -billed, before))
    return lines


def _year_so_far(charge: Charge, price: Price, quantity: Fraction, pool: Fraction) -> list[Line]:
    left, lines = take_free(quantity, Fraction(charge.included), "included")
    left, pooled = take_free(left, Fraction(quantize_quantity(pool)), "pool")
    return lines + pooled + MODELS[charge.model](price, Billable(left))
