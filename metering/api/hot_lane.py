"""The process's lane, and a request's body within its limits: what the doors of facts share."""

from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import State

from core.db import Database
from metering.errors import BodyTooLarge
from metering.ingest.admission import Measure, Visit
from metering.ingest.bodies import MAX_BODY_BYTES
from metering.ingest.lane import IngestLane

__all__ = ("body_of", "lane_of", "stop_ingesting")

Req = Request[Any, Any, State]


def lane_of(request: Req) -> IngestLane:
    """Return the process's lane, made at the first event, in the loop that serves."""
    state = request.app.state
    lane: IngestLane | None = state.get("ingest_lane")
    if lane is None:
        database: Database = state.database
        lane = state["ingest_lane"] = IngestLane(database.database_url)
    return lane


async def body_of(request: Req, visit: Visit) -> bytes:
    """Read the body as far as the limits allow.

    Raises:
        BodyTooLarge: it is longer, or says so (`body_too_large`).
        IngestBusy: other bodies take all the room (`ingest_busy`).
    """
    announced = request.headers.get("content-length", "")
    counted = int(announced) if announced.isdigit() else 0
    if counted > MAX_BODY_BYTES:
        raise BodyTooLarge(MAX_BODY_BYTES)
    visit.hold(Measure.BYTES, counted)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge(MAX_BODY_BYTES)
        if size > counted:
            visit.hold(Measure.BYTES, size - counted)
            counted = size
        chunks.append(chunk)
    return b"".join(chunks)


async def stop_ingesting(app: Litestar) -> None:
    """Let every event that waits be written and answered before the process ends."""
    lane: IngestLane | None = app.state.get("ingest_lane")
    if lane is not None:
        await lane.close()
