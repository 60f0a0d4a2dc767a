"""What every allocation method answers. One method, one module; `methods.py` lists them."""

from abc import ABCMeta, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

import msgspec

from billing.chargebacks.allocation.inputs import Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.sentences import Sentence
from core.errors import InputError

__all__ = ("Method", "OnZero", "Unassigned")

OnZero: TypeAlias = Literal["refuse", "next"]
"""What happens where the drivers sum to zero: the run is refused, or the line goes to the next rule."""
Unassigned: TypeAlias = Literal["keep", "next"]
"""Where usage that no cost centre carries goes: to suspense, or on to the next rule."""


class _AbstractStruct(ABCMeta, msgspec.StructMeta):
    """The metaclass of a struct that may have abstract methods."""


class Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True, metaclass=_AbstractStruct):
    """The parameters of a rule's method, and what it makes of a line."""

    name: ClassVar[str]

    @property
    def spreads(self) -> bool:
        """Whether it divides by what the other rules gave, so that it is weighed after them."""
        return False

    @property
    def counts_usage(self) -> bool:
        """Whether its drivers are usage, which only the tenant that used it may see."""
        return False

    @property
    def passes_zero(self) -> bool:
        """Whether a line whose drivers sum to zero goes to the next rule."""
        return False

    @property
    def passes_unassigned(self) -> bool:
        """Whether the share of `~unassigned` goes to the next rule."""
        return False

    def applies(self, line: Line) -> bool:  # noqa: ARG002 - most take any line
        """Return whether the method can take such a line at all."""
        return True

    def needs(self, line: Line) -> tuple[DriverKey, ...]:  # noqa: ARG002 - most need none
        """Return the drivers to measure before it can weigh that line."""
        return ()

    @abstractmethod
    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Return the exact weights over which the line is shared.

        They depend on the parameters, on the drivers of `needs` and on nothing else of the line.
        """

    def named_centres(self) -> tuple[str, ...]:
        """Return the cost-centre codes that the parameters name."""
        return ()

    def named_meters(self) -> tuple[str, ...]:
        """Return the meters that the parameters name."""
        return ()

    def faults(self) -> Iterator[InputError]:
        """Yield what is wrong with the parameters; pointers are relative to them."""
        yield from ()

    @abstractmethod
    def sentences(self) -> Iterator[Sentence]:
        """Yield what the method does, in plain words."""
