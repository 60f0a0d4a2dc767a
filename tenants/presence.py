"""Whether somebody is there, by what was said of it (pure)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

__all__ = ("Statement", "newest_of")


class Statement(NamedTuple):
    """At that instant somebody left, or was there again."""

    said_at: datetime
    here: bool


def newest_of(statements: Iterable[Statement]) -> Statement | None:
    """Return the statement that holds, in whatever order they came; None where nothing was said.

    It is the newest one; of several at one instant one that somebody left: the door is shut rather than open.

    >>> from datetime import UTC
    >>> left, back = (Statement(datetime(2026, 3, day, tzinfo=UTC), day > 2) for day in (2, 5))
    >>> newest_of([back, left]) == newest_of([left, back, left]) == back
    True
    """
    return max(statements, key=lambda one: (one.said_at, not one.here), default=None)
