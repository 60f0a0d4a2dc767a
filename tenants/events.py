"""What this package tells those above it, through `core.signals` and in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ("PersonDeactivated", "PersonErased", "PersonReactivated", "PoolMembersChanged")


@dataclass(frozen=True, slots=True)
class PersonDeactivated:
    """A person left at `at`: seats and leases end at that instant."""

    tenant_id: UUID
    person_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonErased:
    """Somebody is erased: who knows them by what they were called forgets it in this transaction."""

    tenant_id: UUID
    persons: tuple[UUID, ...]
    """The person, and those who were found to be the same."""
    keys: tuple[str, ...]
    emails: tuple[str, ...]
    actor: str


@dataclass(frozen=True, slots=True)
class PersonReactivated:
    """A person who had left is back from `at` on; nothing that ended comes back by itself."""

    tenant_id: UUID
    person_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class PoolMembersChanged:
    """A directory's group that stands for a seat pool gained or lost people at `at`."""

    tenant_id: UUID
    pool: str
    joined: tuple[UUID, ...]
    left: tuple[UUID, ...]
    at: datetime
