"""Contracts with everything they ever held."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.lists import any_of
from plans.documents import PlanDocument, parse_document
from plans.models import Subscription, SubscriptionDiscount, SubscriptionItem, SubscriptionTerms
from plans.reads.catalogue import plan_names, versions_by_id
from plans.states import state_at
from plans.subscriptions import AgreedDiscount, Holding, SubscriptionView
from plans.terms import Discount
from tenants.reads import tenants_now

__all__ = (
    "all_subscriptions",
    "find_subscription",
    "get_subscription",
    "renewing",
    "subscriptions",
    "subscriptions_holding",
)

_COLUMNS = (
    Subscription.id,
    Subscription.tenant_id,
    Subscription.key,
    Subscription.payer_tenant_id,
    Subscription.currency,
    Subscription.starts_at,
    Subscription.ends_at,
    Subscription.anchor_on,
    Subscription.time_zone,
    Subscription.purchase_order,
    Subscription.renews_months,
    Subscription.notice_days,
)


def subscriptions(session: Session, tenant_id: UUID, now: datetime | None = None) -> tuple[SubscriptionView, ...]:
    """Return a tenant's subscriptions by start, as they stand at `now` (the tenant's own by default)."""
    query = select(*_COLUMNS).where(Subscription.tenant_id == tenant_id)
    return _views(session, query.order_by(Subscription.starts_at, Subscription.id), now)


def all_subscriptions(session: Session, now: datetime | None = None) -> tuple[SubscriptionView, ...]:
    """Return the subscriptions of all tenants that the session may see (steward: everyone's)."""
    return _views(session, select(*_COLUMNS).order_by(Subscription.tenant_id, Subscription.starts_at), now)


def renewing(session: Session) -> tuple[SubscriptionView, ...]:
    """Return the subscriptions that go on by themselves at their end; a steward's read."""
    query = select(*_COLUMNS).where(Subscription.renews_months.is_not(None))
    return _views(session, query.order_by(Subscription.tenant_id, Subscription.starts_at), None)


def subscriptions_holding(session: Session, version_id: UUID) -> tuple[SubscriptionView, ...]:
    """Return the subscriptions that hold or held a version, now or later; a steward's read."""
    holders = select(SubscriptionItem.subscription_id).where(SubscriptionItem.version_id == version_id)
    query = select(*_COLUMNS).where(Subscription.id.in_(holders))
    return _views(session, query.order_by(Subscription.tenant_id, Subscription.starts_at), None)


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


def terms_of(session: Session, tenant_id: UUID, key: str) -> tuple[UUID, bytes] | None:
    """Return id and hash of the terms of the subscription that has this key, if there is one."""
    row = session.execute(
        select(Subscription.id, Subscription.terms_hash).where(
            Subscription.tenant_id == tenant_id, Subscription.key == key
        )
    ).one_or_none()
    return None if row is None else (row.id, row.terms_hash)


def has_terms(session: Session, tenant_id: UUID, terms_id: UUID) -> bool:
    """Tell whether these negotiated terms are stored."""
    found = session.execute(
        select(SubscriptionTerms.id).where(SubscriptionTerms.tenant_id == tenant_id, SubscriptionTerms.id == terms_id)
    )
    return found.scalar_one_or_none() is not None


def _views(session: Session, query: Select[*tuple[Any, ...]], now: datetime | None) -> tuple[SubscriptionView, ...]:
    rows = session.execute(query).all()
    held, agreed = _holdings(session, rows), _discounts(session, rows)
    clocks = tenants_now(session, {row.tenant_id for row in rows}) if now is None else {}
    views = []
    for row in rows:
        at = now or clocks[row.tenant_id]
        views.append(
            SubscriptionView(
                **row._mapping,  # noqa: SLF001 - the documented way to a mapping
                status=state_at(row.starts_at, row.ends_at, at),
                # A change agreed on for after the end never comes.
                holdings=tuple(h for h in held[row.id] if row.ends_at is None or h.starts_at < row.ends_at),
                as_of=at,
                discounts=tuple(agreed[row.id]),
            )
        )
    return tuple(views)


def _discounts(
    session: Session, subscriptions_found: Iterable[Row[*tuple[Any, ...]]]
) -> dict[UUID, list[AgreedDiscount]]:
    """Return the discounts of contracts in the order in which they were agreed on."""
    keys = {(row.tenant_id, row.id) for row in subscriptions_found}
    rows = session.execute(
        select(
            SubscriptionDiscount.subscription_id,
            SubscriptionDiscount.discount,
            SubscriptionDiscount.starts_at,
            SubscriptionDiscount.coupon_code,
        )
        .where(
            any_of(SubscriptionDiscount.tenant_id, {tenant_id for tenant_id, _ in keys}),
            any_of(SubscriptionDiscount.subscription_id, {subscription_id for _, subscription_id in keys}),
        )
        .order_by(SubscriptionDiscount.created_at, SubscriptionDiscount.key)
    )
    agreed: dict[UUID, list[AgreedDiscount]] = defaultdict(list)
    for row in rows:
        discount = msgspec.convert(row.discount, Discount)
        agreed[row.subscription_id].append(AgreedDiscount(discount, row.starts_at, row.coupon_code))
    return agreed


def _terms(session: Session, keys: set[tuple[UUID, UUID]]) -> dict[UUID, PlanDocument]:
    if not keys:
        return {}
    rows = session.execute(
        select(SubscriptionTerms.id, SubscriptionTerms.document).where(
            any_of(SubscriptionTerms.tenant_id, {tenant_id for tenant_id, _ in keys}),
            any_of(SubscriptionTerms.id, {terms_id for _, terms_id in keys}),
        )
    )
    return {row.id: parse_document(row.document) for row in rows}


def _holdings(session: Session, subscriptions_found: Iterable[Row[*tuple[Any, ...]]]) -> dict[UUID, list[Holding]]:
    keys = {(row.tenant_id, row.id) for row in subscriptions_found}
    rows = session.execute(
        select(
            SubscriptionItem.tenant_id,
            SubscriptionItem.subscription_id,
            SubscriptionItem.slot,
            SubscriptionItem.version_id,
            SubscriptionItem.quantity,
            SubscriptionItem.starts_at,
            SubscriptionItem.ends_at,
            SubscriptionItem.mode,
            SubscriptionItem.terms_id,
        )
        .where(
            any_of(SubscriptionItem.tenant_id, {tenant_id for tenant_id, _ in keys}),
            any_of(SubscriptionItem.subscription_id, {subscription_id for _, subscription_id in keys}),
        )
        .order_by(SubscriptionItem.subscription_id, SubscriptionItem.slot, SubscriptionItem.starts_at)
    ).all()
    versions = versions_by_id(session, {row.version_id for row in rows})
    terms = _terms(session, {(row.tenant_id, row.terms_id) for row in rows if row.terms_id is not None})
    names = plan_names(session, {version.plan_key for version in versions.values()})
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
                document=version.document if row.terms_id is None else terms[row.terms_id],
                quantity=row.quantity,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                mode=row.mode,
                terms_id=row.terms_id,
            )
        )
    return held
