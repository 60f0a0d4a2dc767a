"""What the sender of events is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ("Refusal", "Stats", "Trouble")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event that the service will never take as it is; it is not sent again."""

    event: Mapping[str, Any]
    """The event as it was sent."""
    code: str
    """Stable, for instance `subject_missing` or `conflict`; listed at /docs/errors of the service."""
    detail: str
    """A sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a batch was not taken at this attempt. Its events are kept and sent again."""

    status: int | None
    """HTTP status, or None where there was no answer."""
    code: str
    """The problem's stable code, or `no_answer`, `answer_unreadable`."""
    detail: str
    attempt: int
    """1 for the first attempt of this batch."""
    retry_in_s: float
    """How long the client waits before the next attempt."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the client was made; `waiting` and `on_disk` are of this moment."""

    accepted: int
    duplicate: int
    refused: int
    attempts: int
    """Requests made."""
    failures: int
    """Requests that have to be made again."""
    waiting: int
    """Events not settled yet, in memory or on disk."""
    on_disk: int
    """Those of them that are in the spool."""
