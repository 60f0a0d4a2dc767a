"""Take anew what custom meters took of the stored bodies, and put right what stands there otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from core.db import Database
from core.scope import StewardScope, TenantScope
from metering.bodies import unpacked_body
from metering.custom.extraction import Extract, Extractor, body_data, value_row
from metering.reads.backfilling import ToldBody, told_after, values_without_fact
from metering.reads.custom_meters import custom_meters, is_backfilled
from metering.registry import CustomMeter
from metering.store import add_meter_values, drop_meter_values

__all__ = ("NAMED", "WrongValue", "WrongValues", "rebuild_values")

CHUNK = 5_000
"""Facts a transaction."""
NAMED = 1_000
"""Of so many wrong values of a meter each is named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class WrongValue:
    """What would have been read of an event, and what its body says; None where there was, or is, nothing."""

    event_key: UUID
    told: Extract | None
    taken: Extract | None


@dataclass(frozen=True, slots=True)
class WrongValues:
    """A custom meter, of how many facts it took anew, how many stood otherwise, and the first of them."""

    meter: str
    compared: int
    wrong: int
    named: tuple[WrongValue, ...]


def rebuild_values(db: Database, tenant_id: UUID, *, chunk: int = CHUNK) -> tuple[WrongValues, ...]:
    """Take anew what each custom meter of a tenant, its own and the vendor's, takes of the stored bodies.

    Values of facts that are not here go: what a month that comes back has is taken from its file. A
    value that is missing is none that is wrong while the meter's backfill has not finished: figures
    are read from the bodies until then. Facts without a body prove nothing and stay as they are.

    Nothing waits: a fact and its values become visible together, and every look is one statement.
    Each chunk is a transaction: killed at any instant, it is simply begun again.

    Args:
        db: the database.
        tenant_id: whose values.
        chunk: how many facts a transaction.

    Returns:
        For each meter what was found, by meter and version. All is right now.
    """
    with db.begin(TenantScope(tenant_id)) as session:
        meters = [found.meter for found in custom_meters(session, tenant_id)]
    return tuple(_rebuilt(db, tenant_id, meter, chunk) for meter in meters)


def _rebuilt(db: Database, tenant_id: UUID, meter: CustomMeter, chunk: int) -> WrongValues:
    compared, wrong, named = 0, 0, list[WrongValue]()
    for looked_at, found in chain(_of_facts(db, tenant_id, meter, chunk), _of_no_facts(db, tenant_id, meter, chunk)):
        compared += looked_at
        wrong += len(found)
        named += found[: NAMED - len(named)]
    return WrongValues(meter.name, compared, wrong, tuple(named))


def _of_facts(db: Database, tenant_id: UUID, meter: CustomMeter, chunk: int) -> Iterator[tuple[int, list[WrongValue]]]:
    """Yield, chunk by chunk, of how many facts values were taken anew, and those that differed."""
    extractor, after = Extractor(meter.definition), None
    while True:
        with db.begin(StewardScope()) as session:
            complete = is_backfilled(session, tenant_id, meter.id)
            bodies = told_after(session, tenant_id, (meter.id, extractor.types), after, chunk)
            wrong = [found for body in bodies if (found := _wrong(extractor, body, complete=complete)) is not None]
            # A month may be leaving: a value that comes too late for its fact is the right one, and goes next time.
            drop_meter_values(session, tenant_id, meter.id, [found.event_key for found in wrong])
            add_meter_values(session, [value_row((tenant_id, meter.id, found.event_key), found.taken)
                                       for found in wrong if found.taken is not None])  # fmt: skip
        yield len(bodies), wrong
        if len(bodies) < chunk:
            return
        after = bodies[-1].event_key


def _wrong(extractor: Extractor, stored: ToldBody, *, complete: bool) -> WrongValue | None:
    taken = extractor.extract(stored.type, body_data(unpacked_body(stored.body)))
    if stored.told == taken or (stored.told is None and not complete):
        return None
    return WrongValue(stored.event_key, stored.told, taken)


def _of_no_facts(
    db: Database, tenant_id: UUID, meter: CustomMeter, chunk: int
) -> Iterator[tuple[int, list[WrongValue]]]:
    """Yield, chunk by chunk, values of events that the meter is not about, or whose facts are not here."""
    types = Extractor(meter.definition).types
    while True:
        with db.begin(StewardScope()) as session:
            strays = values_without_fact(session, tenant_id, (meter.id, types), chunk)
            drop_meter_values(session, tenant_id, meter.id, [key for key, _ in strays])
        yield 0, [WrongValue(key, told, None) for key, told in strays]
        if len(strays) < chunk:
            return
