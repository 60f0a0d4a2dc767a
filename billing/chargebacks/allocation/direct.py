"""`direct`: each line goes to the cost centres whose usage caused it."""

from collections.abc import Iterator
from typing import ClassVar

from billing.chargebacks.allocation.inputs import Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.method import Method, OnZero, Unassigned
from billing.chargebacks.allocation.sentences import N_, Sentence

__all__ = ("Direct",)


class Direct(Method, frozen=True):
    """Divide a metered line by the entries of its own meter, over its own period.

    Lines without a meter have no usage that caused them: they go on to the next rule.
    """

    name: ClassVar[str] = "direct"
    on_zero: OnZero = "refuse"
    unassigned: Unassigned = "keep"

    @property
    def counts_usage(self) -> bool:
        """See `Method`."""
        return True

    @property
    def passes_zero(self) -> bool:
        """See `Method`."""
        return self.on_zero == "next"

    @property
    def passes_unassigned(self) -> bool:
        """See `Method`."""
        return self.unassigned == "next"

    def applies(self, line: Line) -> bool:
        """Take metered lines only."""
        return line.meter is not None

    def needs(self, line: Line) -> tuple[DriverKey, ...]:
        """Need the line's meter, narrowed to the entries that the line charges for."""
        return (_caused_by(line),)

    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Weigh each centre by its part of the figure that was billed."""
        key = _caused_by(line)
        return Basis(key.source, inputs.drivers[key])

    def sentences(self) -> Iterator[Sentence]:
        """Say it."""
        yield Sentence(N_("Each line goes to the cost centres whose usage caused it."))
        if self.passes_unassigned:
            yield Sentence(N_("Usage that no cost centre carries goes on to the next rule."))


def _caused_by(line: Line) -> DriverKey:
    assert line.meter is not None
    return DriverKey(line.meter, line.starts_at, line.ends_at, line.keys)
