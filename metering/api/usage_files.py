"""Usage, evidence and events as rows of files: the very values of the answers in JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from core.db import Database
from core.exact_json import decode_exact, encode_exact
from core.scope import TenantScope
from metering.api.usage_answers import EvidenceItem, UsageAnswer, UsageItem, evidence_item
from metering.exports import ExportColumn, Rows
from metering.measurement import Entry, Exclusion
from metering.reads import UsageSeries, usage_series, with_event_ids
from metering.reads.event_log import EventFilter, list_events
from metering.schemas import EventAnswer
from tenants.reads import TenantView

__all__ = ("EVENT_COLUMNS", "EVIDENCE_COLUMNS", "USAGE_COLUMNS", "event_parts", "evidence_parts", "usage_parts")

PART = 5_000
"""Rows of a piece of a file."""

USAGE_COLUMNS = (
    ExportColumn("part"),
    ExportColumn("meter"),
    ExportColumn("unit"),
    ExportColumn("granularity"),
    ExportColumn("starts_at", "instant"),
    ExportColumn("ends_at", "instant"),
    ExportColumn("dimension"),
    ExportColumn("group"),
    ExportColumn("quantity", "decimal"),
)
EVIDENCE_COLUMNS = (
    ExportColumn("counted", "flag"),
    ExportColumn("person"),
    ExportColumn("person_id"),
    ExportColumn("quantity", "decimal"),
    ExportColumn("weight", "decimal"),
    ExportColumn("reason"),
    ExportColumn("at", "instant"),
    ExportColumn("source"),
    ExportColumn("event_id"),
    ExportColumn("keys"),
    ExportColumn("cost_centres"),
)
EVENT_COLUMNS = (
    ExportColumn("source"),
    ExportColumn("id"),
    ExportColumn("type"),
    ExportColumn("time", "instant"),
    ExportColumn("subject"),
    ExportColumn("data"),
    ExportColumn("accepted_at", "instant"),
    ExportColumn("status"),
    ExportColumn("corrections"),
)


def usage_parts(database: Database, tenant: TenantView, first: UsageSeries) -> Iterator[Rows]:
    """Yield the figures (`part` is item) page by page, then the whole by group (totals) and the whole (total).

    Args:
        database: the pages after the first are each read in a transaction of its own.
        tenant: whose figures.
        first: the first page.
    """
    answer, series = UsageAnswer.of(first), first
    yield [_usage_row(answer, "item", one) for one in answer.items]
    while series.next_first is not None:
        with database.begin(TenantScope(tenant.id)) as session:
            series = usage_series(session, tenant, replace(first.query, first=series.next_first, whole=False))
        yield [_usage_row(answer, "item", one) for one in UsageAnswer.of(series).items]
    rows = [_usage_row(answer, "totals", one) for one in answer.totals]
    if answer.total is not None:
        whole = UsageItem(answer.from_, answer.to, None, answer.total)
        rows.append(_usage_row(answer, "total", whole))
    yield rows


def _usage_row(answer: UsageAnswer, part: str, one: UsageItem) -> Sequence[Any]:
    given = msgspec.to_builtins(one)
    dimension, group = next(iter(one.group.items())) if one.group else (None, None)
    return (
        part, answer.meter, answer.unit, answer.granularity, given["starts_at"], given["ends_at"], dimension, group,
        one.quantity,
    )  # fmt: skip


def evidence_parts(
    database: Database, tenant_id: UUID, rows: Sequence[Entry | Exclusion], *, named: bool
) -> Iterator[Rows]:
    """Yield all rows of evidence, part by part, each with the senders' event ids read in a transaction of its own."""
    for start in range(0, len(rows), PART):
        part = rows[start : start + PART]
        with database.begin(TenantScope(tenant_id)) as session:
            known = with_event_ids(session, tenant_id, part)
        yield [_evidence_row(evidence_item(row, tenant_id, named=named)) for row in known]


def _evidence_row(item: EvidenceItem) -> Sequence[Any]:
    return _row(msgspec.to_builtins(item), EVIDENCE_COLUMNS, ("keys", "cost_centres"))


def event_parts(database: Database, tenant_id: UUID, wanted: EventFilter, *, named: bool) -> Iterator[Rows]:
    """Yield the events of a filter from its cursor on, part by part, each read in a transaction of its own."""
    while True:
        with database.begin(TenantScope(tenant_id)) as session:
            found = list_events(session, tenant_id, replace(wanted, limit=PART), named=named)
        answers = [decode_exact(msgspec.json.encode(EventAnswer.of(event))) for event in found]
        yield [_row(answer, EVENT_COLUMNS, ("data", "corrections")) for answer in answers]
        if len(found) < PART:
            return
        wanted = replace(wanted, after=(found[-1].time, found[-1].event_key))


def _row(given: dict[str, Any], columns: Sequence[ExportColumn], nested: Sequence[str]) -> Sequence[Any]:
    """Return the cells of an answer; what is no single value stands as JSON."""
    for name in nested:
        given[name] = encode_exact(given[name]).decode()
    return [given[column.name] for column in columns]
