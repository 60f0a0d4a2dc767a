"""The process's lane, and a request's body within its limits: what the doors of facts share."""

import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from uuid import UUID

import msgspec
import structlog
from anyio import CapacityLimiter, to_thread
from litestar import Litestar
from msgspec import Raw, structs

from core.db import Database
from metering.actions.follow_departures import follow_all_departures
from metering.errors import BodyMalformed, BodyTooLarge, TooManyEvents
from metering.ingest.admission import Measure, Visit
from metering.ingest.bodies import MAX_BODY_BYTES, Mode, decoded_body, explained, mode_of
from metering.ingest.cloudevents import MAX_EVENTS, split_body
from metering.ingest.lane import IngestAnswer, IngestLane, ItemFault
from metering.ingest.validation import Rules
from metering.portions import Portions, heavy_events, in_portions, refuse_too_complex
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission

__all__ = ("body_of", "lane_of", "stop_ingesting", "take_events")

_log = structlog.get_logger("tollbook.events")
_FOLLOWED_S = 2.0
"""After so long an answer waits for no further people to be let out or in."""


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
        mode = mode_of(headers)
        events = await _events_of(app, body, mode, headers, visit)
        visit.hold(Measure.EVENTS, len(events))
        portions = await _in_portions(app, events)
        rules = Rules(await lane.now(tenant), version_required=mode.version_required)
        if portions is None:
            return await lane.ingest(tenant.id, events, rules)
        answers = [await lane.ingest(tenant.id, portion.events, rules) for portion in portions.taken]
        return _together(portions, answers)


_ARRAY = msgspec.json.Decoder(list[Raw])
_FEW_VALUES = 5_000
"""Heavy events of fewer values are looked at where they come: sooner than a thread begins."""


async def _events_of(app: Litestar, body: bytes, mode: Mode, headers: Mapping[str, str], visit: Visit) -> list[Raw]:
    """Return a body's events: those that the decoder does not tell apart at once are told apart in a thread."""
    encoding = headers.get("content-encoding", "")
    plain = decoded_body(body, encoding)
    if plain is not body:
        visit.hold(Measure.BYTES, len(plain))
    refuse_too_complex(plain, slow=False)
    try:
        if mode in (Mode.SINGLE, Mode.BINARY) or plain.lstrip(b" \t\r\n")[:1] != b"[":
            return split_body(plain, mode, headers)
        events = _decoded(plain)
        if events is not None:
            return events
        refuse_too_complex(plain, slow=True)
        return await to_thread.run_sync(split_body, plain, mode, headers, limiter=_slow(app))
    except BodyMalformed as error:
        raise explained(error, body, encoding) from error


def _decoded(array: bytes) -> list[Raw] | None:
    try:
        events = _ARRAY.decode(array)
    except (RecursionError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    if len(events) > MAX_EVENTS:
        raise TooManyEvents(len(events), MAX_EVENTS)
    return events


async def _in_portions(app: Litestar, events: list[Raw]) -> Portions | None:
    """Return the portions that a request's events go to the lane in; None where all may go at once."""
    heavy = heavy_events(events)
    if not heavy:
        return None
    if sum(heavy.values()) < _FEW_VALUES:
        return in_portions(events, heavy)
    return await to_thread.run_sync(in_portions, events, heavy, limiter=_slow(app))


def _slow(app: Litestar) -> CapacityLimiter:
    """Return what lets one request at a time do its slow part, so that the loop has half of the process at least."""
    limiter: CapacityLimiter | None = app.state.get("slow_bodies")
    if limiter is None:
        limiter = app.state["slow_bodies"] = CapacityLimiter(1)
    return limiter


def _together(portions: Portions, answers: list[IngestAnswer]) -> IngestAnswer:
    """Return one answer, in which each fault has its place in the request."""
    conflicts: list[ItemFault] = []
    rejected = [ItemFault(*fault) for fault in portions.refused]
    for portion, answer in zip(portions.taken, answers, strict=True):
        for told, found in ((conflicts, answer.conflicts), (rejected, answer.rejected)):
            told += [structs.replace(fault, index=portion.places[fault.index]) for fault in found]
    rejected.sort(key=lambda fault: fault.index)
    return IngestAnswer(
        sum(answer.accepted for answer in answers),
        sum(answer.duplicate for answer in answers),
        conflicts,
        rejected,
        sum(answer.unmetered for answer in answers),
    )


def lane_of(app: Litestar) -> IngestLane:
    """Return the process's lane, made at the first event, in the loop that serves."""
    state = app.state
    lane: IngestLane | None = state.get("ingest_lane")
    if lane is None:
        database: Database = state.database
        lane = state["ingest_lane"] = IngestLane(database.database_url, follow=partial(_follow, database))
    return lane


async def _follow(database: Database, tenant_id: UUID) -> None:
    """Let out who left, and in who is back, before their event is answered; what takes longer is done by time."""
    until = time.monotonic() + _FOLLOWED_S
    try:
        await to_thread.run_sync(follow_all_departures, database, tenant_id, lambda: time.monotonic() < until)
    except Exception as error:  # noqa: BLE001 - the event is stored, and its answer must say so
        _log.warning("people_not_followed", tenant=str(tenant_id), error=type(error).__name__)


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
