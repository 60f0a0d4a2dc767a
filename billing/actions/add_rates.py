"""Add tax and exchange rates to those that the first migration brought."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from billing.store import put_rates
from core.errors import InputError, InvalidInput
from core.money import exponent
from core.scope import VENDOR_ID
from tenants.actions.record_audit import record_audit

__all__ = ("ExchangeRateInput", "TaxRateInput", "add_rates")


@dataclass(frozen=True, slots=True)
class TaxRateInput:
    """A country's standard rate from a day on."""

    country: str
    valid_from: date
    category: str
    """S, or O where the country has no value added tax."""
    percent: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class ExchangeRateInput:
    """Units of base currency for one unit of another, from a day on."""

    currency: str
    base_currency: str
    valid_from: date
    rate: Decimal
    source: str


def add_rates(session: Session, tax: Iterable[TaxRateInput], exchange: Iterable[ExchangeRateInput], actor: str) -> None:
    """Add rates; one that is known for that very day stays as it is, because bills may rest on it.

    Args:
        session: a steward's transaction.
        tax: standard rates.
        exchange: exchange rates.
        actor: who adds them, for the audit trail.

    Raises:
        UnknownCurrency: not an ISO 4217 code (`currency_unknown`).
        InvalidInput: a rate of 0, or from a currency to itself (`rate_invalid`).
    """
    taxes, exchanges = list(tax), list(exchange)
    for rate in exchanges:
        if rate.rate <= 0 or rate.currency == rate.base_currency:
            fault = "Give a rate above 0 between two currencies."
            raise InvalidInput(InputError("/rate", "rate_invalid", fault))
        exponent(rate.currency)
        exponent(rate.base_currency)
    put_rates(
        session,
        [
            {
                "country": rate.country,
                "valid_from": rate.valid_from,
                "category": rate.category,
                "percent": rate.percent,
                "source": rate.source,
            }
            for rate in taxes
        ],
        [
            {
                "currency": rate.currency,
                "base_currency": rate.base_currency,
                "valid_from": rate.valid_from,
                "rate": rate.rate,
                "source": rate.source,
            }
            for rate in exchanges
        ],
    )
    detail = {"tax": [r.country for r in taxes], "exchange": [f"{r.currency}/{r.base_currency}" for r in exchanges]}
    record_audit(session, VENDOR_ID, actor, "add_rates", ("rates", ""), detail)
