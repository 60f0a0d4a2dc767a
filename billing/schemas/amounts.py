"""Money, periods and texts as the API shows them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from core.errors import InputError, InvalidInput
from core.money import Money, exponent, to_money
from core.periods import Period

__all__ = ("MoneyAnswer", "MoneyBody", "PeriodAnswer", "Text")

Text = Annotated[str, msgspec.Meta(max_length=500)]


class MoneyAnswer(msgspec.Struct):
    """An amount with exactly its currency's digits."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> "MoneyAnswer":
        """Return the amount as JSON shows it."""
        return cls(money.text(), money.currency)

    def money(self) -> Money:
        """Return what it was made of."""
        return to_money(Decimal(self.amount), self.currency)


class MoneyBody(msgspec.Struct, forbid_unknown_fields=True):
    """An amount: a decimal string with at most the currency's digits."""

    amount: Annotated[str, msgspec.Meta(pattern=r"^\d{1,15}(\.\d{1,6})?$")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]

    def money(self, at: str = "/lines") -> Money:
        """Return the amount; `at` says where it stands.

        Raises:
            InvalidInput: it has more digits than the currency (`amount_digits`).
        """
        minor = Decimal(self.amount).scaleb(exponent(self.currency))
        if minor != minor.to_integral_value():
            fault = f"{self.currency} has {exponent(self.currency)} decimals; write the amount with no more."
            raise InvalidInput(InputError(at, "amount_digits", fault))
        return Money(int(minor), self.currency)


class PeriodAnswer(msgspec.Struct):
    """A half-open span of instants, and its days as the customer reads them, both included."""

    starts_at: datetime
    ends_at: datetime
    first_day: date
    last_day: date

    @classmethod
    def of(cls, period: Period, first_day: date, last_day: date) -> "PeriodAnswer":
        """Return the period as JSON shows it."""
        return cls(period.starts_at, period.ends_at, first_day, last_day)
