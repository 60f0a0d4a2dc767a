"""Which tax a supply bears: by the places of seller and buyer and a dated table of rates.

The rules are those of electronically supplied services between businesses, kept simple on
purpose: whoever sells in a way that they don't cover sets the customer's tax treatment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

__all__ = ("EU_COUNTRIES", "NOTES", "Supply", "TaxDecision", "TaxProblem", "TaxRate", "decide_tax", "rate_in_force")

EU_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""ISO 3166 codes of the states whose VAT is under Directive 2006/112/EC."""

NOTES = {
    "AE": "Reverse charge: the recipient accounts for the VAT (Art. 196 of Directive 2006/112/EC).",
    "E": "Exempt from tax.",
    "O": "Not subject to VAT of the seller's country: the place of supply is where the customer is established.",
}
"""Why a category bears no tax, as the document says it."""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """The standard rate of a country from a local date on, until the next row's date."""

    country: str
    valid_from: date
    category: str
    """S, or O where the country has no value added tax."""
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Supply:
    """Who sells to whom, when: what tax depends on."""

    seller_country: str
    buyer_country: str
    buyer_tax_id: str
    treatment: str
    """`standard` (by these rules), or `reverse_charge`/`exempt`, which override them."""
    on: date
    """The day whose rate holds: the last of the supply period, the first of one paid in advance."""


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """The rate group of a line, and the note that the law wants on the document where no tax is charged."""

    category: str
    percent: Decimal
    note: str = ""


@dataclass(frozen=True, slots=True)
class TaxProblem:
    """Why no tax can be decided: `tax_rate_missing` or `tax_id_missing`."""

    code: str
    detail: str


def rate_in_force(rates: Iterable[TaxRate], country: str, on: date) -> TaxRate | None:
    """Return the country's rate that holds on that day, or None."""
    known = [rate for rate in rates if rate.country == country and rate.valid_from <= on]
    return max(known, key=lambda rate: rate.valid_from, default=None)


def decide_tax(supply: Supply, rates: Iterable[TaxRate]) -> TaxDecision | TaxProblem:
    """Return the rate group of a supply.

    1. The customer's treatment overrides: `exempt` → E, `reverse_charge` → AE.
    2. Seller and buyer in one country → its rate.
    3. Both in the EU: a buyer with a tax id → AE; without → the rate of the buyer's country.
    4. Else → O, outside the scope.
    """
    if supply.treatment == "exempt":
        return TaxDecision("E", Decimal(0), NOTES["E"])
    both_eu = {supply.seller_country, supply.buyer_country} <= EU_COUNTRIES
    domestic = supply.seller_country == supply.buyer_country
    if supply.treatment == "reverse_charge" or (both_eu and not domestic and supply.buyer_tax_id):
        return _reverse_charge(supply)
    if not domestic and not both_eu:
        return TaxDecision("O", Decimal(0), NOTES["O"])
    rate = rate_in_force(rates, supply.buyer_country, supply.on)
    if rate is None:
        detail = f"No tax rate is known for {supply.buyer_country} on {supply.on}. Add it to the tax rates."
        return TaxProblem("tax_rate_missing", detail)
    return TaxDecision(rate.category, rate.percent, NOTES.get(rate.category, ""))


def _reverse_charge(supply: Supply) -> TaxDecision | TaxProblem:
    if not supply.buyer_tax_id:
        detail = "Reverse charge needs the customer's tax id. Enter it, or set another tax treatment."
        return TaxProblem("tax_id_missing", detail)
    return TaxDecision("AE", Decimal(0), NOTES["AE"])
