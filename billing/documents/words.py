"""The words of a document. Every text goes through `translate`, so that none is literal in a template."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import format_decimal

__all__ = ("Words", "english", "plain")

Translate = Callable[[str], str]

STEPS: Mapping[str, str] = {
    "included": "{quantity} included",
    "pool": "{quantity} from the pooled allowance",
    "banked": "{quantity} kept from earlier periods",
    "fee": "{quantity} × {unit_price}",
    "unit": "{quantity} × {unit_price}",
    "tier": "{quantity} in the tier from {from} to {to}, × {unit_price}",
    "tier_open": "{quantity} in the tier above {from}, × {unit_price}",
    "tier_flat": "Amount of the tier from {from}",
    "volume": "{quantity}, all at the price of the tier reached, × {unit_price}",
    "package": "{quantity} packages of {size} for {of}, × {unit_price}",
    "stair": "Price of the step reached with {of}",
    "percentage": "{percent} % of {quantity}",
    "least": "Up to the least amount",
    "most": "Down to the greatest amount",
    "fixed": "Fixed part",
    "listed": "{key}: {quantity} × {unit_price}",
    "earlier": "Billed earlier in the contract year",
    "prorated": "Part of the period that is not due",
    "minimum": "Up to the minimum of {unit_price}",
    "cap": "Down to the cap of {unit_price}",
    "discount": "Discount {percent} %",
    "discount_amount": "Discount",
    "committed": "Minimum agreed on",
    "counted": "Billed towards it: {of}",
    "credits": "{quantity} × prepaid credits of {of}",
    "prepaid": "Paid with credits for position {position}",
    "prepaid_returned": "Credits given back that had paid what position {position} corrects",
    "rounded": "Rounding",
    "now": "As reckoned now: {quantity}",
    "before": "As billed before: {quantity}",
    "credit": "Credited of line {position} of {number}",
    "refund": "Refund of {quantity} of the period from {from}",
    "not_converted": "In another currency, not priced",
}
"""One sentence for each code of a step; the names in braces are its figures."""

UNITS: Mapping[str, tuple[str, str]] = {
    "person": ("person", "people"),
    "seat": ("seat", "seats"),
    "session": ("session", "sessions"),
    "transaction": ("transaction", "transactions"),
    "contribution": ("contribution", "contributions"),
    "hour": ("hour", "hours"),
}
"""One and many of a meter's unit; every other unit stays as it is."""


def english(message: str) -> str:
    """Return the message as it is: the language of the sources."""
    return message


class Words:
    """Texts and figures in one language and locale."""

    def __init__(self, translate: Translate = english, locale: str = "en_GB") -> None:
        self.translate = translate
        self.locale = locale

    def number(self, value: str | Decimal) -> str:
        """Return a decimal with the locale's separators and exactly its own digits.

        >>> Words().number("1234.50")
        '1,234.50'
        """
        text = f"{value:f}" if isinstance(value, Decimal) else value
        digits = len(text.partition(".")[2])
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        # The pattern has all digits, so that nothing is rounded here.
        return format_decimal(Decimal(text), format=pattern, locale=self.locale, decimal_quantization=False)

    def money(self, value: str, digits: int) -> str:
        """Return an exact amount with the currency's digits, and with more where it has more.

        >>> Words().money("1.2", 2), Words().money("0.0006", 2)
        ('1.20', '0.0006')
        """
        whole, _, decimals = value.partition(".")
        padded = decimals.ljust(digits, "0")
        return self.number(f"{whole}.{padded}" if padded else whole)

    def unit(self, unit: str, quantity: Decimal) -> str:
        """Return a meter's unit as it is said of that many."""
        one, many = UNITS.get(unit, (unit, unit))
        return self.translate(one if abs(quantity) == 1 else many) if unit else ""

    def country(self, code: str) -> str:
        """Return the country's name; a code that is not known stays as it is."""
        names: Mapping[str, str] = Locale.parse(self.locale).territories
        return names.get(code, code)

    def step(self, step: Mapping[str, Any], digits: int) -> str:
        """Return the sentence of a rating step, its prices with the currency's `digits` at least."""
        params: dict[str, str] = {**step.get("params", {})}
        params |= {"quantity": step["quantity"]} if step.get("quantity") is not None else {}
        code = step["code"]
        if code == "tier" and not params.get("to"):
            code = "tier_open"
        if code == "discount" and not params.get("percent"):
            code = "discount_amount"
        pattern = STEPS.get(code)
        if pattern is None:
            return str(code)
        shown = {name: self._figure(value) for name, value in params.items()}
        if step.get("unit_price") is not None:
            shown["unit_price"] = self.money(step["unit_price"], digits)
        return self.translate(pattern).format_map(_Known(shown))

    def _figure(self, value: str) -> str:
        try:
            return self.number(value)
        except ArithmeticError:
            return value


class _Known(dict[str, str]):
    """A step that lacks a figure leaves its place empty rather than the document unprinted."""

    def __missing__(self, key: str) -> str:
        return ""


def plain(value: Decimal) -> Decimal:
    """Return the value without trailing zeros, and not as 2E+1.

    >>> plain(Decimal("21.000")), plain(Decimal("7.50"))
    (Decimal('21'), Decimal('7.5'))
    """
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()
