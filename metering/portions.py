"""How much work a request's events make, told before it is done, by counting bytes at the speed of C (pure).

Bytes say little of it: ten megabytes of text are read in a moment, ten megabytes of brackets take
seconds in which one process serves nobody else. What costs is values: names, elements, objects and
lists. So the values of a request and of one event are limited, and events that have many of them
come to the lane in portions, between which others have their turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from core.json_faults import NameTwice, refuse_repeated_names
from metering.errors import EventFault, EventsTooComplex

__all__ = (
    "MAX_EVENT_VALUES",
    "MAX_VALUES",
    "Portion",
    "Portions",
    "heavy_events",
    "in_portions",
    "refuse_too_complex",
    "values_in",
)

MAX_VALUES = 1_000_000
"""How many values a request may have; 10,000 events of 1,000 bytes have about half as many."""
MAX_EVENT_VALUES = 100_000
"""How many values one event may have, and how many the heavy events of one portion."""
_ID_LENGTH = 128
"""An id in the answer is cut to this many characters."""
_HEAVY = 400
"""An event of more values is looked at by itself."""
_MARKS = (b",", b":", b"[", b"{")
"""What comes with a value each: an element, a name, a list, an object."""

Fault = tuple[int, str | None, EventFault, str]
"""An event's index, its id, and why it is refused."""


def values_in(text: bytes) -> int:
    """Return at most how many values JSON has; marks inside strings are counted too."""
    return sum(map(text.count, _MARKS))


def refuse_too_complex(body: bytes, *, slow: bool) -> None:
    """Refuse a body whose reading would take too long.

    Args:
        body: as unpacked.
        slow: whether it has to be read mark by mark, where strings cost as much as values: of both
            together twice the limit is read.

    Raises:
        EventsTooComplex: it has more than `MAX_VALUES` (`events_too_complex`).
    """
    values = values_in(body)
    if values > MAX_VALUES or (slow and values + body.count(b'"') // 2 > 2 * MAX_VALUES):
        raise EventsTooComplex(MAX_VALUES)


@dataclass(slots=True)
class Portion:
    """Events that go to the lane together, and the places in the request that they came from."""

    events: list[Raw] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    heavy_values: int = 0


@dataclass(frozen=True, slots=True)
class Portions:
    """All events of a request: those for the lane, in their order, and those that are refused before it."""

    taken: list[Portion]
    refused: list[Fault]


def heavy_events(events: Sequence[Raw]) -> dict[int, int]:
    """Return how many values those events have that have many, by their index."""
    return {
        place: values
        for place, raw in enumerate(events)
        if len(raw) > 2 * _HEAVY and (values := values_in(bytes(raw))) > _HEAVY  # a value takes two bytes
    }


def in_portions(events: Sequence[Raw], heavy: Mapping[int, int]) -> Portions:
    """Divide events so that no portion holds a process up for long; what is too heavy is refused.

    The heavy ones are also looked at for names that stand twice: where many are, the lane would take long.

    Args:
        events: a request's, in its order.
        heavy: what `heavy_events` says of them.
    """
    portion = Portion()
    found = Portions([portion], [])
    for place, raw in enumerate(events):
        values = heavy.get(place, 0)
        fault = _fault(place, bytes(raw), values) if values else None
        if fault is not None:
            found.refused.append(fault)
            continue
        if portion.heavy_values + values > MAX_EVENT_VALUES:
            portion = Portion()
            found.taken.append(portion)
        portion.events.append(raw)
        portion.places.append(place)
        portion.heavy_values += values
    return found


def _fault(place: int, raw: bytes, values: int) -> Fault | None:
    if values > MAX_EVENT_VALUES:
        detail = f"The event has more than {MAX_EVENT_VALUES:,} values. Send what happened in several events."
        return place, _id_of(raw), EventFault.EVENT_TOO_COMPLEX, detail
    try:
        refuse_repeated_names(raw)
    except NameTwice as twice:
        return place, _id_of(raw), EventFault.EVENT_INVALID, str(twice)
    except (ValueError, RecursionError):
        pass  # what else is wrong with it the lane says
    return None


class _Named(msgspec.Struct):
    id: str | None = None


_named = msgspec.json.Decoder(_Named)


def _id_of(raw: bytes) -> str | None:
    try:
        found = _named.decode(raw).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found[:_ID_LENGTH] if found is not None else None
