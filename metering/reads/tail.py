"""Facts in the order in which they become visible: none twice, none left out.

`accepted_at` is stamped before the commit, so that it alone would miss a fact of a slow transaction.
So a reader's place is a snapshot of the database: what was not visible in it is new. Within the
facts of one look the order is (accepted_at, key), and a place in the middle is kept with them.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from metering.custom.extraction import Extractor
from metering.errors import CursorInvalid
from metering.policies import CountingPolicies
from metering.reads.custom_meters import custom_meters
from metering.reads.event_log import EventView, SeenEvent, views_of
from metering.reads.policies import bound_policies
from metering.unmetered import Happened, why_unmetered
from tenants.reads import all_cost_centres, people_of

__all__ = ("TailItem", "TailPage", "TailPlace", "last_facts", "tail_facts", "tail_start")

SLOWEST = timedelta(minutes=2)
"""No flight commits later than this after its facts were stamped."""
NOT_A_VALUE = "22"
"""The class of SQLSTATEs for values that are none."""


class TailPlace(msgspec.Struct, frozen=True, array_like=True):
    """How far a reader has read.

    `seen` and `until` are snapshots: all that is visible in `seen` was read, and of what became
    visible up to `until` all up to (`at`, `key`).
    """

    seen: str
    seen_at: datetime
    until: str | None = None
    until_at: datetime | None = None
    at: datetime | None = None
    key: UUID | None = None

    def text(self) -> str:
        """Return the place as one word."""
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def of(cls, word: str) -> "TailPlace":
        """Read a place.

        Raises:
            CursorInvalid: it is none (`cursor_invalid`).
        """
        try:
            return msgspec.json.decode(urlsafe_b64decode(word + "=" * (-len(word) % 4)), type=cls)
        except (ValueError, msgspec.DecodeError):
            raise CursorInvalid from None


@dataclass(frozen=True, slots=True)
class TailItem:
    """An accepted fact; `unmetered` says why no meter counts it, None where one looks at it."""

    event: EventView
    unmetered: str | None
    place: TailPlace
    unknown_centre: str | None = None
    """The code that it names and no cost centre has (yet)."""


@dataclass(frozen=True, slots=True)
class TailPage:
    """The next facts, and where to go on; `more` says that there are some already."""

    items: tuple[TailItem, ...]
    place: TailPlace
    more: bool


_NOW = text("select pg_current_snapshot()::text")
# `xmin` has 32 bits; the epoch comes from the snapshot's end, which no row that is seen is beyond.
_NEW = """
    with place as (
        select cast(:seen as pg_snapshot) as seen,
               cast(coalesce(:until, pg_current_snapshot()::text) as pg_snapshot) as until,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint as latest
    )
    select f.event_key, f.accepted_at, place.until::text as until
    from fact f, place,
         lateral (select (latest - ((latest - f.xmin::text::bigint) & 4294967295))::text::xid8 as xid) as written
    where f.tenant_id = :tenant and f.accepted_at >= :low
      and not pg_visible_in_snapshot(written.xid, place.seen)
      and pg_visible_in_snapshot(written.xid, place.until)
      and (cast(:key as uuid) is null or (f.accepted_at, f.event_key) > (:at, :key))
    order by f.accepted_at, f.event_key
    limit :limit
"""
_LAST = text("""
    select event_key from fact where tenant_id = :tenant order by accepted_at desc, event_key desc limit :limit
""")


def tail_start(session: Session, now: datetime) -> TailPlace:
    """Return the place of a reader who wants what comes from now on.

    Args:
        session: scoped to the tenant.
        now: the tenant's time.
    """
    return TailPlace(session.execute(_NOW).scalar_one(), now)


def tail_facts(
    session: Session, tenant_id: UUID, place: TailPlace, now: datetime, *, named: bool, limit: int = 200
) -> TailPage:
    """Return what became visible after a place, in order.

    Args:
        session: scoped to the tenant; each statement must see what was committed before it.
        tenant_id: whose facts.
        place: where the reader stands.
        now: the tenant's time.
        named: show the senders' keys for people.
        limit: at most so many.

    Raises:
        CursorInvalid: the place is of no snapshot (`cursor_invalid`).
    """
    wanted = {
        "tenant": tenant_id, "seen": place.seen, "until": place.until, "low": place.seen_at - SLOWEST,
        "at": place.at, "key": place.key, "limit": limit + 1,
    }  # fmt: skip
    try:
        rows = session.execute(text(_NEW), wanted).all()
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", "")).startswith(NOT_A_VALUE):
            raise CursorInvalid from None
        raise
    until, until_at = (rows[0].until, place.until_at or now) if rows else (place.until, place.until_at)
    more = len(rows) > limit
    places = {
        row.event_key: TailPlace(place.seen, place.seen_at, until, until_at, row.accepted_at, row.event_key)
        for row in rows[:limit]
    }
    if more or until is None or until_at is None:
        following = list(places.values())[-1] if places else place
    else:
        following = TailPlace(until, until_at)
        if places:
            # The last of a look that is read whole: whoever goes on from it begins the next one.
            places[rows[-1].event_key] = following
    return TailPage(_items(session, tenant_id, places, named=named), following, more)


def last_facts(
    session: Session, tenant_id: UUID, now: datetime, *, named: bool, limit: int = 50
) -> tuple[tuple[TailItem, ...], TailPlace]:
    """Return the facts that were accepted last, newest first, and the place to go on from."""
    place = tail_start(session, now)
    keys = session.execute(_LAST, {"tenant": tenant_id, "limit": limit}).scalars()
    return _items(session, tenant_id, dict.fromkeys(keys, place), named=named), place


def _items(session: Session, tenant_id: UUID, places: Mapping[UUID, TailPlace], *, named: bool) -> tuple[TailItem, ...]:
    if not places:
        return ()
    policies, extractors = bound_policies(session, tenant_id), _extractors(session, tenant_id)
    found = views_of(session, tenant_id, list(places), named=named)
    who = people_of(session, tenant_id, {seen.identity_id for seen in found})
    unknown = _unknown_centres(session, tenant_id, found)
    return tuple(
        TailItem(
            seen.event,
            _reason(seen.event, seen.attributes, who.traits(seen.identity_id, seen.event.time).person_class,
                    policies, extractors),
            places[seen.event.event_key],
            unknown.get(seen.event.event_key),
        )
        for seen in found
    )  # fmt: skip


def _unknown_centres(session: Session, tenant_id: UUID, found: Sequence[SeenEvent]) -> dict[UUID, str]:
    """Return the codes of cost centres that there are not, by the events that name them."""
    named = {seen.event.event_key: code for seen in found if (code := seen.attributes.get("cost_centre")) is not None}
    known = {centre.code for centre in all_cost_centres(session, tenant_id)} if named else set()
    return {key: code for key, code in named.items() if code not in known}


def _extractors(session: Session, tenant_id: UUID) -> list[Extractor]:
    return [Extractor(found.meter.definition) for found in custom_meters(session, tenant_id)]


def _reason(
    event: EventView,
    attributes: Mapping[str, Any],
    person_class: str,
    policies: Callable[[datetime], CountingPolicies],
    extractors: list[Extractor],
) -> str | None:
    if event.status == "voided":
        return "voided"
    types = frozenset[str]().union(*(extractor.types for extractor in extractors))
    taken = any(extractor.extract(event.type, event.data) is not None for extractor in extractors)
    return why_unmetered(Happened(event.type, attributes, person_class), policies(event.time), types, taken=taken)
