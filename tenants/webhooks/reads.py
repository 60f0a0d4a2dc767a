"""Selects about webhooks; they return frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.outbox import OutboxEvent
from tenants.webhooks.models import WebhookDelivery, WebhookEndpoint

__all__ = (
    "DeliveryView",
    "EndpointView",
    "dead_count",
    "deliveries",
    "endpoints",
    "endpoints_with_due",
    "get_delivery",
    "get_endpoint",
    "is_gone",
)


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An address that is told things; no event types means all."""

    id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    before_until: datetime | None = None
    """Until when messages are signed with the secret before the last rotation, too."""

    def wants(self, event_type: str) -> bool:
        """Whether it is told events of that type."""
        return self.disabled_at is None and (not self.event_types or event_type in self.event_types)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One thing for one address: due, delivered or dead."""

    event_id: UUID
    endpoint_id: UUID
    event_type: str
    happened_at: datetime
    data: Any
    status: str
    attempts: int
    due_at: datetime
    tried_at: datetime | None
    answer_status: int | None
    error: str


_ENDPOINT = (
    WebhookEndpoint.id,
    WebhookEndpoint.url,
    WebhookEndpoint.description,
    WebhookEndpoint.event_types,
    WebhookEndpoint.created_at,
    WebhookEndpoint.disabled_at,
    WebhookEndpoint.before_until,
)


def _endpoint(row: Any) -> EndpointView:
    endpoint_id, url, description, event_types, *rest = row
    return EndpointView(endpoint_id, url, description, tuple(event_types), *rest)


def endpoints(session: Session, tenant_id: UUID) -> tuple[EndpointView, ...]:
    """Return a customer's endpoints, oldest first; there are few."""
    query = select(*_ENDPOINT).where(WebhookEndpoint.tenant_id == tenant_id).order_by(WebhookEndpoint.id)
    return tuple(_endpoint(row) for row in session.execute(query))


def get_endpoint(session: Session, tenant_id: UUID, endpoint_id: UUID) -> EndpointView:
    """Return one endpoint.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    query = select(*_ENDPOINT).where(WebhookEndpoint.tenant_id == tenant_id, WebhookEndpoint.id == endpoint_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return _endpoint(row)


def _deliveries(tenant_id: UUID, endpoint_id: UUID) -> Select[Any]:
    return (
        select(
            WebhookDelivery.event_id,
            WebhookDelivery.endpoint_id,
            OutboxEvent.type,
            OutboxEvent.at,
            OutboxEvent.data,
            WebhookDelivery.status,
            WebhookDelivery.attempts,
            WebhookDelivery.due_at,
            WebhookDelivery.tried_at,
            WebhookDelivery.answer_status,
            WebhookDelivery.error,
        )
        .join(
            OutboxEvent,
            (OutboxEvent.tenant_id == WebhookDelivery.tenant_id) & (OutboxEvent.id == WebhookDelivery.event_id),
        )
        .where(WebhookDelivery.tenant_id == tenant_id, WebhookDelivery.endpoint_id == endpoint_id)
    )


def deliveries(
    session: Session,
    tenant_id: UUID,
    endpoint_id: UUID,
    *,
    status: str = "",
    before: UUID | None = None,
    limit: int = 50,
) -> tuple[DeliveryView, ...]:
    """Return what an endpoint was or will be told, newest first, after a cursor."""
    query = _deliveries(tenant_id, endpoint_id).order_by(WebhookDelivery.event_id.desc()).limit(limit)
    if status:
        query = query.where(WebhookDelivery.status == status)
    if before is not None:
        query = query.where(WebhookDelivery.event_id < before)
    return tuple(DeliveryView(*row) for row in session.execute(query))


def dead_count(session: Session, tenant_id: UUID, endpoint_id: UUID) -> int:
    """Return how many deliveries of an endpoint were given up; the log keeps thirty days."""
    query = select(func.count()).where(
        WebhookDelivery.tenant_id == tenant_id,
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.status == "dead",
    )
    return session.execute(query).scalar_one()


def is_gone(session: Session, tenant_id: UUID, endpoint: EndpointView) -> bool:
    """Return whether an endpoint was stopped because its receiver answered 410, which is "gone"."""
    query = select(WebhookDelivery.event_id).where(
        WebhookDelivery.tenant_id == tenant_id,
        WebhookDelivery.endpoint_id == endpoint.id,
        WebhookDelivery.answer_status == 410,
        WebhookDelivery.tried_at == endpoint.disabled_at,
    )
    return endpoint.disabled_at is not None and session.execute(query.limit(1)).first() is not None


def get_delivery(session: Session, tenant_id: UUID, endpoint_id: UUID, event_id: UUID) -> DeliveryView:
    """Return one delivery.

    Raises:
        NotFound: there is none (`not_found`).
    """
    row = session.execute(_deliveries(tenant_id, endpoint_id).where(WebhookDelivery.event_id == event_id)).one_or_none()
    if row is None:
        raise NotFound("delivery", event_id)
    return DeliveryView(*row)


def endpoints_with_due(session: Session, now: datetime) -> tuple[tuple[UUID, UUID], ...]:
    """Return (customer, endpoint) of what is not stopped and has something due, who waits longest first.

    A steward's transaction.
    """
    query = (
        select(WebhookDelivery.tenant_id, WebhookDelivery.endpoint_id)
        .join(
            WebhookEndpoint,
            (WebhookEndpoint.tenant_id == WebhookDelivery.tenant_id)
            & (WebhookEndpoint.id == WebhookDelivery.endpoint_id),
        )
        .where(WebhookDelivery.status == "due", WebhookDelivery.due_at <= now, WebhookEndpoint.disabled_at.is_(None))
        .group_by(WebhookDelivery.tenant_id, WebhookDelivery.endpoint_id)
        .order_by(func.min(WebhookDelivery.due_at))
    )
    return tuple((tenant_id, endpoint_id) for tenant_id, endpoint_id in session.execute(query))
