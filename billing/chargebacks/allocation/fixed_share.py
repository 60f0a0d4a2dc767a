"""`fixed_share`: shares that were agreed on."""

from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

from billing.chargebacks.allocation.exact import exact, exact_text, percent_text
from billing.chargebacks.allocation.inputs import Basis, Inputs, Line
from billing.chargebacks.allocation.method import Method
from billing.chargebacks.allocation.rows import RESERVED
from billing.chargebacks.allocation.sentences import N_, Sentence
from core.errors import InputError

__all__ = ("FixedShare",)


class FixedShare(Method, frozen=True):
    """Divide by shares that sum to 1, over cost centres and, if wanted, reserved accounts.

    Attributes:
        shares: code to share, as decimal (`0.3`) or fraction (`1/3`).
    """

    name: ClassVar[str] = "fixed_share"
    shares: dict[str, str]

    def weigh(self, line: Line, inputs: Inputs) -> Basis:  # noqa: ARG002
        """Weigh each code by its share."""
        return Basis("", {code: exact(share) or Fraction(0) for code, share in self.shares.items()})

    def named_centres(self) -> tuple[str, ...]:
        """Name the centres, leaving the reserved accounts out."""
        return tuple(sorted(set(self.shares) - RESERVED))

    def faults(self) -> Iterator[InputError]:
        """Refuse what is no number, and shares that don't sum to exactly 1."""
        values = {code: exact(share) for code, share in self.shares.items()}
        wrong = sorted(code for code, value in values.items() if value is None)
        for code in wrong:
            detail = f"The share of '{code}' is no number ≥ 0; write it like 0.3 or 1/3."
            yield InputError(f"/shares/{code}", "share_invalid", detail)
        total = sum((value for value in values.values() if value is not None), Fraction(0))
        if not wrong and total != 1:
            detail = f"The shares sum to {exact_text(total)}, not to 1; thirds are written 1/3."
            yield InputError("/shares", "shares_not_one", detail)

    def sentences(self) -> Iterator[Sentence]:
        """Say it, largest share first."""
        values = sorted(((exact(share) or Fraction(0), code) for code, share in self.shares.items()), reverse=True)
        shares = ", ".join(f"{code} {percent_text(share)}" for share, code in values)
        yield Sentence(N_("Divided by fixed shares: %(shares)s."), {"shares": shares})
