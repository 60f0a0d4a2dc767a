"""GET /v1/events/tail: accepted facts as they become visible, as server-sent events."""

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from time import monotonic
from types import FrameType
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import Parameter
from litestar.response import Stream
from msgspec import Struct

from core.db import Database
from core.scope import TenantScope
from metering.errors import TailBusy
from metering.reads.tail import TailItem, TailPage, TailPlace, last_facts, tail_facts, tail_start
from metering.unmetered import UNMETERED
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("TailEvent", "TailReader", "event_stream", "route_handlers")

Req = Request[Any, Any, State]
PAUSE_S = 1.0
HEARTBEAT_S = 15.0
LIFE_S = 300.0
"""A stream ends after this; browsers come back by themselves and go on where they were."""
MOST = 20
"""Readers of one tenant that a process serves at once: each asks the database once a second."""
STREAM = "text/event-stream"
After = Annotated[str | None, Parameter(max_length=20_000, description="`after` of the list, or an event's id.")]
Limit = Annotated[int, Parameter(ge=0, le=500)]
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class _Stopping:
    """Whether the process was told to stop: streams end then, so that it need not wait for them.

    The server closes its own way at the same signal; it does not tell open streams. The handler is
    put in front of the one there is at the first stream, when the server's stands.
    """

    def __init__(self) -> None:
        self.told = False
        self._watching = False

    def watch(self) -> None:
        """Begin to listen, once, where signals can be heard at all (the main thread)."""
        if self._watching or threading.current_thread() is not threading.main_thread():
            return
        self._watching = True
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):  # else the signal ends the process by itself
                signal.signal(number, partial(self._hear, before))

    def _hear(self, before: Callable[..., Any], number: int, frame: FrameType | None) -> None:
        self.told = True
        before(number, frame)


_stopping = _Stopping()


class TailEvent(Struct):
    """An accepted fact."""

    source: str
    id: str
    type: str
    time: datetime
    accepted_at: datetime
    subject: str | None
    """The person's key, for those who may see people."""
    metered: bool
    """Whether a meter looks at it; evidence says whether it was counted."""
    reason: str | None
    detail: str | None
    """Why no meter looks at it."""
    unknown_cost_centre: str | None
    """The code that it names and no cost centre has: chargeback holds its part back until there is one."""

    @classmethod
    def of(cls, item: TailItem) -> "TailEvent":
        """Render a fact."""
        event, reason = item.event, item.unmetered
        return cls(
            event.source, event.id, event.type, event.time, event.accepted_at, event.subject,
            reason is None, reason, UNMETERED[reason] if reason is not None else None, item.unknown_centre,
        )  # fmt: skip


class TailAnswer(Struct):
    """The last facts, newest first; `after` is where the stream goes on from."""

    items: list[TailEvent]
    after: str


class TailReader:
    """Reads one tenant's facts, each look in a transaction of its own."""

    def __init__(self, database: Database, tenant: TenantView, *, named: bool) -> None:
        self._database, self._tenant, self._named = database, tenant, named

    def start(self) -> TailPlace:
        """Return the place of a reader who wants what comes from now on."""
        with self._database.begin(TenantScope(self._tenant.id)) as session:
            return tail_start(session, tenant_now(session, self._tenant))

    def next(self, place: TailPlace) -> TailPage:
        """Return what came after a place."""
        with self._database.begin(TenantScope(self._tenant.id)) as session:
            now = tenant_now(session, self._tenant)
            return tail_facts(session, self._tenant.id, place, now, named=self._named)

    def last(self, limit: int) -> tuple[tuple[TailItem, ...], TailPlace]:
        """Return the last facts, newest first, and the place after them."""
        with self._database.begin(TenantScope(self._tenant.id)) as session:
            now = tenant_now(session, self._tenant)
            return last_facts(session, self._tenant.id, now, named=self._named, limit=limit)


async def event_stream(
    request: Req, reader: TailReader, tenant: TenantView, after: str | None, shown: Callable[[TailItem], str]
) -> Stream:
    """Return a stream of facts; `shown` renders one as a line of data.

    Raises:
        CursorInvalid: `after` or `Last-Event-ID` is no place (`cursor_invalid`).
        TailBusy: too many follow this tenant already (`tail_busy`).
    """
    word = request.headers.get("last-event-id") or after
    place = TailPlace.of(word) if word else await to_thread.run_sync(reader.start)
    first = await to_thread.run_sync(reader.next, place)
    _stopping.watch()
    readers: Counter[Any] = request.app.state.setdefault("tail_readers", Counter())
    if readers[tenant.id] >= MOST:
        raise TailBusy(MOST)
    return Stream(_lines(reader, first, shown, (readers, tenant.id)), media_type=STREAM, headers=HEADERS)


async def _lines(
    reader: TailReader, page: TailPage, shown: Callable[[TailItem], str], place_taken: tuple[Counter[Any], Any]
) -> AsyncIterator[str]:
    readers, tenant_id = place_taken
    readers[tenant_id] += 1
    ends_at = monotonic() + LIFE_S
    try:
        # The first line has an id too: who is cut off before the first fact still knows where it was.
        yield "retry: 2000\n\n" if page.items else f"retry: 2000\nid: {page.place.text()}\n\n"
        quiet_since = monotonic()
        while monotonic() < ends_at and not _stopping.told:
            for item in page.items:
                yield f"id: {item.place.text()}\nevent: fact\ndata: {shown(item)}\n\n"
                quiet_since = monotonic()
            if monotonic() - quiet_since >= HEARTBEAT_S:
                yield ": still here\n\n"
                quiet_since = monotonic()
            if not page.more:
                await asyncio.sleep(PAUSE_S)
            page = await to_thread.run_sync(reader.next, page.place)
    finally:
        readers[tenant_id] -= 1


@get("/v1/events/tail", tags=["events"], media_type=STREAM)
async def tail(
    request: Req, principal: Principal, tenant: TenantView, database: Database,
    after: After = None, limit: Limit = 50,
) -> Response[Any]:  # fmt: skip
    """Follow the accepted facts as server-sent events, with the reason where no meter looks at one.

    From now on, or from `Last-Event-ID` (or `after`) on: nothing is left out and nothing comes twice.
    Comments keep the line open; the stream ends after five minutes and clients come back. With
    `Accept: application/json` the last facts are listed instead, newest first.
    """
    require(principal, Permission.USAGE_READ)
    reader = TailReader(database, tenant, named=principal.may(Permission.PEOPLE_READ))
    if "application/json" in request.headers.get("accept", ""):
        items, place = await to_thread.run_sync(reader.last, limit)
        return Response(TailAnswer([TailEvent.of(item) for item in items], place.text()), media_type="application/json")
    return await event_stream(request, reader, tenant, after, _json)


def _json(item: TailItem) -> str:
    return msgspec.json.encode(TailEvent.of(item)).decode()


route_handlers = (tail,)
