"""Wrap the keys of xAPI originals anew, after SECRET_KEY was changed: originals themselves stay as they are."""

from dataclasses import dataclass

from core.db import Database
from core.scope import TenantScope
from metering.reads.statements import actor_keys
from metering.store import put_actor_key
from metering.xapi.sealing import Unreadable, Vault
from tenants.reads import TenantView

__all__ = ("Rewrapped", "rewrap_keys")

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many keys were wrapped anew, were already, and open under none of the given secrets."""

    anew: int
    already: int
    unreadable: int


def rewrap_keys(database: Database, tenant: TenantView, vault: Vault) -> Rewrapped:
    """Wrap every key of a tenant under the vault's newest secret.

    Safe to repeat and to kill, and while statements come in: a key that somebody is forgotten by
    meanwhile stays deleted.

    Args:
        database: each page of keys is a transaction.
        tenant: whose.
        vault: of the new secret, then those before.
    """
    counts, after = {"anew": 0, "already": 0, "unreadable": 0}, None
    while True:
        with database.begin(TenantScope(tenant.id)) as session:
            page = actor_keys(session, tenant.id, after, _PAGE)
            for actor, wrapped in page:
                try:
                    new = vault.rewrapped(wrapped, tenant.id.bytes + actor.bytes)
                except Unreadable:
                    counts["unreadable"] += 1
                    continue
                counts["already" if new is None else "anew"] += 1
                if new is not None:
                    put_actor_key(session, tenant.id, actor, (wrapped, new))
        if len(page) < _PAGE:
            return Rewrapped(**counts)
        after = page[-1][0]
