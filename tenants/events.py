"""What this package tells those above it, through `core.signals` and in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ("PeopleLeft", "PersonErased", "PersonReactivated", "PoolMembersChanged", "PoolsNamed", "UserInvited")


@dataclass(frozen=True, slots=True)
class PeopleLeft:
    """People are there no more, as it is known at `at`: their seats and leases have ended."""

    tenant_id: UUID
    persons: tuple[UUID, ...]
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


@dataclass(frozen=True, slots=True)
class PoolsNamed:
    """Groups are about to stand for seat pools: who has the pools refuses those that there are not."""

    tenant_id: UUID
    pools: Mapping[str, str]
    """Where in the request a pool is named (a JSON pointer) → its key."""


@dataclass(frozen=True, slots=True)
class UserInvited:
    """Somebody may choose a password until an instant: their first one, or one in place of what they forgot."""

    tenant_id: UUID
    tenant_name: str
    user_id: UUID
    email: str
    role: str
    language: str
    """As `Accept-Language` has it."""
    until: datetime
    mark: bytes
    """Of the password that they have now (`tenants.invitations`)."""
    anew: bool
