"""POST and GET /v1/events, corrections, and the schemas of events."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import ResponseSpec
from litestar.params import Parameter
from msgspec import Struct
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.exact_json import exact_number
from metering.actions.record_correction import CorrectionInput, record_correction
from metering.api.delivery import Delivery, asked_delivery
from metering.api.event_docs import SendOperation
from metering.api.hot_lane import take_events
from metering.api.usage_files import EVENT_COLUMNS, event_parts
from metering.errors import EventNotFound, SchemaNotFound
from metering.events import REGISTRY
from metering.events.json_schema import event_schema, schema_index
from metering.ingest.lane import IngestAnswer
from metering.reads.event_log import EventFilter, EventView, find_event, list_events
from metering.schemas import CorrectionBody, EventAnswer, EventPage, RecordedAnswer, WhereBilled
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("route_handlers",)

Req = Request[Any, Any, State]
Limit = Annotated[int, Parameter(ge=1, le=500)]

_PREFIX = "/v1/events/"
_LOOK_BACK = timedelta(days=31)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """The times that a reader asked for."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Picked:
    """The values that a reader asked for."""

    type: str | None
    source: str | None
    subject: str | None


def _span(
    since: Annotated[datetime | None, Parameter(query="from")] = None,
    until: Annotated[datetime | None, Parameter(query="to")] = None,
) -> Span:
    faults = [
        InputError(name, "instant_invalid", f"'{name}' needs an offset, for example 2026-11-24T00:00:00Z.")
        for name, value in (("from", since), ("to", until))
        if value is not None and value.tzinfo is None
    ]
    if faults:
        raise InvalidInput(*faults)
    return Span(since, until)


def _picked(
    event_type: Annotated[str | None, Parameter(query="type")] = None,
    source: str | None = None,
    subject: str | None = None,
) -> Picked:
    return Picked(event_type, source, subject)


@dataclass(frozen=True, slots=True)
class EventsPage:
    """Which of the events found are wanted: how many, after the cursor."""

    after: tuple[datetime, UUID] | None
    limit: int


@dataclass(frozen=True, slots=True)
class Instead:
    """A correction's replacement, its numbers as they were written; None where there is none, or none to read."""

    event: dict[str, Any] | None


class _Sent(Struct):
    replacement: dict[str, Any] | None = None


_sent = msgspec.json.Decoder(_Sent, float_hook=exact_number).decode


async def _instead(request: Req) -> Instead:
    body = await request.body()
    try:
        return Instead(_sent(body).replacement)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "out of range" in str(error):
            raise InvalidInput(InputError("/replacement", "data_invalid", f"{error}. Correct it.")) from None
        return Instead(None)  # the route says what is wrong with the body


def _page(cursor: str | None = None, limit: Limit = 50) -> EventsPage:
    return EventsPage(_after(cursor), limit)


class EventController(Controller):
    """Facts in, and back as they came."""

    path = "/v1/events"
    tags = ("events",)

    @post(
        "/",
        status_code=200,
        request_max_body_size=None,  # the limit is ours, with a sentence that says what to do
        operation_class=SendOperation,
        responses={422: ResponseSpec(IngestAnswer, description="Every event was rejected or conflicts.")},
    )
    async def send(self, request: Req, principal: Principal, tenant: TenantView) -> Response[IngestAnswer]:
        """Take CloudEvents: one, a batch, in binary mode, or as plain JSON; answered when durable.

        422 with the same body where every event was rejected or conflicts. To send events again is
        always safe.
        """
        answer = await take_events(request.app, (principal, tenant), request.headers, request.stream())
        return Response(answer, status_code=422 if answer.nothing_taken else 200)

    @post("/corrections", sync_to_thread=True, dependencies={"instead": Provide(_instead)})
    def correct(
        self, principal: Principal, session: Session, tenant: TenantView, data: CorrectionBody, instead: Instead
    ) -> RecordedAnswer:
        """Void or replace an event; it may arrive later. The last recorded correction holds."""
        require(principal, Permission.EVENTS_WRITE)
        wanted = CorrectionInput(data.source, data.id, data.kind, data.reason, instead.event)
        made = record_correction(session, tenant.id, wanted, principal.actor, tenant_now(session, tenant))
        return RecordedAnswer(made.id, data.source, data.id, data.kind, made.recorded_at, made.waits)

    @get(
        "/",
        sync_to_thread=True,
        dependencies={
            "span": Provide(_span, sync_to_thread=False),
            "picked": Provide(_picked, sync_to_thread=False),
            "page": Provide(_page, sync_to_thread=False),
            "delivery": Provide(asked_delivery, sync_to_thread=False),
        },
    )
    def events(
        self, principal: Principal, session: Session, tenant: TenantView, span: Span, picked: Picked, page: EventsPage,
        delivery: Delivery,
    ) -> Response[EventPage]:  # fmt: skip
        """List events by time, `from` included, `to` not; the last 31 days where neither is given.

        As CSV or Parquet (`format` or Accept) all of them come in one file.
        """
        require(principal, Permission.USAGE_READ)
        named = _may_name(principal, picked.subject)
        until = span.until or tenant_now(session, tenant) + timedelta(hours=1)
        since = span.since or max(until, _EARLIEST + _LOOK_BACK) - _LOOK_BACK
        wanted = EventFilter(since, until, picked.type, picked.source, picked.subject, page.after, page.limit)
        if delivery.is_file:
            parts = event_parts(delivery.database, tenant.id, wanted, named=named)
            return delivery.file("events", EVENT_COLUMNS, parts)
        found = list_events(session, tenant.id, wanted, named=named)
        items = [EventAnswer.of(event) for event in found]
        return Response(EventPage(items, _cursor(found[-1]) if len(found) == page.limit else None))

    @get("/{name:path}", sync_to_thread=True)
    def one(
        self, request: Req, principal: Principal, session: Session, tenant: TenantView, where_billed: WhereBilled,
        name: str,
    ) -> EventAnswer:  # fmt: skip
        """Show one event, its corrections, and on which lines of issued documents it was billed.

        In the address, source and id are percent-encoded.
        """
        require(principal, Permission.USAGE_READ)
        source, event_id = _source_and_id(request, name)
        named = principal.may(Permission.PEOPLE_READ)
        event = find_event(session, tenant.id, source, event_id, named=named)
        answer = EventAnswer.of(event)
        if principal.may(Permission.INVOICES_READ):
            answer.billed = where_billed.find(session, tenant.id, event)
        return answer


def _may_name(principal: Principal, subject: str | None) -> bool:
    """Return whether people are shown by name; to ask for one takes the same right."""
    if subject is not None:
        require(principal, Permission.PEOPLE_READ)
    return principal.may(Permission.PEOPLE_READ)


def _source_and_id(request: Req, name: str) -> tuple[str, str]:
    """Take source and id from the address as it was sent: a source is a URI and has slashes of its own.

    Where they were not encoded, the id is what follows the last slash.
    """
    raw = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
    parts = raw.partition(_PREFIX)[2].split("/")
    if len(parts) == 2:
        source, event_id = (unquote(part) for part in parts)
    else:
        source, _, event_id = (unquote("/".join(parts)) if any(parts) else name.lstrip("/")).rpartition("/")
    if not source or not event_id:
        raise EventNotFound(source, event_id)
    return source, event_id


def _cursor(event: EventView) -> str:
    return urlsafe_b64encode(f"{event.time.isoformat()} {event.event_key}".encode()).decode().rstrip("=")


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        instant, key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        return datetime.fromisoformat(instant), UUID(key)
    except ValueError:
        raise InvalidInput(InputError("cursor", "cursor_invalid", "Send next_cursor of the page before.")) from None


class SchemaController(Controller):
    """The JSON Schemas of events, for everybody."""

    path = "/schemas"
    tags = ("events",)

    @get("/", sync_to_thread=False, security=[])
    def index(self) -> dict[str, Any]:
        """List the event types that the built-in meters know."""
        return schema_index()

    @get("/{name:str}", sync_to_thread=False, security=[])
    def one(self, name: str) -> dict[str, Any]:
        """Show the JSON Schema of an event type."""
        kind = REGISTRY.get(name)
        if kind is None:
            raise SchemaNotFound(name)
        return event_schema(kind)


route_handlers = (EventController, SchemaController)
