"""`headcount`: by people, whether they use anything or not."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from billing.chargebacks.allocation.inputs import HEADCOUNT, HEADCOUNT_DECLARED, Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.method import Method, OnZero
from billing.chargebacks.allocation.sentences import N_, Sentence

__all__ = ("Headcount",)


class Headcount(Method, frozen=True):
    """Divide by the number of people on the last day of the line's period.

    Attributes:
        source: `assigned` counts the people assigned to each centre (split people by shares),
            `declared` takes the headcount written at the cost centre.
        cost_centres: who takes part; none named means everyone.
    """

    name: ClassVar[str] = "headcount"
    source: Literal["assigned", "declared"] = "assigned"
    cost_centres: tuple[str, ...] = ()
    on_zero: OnZero = "refuse"

    @property
    def passes_zero(self) -> bool:
        """See `Method`."""
        return self.on_zero == "next"

    def needs(self, line: Line) -> tuple[DriverKey, ...]:
        """Need the headcount on that day."""
        return (line.drivers(self._source()),)

    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Weigh each centre by its people."""
        people = inputs.drivers[line.drivers(self._source())]
        chosen = self.cost_centres or tuple(people)
        return Basis(self._source(), {code: people[code] for code in chosen if code in people})

    def named_centres(self) -> tuple[str, ...]:
        """Name the centres."""
        return self.cost_centres

    def sentences(self) -> Iterator[Sentence]:
        """Say it."""
        if self.source == "declared":
            yield Sentence(N_("Divided by the headcount that each cost centre declares."))
        else:
            yield Sentence(N_("Divided by headcount: the people assigned on the last day of the period."))
        if self.cost_centres:
            yield Sentence(N_("Only %(centres)s take part."), {"centres": ", ".join(self.cost_centres)})

    def _source(self) -> str:
        return HEADCOUNT if self.source == "assigned" else HEADCOUNT_DECLARED
