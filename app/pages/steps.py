"""The steps of a line of a bill, each as a sentence with its figures (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from app.i18n import gettext as _
from app.pages.formats import percent, quantity, unit_price

__all__ = ("StepRow", "step_rows")


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: what it is, how many, at which price, and what it adds."""

    text: str
    quantity: str
    price: str
    amount: str


def step_rows(steps: Sequence[Mapping[str, Any]], currency: str) -> tuple[StepRow, ...]:
    """Return the steps that explain a line, in their order."""
    return tuple(_row(step, currency) for step in steps)


def _row(step: Mapping[str, Any], currency: str) -> StepRow:
    count, price = step.get("quantity"), step.get("unit_price")
    return StepRow(
        text=_text(str(step["code"]), step.get("params") or {}),
        quantity=quantity(Decimal(count), 6) if count is not None else "",
        price=unit_price(Decimal(price), currency) if price is not None else "",
        amount=unit_price(Decimal(step["amount"]), currency),
    )


def _text(code: str, params: Mapping[str, str]) -> str:
    plain = {
        "included": _("Included free of charge"),
        "banked": _("Kept from earlier periods"),
        "committed": _("Minimum agreed on"),
        "counted": _("Billed towards it"),
        "discount": _("Discount"),
        "pool": _("Free by the pooled allowance"),
        "fee": _("Flat amount"),
        "unit": _("Units at one price"),
        "package": _("Started packages"),
        "stair": _("Amount of the step reached"),
        "least": _("To reach the least amount"),
        "most": _("To keep to the highest amount"),
        "fixed": _("Fixed part"),
        "earlier": _("On earlier bills of this contract year"),
        "minimum": _("To reach the minimum"),
        "cap": _("To keep to the cap"),
        "rounded": _("Rounding"),
        "now": _("What the whole comes to now"),
        "before": _("What was billed before"),
        "not_converted": _("In another currency, not priced"),
    }
    if code in plain:
        return plain[code]
    if code in ("tier", "tier_flat", "volume"):
        return _tier(code, params)
    told = {
        "credits": _("Prepaid credits of %(of)s each"),
        "prepaid": _("Paid with credits for line %(position)s"),
        "prepaid_returned": _("Credits given back that had paid what line %(position)s corrects"),
        "percentage": _("%(percent)s%% of the amount"),
        "listed": _("Listed price of %(key)s"),
        "prorated": _("Not due: only %(part)s of the full period"),
    }
    if code not in told:
        return code.replace("_", " ")
    words = dict.fromkeys(("of", "position", "percent"), "") | dict(params)
    return told[code] % (words | {"key": params.get("key") or _("all others"), "part": _part(params.get("part", ""))})


def _tier(code: str, params: Mapping[str, str]) -> str:
    low, high = (quantity(Decimal(params[key])) if params.get(key) else "" for key in ("from", "to"))
    words = {"low": low or "0", "high": high}
    span = _("%(low)s to %(high)s") % words if high else _("above %(low)s") % words
    texts = {
        "tier": _("Tier %(span)s"),
        "tier_flat": _("Flat amount of tier %(span)s"),
        "volume": _("All units at tier %(span)s"),
    }
    return texts[code] % {"span": span}


def _part(text: str) -> str:
    try:
        return percent(Fraction(text), 2)
    except (ValueError, ZeroDivisionError):
        return text
