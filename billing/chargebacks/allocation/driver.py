"""`driver`: by any meter, or a weighted sum of several."""

from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

import msgspec

from billing.chargebacks.allocation.exact import exact
from billing.chargebacks.allocation.inputs import Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.method import Method, OnZero, Unassigned
from billing.chargebacks.allocation.sentences import N_, Sentence
from core.errors import InputError

__all__ = ("Driver",)


class Driver(Method, frozen=True):
    """Divide by Σ weight × meter, times the centre's own weight: T·wd/Σwd.

    Attributes:
        meters: meter name to weight ≥ 0, as decimal or fraction; measured over the line's period.
        centre_weights: cost-centre code to weight; 1 where none is named, 0 leaves a centre out.
    """

    name: ClassVar[str] = "driver"
    meters: dict[str, str]
    centre_weights: dict[str, str] = msgspec.field(default_factory=dict)
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

    def needs(self, line: Line) -> tuple[DriverKey, ...]:
        """Need each meter over the line's period."""
        return tuple(line.drivers(meter) for meter in sorted(self.meters))

    def weigh(self, line: Line, inputs: Inputs) -> Basis:
        """Weigh each centre by its weighted sum."""
        sums: dict[str, Fraction] = {}
        for meter, text in self.meters.items():
            weight = exact(text) or Fraction(0)
            for code, quantity in inputs.drivers[line.drivers(meter)].items():
                sums[code] = sums.get(code, Fraction(0)) + weight * quantity
        for code, text in self.centre_weights.items():
            if code in sums:
                sums[code] *= exact(text) or Fraction(0)
        return Basis(" + ".join(sorted(self.meters)), sums)

    def named_centres(self) -> tuple[str, ...]:
        """Name the centres that have a weight of their own."""
        return tuple(sorted(self.centre_weights))

    def named_meters(self) -> tuple[str, ...]:
        """Name the meters."""
        return tuple(sorted(self.meters))

    def faults(self) -> Iterator[InputError]:
        """Refuse no meter at all, and weights that are no numbers."""
        if not self.meters:
            yield InputError("/meters", "driver_missing", "Name at least one meter, for instance members.active.")
        for field, weights in (("meters", self.meters), ("centre_weights", self.centre_weights)):
            for name, text in sorted(weights.items()):
                if exact(text) is None:
                    detail = f"The weight of '{name}' is no number ≥ 0; write it like 1, 0.5 or 1/3."
                    yield InputError(f"/{field}/{name}", "weight_invalid", detail)

    def sentences(self) -> Iterator[Sentence]:
        """Say it."""
        drivers = " + ".join(f"{weight} × {meter}" for meter, weight in sorted(self.meters.items()))
        if all(exact(weight) == 1 for weight in self.meters.values()):
            drivers = " + ".join(sorted(self.meters))
        yield Sentence(N_("Divided in proportion to %(drivers)s in the line's period."), {"drivers": drivers})
        if self.centre_weights:
            weights = ", ".join(f"{code} × {weight}" for code, weight in sorted(self.centre_weights.items()))
            yield Sentence(N_("Weighted by cost centre: %(weights)s."), {"weights": weights})
        if self.passes_unassigned:
            yield Sentence(N_("Usage that no cost centre carries goes on to the next rule."))
