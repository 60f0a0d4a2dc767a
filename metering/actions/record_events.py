"""Record facts that the product itself brings about, in the transaction of what brings them about."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw
from sqlalchemy.orm import Session

from core.ids import new_id
from core.scope import VENDOR_ID
from metering.bodies import packed_body
from metering.custom.extraction import Extractor, body_data, value_row
from metering.ingest.validation import Draft, Rules, attributes_json, body_json, draft_event
from metering.reads.custom_meters import custom_meters
from metering.store import add_meter_values, share_ingestion
from metering.store.facts import add_facts, add_hours, symbol_ids
from tenants.reads.identities import identity_keys

__all__ = ("SOURCE", "OwnEvent", "record_events")

SOURCE = "tollbook"
"""The source of the product's own events."""


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """Something that happened here to somebody: a type of the registry, and its data."""

    type: str
    occurred_at: datetime
    identity_id: int
    data: dict[str, Any]


def record_events(session: Session, tenant_id: UUID, events: Sequence[OwnEvent], now: datetime) -> list[UUID]:
    """Record facts; they are exactly those that the same events sent by a suite would be.

    Args:
        session: scoped to the tenant; the facts are there if, and only if, it commits.
        tenant_id: whose facts.
        events: without personal data and without other persons; about identities of this tenant.
        now: the tenant's time: when they are accepted.

    Returns:
        The keys of the facts, in the order of the events.
    """
    if not events:
        return []
    share_ingestion(session, tenant_id)
    share_ingestion(session, VENDOR_ID)
    subjects = identity_keys(session, tenant_id, [event.identity_id for event in events])
    drafts = [_draft(event, subjects[event.identity_id], now) for event in events]
    types = symbol_ids(session, tenant_id, "type", {draft.type for draft in drafts})
    [source_id] = symbol_ids(session, tenant_id, "source", {SOURCE}).values()
    rows = [
        {
            "event_key": UUID(bytes=draft.event_key), "content_hash": draft.content_hash, "accepted_at": now,
            "occurred_at": draft.occurred_at, "type_id": types[draft.type], "source_id": source_id,
            "identity_id": event.identity_id, "attributes": msgspec.json.decode(attributes_json(draft, {}) or b"null"),
            "body": packed_body(body_json(draft, {})),
        }
        for event, draft in zip(events, drafts, strict=True)
    ]  # fmt: skip
    add_facts(session, tenant_id, rows)
    add_meter_values(session, list(_values(session, tenant_id, drafts)))
    hours = Counter((row["type_id"], row["occurred_at"].replace(minute=0, second=0, microsecond=0)) for row in rows)
    add_hours(session, tenant_id, hours)
    return [row["event_key"] for row in rows]


def _draft(event: OwnEvent, subject: str, now: datetime) -> Draft:
    told = {
        "id": str(new_id()), "source": SOURCE, "type": event.type, "subject": subject,
        "time": event.occurred_at.isoformat(), "data": event.data,
    }  # fmt: skip
    return draft_event(Raw(msgspec.json.encode(told)), 0, Rules(now, version_required=False))


def _values(session: Session, tenant_id: UUID, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    """Return what custom meters take of the facts, as ingestion takes it."""
    values = []
    for found in custom_meters(session, tenant_id):
        extractor = Extractor(found.meter.definition)
        for draft in drafts:
            extract = None
            if draft.type in extractor.types:
                extract = extractor.extract(draft.type, body_data(body_json(draft, {})))
            if extract is not None:
                values.append(value_row((tenant_id, found.meter.id, UUID(bytes=draft.event_key)), extract))
    return values
