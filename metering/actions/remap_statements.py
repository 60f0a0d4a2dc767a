"""Look again at xAPI statements that made no fact: the tenant's mapping may know them by now."""

from dataclasses import dataclass
from datetime import datetime

from core.db import Database
from core.scope import TenantScope
from metering.actions.ingest_events import ingest_events
from metering.reads.statements import tenant_mapping, unmetered_page
from metering.xapi.mapping import Mapped, event_of
from metering.xapi.sealing import Vault
from tenants.reads import TenantView, tenant_now

__all__ = ("Remapped", "remap_statements")

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Remapped:
    """How many statements were looked at and became facts; `next_after` begins the next call."""

    looked_at: int
    metered: int
    next_after: datetime | None


def remap_statements(database: Database, tenant: TenantView, after: datetime | None, vault: Vault) -> Remapped:
    """Ingest the facts of a page of statements that had none, at their own times.

    A fact's identity is its statement's id: whatever is interrupted or done twice counts once, and a
    statement that was voided stays void.

    Args:
        database: a read of its own comes before the ingestion.
        tenant: whose.
        after: `next_after` of the call before; None to begin.
        vault: opens the originals.

    Raises:
        DatabaseUnavailable: to begin again is safe (`database_unavailable`).
    """
    with database.begin(TenantScope(tenant.id)) as session:
        mapping, now = tenant_mapping(session, tenant.id), tenant_now(session, tenant)
        views, next_after = unmetered_page(session, tenant.id, after, _PAGE, vault)
    outcomes = [event_of(view.value, str(view.id), view.stored_at, mapping) for view in views]
    events = [outcome.event for outcome in outcomes if isinstance(outcome, Mapped)]
    answer = ingest_events(database.database_url, tenant, events, now) if events else None
    return Remapped(len(views), answer.accepted if answer is not None else 0, next_after)
