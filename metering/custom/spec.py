"""A custom meter as everything that measures sees it: like a built-in one (pure)."""

from functools import partial

from metering.custom.definition import ADDITIVE, CONCURRENT
from metering.custom.extraction import Extractor
from metering.custom.meters import custom_reader
from metering.registry import PERSON_DIMENSIONS, CustomMeter, MeterSpec, WhichSpan

__all__ = ("custom_spec",)


def custom_spec(custom: CustomMeter) -> MeterSpec:
    """Return the meter."""
    definition = custom.definition
    which: WhichSpan = "inside"
    if definition.aggregation in CONCURRENT:
        which = "around_longest"
    elif definition.aggregation == "time_weighted":
        which = "all_before"
    return MeterSpec(
        name=custom.name,
        unit=definition.unit,
        statistic=definition.aggregation,
        family="custom",
        description=definition.description,
        dimensions=(*PERSON_DIMENSIONS, *definition.dimensions),
        additive=definition.aggregation in ADDITIVE,
        types=tuple(sorted(Extractor(definition).types)),
        which=which,
        reader=partial(custom_reader, meter=custom.name, definition=definition),
        custom=custom,
    )
