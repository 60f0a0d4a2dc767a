"""`direct`: each line goes to the cost centres whose usage caused it."""

from collections.abc import Iterator
from typing import ClassVar

from billing.chargebacks.allocation.inputs import Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.method import Method, OnZero, Unassigned
from billing.chargebacks.allocation.sentences import N_, Sentence

__all__ = ("Direct",)


class Direct(Method, frozen=True):
    """Divide a metered line by what was counted for it, or by its meter over its own period.

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
        """Need what caused the line."""
        cause = line.causes()
        return () if cause is None else (cause,)

    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Weigh each centre by its part of the figure that was billed."""
        cause = line.causes()
        assert cause is not None, "applies() lets metered lines in only"
        return Basis(cause.source, inputs.drivers[cause])

    def sentences(self) -> Iterator[Sentence]:
        """Say it."""
        yield Sentence(N_("Each line goes to the cost centres whose usage caused it."))
        if self.passes_unassigned:
            yield Sentence(N_("Usage that no cost centre carries goes on to the next rule."))
