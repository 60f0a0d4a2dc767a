"""Facts as a custom meter sees them: with what it takes of each, corrections applied."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from metering.bodies import unpacked_body
from metering.custom.extraction import Extract, Extractor, body_data
from metering.custom.meters import attributes_of
from metering.facts import Fact, sorted_facts
from metering.models import Fact as FactRow
from metering.models import FactBody, MeterValue
from metering.reads.custom_meters import is_backfilled
from metering.reads.facts import Corrections, Selection, narrowed, replacements, symbols_of, types_of
from metering.reads.keyed import same_event
from metering.registry import CustomMeter

__all__ = ("load_extracted",)

_AT_ONCE = 5_000


def load_extracted(
    session: Session,
    tenant_id: UUID,
    meter: CustomMeter,
    wanted: tuple[Selection, Corrections],
    as_of: datetime | None,
) -> list[Fact]:
    """Return the facts of a selection that a custom meter is about, in reading order.

    From the stored values where the backfill has finished, else from the bodies: the same facts.

    Args:
        session: scoped to the tenant.
        tenant_id: whose facts.
        meter: what is taken of each.
        wanted: which facts, and the corrections in force.
        as_of: facts accepted up to it (inclusive); None for all.
    """
    selection, known = wanted
    types = types_of(session, tenant_id, selection.types)
    query = narrowed(tenant_id, selection, types, as_of)
    extractor = Extractor(meter.definition)
    stored = is_backfilled(session, tenant_id, meter.id)
    read = _from_values(session, query, meter.id) if stored else _from_bodies(session, query, types, extractor)
    rows = [row for row in read if row[0] not in known.by_target]
    sources = symbols_of(session, tenant_id, {row[3] for row in rows})
    facts = [
        Fact(key, occurred_at, types[type_id], sources[source_id], identity_id, attributes_of(attributes, extract))
        for key, occurred_at, type_id, source_id, identity_id, attributes, extract in rows
    ]
    for key, source, new in replacements(session, tenant_id, selection, known, as_of):
        extract = extractor.extract(new["type"], new.get("data"))
        if extract is not None:
            occurred_at, attributes = datetime.fromisoformat(new["time"]), attributes_of(new["attributes"], extract)
            facts.append(Fact(key, occurred_at, new["type"], source, int(new["identity_id"]), attributes))
    return sorted_facts(facts)


_Row = tuple[UUID, datetime, int, int, int, Any, Extract]


def _from_values(
    session: Session, query: Select[tuple[UUID, datetime, int, int, int, Any]], meter_id: UUID
) -> Iterator[_Row]:
    joined = query.add_columns(MeterValue.value, MeterValue.item, MeterValue.dimensions).join(
        MeterValue,
        (MeterValue.tenant_id == FactRow.tenant_id)
        & (MeterValue.meter_id == meter_id)
        & (MeterValue.event_key == FactRow.event_key),
    )
    for key, occurred_at, type_id, source_id, identity_id, attributes, value, item, dimensions in session.execute(
        joined
    ):
        extract = Extract(value, item, dimensions or {})
        yield key, occurred_at, type_id, source_id, identity_id, attributes, extract


def _from_bodies(
    session: Session,
    query: Select[tuple[UUID, datetime, int, int, int, Any]],
    symbols: dict[int, str],
    extractor: Extractor,
) -> Iterator[_Row]:
    joined = query.add_columns(FactBody.body).join(FactBody, same_event(FactBody, FactRow))
    for key, occurred_at, type_id, source_id, identity_id, attributes, body in session.execute(
        joined.execution_options(yield_per=_AT_ONCE)
    ):
        extract = extractor.extract(symbols[type_id], body_data(unpacked_body(body)))
        if extract is not None:
            yield key, occurred_at, type_id, source_id, identity_id, attributes, extract
