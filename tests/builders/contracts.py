"""A contract of the shipped catalogue, begun for a tenant, and its periods as local days."""

from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from plans.actions.subscribe import SubscribeInput, subscribe
from plans.reads import periods
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView
from tests.builders.world import ACTOR

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def begin(session: Session, tenant: TenantView, plan: str = "standard-named", **changes) -> SubscriptionView:
    given = SubscribeInput(tenant.id, plan, ACTOR, key="main", starts_on=date(2026, 1, 31))
    return subscribe(session, replace(given, **changes), changes.pop("now", NOW))


def days(session: Session, subscription: SubscriptionView) -> list[str]:
    """The local dates (Berlin) on which the periods begin, and the last one's end."""
    spans = [view.span.period for view in periods(session, subscription.tenant_id, subscription.id)]
    tz = subscription.schedule.tz
    return [s.starts_at.astimezone(tz).isoformat()[:16] for s in spans] + [
        spans[-1].ends_at.astimezone(tz).isoformat()[:16]
    ]
