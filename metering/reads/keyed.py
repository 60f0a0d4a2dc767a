"""Facts and bodies by the keys of events.

Their primary keys begin with `accepted_at`; `fact_key` knows that of every event.
"""

from collections.abc import Collection
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from metering.models import Fact, FactBody, FactKey

__all__ = ("of_events", "same_event")

_Table: TypeAlias = type[Fact] | type[FactBody] | type[FactKey]


def same_event(one: _Table, other: _Table) -> ColumnElement[bool]:
    """Return the condition that two tables' rows are of one event: all of the primary key of facts and bodies."""
    return (
        (one.tenant_id == other.tenant_id)
        & (one.accepted_at == other.accepted_at)
        & (one.event_key == other.event_key)
    )  # fmt: skip


def of_events(query: Any, table: _Table, tenant_id: UUID, keys: Collection[UUID]) -> Any:
    """Narrow a query of facts or bodies to these events; those that are not in the table (archived) are left out."""
    return query.join(FactKey, same_event(FactKey, table)).where(
        FactKey.tenant_id == tenant_id, FactKey.event_key == any_(literal(list(keys), ARRAY(PG_UUID)))
    )
