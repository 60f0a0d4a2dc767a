"""What the API takes to withdraw and to give back."""

from typing import Annotated

import msgspec

from billing.schemas.amounts import MoneyBody, Text
from core.errors import InputError, InvalidInput
from core.money import Money

__all__ = ("CreditBody", "ReasonBody")


class ReasonBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why; it goes into the audit trail."""

    reason: Text


class CreditLineBody(msgspec.Struct, forbid_unknown_fields=True):
    """Net amount to give back of a line."""

    position: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    amount: MoneyBody


class CreditBody(msgspec.Struct, forbid_unknown_fields=True):
    """A credit note to be issued; without `lines` all that is left is given back."""

    reason: Text
    lines: list[CreditLineBody] | None = None
    rebill: bool = False
    """Bill the periods anew with the next run; only together with a full credit."""

    def amounts(self) -> dict[int, Money] | None:
        """Return net amounts by position.

        Raises:
            InvalidInput: a line is named twice (`line_twice`).
        """
        if self.lines is None:
            return None
        amounts = {line.position: line.amount.money() for line in self.lines}
        if len(amounts) != len(self.lines):
            raise InvalidInput(InputError("/lines", "line_twice", "Name each line once."))
        return amounts
