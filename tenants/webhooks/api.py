"""/v1/webhooks: who is told what happens, what came of it, and once more."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission
from tenants.schemas import Page, RotationBody
from tenants.webhooks.actions.replay import replay, replay_dead
from tenants.webhooks.actions.set_endpoint import (
    EndpointInput,
    change_endpoint,
    create_endpoint,
    remove_endpoint,
    rotate_secret,
    test_endpoint,
)
from tenants.webhooks.reads import DeliveryView, EndpointView, deliveries, endpoints, get_delivery, get_endpoint

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class EndpointBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where to, and what. No event types: all of them, those of later releases too."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    description: Annotated[str, msgspec.Meta(max_length=500)] = ""
    event_types: Annotated[list[str], msgspec.Meta(max_length=100)] = []
    enabled: bool = True


class EndpointAnswer(msgspec.Struct):
    """An endpoint; `secret` only in the answer that makes it."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    enabled: bool
    created_at: datetime
    old_secret_until: datetime | None
    """Until when messages carry a signature by the secret before the last rotation, too."""
    secret: str | None = None

    @classmethod
    def of(cls, view: EndpointView, secret: str | None = None) -> "EndpointAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.id, view.url, view.description, list(view.event_types), view.disabled_at is None, view.created_at,
            view.before_until, secret,
        )  # fmt: skip


class DeliveryAnswer(msgspec.Struct):
    """What an endpoint was told or will be: `status` is due, delivered or dead (given up)."""

    event_id: UUID
    event_type: str
    happened_at: datetime
    data: Any
    status: str
    attempts: int
    next_attempt_at: datetime | None
    tried_at: datetime | None
    answer_status: int | None
    error: str

    @classmethod
    def of(cls, view: DeliveryView) -> "DeliveryAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.event_id, view.event_type, view.happened_at, view.data, view.status, view.attempts,
            view.due_at if view.status == "due" else None, view.tried_at, view.answer_status, view.error,
        )  # fmt: skip


class Replayed(msgspec.Struct):
    """How many deliveries are due again."""

    due: int


class WebhookController(Controller):
    """Webhooks by Standard Webhooks: signed, retried, replayable."""

    path = "/v1/webhooks"
    tags = ("webhooks",)

    @get(sync_to_thread=True)
    def listed(self, principal: Principal, session: Session, tenant: TenantView) -> Page:
        """List the endpoints of the tenant."""
        require(principal, Permission.CONNECT_WRITE)
        return Page([EndpointAnswer.of(one) for one in endpoints(session, tenant.id)], None)

    @post(sync_to_thread=True)
    def add(self, principal: Principal, session: Session, tenant: TenantView, data: EndpointBody) -> EndpointAnswer:
        """Tell an address what happens from now on; the answer has its signing secret, this once."""
        require(principal, Permission.CONNECT_WRITE)
        given = EndpointInput(data.url, data.description, data.event_types)
        made, secret = create_endpoint(session, tenant.id, given, principal.actor, utc_now())
        return EndpointAnswer.of(get_endpoint(session, tenant.id, made), secret)

    @get("/{endpoint_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID) -> EndpointAnswer:
        """Show an endpoint."""
        require(principal, Permission.CONNECT_WRITE)
        return EndpointAnswer.of(get_endpoint(session, tenant.id, endpoint_id))

    @put("/{endpoint_id:uuid}", sync_to_thread=True)
    def change(
        self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID, data: EndpointBody
    ) -> EndpointAnswer:
        """Change an endpoint, or stop it for a while; what happens meanwhile is not told later."""
        require(principal, Permission.CONNECT_WRITE)
        given = EndpointInput(data.url, data.description, data.event_types)
        change_endpoint(session, tenant.id, endpoint_id, given, principal.actor, utc_now(), enabled=data.enabled)
        return EndpointAnswer.of(get_endpoint(session, tenant.id, endpoint_id))

    @delete("/{endpoint_id:uuid}", sync_to_thread=True)
    def remove(self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID) -> None:
        """Delete an endpoint with its log."""
        require(principal, Permission.CONNECT_WRITE)
        remove_endpoint(session, tenant.id, endpoint_id, principal.actor)

    @post("/{endpoint_id:uuid}/rotate", sync_to_thread=True, status_code=200)
    def rotate(
        self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID, data: RotationBody
    ) -> EndpointAnswer:
        """Make a new signing secret, shown this once; for the overlap messages are signed with both."""
        require(principal, Permission.CONNECT_WRITE)
        overlap = timedelta(hours=data.overlap_hours)
        secret = rotate_secret(session, tenant.id, endpoint_id, overlap, principal.actor, utc_now())
        return EndpointAnswer.of(get_endpoint(session, tenant.id, endpoint_id), secret)

    @post("/{endpoint_id:uuid}/test", sync_to_thread=True)
    def test(self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID) -> DeliveryAnswer:
        """Send `webhook.test` to this endpoint alone; look at its deliveries a moment later."""
        require(principal, Permission.CONNECT_WRITE)
        event_id = test_endpoint(session, tenant.id, endpoint_id, utc_now())
        return DeliveryAnswer.of(get_delivery(session, tenant.id, endpoint_id, event_id))

    @get("/{endpoint_id:uuid}/deliveries", sync_to_thread=True)
    def log(
        self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID,
        status: Literal["due", "delivered", "dead"] | None = None, cursor: UUID | None = None, limit: Limit = 50,
    ) -> Page:  # fmt: skip
        """List what the endpoint was or will be told, newest first; `status`: due, delivered or dead."""
        require(principal, Permission.CONNECT_WRITE)
        get_endpoint(session, tenant.id, endpoint_id)
        found = deliveries(session, tenant.id, endpoint_id, status=status or "", before=cursor, limit=limit)
        return Page([DeliveryAnswer.of(x) for x in found], str(found[-1].event_id) if len(found) == limit else None)

    @post("/{endpoint_id:uuid}/deliveries/{event_id:uuid}/replay", sync_to_thread=True)
    def again(
        self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID, event_id: UUID
    ) -> Replayed:
        """Tell it once more, under the same id."""
        require(principal, Permission.CONNECT_WRITE)
        replay(session, tenant.id, endpoint_id, event_id, utc_now())
        return Replayed(1)

    @post("/{endpoint_id:uuid}/replay", sync_to_thread=True)
    def all_again(self, principal: Principal, session: Session, tenant: TenantView, endpoint_id: UUID) -> Replayed:
        """Tell it what was given up, at most 1,000 at once."""
        require(principal, Permission.CONNECT_WRITE)
        return Replayed(replay_dead(session, tenant.id, endpoint_id, utc_now()))


route_handlers = (WebhookController,)
