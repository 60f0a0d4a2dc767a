"""Faults of what a version agrees on beside its charges: discounts and commitments."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from core.errors import InputError
from core.money import UnknownCurrency, exponent
from plans.documents import PlanDocument
from plans.terms import Commitment, Discount
from plans.validation.figures import Found, below, number_faults

__all__ = ("agreement_faults", "discount_faults")

SHAPE: Final = re.compile("[a-z0-9][a-z0-9_-]*")


def agreement_faults(document: PlanDocument) -> Found:
    """Yield the faults of the document's discounts and commitments, each with its pointer."""
    currencies = set().union(*(charge.prices for charge in document.charges))
    keys = {charge.key for charge in document.charges}
    agreed: dict[str, Sequence[Discount | Commitment]] = {
        "discounts": document.discounts,
        "commitments": document.commitments,
    }
    for name, parts in agreed.items():
        seen: set[str] = set()
        for index, part in enumerate(parts):
            at = f"/{name}/{index}"
            if not SHAPE.fullmatch(part.key):
                yield InputError(
                    f"{at}/key", "agreement_key_invalid", "A key has lower-case letters, digits, '-' and '_' only."
                )
            if part.key in seen:
                yield InputError(f"{at}/key", "agreement_key_taken", f"The key '{part.key}' is used twice.")
            seen.add(part.key)
            for place, key in enumerate(part.charges):
                if key not in keys:
                    yield InputError(f"{at}/charges/{place}", "charge_unknown", f"The plan has no charge '{key}'.")
            yield from discount_faults(part, at) if isinstance(part, Discount) else _commitment(part, at, document)
            yield from _currencies(part.amounts, currencies, at)


def discount_faults(discount: Discount, at: str) -> Found:
    """Yield the faults of one discount: it needs a percentage or amounts, and a number of periods above 0."""
    if (discount.percent is None) == (not discount.amounts):
        yield InputError(at, "discount_incomplete", "A discount has either a percentage or amounts by currency.")
    if discount.percent is not None:
        yield from number_faults(discount.percent, f"{at}/percent")
        if below(Decimal(100), discount.percent):
            yield InputError(f"{at}/percent", "percent_invalid", "A percentage is at most 100; 7.5 means 7.5 %.")
    if discount.periods is not None and discount.periods < 1:
        yield InputError(f"{at}/periods", "discount_periods_invalid", "Name 1 or more periods, or none for always.")
    yield from _amounts(discount.amounts, at)


def _commitment(commitment: Commitment, at: str, document: PlanDocument) -> Found:
    months = commitment.months
    if months is not None and (months < 1 or months > 120 or months % document.interval_months):
        detail = f"A term is a multiple of {document.interval_months} month(s), at most 120."
        yield InputError(f"{at}/months", "interval_invalid", detail)
    if not commitment.amounts:
        yield InputError(f"{at}/amounts", "price_missing", f"'{commitment.key}' has no amount in any currency.")
    yield from _amounts(commitment.amounts, at)


def _amounts(amounts: Mapping[str, Decimal], at: str) -> Found:
    for currency, amount in amounts.items():
        pointer = f"{at}/amounts/{currency}"
        try:
            exponent(currency)
        except UnknownCurrency as unknown:
            yield InputError(pointer, unknown.code, unknown.detail)
        yield from number_faults(amount, pointer)


def _currencies(amounts: Mapping[str, Decimal], priced: Iterable[str], at: str) -> Found:
    for currency in sorted(set(priced) - set(amounts)) if amounts else ():
        detail = f"There is no amount in {currency}, in which the charges are priced: add it."
        yield InputError(f"{at}/amounts", "price_missing_currency", detail)
