"""A fact as the meters see it, and the order facts are read in (pure)."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

__all__ = ("Fact", "fact_order", "sorted_facts")


class Fact(msgspec.Struct, frozen=True, gc=False):
    """An event that holds: corrections are applied, voided ones are not there.

    `attributes` are the payload fields of `events.md` that the built-in meters read; person keys
    in them are identity ids. `event_id` is the sender's id where it was needed to break a tie and
    else empty: evidence reads it from the body.
    """

    event_key: UUID
    occurred_at: datetime
    type: str
    source: str
    identity_id: int
    attributes: dict[str, Any]
    event_id: str = ""
    times: int = 1
    """How many facts that count alike this one stands for, the first of them; see `metering.reads.days`."""


fact_order = attrgetter("occurred_at", "source", "event_id", "event_key")
"""The key of the reading order: time, source, id."""


def sorted_facts(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts in reading order, whatever order they came in."""
    return sorted(facts, key=fact_order)
