"""Rows in PostgreSQL's binary COPY format (pure).

A `Packer` is made for one tenant and packs that tenant's id into every row: the role that copies
bypasses row-level security, so this is where the rows of one tenant are kept from another's.
Ranges are checked before: COPY takes what it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct
from uuid import UUID

import msgspec

from metering.bodies import packed_body
from metering.events.registry import PRESENCE
from metering.ingest.validation import Draft, attributes_json, body_json

__all__ = (
    "HEADER",
    "HERE",
    "PRESENCE_TRAIT",
    "TRAILER",
    "Ids",
    "PackedRow",
    "Packer",
    "Profile",
    "Trait",
    "instant_of",
    "microseconds",
    "packed_columns",
    "packed_uuids",
)

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Each field is its length (int32) and its bytes; each row begins with its number of fields (int16).
_KEY = Struct(">hi16si16si16siq")
_FACT = Struct(">hi16si16siqiqiiiiiq")
_BODY = Struct(">hi16si16siqi")
_JSONB = Struct(">ib")
_NULL = b"\xff\xff\xff\xff"
_JSONB_VERSION = 1


def microseconds(instant: datetime) -> int:
    """Return PostgreSQL's timestamptz: microseconds since 2000-01-01 UTC."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_ARRAY = Struct(">iiIii")
_UUID, _TIMESTAMPTZ, _INT, _BIGINT, _JSONB_TYPE, _BYTEA = 2950, 1184, 23, 20, 3802, 17
_UUID_LENGTH = b"\0\0\0\x10"
# Where the rows have their columns, each with its length before it: as arrays have their elements.
_OF_FACT = (
    (_UUID, slice(22, 42)), (_TIMESTAMPTZ, slice(42, 54)), (_TIMESTAMPTZ, slice(54, 66)), (_INT, slice(66, 74)),
    (_INT, slice(74, 82)), (_BIGINT, slice(82, 94)), (_JSONB_TYPE, slice(94, None)),
)  # fmt: skip
_HASH_OF_KEY = slice(42, 62)
_BODY_OF_BODY = slice(54, None)


def packed_uuids(uuids: Sequence[bytes]) -> bytes:
    """Return PostgreSQL's binary form of uuid[]: one dimension, no nulls, then the length and bytes of each."""
    return _packed_array(_UUID, [_UUID_LENGTH + uuid for uuid in uuids])


def packed_columns(rows: "Sequence[PackedRow]") -> list[bytes]:
    """Return rows as arrays in PostgreSQL's binary form: the columns of `fact` after the tenant, content hash, body."""
    facts = [row.fact_row for row in rows]
    columns = [_packed_array(oid, [row[place] for row in facts]) for oid, place in _OF_FACT]
    columns.append(_packed_array(_BYTEA, [row.key_row[_HASH_OF_KEY] for row in rows]))
    columns.append(_packed_array(_BYTEA, [row.body_row[_BODY_OF_BODY] for row in rows]))
    return columns


def _packed_array(oid: int, elements: Sequence[bytes]) -> bytes:
    """Return an array of one dimension, of elements that have their lengths before them (-1 is null)."""
    if not elements:
        return _ARRAY.pack(0, 0, oid, 0, 1)[:12]
    return _ARRAY.pack(1, 0, oid, len(elements), 1) + b"".join(elements)


def instant_of(value: int) -> datetime:
    """Return the instant of a PostgreSQL timestamptz."""
    return _EPOCH + value * _MICROSECOND


PRESENCE_TRAIT = "presence"
HERE, GONE = "here", "gone"


class Trait(msgspec.Struct, gc=False, frozen=True):
    """A class or an audience that an event stated about its subject, or whether they are there (`presence`)."""

    identity_id: int
    trait: str
    valid_from: datetime
    value: str


class Profile(msgspec.Struct, gc=False, frozen=True):
    """Personal data that an event stated about its subject; None where it said nothing.

    It fills what is empty; where it `replaces` (`person.updated`) it overwrites.
    """

    identity_id: int
    name: str | None
    email: str | None
    external_id: str | None
    replaces: bool


class PackedRow(msgspec.Struct, gc=False, frozen=True):
    """One event as the tables will hold it."""

    type: str
    event_key: bytes
    content_hash: bytes
    accepted_at: datetime
    key_row: bytes
    fact_row: bytes
    body_row: bytes
    place: tuple[int, int]
    """The number of the type, and the time as PostgreSQL has it: microseconds since 2000."""
    traits: tuple[Trait, ...]
    profile: Profile | None

    @property
    def body(self) -> bytes:
        """The compressed body."""
        return self.body_row[_BODY.size :]


@dataclass(frozen=True, slots=True)
class Ids:
    """The database's ids of what the drafts name."""

    types: Mapping[str, int]
    sources: Mapping[str, int]
    identities: Mapping[str, int]


class Packer:
    """Packs drafts of one request, all for one tenant and accepted at one instant."""

    def __init__(self, tenant_id: UUID, accepted_at: datetime, ids: Ids) -> None:
        self._tenant = tenant_id.bytes
        self._accepted_at = accepted_at
        self._accepted_us = microseconds(accepted_at)
        self._ids = ids

    def pack(self, draft: Draft) -> PackedRow:
        """Return the rows of one event."""
        ids = self._ids
        identity_id = ids.identities[draft.subject]
        attributes = attributes_json(draft, ids.identities)
        body = packed_body(body_json(draft, ids.identities))
        tenant, key, accepted, hashed = self._tenant, draft.event_key, self._accepted_us, draft.content_hash
        place = ids.types[draft.type], microseconds(draft.occurred_at)
        fact = _FACT.pack(
            8, 16, tenant, 16, key, 8, place[1], 8, accepted, 4, place[0], 4, ids.sources[draft.source], 8, identity_id,
        )  # fmt: skip
        jsonb = _NULL if attributes is None else _JSONB.pack(len(attributes) + 1, _JSONB_VERSION) + attributes
        stated, here = draft.person is not None, PRESENCE.get(draft.type)
        traits = _traits(draft, identity_id) if stated else ()
        if here is not None:
            traits += (Trait(identity_id, PRESENCE_TRAIT, draft.occurred_at, HERE if here else GONE),)
        return PackedRow(  # by place: names cost a microsecond here
            draft.type,
            key,
            hashed,
            self._accepted_at,
            _KEY.pack(4, 16, tenant, 16, key, 16, hashed, 8, accepted),
            fact + jsonb,
            _BODY.pack(4, 16, tenant, 16, key, 8, accepted, len(body)) + body,
            place,
            traits,
            _profile(draft, identity_id) if stated else None,
        )


def _traits(draft: Draft, identity_id: int) -> tuple[Trait, ...]:
    person = draft.person
    assert person is not None
    stated = (("class", person.person_class), ("audience", person.audience))
    return tuple(Trait(identity_id, trait, draft.occurred_at, value) for trait, value in stated if value is not None)


def _profile(draft: Draft, identity_id: int) -> Profile | None:
    person = draft.person
    assert person is not None
    if person.name is None and person.email is None and person.external_id is None:
        return None
    return Profile(identity_id, person.name, person.email, person.external_id, draft.type == "person.updated")
