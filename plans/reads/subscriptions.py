"""Contracts with everything they ever held."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from plans.models import Plan, Subscription, SubscriptionItem
from plans.reads.catalogue import versions_by_id
from plans.states import state_at
from plans.subscriptions import Holding, SubscriptionView
from tenants.reads import get_tenant, tenant_now

__all__ = ("all_subscriptions", "find_subscription", "get_subscription", "subscriptions")

_COLUMNS = (
    Subscription.id,
    Subscription.tenant_id,
    Subscription.key,
    Subscription.payer_tenant_id,
    Subscription.currency,
    Subscription.starts_at,
    Subscription.ends_at,
    Subscription.anchor_on,
    Subscription.interval_months,
    Subscription.time_zone,
    Subscription.purchase_order,
)


def subscriptions(session: Session, tenant_id: UUID, now: datetime | None = None) -> tuple[SubscriptionView, ...]:
    """Return a tenant's subscriptions by start, as they stand at `now` (the tenant's own by default)."""
    query = select(*_COLUMNS).where(Subscription.tenant_id == tenant_id)
    return _views(session, query.order_by(Subscription.starts_at, Subscription.id), now)


def all_subscriptions(session: Session, now: datetime | None = None) -> tuple[SubscriptionView, ...]:
    """Return the subscriptions of all tenants that the session may see (steward: everyone's)."""
    return _views(session, select(*_COLUMNS).order_by(Subscription.tenant_id, Subscription.starts_at), now)


def get_subscription(
    session: Session, tenant_id: UUID, subscription_id: UUID, now: datetime | None = None
) -> SubscriptionView:
    """Return a subscription as it stands at `now` (the tenant's own by default).

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    query = select(*_COLUMNS).where(Subscription.tenant_id == tenant_id, Subscription.id == subscription_id)
    found = _views(session, query, now)
    if not found:
        raise NotFound("subscription", subscription_id)
    return found[0]


def find_subscription(session: Session, tenant_id: UUID, key: str, now: datetime | None = None) -> SubscriptionView:
    """Return a subscription by id or by the caller's own key.

    Raises:
        NotFound: there is none (`not_found`).
    """
    try:
        return get_subscription(session, tenant_id, UUID(key), now)
    except ValueError:
        found = _views(
            session, select(*_COLUMNS).where(Subscription.tenant_id == tenant_id, Subscription.key == key), now
        )
    if not found:
        raise NotFound("subscription", key)
    return found[0]


def terms_of(session: Session, tenant_id: UUID, key: str) -> tuple[UUID, bytes]:
    """Return id and hash of the terms of the subscription that has this key."""
    row = session.execute(
        select(Subscription.id, Subscription.terms_hash).where(
            Subscription.tenant_id == tenant_id, Subscription.key == key
        )
    ).one()
    return row.id, row.terms_hash


def _views(session: Session, query: Select[*tuple[Any, ...]], now: datetime | None) -> tuple[SubscriptionView, ...]:
    rows = session.execute(query).all()
    held = _holdings(session, rows)
    clocks: dict[UUID, datetime] = {}
    views = []
    for row in rows:
        if row.tenant_id not in clocks:
            clocks[row.tenant_id] = now or tenant_now(session, get_tenant(session, row.tenant_id))
        at = clocks[row.tenant_id]
        views.append(
            SubscriptionView(
                **row._mapping,  # noqa: SLF001 - the documented way to a mapping
                status=state_at(row.starts_at, row.ends_at, at),
                # A change agreed on for after the end never comes.
                holdings=tuple(h for h in held[row.id] if row.ends_at is None or h.starts_at < row.ends_at),
                as_of=at,
            )
        )
    return tuple(views)


def _holdings(session: Session, subscriptions_found: Iterable[Row[*tuple[Any, ...]]]) -> dict[UUID, list[Holding]]:
    keys = {(row.tenant_id, row.id) for row in subscriptions_found}
    rows = session.execute(
        select(
            SubscriptionItem.subscription_id,
            SubscriptionItem.slot,
            SubscriptionItem.version_id,
            SubscriptionItem.quantity,
            SubscriptionItem.starts_at,
            SubscriptionItem.ends_at,
        )
        .where(
            SubscriptionItem.tenant_id.in_({tenant_id for tenant_id, _ in keys}),
            SubscriptionItem.subscription_id.in_({subscription_id for _, subscription_id in keys}),
        )
        .order_by(SubscriptionItem.subscription_id, SubscriptionItem.slot, SubscriptionItem.starts_at)
    ).all()
    versions = versions_by_id(session, {row.version_id for row in rows})
    names = dict(session.execute(select(Plan.key, Plan.name)).tuples().all())
    held: dict[UUID, list[Holding]] = defaultdict(list)
    for row in rows:
        version = versions[row.version_id]
        held[row.subscription_id].append(
            Holding(
                slot=row.slot,
                plan_key=version.plan_key,
                plan_name=names[version.plan_key],
                version_id=version.id,
                version_number=version.number,
                document=version.document,
                quantity=row.quantity,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
            )
        )
    return held
