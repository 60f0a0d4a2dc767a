"""How long to wait before the next attempt (pure but for the dice)."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ("retry_after_s", "waiting_s")

FIRST_S = 0.2
LONGEST_S = 30.0
LONGEST_ASKED_S = 600.0
"""A Retry-After is honoured up to here; the service never asks for as much."""


def waiting_s(attempt: int, asked_s: float | None, dice: random.Random) -> float:
    """Return the seconds to wait after a failed attempt.

    Doubling, with full jitter, so that clients that failed together do not come back together. What
    the service asks for is waited in full, and the jitter comes on top.

    Args:
        attempt: 1 after the first one.
        asked_s: of the header Retry-After; None where there was none.
        dice: where the jitter comes from.
    """
    most = min(LONGEST_S, FIRST_S * 2 ** min(attempt - 1, 16))
    return min(asked_s or 0.0, LONGEST_ASKED_S) + dice.uniform(0, most)


def retry_after_s(header: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for; None where there is none that can be read."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
