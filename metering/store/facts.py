"""Writes of facts that the product itself brings about; those of senders come in by `metering.ingest`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from core.lists import any_of
from metering.ingest.hours import SLOTS
from metering.models import Fact, FactBody, FactKey, Symbol, UsageHour

__all__ = ("add_facts", "add_hours", "symbol_ids")


def symbol_ids(
    session: Session, tenant_id: UUID, kind: Literal["type", "source"], values: Collection[str]
) -> dict[str, int]:
    """Return types or sources with their numbers; those that are new get one."""
    rows = [{"tenant_id": tenant_id, "kind": kind, "value": value} for value in sorted(values)]
    session.execute(insert_or(Symbol).values(rows).on_conflict_do_nothing())
    known = select(Symbol.value, Symbol.id).where(
        Symbol.tenant_id == tenant_id, Symbol.kind == kind, any_of(Symbol.value, values)
    )
    return dict(session.execute(known).tuples().all())


_KEY = ("event_key", "content_hash", "accepted_at")
_FACT = ("event_key", "occurred_at", "accepted_at", "type_id", "source_id", "identity_id", "attributes")
_BODY = ("event_key", "accepted_at", "body")


def add_facts(session: Session, tenant_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append facts with their keys and bodies; columns are those of the three tables."""
    for table, names in ((FactKey, _KEY), (Fact, _FACT), (FactBody, _BODY)):
        told = [{"tenant_id": tenant_id} | {name: row[name] for name in names} for row in rows]
        session.execute(insert(table), told)


def add_hours(session: Session, tenant_id: UUID, counted: Mapping[tuple[int, datetime], int]) -> None:
    """Count facts by (type, hour), in the order of the key so that two never wait for each other in a ring."""
    slot = session.execute(select(func.pg_backend_pid())).scalar_one() % SLOTS
    for (type_id, hour), facts in sorted(counted.items()):
        row = {"tenant_id": tenant_id, "type_id": type_id, "hour": hour, "slot": slot, "facts": facts}
        made = insert_or(UsageHour).values(row)
        grown = {"facts": UsageHour.facts + made.excluded.facts}
        session.execute(made.on_conflict_do_update(index_elements=["tenant_id", "type_id", "hour", "slot"], set_=grown))
