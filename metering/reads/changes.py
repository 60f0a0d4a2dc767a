"""What became known lately: so that closed periods are measured again only where something changed."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metering.models import Correction, Fact, PolicyBinding
from tenants.reads import merged_since

__all__ = ("first_change_since",)


def first_change_since(session: Session, tenant_id: UUID, since: datetime) -> datetime | None:
    """Return the earliest instant from which on figures may differ from those known at `since`.

    Looked at are facts accepted, corrections, counting policies and merges recorded after it. A
    figure of a period that ended at or before the answer is the same as it was.

    Args:
        session: scoped to the tenant.
        tenant_id: whose figures.
        since: an instant of recording, not included.

    Returns:
        None where nothing was recorded since.
    """
    if merged_since(session, tenant_id, since):
        return datetime.min.replace(tzinfo=UTC)
    accepted = select(func.min(Fact.occurred_at)).where(Fact.tenant_id == tenant_id, Fact.accepted_at > since)
    bound = select(func.min(PolicyBinding.starts_at)).where(
        PolicyBinding.tenant_id == tenant_id, PolicyBinding.recorded_at > since
    )
    found = [session.execute(query).scalar_one() for query in (accepted, bound)]
    corrected = session.execute(
        select(Fact.occurred_at, Correction.replacement["time"].astext)
        .select_from(Correction)
        .outerjoin(Fact, (Fact.tenant_id == Correction.tenant_id) & (Fact.event_key == Correction.target_key))
        .where(Correction.tenant_id == tenant_id, Correction.recorded_at > since)
    )
    for occurred_at, replaced_at in corrected:
        found.append(occurred_at)
        found.append(datetime.fromisoformat(replaced_at) if replaced_at else None)
    return min((instant for instant in found if instant is not None), default=None)
