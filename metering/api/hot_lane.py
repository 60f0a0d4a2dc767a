"""The process's lane, and a request's body within its limits: what the doors of facts share."""

from collections.abc import AsyncIterator, Mapping

from litestar import Litestar

from core.db import Database
from metering.errors import BodyTooLarge
from metering.ingest.admission import Measure, Visit
from metering.ingest.bodies import MAX_BODY_BYTES
from metering.ingest.lane import IngestAnswer, IngestLane
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("body_of", "lane_of", "stop_ingesting", "take_events")


async def take_events(
    app: Litestar, sender: tuple[Principal, TenantView], headers: Mapping[str, str], chunks: AsyncIterator[bytes]
) -> IngestAnswer:
    """Take a request's events; they are durable when this returns.

    Args:
        app: whose lane.
        sender: who asks, and for which tenant.
        headers: the request's, names in lower case.
        chunks: its body.

    Raises:
        Refused: the request as a whole; nothing was taken, or to send the same again is safe.
    """
    principal, tenant = sender
    require(principal, Permission.EVENTS_WRITE)
    lane = lane_of(app)
    with lane.admission.visit(tenant.id) as visit:
        body = await body_of(headers.get("content-length", ""), chunks, visit)
        return await lane.ingest_body(tenant, body, headers, visit)


def lane_of(app: Litestar) -> IngestLane:
    """Return the process's lane, made at the first event, in the loop that serves."""
    state = app.state
    lane: IngestLane | None = state.get("ingest_lane")
    if lane is None:
        database: Database = state.database
        lane = state["ingest_lane"] = IngestLane(database.database_url)
    return lane


async def body_of(announced: str, chunks: AsyncIterator[bytes], visit: Visit) -> bytes:
    """Read a body as far as the limits allow.

    Args:
        announced: the header Content-Length; '' where there is none.
        chunks: the body as it comes.
        visit: what the request holds; the bytes are counted in it.

    Raises:
        BodyTooLarge: it is longer, or says so (`body_too_large`).
        IngestBusy: other bodies take all the room (`ingest_busy`).
    """
    counted = int(announced) if announced.isdigit() else 0
    if counted > MAX_BODY_BYTES:
        raise BodyTooLarge(MAX_BODY_BYTES)
    visit.hold(Measure.BYTES, counted)
    parts, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge(MAX_BODY_BYTES)
        if size > counted:
            visit.hold(Measure.BYTES, size - counted)
            counted = size
        parts.append(chunk)
    return b"".join(parts)


async def stop_ingesting(app: Litestar) -> None:
    """Let every event that waits be written and answered before the process ends."""
    lane: IngestLane | None = app.state.get("ingest_lane")
    if lane is not None:
        await lane.close()
