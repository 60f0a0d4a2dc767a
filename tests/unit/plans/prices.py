"""Charges, tiers and quantities made up for tests of pricing."""

from decimal import Decimal
from fractions import Fraction

from plans.charges import Charge, Price, Tier
from plans.pricing import UsageQuantity


def tiers(*rows: tuple[str | None, str | None, str | None]) -> tuple[Tier, ...]:
    return tuple(
        Tier(
            up_to=None if up_to is None else Decimal(up_to),
            unit=None if unit is None else Decimal(unit),
            flat=None if flat is None else Decimal(flat),
        )
        for up_to, unit, flat in rows
    )


def charge(model: str, currency: str = "USD", *, meter: str | None = "contributions", **fields) -> Charge:
    own = {name: fields.pop(name) for name in list(fields) if name in Charge.__struct_fields__}
    figures = {name: Decimal(value) if isinstance(value, str) else value for name, value in fields.items()}
    return Charge(key="c", name="C", model=model, meter=meter, prices={currency: Price(**figures)}, **own)


def used(quantity: str | int | Fraction) -> UsageQuantity:
    return UsageQuantity(Fraction(quantity))


LIGHT = tiers(("500", "1.20", None), ("5000", "0.80", None), (None, "0.45", None))
STARTS = tiers(
    ("5000", "2.50", None),
    ("10000", "2.25", None),
    ("20000", "1.75", None),
    ("50000", "1.15", None),
    (None, "0.95", None),
)
APP = tiers(("500", None, "99"), ("5000", None, "249"), ("50000", None, "499"), (None, None, "899"))
