"""Whose rows a transaction may touch. Every transaction says it; there is no default."""

from dataclasses import dataclass
from uuid import UUID

__all__ = ("VENDOR_ID", "GlobalScope", "Scope", "StewardScope", "TenantScope")

VENDOR_ID = UUID(int=0)
"""The vendor's own rows (drafts, quotes, runs) stand under this tenant id."""


@dataclass(frozen=True, slots=True)
class TenantScope:
    """One tenant's rows (role `tollbook_app`, under the policies)."""

    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class GlobalScope:
    """The global tables only: looking up a login, a key, the published catalogue."""


@dataclass(frozen=True, slots=True)
class StewardScope:
    """All tenants' rows (role `tollbook_steward`): vendor-wide jobs and the vendor's own lists."""


Scope = TenantScope | GlobalScope | StewardScope
