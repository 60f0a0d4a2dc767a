"""`residual`: what becomes of all that no rule before it took."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import ClassVar, Literal

from billing.chargebacks.allocation.inputs import Basis, Inputs, Line
from billing.chargebacks.allocation.method import Method
from billing.chargebacks.allocation.rows import SPONSOR, UNASSIGNED, VARIANCE
from billing.chargebacks.allocation.sentences import N_, Sentence

__all__ = ("Residual",)

_ACCOUNTS = {"suspense": UNASSIGNED, "sponsor": SPONSOR, "carry": VARIANCE}


class Residual(Method, frozen=True):
    """Spread what is left, hold it in suspense, have it sponsored, or carry it over.

    Attributes:
        mode: `spread` divides in proportion to the exact net amounts that all other rules of the
            run gave to cost centres in the line's currency, where that is a credit not at all (and
            mirrored where all of them together are one); `suspense` books to `~unassigned`,
            `sponsor` to `~sponsor`; `carry` books to `~variance` and, when the run is posted, puts
            the same amount into a cost pool of the next period.
    """

    name: ClassVar[str] = "residual"
    mode: Literal["spread", "suspense", "sponsor", "carry"] = "suspense"

    @property
    def spreads(self) -> bool:
        """Whether it divides by what others gave."""
        return self.mode == "spread"

    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Weigh the one account, or the centres by what they were given."""
        if self.spreads:
            return Basis("spread", _owing(inputs.given.get(line.currency, {})))
        return Basis("", {_ACCOUNTS[self.mode]: Fraction(1)})

    def sentences(self) -> Iterator[Sentence]:
        """Say it."""
        yield {
            "spread": Sentence(N_("What is left is spread in proportion to everything divided by the other rules.")),
            "suspense": Sentence(N_("What is left waits in suspense, unassigned.")),
            "sponsor": Sentence(N_("What is left is paid by the sponsor.")),
            "carry": Sentence(N_("What is left stays with the learning department and moves to the next period.")),
        }[self.mode]


def _owing(given: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Return what centres were given, without those on the other side of zero than the whole.

    >>> _owing({"A": Fraction(6), "B": Fraction(-1)})
    {'A': Fraction(6, 1)}
    >>> _owing({"A": Fraction(1), "B": Fraction(-6)})
    {'B': Fraction(6, 1)}
    """
    sign = -1 if sum(given.values()) < 0 else 1
    return {code: amount * sign for code, amount in given.items() if amount * sign > 0}
