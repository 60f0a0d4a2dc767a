"""What this package tells those above it, through `core.signals` and in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ("PeriodsRecut",)


@dataclass(frozen=True, slots=True)
class PeriodsRecut:
    """Another interval cuts the billing periods of a contract from an instant on, which may lie in the past."""

    tenant_id: UUID
    subscription_id: UUID
    since: datetime
