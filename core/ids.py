"""Identifiers: UUIDv7 for what we make, short tokens for secrets."""

import os
import secrets
import threading
import time
from datetime import datetime
from uuid import UUID

__all__ = ("first_id", "new_id", "new_token")

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, a 12-bit counter, 62 random bits.

    Ids made by one process are strictly increasing, also within a millisecond, so that indexes
    stay local and lists by id are lists by creation.
    """
    global _last_ms, _counter  # noqa: PLW0603 - guarded by the lock
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _counter = now_ms, int.from_bytes(os.urandom(1), "big")
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms, _counter = _last_ms + 1, 0
        stamp, counter = _last_ms, _counter
    tail = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=(stamp << 80) | (7 << 76) | (counter << 64) | (2 << 62) | tail)


def first_id(at: datetime) -> UUID:
    """Return the smallest UUIDv7 of an instant, so that what was made since then has that id or a greater one."""
    return UUID(int=(int(at.timestamp() * 1_000) << 80) | (7 << 76) | (2 << 62))


def new_token(prefix: str) -> str:
    """Return a secret of 256 random bits as `prefix_…`, safe in URLs and headers."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
