"""An event as a mapping into one line of JSON, complete and with an id that stays the same for ever."""

import json
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ("MAX_EVENT_BYTES", "EventInvalid", "encoded_event", "new_event_id")

MAX_EVENT_BYTES = 1_000_000
"""Longer events are refused at once; the service takes 10,000,000 bytes a request."""

_REQUIRED = ("type", "subject", "source")
_lock = threading.Lock()
_last = 0


class EventInvalid(ValueError):
    """The event cannot be sent as it is; the message says what is wrong with it."""


def new_event_id() -> str:
    """Return a UUIDv7, later than all that this process made before.

    Ids that begin with their time arrive in the order of the service's index: the cheapest to store.
    """
    global _last  # noqa: PLW0603 - guarded by the lock
    with _lock:
        # 48 bits of milliseconds, then 12 bits that count on within one.
        _last = max(_last + 1, (time.time_ns() // 1_000_000) << 12)
        stamp = _last
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    whole = (stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | tail
    digits = f"{whole:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def encoded_event(event: Mapping[str, Any], source: str | None) -> tuple[str, bytes]:
    """Return the id and the JSON line of an event, with what it lacks of `specversion`, `id`, `time` and `source`.

    Args:
        event: CloudEvents attributes and `data`; instants as RFC 3339 strings or aware datetimes.
        source: stands where the event names none.

    Raises:
        EventInvalid: it lacks `type`, `subject` or a source, is no JSON, or is too long.
    """
    whole: dict[str, Any] = {"specversion": "1.0", **event}
    if whole.get("source") is None and source is not None:
        whole["source"] = source
    if whole.get("id") is None:
        whole["id"] = new_event_id()
    if whole.get("time") is None:
        whole["time"] = datetime.now(UTC)
    for name in _REQUIRED:
        if not whole.get(name):
            raise EventInvalid(f"The event has no '{name}'.")
    try:
        text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_instant)
        line = text.encode()
    except (TypeError, ValueError) as error:
        raise EventInvalid(f"The event cannot be written as JSON: {error}.") from error
    if len(line) > MAX_EVENT_BYTES:
        raise EventInvalid(f"The event has {len(line):,} bytes; at most {MAX_EVENT_BYTES:,} are sent.")
    return str(whole["id"]), line


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not JSON")
