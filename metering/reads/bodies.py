"""What only the stored bodies know: the sender's ids of events."""

from collections.abc import Collection
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.bodies import unpacked_body
from metering.models import FactBody
from metering.reads.keyed import of_events

__all__ = ("event_ids",)

CHUNK = 10_000


class _Named(msgspec.Struct):
    id: str


_decoder: Any = msgspec.json.Decoder(_Named)


def event_ids(session: Session, tenant_id: UUID, keys: Collection[UUID]) -> dict[UUID, str]:
    """Return the sender's id of each event; keys without a body (archived ones) are left out."""
    found: dict[UUID, str] = {}
    waiting = iter(sorted(keys))
    while chunk := list(islice(waiting, CHUNK)):
        query = of_events(select(FactBody.event_key, FactBody.body), FactBody, tenant_id, chunk)
        for key, body in session.execute(query):
            found[key] = _decoder.decode(unpacked_body(body)).id
    return found
