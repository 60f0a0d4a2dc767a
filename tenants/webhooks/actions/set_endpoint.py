"""Say which address is told what; its signing secret is shown once."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.outbox import put
from core.sealing import derived_key, seal
from core.settings import load_webhook_networks, secret_key
from tenants.actions.record_audit import record_audit
from tenants.calling import AddressForbidden, check_url, place_of
from tenants.store import add
from tenants.told import EVENT_TYPES, TEST
from tenants.webhooks.errors import EndpointAddressForbidden, EndpointsTooMany, EndpointStopped
from tenants.webhooks.models import WebhookEndpoint
from tenants.webhooks.reads import endpoints, get_endpoint
from tenants.webhooks.store import add_deliveries, delete_endpoint, secrets_of, set_endpoint

__all__ = (
    "PURPOSE",
    "EndpointInput",
    "change_endpoint",
    "create_endpoint",
    "remove_endpoint",
    "rotate_secret",
    "test_endpoint",
)

ENDPOINTS_MAX = 20
PURPOSE = "tollbook webhook secrets"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EndpointInput:
    """Where to, and what; no event types means all, those of later releases too."""

    url: str
    description: str = ""
    event_types: Sequence[str] = ()


def create_endpoint(
    session: Session, tenant_id: UUID, given: EndpointInput, actor: str, now: datetime
) -> tuple[UUID, str]:
    """Begin to tell an address what happens from now on.

    Returns:
        The endpoint, and the secret with which its messages are signed (`whsec_…`), this once.

    Raises:
        EndpointAddressForbidden: it must not be called (`webhook_address_forbidden`).
        InvalidInput: an event type is unknown (`invalid_input`).
        EndpointsTooMany: there are 20 already (`webhook_endpoints_too_many`).
    """
    _check(given)
    if len(endpoints(session, tenant_id)) >= ENDPOINTS_MAX:
        raise EndpointsTooMany(ENDPOINTS_MAX)
    endpoint_id, plain = new_id(), os.urandom(_SECRET_BYTES)
    row = WebhookEndpoint(
        tenant_id=tenant_id, id=endpoint_id, url=given.url, description=given.description.strip(),
        event_types=sorted(set(given.event_types)), created_at=now,
        secret=seal(derived_key(secret_key(), PURPOSE), plain, endpoint_id.bytes),
    )  # fmt: skip
    add(session, row)
    record_audit(
        session, tenant_id, actor, "create_webhook", ("webhook", str(endpoint_id)), {"url": place_of(given.url)}
    )
    return endpoint_id, _shown(plain)


def rotate_secret(
    session: Session, tenant_id: UUID, endpoint_id: UUID, overlap: timedelta, actor: str, now: datetime
) -> str:
    """Make a new signing secret, and return it (`whsec_…`), this once.

    For the overlap messages carry two signatures, by the new secret and the one before it, so that the receiver
    can change over at any moment of it. That holds for what is tried again, too: a message is signed when it is
    sent. Of two rotations within an overlap the first secret ends with the second.

    Args:
        session: scoped to the tenant.
        tenant_id: whose.
        endpoint_id: which.
        overlap: how long the old secret signs too; nothing where it became known to others.
        actor: who asks for it.
        now: by the service's clock.

    Raises:
        NotFound: there is no such endpoint (`not_found`).
    """
    url = get_endpoint(session, tenant_id, endpoint_id).url
    plain, before = os.urandom(_SECRET_BYTES), secrets_of(session, tenant_id, endpoint_id, now)[0]
    set_endpoint(
        session, tenant_id, endpoint_id, secret=seal(derived_key(secret_key(), PURPOSE), plain, endpoint_id.bytes),
        secret_before=before if overlap else None, before_until=now + overlap if overlap else None,
    )  # fmt: skip
    detail = {"url": place_of(url), "overlap_s": int(overlap.total_seconds())}
    record_audit(session, tenant_id, actor, "rotate_webhook_secret", ("webhook", str(endpoint_id)), detail)
    return _shown(plain)


def change_endpoint(
    session: Session, tenant_id: UUID, endpoint_id: UUID, given: EndpointInput, actor: str, now: datetime, *,
    enabled: bool,
) -> None:  # fmt: skip
    """Change where to and what, or stop telling it for a while: what happens meanwhile is not told later.

    Raises:
        NotFound: there is no such endpoint (`not_found`).
        EndpointAddressForbidden, InvalidInput: as above.
    """
    before = get_endpoint(session, tenant_id, endpoint_id)
    _check(given)
    set_endpoint(
        session, tenant_id, endpoint_id, url=given.url, description=given.description.strip(),
        event_types=sorted(set(given.event_types)), disabled_at=None if enabled else before.disabled_at or now,
    )  # fmt: skip
    detail = {"url": place_of(given.url), "enabled": enabled}
    record_audit(session, tenant_id, actor, "change_webhook", ("webhook", str(endpoint_id)), detail)


def remove_endpoint(session: Session, tenant_id: UUID, endpoint_id: UUID, actor: str) -> None:
    """Tell an address nothing any more, and forget what it was told.

    Raises:
        NotFound: there is no such endpoint (`not_found`).
    """
    url = get_endpoint(session, tenant_id, endpoint_id).url
    delete_endpoint(session, tenant_id, endpoint_id)
    record_audit(session, tenant_id, actor, "remove_webhook", ("webhook", str(endpoint_id)), {"url": place_of(url)})


def test_endpoint(session: Session, tenant_id: UUID, endpoint_id: UUID, now: datetime) -> UUID:
    """Send one endpoint something to try it with, and return the event.

    Raises:
        NotFound: there is no such endpoint (`not_found`).
        EndpointStopped: nothing is sent to it (`webhook_endpoint_stopped`).
    """
    endpoint = get_endpoint(session, tenant_id, endpoint_id)
    if endpoint.disabled_at is not None:
        raise EndpointStopped
    event_id = put(session, tenant_id, TEST, {"object": {"type": "webhook", "id": str(endpoint.id)}}, now, taken=True)
    add_deliveries(session, tenant_id, [(endpoint_id, event_id)], now)
    return event_id


def _shown(plain: bytes) -> str:
    return "whsec_" + base64.b64encode(plain).decode()


def _check(given: EndpointInput) -> None:
    try:
        check_url(given.url, load_webhook_networks())
    except AddressForbidden as reason:
        raise EndpointAddressForbidden(str(reason)) from None
    unknown = sorted(set(given.event_types) - set(EVENT_TYPES))
    if unknown:
        detail = f"There is no event {', '.join(unknown)}. Use some of {', '.join(EVENT_TYPES)}; none means all."
        raise InvalidInput(InputError("/event_types", "event_type_unknown", detail))
