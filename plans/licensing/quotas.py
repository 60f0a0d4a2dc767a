"""How much of a limit is used up in a billing period, and whether more fits (pure)."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ("UNLIMITED", "Quota", "fits")

UNLIMITED = 9_000_000_000_000_000_000
"""Stands for no limit: what the counter holds at most."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What was used of a feature in the billing period `[starts_at, ends_at)`; without a limit: None."""

    feature: str
    used: int
    limit: int | None
    starts_at: datetime
    ends_at: datetime

    @property
    def left(self) -> int | None:
        """How much more fits; never below 0, also where the limit was lowered."""
        return None if self.limit is None else max(0, self.limit - self.used)


def fits(quota: Quota, quantity: int) -> bool:
    """Return whether so much more may be used.

    >>> fits(Quota("exports", 9, 10, datetime(2026, 1, 1), datetime(2026, 2, 1)), 1)
    True
    """
    return quota.used + quantity <= (UNLIMITED if quota.limit is None else quota.limit)
