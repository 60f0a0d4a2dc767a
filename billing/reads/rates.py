"""Tax and exchange rates."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.ledger import Conversion
from billing.models import ExchangeRate, TaxRateRow
from billing.tax import TaxRate

__all__ = ("DatedConversion", "conversion_on", "tax_rates")


@dataclass(frozen=True, slots=True)
class DatedConversion:
    """A conversion and the day from which its rate holds."""

    conversion: Conversion
    valid_from: date


def tax_rates(session: Session) -> tuple[TaxRate, ...]:
    """Return all standard rates."""
    rows = session.execute(
        select(TaxRateRow.country, TaxRateRow.valid_from, TaxRateRow.category, TaxRateRow.percent).order_by(
            TaxRateRow.country, TaxRateRow.valid_from
        )
    )
    return tuple(TaxRate(*row) for row in rows)


def conversion_on(session: Session, currency: str, base_currency: str, on: date) -> DatedConversion | None:
    """Return the rate that holds on that day, or None; within one currency there is nothing to convert."""
    row = session.execute(
        select(ExchangeRate.rate, ExchangeRate.source, ExchangeRate.valid_from)
        .where(
            ExchangeRate.currency == currency,
            ExchangeRate.base_currency == base_currency,
            ExchangeRate.valid_from <= on,
        )
        .order_by(ExchangeRate.valid_from.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else DatedConversion(Conversion(base_currency, row.rate, row.source), row.valid_from)
