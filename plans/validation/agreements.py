"""Faults of what a version agrees on beside its charges: discounts, commitments, prepaid credits."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from core.errors import InputError
from core.money import UnknownCurrency, exponent
from plans.documents import PlanDocument
from plans.subscriptions import BASE, Holding
from plans.terms import Commitment, CreditBlock, Discount
from plans.validation.figures import Found, below, number_faults

__all__ = ("agreement_faults", "charges_held", "discount_faults", "idle_faults")

SHAPE: Final = re.compile("[a-z0-9][a-z0-9_-]*")


def agreement_faults(document: PlanDocument, meters: Container[str]) -> Found:
    """Yield the faults of the document's discounts, commitments and credits, each with its pointer.

    Args:
        document: whose agreements are looked at.
        meters: names of those that a plan may name.
    """
    currencies = set().union(*(charge.prices for charge in document.charges))
    keys = {charge.key for charge in document.charges}
    agreed: dict[str, Sequence[Discount | Commitment | CreditBlock]] = {
        "discounts": document.discounts,
        "commitments": document.commitments,
        "credits": document.credits,
    }
    for name, parts in agreed.items():
        seen: set[str] = set()
        for index, part in enumerate(parts):
            at = f"/{name}/{index}"
            if not isinstance(part, Discount):
                yield from _key(part.key, f"{at}/key")
            if part.key in seen:
                yield InputError(f"{at}/key", "agreement_key_taken", f"The key '{part.key}' is used twice.")
            seen.add(part.key)
            for place, key in enumerate(part.charges):
                if key not in keys:
                    yield InputError(f"{at}/charges/{place}", "charge_unknown", f"The plan has no charge '{key}'.")
            match part:
                case Discount():
                    yield from discount_faults(part, at)
                case Commitment():
                    yield from _commitment(part, at, document)
                case CreditBlock():
                    yield from _block(part, at, document, meters)
                    yield from _currencies(part.prices, currencies, f"{at}/prices")
            yield from _currencies(part.amounts, currencies, f"{at}/amounts")


def discount_faults(discount: Discount, at: str) -> Found:
    """Yield the faults of one discount: it needs a percentage or amounts, and a number of periods above 0."""
    yield from _key(discount.key, f"{at}/key")
    if (discount.percent is None) == (not discount.amounts):
        yield InputError(at, "discount_incomplete", "A discount has either a percentage or amounts by currency.")
    if discount.percent is not None:
        yield from number_faults(discount.percent, f"{at}/percent")
        if below(Decimal(100), discount.percent):
            yield InputError(f"{at}/percent", "percent_invalid", "A percentage is at most 100; 7.5 means 7.5 %.")
    if discount.periods is not None and discount.periods < 1:
        yield InputError(f"{at}/periods", "discount_periods_invalid", "Name 1 or more periods, or none for always.")
    yield from _amounts(discount.amounts, f"{at}/amounts")


def idle_faults(discount: Discount, at: str, holdings: Iterable[Holding], currency: str) -> Found:
    """Yield why a discount of a contract takes nothing off: charges it never has, no amount in its currency."""
    known = charges_held(holdings)
    for place, key in enumerate(discount.charges):
        if key not in known:
            detail = f"The contract has no charge '{key}'. It has {', '.join(sorted(known))}."
            yield InputError(f"{at}/charges/{place}", "charge_unknown", detail)
    yield from _currencies(discount.amounts, [currency], f"{at}/amounts")


def charges_held(holdings: Iterable[Holding]) -> frozenset[str]:
    """Return the keys under which charges of these versions are billed."""
    return frozenset(
        charge.key if held.slot == BASE else f"{held.slot}.{charge.key}"
        for held in holdings
        for charge in held.document.charges
    )


def _key(key: str, at: str) -> Found:
    if not SHAPE.fullmatch(key):
        yield InputError(at, "agreement_key_invalid", "A key has lower-case letters, digits, '-' and '_' only.")


def _block(block: CreditBlock, at: str, document: PlanDocument, meters: Container[str]) -> Found:
    if not block.amounts:
        yield InputError(f"{at}/amounts", "price_missing", f"'{block.key}' has no amount in any currency: write one.")
    yield from _amounts(block.amounts, f"{at}/amounts")
    yield from _amounts(block.prices, f"{at}/prices")
    for currency, amount in block.amounts.items():
        if not amount:
            detail = "Credits of 0 pay nothing: name an amount above 0."
            yield InputError(f"{at}/amounts/{currency}", "credits_amount_invalid", detail)
    if block.refundable and not block.prices:
        detail = "What was not paid for cannot be given back: name 'prices', or leave 'refundable' out."
        yield InputError(f"{at}/refundable", "credits_not_paid_for", detail)
    if not 0 <= block.priority <= 1000:
        yield InputError(f"{at}/priority", "priority_invalid", "A priority is 0 to 1000; the lower goes first.")
    yield from _months(block, at, document.interval_months)
    for place, meter in enumerate(block.meters):
        if meter not in meters:
            detail = f"There is no meter '{meter}' for plans. GET /v1/meters lists them."
            yield InputError(f"{at}/meters/{place}", "meter_unknown", detail)


def _months(block: CreditBlock, at: str, plan_months: int) -> Found:
    months = block.months
    if months is not None and (months < 1 or months > 120 or months % plan_months):
        detail = f"Blocks come every multiple of {plan_months} month(s), at most every 120."
        yield InputError(f"{at}/months", "interval_invalid", detail)
    for name in ("expires_months", "rollover_months"):
        value = getattr(block, name)
        if value is not None and not 1 <= value <= 120:
            yield InputError(f"{at}/{name}", "credits_expiry_invalid", "Name 1 to 120 months, or none.")
    if block.rollover_months is not None and block.expires_months is None:
        detail = "Credits that never expire have nothing to roll over: name 'expires_months' too."
        yield InputError(f"{at}/rollover_months", "credits_expiry_invalid", detail)
    yield from number_faults(block.rollover_percent, f"{at}/rollover_percent")
    if below(Decimal(100), block.rollover_percent):
        yield InputError(f"{at}/rollover_percent", "percent_invalid", "A percentage is at most 100; 7.5 means 7.5 %.")


def _commitment(commitment: Commitment, at: str, document: PlanDocument) -> Found:
    months = commitment.months
    if months is not None and (months < 1 or months > 120 or months % document.interval_months):
        detail = f"A term is a multiple of {document.interval_months} month(s), at most 120."
        yield InputError(f"{at}/months", "interval_invalid", detail)
    if not commitment.amounts:
        yield InputError(
            f"{at}/amounts", "price_missing", f"'{commitment.key}' has no amount in any currency: write one."
        )
    yield from _amounts(commitment.amounts, f"{at}/amounts")


def _amounts(amounts: Mapping[str, Decimal], at: str) -> Found:
    for currency, amount in amounts.items():
        pointer = f"{at}/{currency}"
        try:
            exponent(currency)
        except UnknownCurrency as unknown:
            yield InputError(pointer, unknown.code, unknown.detail)
        yield from number_faults(amount, pointer)


def _currencies(amounts: Mapping[str, Decimal], priced: Iterable[str], at: str) -> Found:
    for currency in sorted(set(priced) - set(amounts)) if amounts else ():
        detail = f"There is no amount in {currency}, in which the charges are priced: add it."
        yield InputError(at, "price_missing_currency", detail)
