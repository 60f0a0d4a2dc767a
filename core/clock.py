"""What time it is. Pure code never asks: it is given `now`."""

import os
from datetime import UTC, datetime, timedelta

__all__ = ("AHEAD", "utc_now")


def _offset() -> timedelta:
    """Return how far the service's clock is from the machine's.

    `TOLLBOOK_NOW` (RFC 3339) starts the service's clock at that instant; it then runs on. It is
    read once, so that all parts of a process agree.
    """
    wanted = os.environ.get("TOLLBOOK_NOW", "")
    if not wanted:
        return timedelta(0)
    instant = datetime.fromisoformat(wanted)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    started = os.environ.get("TOLLBOOK_NOW_SET_AT", "")
    base = datetime.fromisoformat(started) if started else datetime.now(UTC)
    return instant - base


AHEAD = _offset()
"""How far the service's clock is ahead of the machine's: nothing, unless `TOLLBOOK_NOW` is set."""


def utc_now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC) + AHEAD
