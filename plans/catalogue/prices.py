"""Price lists of other currencies, derived from the list in USD."""

from decimal import Decimal
from typing import Final

from core.money import round_half_away
from plans.charges import Price, Tier

__all__ = ("FACTORS", "in_all_currencies", "tier")

FACTORS: Final[dict[str, Decimal]] = {"USD": Decimal(1), "EUR": Decimal("0.92"), "GBP": Decimal("0.80")}

MONEY_FIELDS: Final = ("amount", "unit", "fixed", "least", "most", "default", "minimum", "cap")


def in_all_currencies(price: Price) -> dict[str, Price]:
    """Return the USD price and its EUR and GBP counterparts; edges, sizes and percentages stay.

    >>> {code: str(p.unit) for code, p in in_all_currencies(Price(unit=Decimal("0.45"))).items()}
    {'USD': '0.45', 'EUR': '0.41', 'GBP': '0.36'}
    """
    return {currency: _times(price, factor) for currency, factor in FACTORS.items()}


def tier(up_to: int | None, unit: str | None = None, flat: str | None = None) -> Tier:
    """Return a tier from readable figures."""
    return Tier(up_to=None if up_to is None else Decimal(up_to), unit=_decimal(unit), flat=_decimal(flat))


def _times(price: Price, factor: Decimal) -> Price:
    if factor == 1:
        return price
    figures = {name: _scaled(getattr(price, name), factor) for name in MONEY_FIELDS}
    return Price(
        size=price.size,
        percent=price.percent,
        tiers=tuple(
            Tier(up_to=t.up_to, unit=_scaled(t.unit, factor), flat=_scaled(t.flat, factor)) for t in price.tiers
        ),
        entries={key: _exactly(unit, factor) for key, unit in price.entries.items()},
        **figures,
    )


def _scaled(figure: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if figure is None else _exactly(figure, factor)


def _exactly(figure: Decimal, factor: Decimal) -> Decimal:
    """2.50 × 0.92 = 2.30; 0.45 × 0.92 = 0.414 → 0.41."""
    return Decimal(round_half_away(figure * factor, 2)).scaleb(-2)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
