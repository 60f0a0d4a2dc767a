"""What stands before and after a model: free units, the part of the period, minimum and cap."""

from collections.abc import Sequence
from fractions import Fraction

from plans.charges import Charge, Price
from plans.pricing.steps import Line, decimal_text, total_of
from plans.pricing.tiers import figure
from plans.pricing.usage import Off

__all__ = ("discounted", "limits", "prorated", "take_free", "take_free_by_key", "total_quantity")

Keyed = tuple[tuple[str, Fraction], ...]


def take_free(quantity: Fraction, free: Fraction, code: str) -> tuple[Fraction, list[Line]]:
    """Take free units off first; the tiers see the rest.

    >>> take_free(Fraction(201), Fraction(100), "included")[0]
    Fraction(101, 1)
    """
    taken = max(Fraction(0), min(quantity, free))
    if not taken:
        return quantity, []
    return quantity - taken, [Line(code, Fraction(0), taken, Fraction(0))]


def total_quantity(lines: Sequence[Line]) -> Fraction:
    """Return how many units the lines took."""
    return sum((line.quantity for line in lines if line.quantity is not None), Fraction(0))


def take_free_by_key(charge: Charge, by_key: Keyed, free: Fraction) -> Keyed:
    """Use up free units value by value: in the plan's `list_order`, then by key.

    >>> charge = Charge(key="c", name="C", model="price_list", prices={}, list_order=("wbt",))
    >>> take_free_by_key(charge, (("ilt", Fraction(2)), ("wbt", Fraction(3))), Fraction(4))
    (('wbt', Fraction(0, 1)), ('ilt', Fraction(1, 1)))
    """
    rank = {key: place for place, key in enumerate(charge.list_order)}
    ordered = sorted(by_key, key=lambda item: (rank.get(item[0], len(rank)), item[0]))
    left: list[tuple[str, Fraction]] = []
    for key, quantity in ordered:
        taken = min(quantity, free)
        free -= taken
        left.append((key, quantity - taken))
    return tuple(left)


def prorated(lines: Sequence[Line], part: Fraction) -> list[Line]:
    """Reduce the exact amount to the part of the full period: amount × part ÷ full, not yet rounded.

    10 of 30 days of 400: 133.333…, told as 400 less 266.667.
    """
    if part == 1:
        return []
    return [Line("prorated", total_of(lines) * (part - 1), params={"part": str(part)})]


def limits(lines: Sequence[Line], price: Price, part: Fraction) -> list[Line]:
    """Lift the amount to the minimum, then lower it to the cap, each for its part of the period.

    Both hold at zero use: nothing used with a minimum of 250 costs 250.
    """
    amount, added = total_of(lines), list[Line]()
    for code, bound, pick in (("minimum", price.minimum, max), ("cap", price.cap, min)):
        if bound is None:
            continue
        kept = pick(amount, figure(bound) * part)
        if kept != amount:
            added.append(Line(code, kept - amount, unit_price=figure(bound), params={"part": str(part)}))
        amount = kept
    return added


def discounted(lines: Sequence[Line], discounts: Sequence[Off], part: Fraction) -> list[Line]:
    """Take discounts off what the line comes to, each off what the one before it left; never below 0.

    200 less 10 %, then less 25: 200 − 20 − 25 = 155.
    """
    amount, added = total_of(lines), list[Line]()
    for discount in discounts:
        taken = min(amount, amount * discount.percent / 100 + discount.amount * part)
        if taken <= 0:
            continue
        params = {"key": discount.key} | ({"percent": decimal_text(discount.percent)} if discount.percent else {})
        added.append(Line("discount", -taken, params=params))
        amount -= taken
    return added
