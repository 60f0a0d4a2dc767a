"""Store xAPI statements and the facts they stand for, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw
from psycopg import errors

from metering.errors import EventFault
from metering.ingest.keys import event_uuid
from metering.ingest.lane import IngestLane, Prepared
from metering.ingest.statements import StatementRow, StatementWriter, VoidedFact
from metering.ingest.validation import Rules
from metering.ingest.writer import MonthsArchived
from metering.xapi.actors import ANYBODY, agent_key, mark
from metering.xapi.content import essence_hash
from metering.xapi.mapping import SOURCE, Mapped, TenantMapping, event_of
from metering.xapi.marks import found_by
from metering.xapi.mentions import mentioned
from metering.xapi.requests import Incoming
from metering.xapi.sealing import Vault
from metering.xapi.statements import VOIDED
from metering.xapi.versions import Version
from tenants.reads import TenantView

__all__ = ("Sender", "receive_statements")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: `Principal.actor`, and the agent that answers name as authority."""

    actor: str
    authority: dict[str, Any]
    version: Version


async def receive_statements(
    lane: IngestLane,
    tenant: TenantView,
    statements: Sequence[Incoming],
    sender: Sender,
    mapping: TenantMapping,
    now: datetime,
    vault: Vault,
) -> int:
    """Store valid statements, all or none; those stored before with the same content change nothing.

    A statement and its fact are one transaction, so that a crash at any instant leaves both or
    neither; the fact's identity is the statement's id, so that a repeat is a duplicate for ever.

    Args:
        lane: of the process; it makes people and types that are new.
        tenant: whose.
        statements: valid, of distinct ids.
        sender: who sends them.
        mapping: what the tenant added to the built-in table.
        now: the tenant's time.
        vault: seals the originals.

    Returns:
        How many of them make no fact.

    Raises:
        StatementConflict, StatementInvalid: see `StatementWriter`.
        DatabaseUnavailable: to send the same again is safe (`database_unavailable`).
    """
    rows = [_row(tenant.id, statement, sender) for statement in statements]
    prepared, reasons = await _prepare(lane, tenant.id, statements, mapping, now)
    rows = [replace(row, unmetered=reasons.get(row.id)) for row in rows]
    clock = now if tenant.test_clock_id is not None else None
    writer = StatementWriter(tenant.id, rows, now, clock, sender.actor, vault)
    try:
        await lane.store_along(tenant.id, prepared, writer)
    except MonthsArchived as archived:
        # The statements are valid and stay; their facts would change what is closed for good.
        gone = {UUID(bytes=key) for key in archived.keys}
        writer.rows = [
            replace(row, unmetered=EventFault.PERIOD_ARCHIVED.value) if row.event_key in gone else row for row in rows
        ]
        await lane.store_along(tenant.id, prepared.without(archived.keys), writer)
    except (errors.DataError, errors.IntegrityError):
        # The database does not take a fact's values: the statements are valid and stay.
        writer.rows = [replace(row, unmetered=row.unmetered or "not_storable") for row in rows]
        await lane.store_along(tenant.id, Prepared([], [], []), writer)
    return sum(row.unmetered is not None for row in writer.rows)


async def _prepare(
    lane: IngestLane, tenant_id: UUID, statements: Sequence[Incoming], mapping: TenantMapping, now: datetime
) -> tuple[Prepared, dict[UUID, str]]:
    """Return the facts of the statements, and why the others make none."""
    events, mapped, reasons = [], [], {}
    for statement in statements:
        outcome = event_of(statement.value, str(statement.id), now, mapping)
        if isinstance(outcome, Mapped):
            events.append(Raw(msgspec.json.encode(outcome.event)))
            mapped.append(statement.id)
        else:
            reasons[statement.id] = outcome.reason
    prepared = await lane.prepare(tenant_id, events, Rules(now, version_required=False))
    for fault in prepared.rejected:
        reasons[mapped[fault.index]] = fault.code
    return prepared, reasons


def _row(tenant_id: UUID, statement: Incoming, sender: Sender) -> StatementRow:
    value = statement.value
    thing = value["object"]
    target = UUID(thing["id"]) if thing.get("objectType") == "StatementRef" else None
    voids = target if value["verb"]["id"] == VOIDED else None
    actor = agent_key(value["actor"]) or ANYBODY
    fact = None
    if voids is not None:
        fact = VoidedFact(event_uuid(SOURCE, str(voids)), f"voided by the xAPI statement {statement.id}")
    return StatementRow(
        id=statement.id,
        version=value.get("version", sender.version.default),
        authority=sender.authority,
        essence_hash=essence_hash(value),
        actor=mark(tenant_id, "actor", actor),
        verb=value["verb"]["id"],
        activity_type=thing.get("definition", {}).get("type", "") if target is None else "",
        refers_to=target,
        voids=voids,
        voided_fact=fact,
        event_key=event_uuid(SOURCE, str(statement.id)),
        unmetered=None,
        raw=statement.raw,
        value=value,
        mentions={key: mark(tenant_id, "actor", key) for key in mentioned(value)},
        marks=frozenset(mark(tenant_id, kind, text) for kind, text in found_by(value, sender.authority)),
        contents=statement.contents,
    )
