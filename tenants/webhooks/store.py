"""Writes and locks about webhooks."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from tenants.webhooks.models import WebhookDelivery, WebhookEndpoint

__all__ = ("add_deliveries", "claim_due", "delete_endpoint", "secrets_of", "set_delivery", "set_endpoint")


def set_endpoint(session: Session, tenant_id: UUID, endpoint_id: UUID, **values: Any) -> None:
    """Change an endpoint."""
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.tenant_id == tenant_id, WebhookEndpoint.id == endpoint_id)
        .values(values)
    )


def delete_endpoint(session: Session, tenant_id: UUID, endpoint_id: UUID) -> None:
    """Forget an endpoint and what it was told."""
    session.execute(
        delete(WebhookDelivery).where(
            WebhookDelivery.tenant_id == tenant_id, WebhookDelivery.endpoint_id == endpoint_id
        )
    )
    session.execute(
        delete(WebhookEndpoint).where(WebhookEndpoint.tenant_id == tenant_id, WebhookEndpoint.id == endpoint_id)
    )


def secrets_of(session: Session, tenant_id: UUID, endpoint_id: UUID, now: datetime) -> list[bytes]:
    """Return the sealed secrets with which an endpoint's messages are signed at an instant, the newest first."""
    query = select(WebhookEndpoint.secret, WebhookEndpoint.secret_before, WebhookEndpoint.before_until)
    place = (WebhookEndpoint.tenant_id == tenant_id, WebhookEndpoint.id == endpoint_id)
    secret, before, until = session.execute(query.where(*place)).tuples().one()
    return [secret, before] if before is not None and until is not None and now < until else [secret]


def add_deliveries(session: Session, tenant_id: UUID, pairs: Collection[tuple[UUID, UUID]], due_at: datetime) -> None:
    """Let these (endpoint, event) be due; those that are there already stay as they are."""
    if pairs:
        rows = [
            {"tenant_id": tenant_id, "endpoint_id": endpoint, "event_id": event, "status": "due", "attempts": 0,
             "due_at": due_at}
            for endpoint, event in pairs
        ]  # fmt: skip
        session.execute(upsert(WebhookDelivery).on_conflict_do_nothing(), rows)


def claim_due(
    session: Session, tenant_id: UUID, endpoint_id: UUID, now: datetime, until: datetime, limit: int
) -> list[tuple[UUID, int]]:
    """Take deliveries of an endpoint that are due and that nobody else has, as (event, number of this attempt).

    They are due again at `until`: who dies over a call delays it, and no more. Of an endpoint that is
    stopped none is taken.
    """
    rows = session.execute(
        select(WebhookDelivery.event_id, WebhookDelivery.attempts)
        .join(
            WebhookEndpoint,
            (WebhookEndpoint.tenant_id == WebhookDelivery.tenant_id)
            & (WebhookEndpoint.id == WebhookDelivery.endpoint_id),
        )
        .where(WebhookDelivery.tenant_id == tenant_id, WebhookDelivery.endpoint_id == endpoint_id)
        .where(WebhookDelivery.status == "due", WebhookDelivery.due_at <= now, WebhookEndpoint.disabled_at.is_(None))
        .order_by(WebhookDelivery.due_at)
        .limit(limit)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    ).all()
    for event_id, attempts in rows:
        set_delivery(session, tenant_id, endpoint_id, event_id, due_at=until, attempts=attempts + 1)
    return [(event_id, attempts + 1) for event_id, attempts in rows]


def set_delivery(session: Session, tenant_id: UUID, endpoint_id: UUID, event_id: UUID, **values: Any) -> None:
    """Change a delivery."""
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.tenant_id == tenant_id,
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.event_id == event_id,
        )
        .values(values)
    )
