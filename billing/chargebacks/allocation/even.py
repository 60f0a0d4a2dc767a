"""`even`: the same for everyone."""

from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

from billing.chargebacks.allocation.inputs import CENTRES, Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.method import Method
from billing.chargebacks.allocation.sentences import N_, Sentence

__all__ = ("Even",)


class Even(Method, frozen=True):
    """Divide into equal parts.

    Attributes:
        cost_centres: who takes part; none named means every final cost centre (one that is no
            other's parent) on the last day of the line's period.
    """

    name: ClassVar[str] = "even"
    cost_centres: tuple[str, ...] = ()

    def needs(self, line: Line) -> tuple[DriverKey, ...]:
        """Need the list of final cost centres, unless they are named."""
        return () if self.cost_centres else (line.drivers(CENTRES),)

    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Weigh everyone alike."""
        if self.cost_centres:
            return Basis("", dict.fromkeys(self.cost_centres, Fraction(1)))
        return Basis(CENTRES, inputs.drivers[line.drivers(CENTRES)])

    def named_centres(self) -> tuple[str, ...]:
        """Name the centres."""
        return self.cost_centres

    def sentences(self) -> Iterator[Sentence]:
        """Say it."""
        if self.cost_centres:
            yield Sentence(N_("Divided evenly between %(centres)s."), {"centres": ", ".join(self.cost_centres)})
        else:
            yield Sentence(N_("Divided evenly between all cost centres."))
