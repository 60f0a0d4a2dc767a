"""By what a charge may narrow and list what its meter counts: names that the meter keeps, and no others (pure)."""

from collections.abc import Mapping

from msgspec.structs import replace

from core.errors import InputError, pointer_part
from metering.registry import MeterSpec
from plans.charges import Charge
from plans.documents import PlanDocument
from plans.validation.figures import Found

__all__ = ("dimension_faults", "named_in_full", "narrowed_by")


def named_in_full(document: PlanDocument, meters: Mapping[str, MeterSpec]) -> PlanDocument:
    """Return the document with the short names of dimensions (`course`) in full, as entries are kept by.

    Args:
        document: perhaps faulty; what no meter keeps stays as it is.
        meters: those that plans may name.
    """
    charges = tuple(_in_full(charge, meters.get(charge.meter or "")) for charge in document.charges)
    return document if charges == document.charges else replace(document, charges=charges)


def narrowed_by(meter: MeterSpec) -> tuple[str, ...]:
    """Return what `where` may go by: an entry is of one course or audience, but may be shared by cost centres."""
    return tuple(name for name in meter.dimensions if name != "cost_centre")


def dimension_faults(charge: Charge, meter: MeterSpec, at: str) -> Found:
    """Yield each name that the meter does not keep: nothing would ever fit it."""
    if charge.dimension is not None and meter.dimension(charge.dimension) is None:
        yield InputError(f"{at}/dimension", "dimension_unknown", _unknown(meter, charge.dimension, meter.dimensions))
    for name in charge.where:
        if meter.dimension(name) not in narrowed_by(meter):
            pointer = f"{at}/where/{pointer_part(name)}"
            yield InputError(pointer, "dimension_unknown", _unknown(meter, name, narrowed_by(meter)))


def _in_full(charge: Charge, meter: MeterSpec | None) -> Charge:
    if meter is None:
        return charge
    dimension = charge.dimension and (meter.dimension(charge.dimension) or charge.dimension)
    where: dict[str, tuple[str, ...]] = {}
    for name, values in charge.where.items():
        full = meter.dimension(name) or name
        where[full] = where.get(full, ()) + values
    changed = dimension != charge.dimension or where.keys() != charge.where.keys()
    return replace(charge, dimension=dimension, where=where) if changed else charge


def _unknown(meter: MeterSpec, name: str, known: tuple[str, ...]) -> str:
    return f"{meter.name} does not keep '{name}'. Use one of {', '.join(known)}."
