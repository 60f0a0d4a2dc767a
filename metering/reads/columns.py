"""Facts read as columns: who and when of all that are alike in one row, so that a million take half a second."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import all_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from core.periods import Period
from metering.columns.grounds import Column, ColumnGrounds, Crowd, columns_of
from metering.columns.registry import COLUMN_METERS, ColumnMeter, ColumnReader
from metering.concurrency import Ints
from metering.facts import Fact, sorted_facts
from metering.grounds import Grounds
from metering.models import Fact as FactRow
from metering.policies import CountingPolicies, policy_hash
from metering.reads.archives import refuse_archived
from metering.reads.facts import (
    Corrections,
    Selection,
    load_selected,
    narrowed,
    replaced_fact,
    replacements,
    symbols_of,
    ties_broken,
    types_of,
)
from metering.registry import FactSpan, MeterSpec
from tenants.people import People
from tenants.reads import TenantView

__all__ = ("ColumnFigures", "Shared", "load_columns")

_HEADER = 20
"""Bytes before the elements of a one-dimensional array as PostgreSQL sends it."""
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])
_EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts microseconds since 2000."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What figures from columns share with those from facts."""

    people: People
    known: Corrections
    as_of: datetime | None
    now: datetime | None
    grounds_of: Callable[[list[Fact], CountingPolicies], Grounds]


class ColumnFigures:
    """The figures of one tenant from columns; what several policies and meters need is read once."""

    def __init__(self, session: Session, tenant: TenantView, shared: Shared) -> None:
        self._session, self._tenant, self._shared = session, tenant, shared
        self._crowd = Crowd(shared.people)
        self._columns: dict[tuple[Any, ...], tuple[FactSpan, list[Column] | None]] = {}
        self._grounds: dict[tuple[Any, ...], tuple[FactSpan, ColumnGrounds | None]] = {}
        self._readers: dict[tuple[Any, ...], tuple[ColumnGrounds, ColumnReader | None]] = {}

    def reader(
        self, spec: MeterSpec, period: Period, policies: CountingPolicies, names: Collection[str]
    ) -> ColumnReader | None:
        """Return what measures the period, with entries by the keys `names`; None where columns cannot tell it.

        Once read for a period, it answers for every period inside.
        """
        meter = COLUMN_METERS.get(spec.name)
        if meter is None:
            return None
        grounds = self._grounds_for(meter, spec, period, policies)
        if grounds is None:
            return None
        kind = (spec.name, policy_hash(policies), tuple(names))
        known = self._readers.get(kind)
        if known is None or known[0] is not grounds:
            known = self._readers[kind] = grounds, meter.reader(grounds, tuple(names))
        return known[1]

    def _grounds_for(
        self, meter: ColumnMeter, spec: MeterSpec, period: Period, policies: CountingPolicies
    ) -> ColumnGrounds | None:
        types, span = meter.fact_types(spec, policies), spec.span(period, policies)
        kind = (types, meter.shared, meter.own, policy_hash(policies))
        known = self._grounds.get(kind)
        if known is None or not _covers(known[0], span):
            read, columns = self._read(meter, types, span)
            grounds = None if columns is None else self._made(columns, types, read, policies)
            known = self._grounds[kind] = read, grounds
        return known[1]

    def _made(
        self, columns: list[Column], types: tuple[str, ...], span: FactSpan, policies: CountingPolicies
    ) -> ColumnGrounds:
        shared, session, tenant_id = self._shared, self._session, self._tenant.id

        def grounds_of(identities: Collection[int]) -> Grounds:
            selection = Selection(types, span, identities)
            facts = load_selected(session, tenant_id, selection, shared.known, shared.as_of)
            return shared.grounds_of(ties_broken(session, tenant_id, facts, shared.people), policies)

        return ColumnGrounds(columns, self._crowd, policies, self._tenant.tz, shared.now, grounds_of)

    def _read(self, meter: ColumnMeter, types: tuple[str, ...], span: FactSpan) -> tuple[FactSpan, list[Column] | None]:
        """Return the columns and the span that they cover; None where somebody in them is not known yet."""
        kind = (types, meter.shared, meter.own)
        known = self._columns.get(kind)
        if known is None or not _covers(known[0], span):
            shared = self._shared
            columns = load_columns(
                self._session, self._tenant.id, Selection(types, span), meter, shared.known, shared.as_of
            )
            # Asked after they were read: a month that left meanwhile is told, one that leaves later was whole.
            refuse_archived(self._session, self._tenant, types, span)
            all_known = _identities(columns) <= shared.people.identities().keys()
            known = self._columns[kind] = span, columns if all_known else None
        return known


def load_columns(
    session: Session,
    tenant_id: UUID,
    selection: Selection,
    meter: ColumnMeter,
    known: Corrections,
    as_of: datetime | None,
) -> list[Column]:
    """Return the facts of a selection as columns, with the corrections applied: those of `load_selected`."""
    types = types_of(session, tenant_id, selection.types)
    names = [*meter.shared, *meter.own]
    query = narrowed(tenant_id, selection, types, as_of)
    if known.by_target:
        query = query.where(FactRow.event_key != all_(literal(list(known.by_target), ARRAY(PG_UUID))))
    facts = query.add_columns(
        *(FactRow.attributes[name].astext.label(f"own_{name}") for name in names)
    ).subquery()  # fmt: skip
    alike = [facts.c.type_id, facts.c.source_id, *(facts.c[f"own_{name}"] for name in meter.shared)]
    sent = [func.array_send(func.array_agg(facts.c[name])) for name in ("identity_id", "occurred_at")]
    own = [func.array_agg(facts.c[f"own_{name}"]) for name in meter.own]
    columns = []
    rows = session.execute(select(*alike, *sent, *own).group_by(*alike)).all()
    sources = symbols_of(session, tenant_id, {row.source_id for row in rows})
    for row in rows:
        type_id, source_id, *values = row
        texts, [identities, instants, *own_texts] = values[: len(meter.shared)], values[len(meter.shared) :]
        columns.append(
            Column(
                types[type_id],
                sources[source_id],
                dict(zip(meter.shared, texts, strict=True)),
                _numbers(identities),
                _numbers(instants) + _EPOCH_2000_US,
                dict(zip(meter.own, own_texts, strict=True)),
            )
        )
    instead = [
        replaced_fact(key, source, new)
        for key, source, new in replacements(session, tenant_id, selection, known, as_of)
    ]
    return [*columns, *columns_of(sorted_facts(instead), meter.shared, meter.own)]


def _numbers(sent: bytes) -> Ints:
    return np.frombuffer(sent, dtype=_ELEMENT, offset=_HEADER)["value"].astype(np.int64)


def _identities(columns: Collection[Column]) -> set[int]:
    return {identity for column in columns for identity in np.unique(column.identities).tolist()}


def _covers(read: FactSpan, wanted: FactSpan) -> bool:
    since_ok = read.since is None or (wanted.since is not None and read.since <= wanted.since)
    until_ok = read.until is None or (wanted.until is not None and wanted.until <= read.until)
    return since_ok and until_ok
