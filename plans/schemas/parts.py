"""What several answers and bodies share."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from core.money import Money

__all__ = ("AwareDatetime", "Key", "Many", "MoneyAnswer", "Text", "Way")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=500)]
AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]
Way = Literal["upgrade", "downgrade", "same_tier", "same_plan", "end"]
Many = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class MoneyAnswer(msgspec.Struct):
    """An amount with exactly its currency's digits."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> "MoneyAnswer":
        """Return the amount as JSON shows it."""
        return cls(money.text(), money.currency)
