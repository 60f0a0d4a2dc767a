"""Which months a retention lets leave, and how much that is: the same reading for the preview and the deed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.periods import Period
from metering.archive.months import Bounds, due_months, standing_types
from metering.custom.spec import custom_spec
from metering.models import Symbol, UsageHour
from metering.reads.archives import archives, first_of_types
from metering.reads.custom_meters import custom_meters
from metering.reads.policies import all_policies
from metering.registry import METERS, MeterSpec
from tenants.reads import TenantView, tenant_now

__all__ = ("SettledUntil", "facts_about", "leaving_months", "specs_of", "standing_of")


class SettledUntil(ABC):
    """Who knows what will not be measured again for money."""

    @abstractmethod
    def until(self, tenant: TenantView) -> datetime:
        """Return the instant before which nothing of a tenant will be."""


def specs_of(session: Session, tenant: TenantView) -> list[MeterSpec]:
    """Return all meters that a tenant's facts are measured by."""
    return [*METERS.values(), *(custom_spec(found.meter) for found in custom_meters(session, tenant.id))]


def standing_of(session: Session, tenant: TenantView) -> frozenset[str]:
    """Return the types of event that never leave."""
    return standing_types(specs_of(session, tenant), all_policies(session, tenant.id))


def leaving_months(
    session: Session, tenant: TenantView, keep_months: int | None, settled_until: datetime
) -> tuple[Period, ...]:
    """Return the months that may leave if so many are kept and that never left before, oldest first.

    Args:
        session: scoped to the tenant.
        tenant: whose facts.
        keep_months: whole months that stay on line; None: all.
        settled_until: what ended before it will not be measured again, for bills or anything.
    """
    if keep_months is None:
        return ()
    first = first_of_types(session, tenant.id, standing_of(session, tenant))
    if first is None:
        return ()
    known = {found.month for found in archives(session, tenant.id)}
    due = due_months(first, tenant_now(session, tenant), Bounds(keep_months, settled_until), tenant.tz)
    return tuple(month for month in due if month not in known)


def facts_about(session: Session, tenant: TenantView, months: Sequence[Period]) -> int:
    """Return about how many facts leave with these months, from the counts by hour.

    A few more: corrected ones and one act a stretch of who holds a seat stay, and an hour over an edge counts whole.
    """
    if not months:
        return 0
    query = (
        select(func.sum(UsageHour.facts))
        .join(Symbol, (Symbol.tenant_id == UsageHour.tenant_id) & (Symbol.id == UsageHour.type_id))
        .where(
            UsageHour.tenant_id == tenant.id,
            Symbol.value.not_in(standing_of(session, tenant)),
            UsageHour.hour >= min(month.starts_at for month in months),
            UsageHour.hour < max(month.ends_at for month in months),
        )
    )
    return int(session.execute(query).scalar_one() or 0)
