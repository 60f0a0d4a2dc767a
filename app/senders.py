"""Who is behind a key, and which customer is meant: looked up each second while requests come, remembered meanwhile.

The ordinary way looks up in a thread, as everything does there. Under load what is known is renewed in the
event loop, on a connection of its own: each second a thread's work would make those wait who ask meanwhile.
"""

from functools import partial

from anyio import to_thread
from litestar import Litestar

from core.clock import utc_now
from core.db import APP, Database
from core.remembering import Remembered
from core.scope import GlobalScope
from metering.ingest.connections import Connections
from tenants.actions.create_user import token_hash
from tenants.actions.note_key_use import is_to_be_noted, note_key_use
from tenants.errors import TenantUnknown, Unauthenticated
from tenants.principal import Principal
from tenants.reads import KnownKey, TenantView, ask_key, ask_tenant, find_key, find_tenant, get_tenant

__all__ = ("Senders", "senders_of", "stop_looking_up")


class Senders:
    """What one process knows of those who send; of one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connections = Connections(database.database_url, 1, APP)
        self._keys: Remembered[Principal] = Remembered()
        self._tenants: Remembered[TenantView] = Remembered()

    def remembered(self, authorization: str, named: str | None) -> tuple[Principal, TenantView] | None:
        """Return whose key this is and the tenant meant, where both are remembered; else the long way has to ask.

        Args:
            authorization: the header of that name.
            named: the header Tbk-Tenant; None where there is none.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme not in ("Bearer", "bearer"):
            return None
        digest = token_hash(token)
        principal = self._keys.fresh(digest, partial(self._renewed_key, digest))
        if principal is None:
            return None
        look_up = partial(self._renewed_tenant, principal, named)
        tenant = self._tenants.fresh(_tenant_key(principal, named), look_up)
        return None if tenant is None else (principal, tenant)

    async def principal(self, token: str) -> Principal:
        """Return whom a key acts for.

        Raises:
            Unauthenticated: the key is none, or none any more (`unauthenticated`).
        """
        digest = token_hash(token)
        return await self._keys.ask(digest, partial(to_thread.run_sync, partial(self._look_up_key, digest)))

    async def tenant(self, principal: Principal, named: str | None) -> TenantView:
        """Return whose data is meant: the key's own tenant, or the one that the vendor's key names.

        Raises:
            TenantUnknown: there is none of that name, or it is another than the key's (`tenant_unknown`).
        """
        look_up = partial(to_thread.run_sync, partial(self._look_up_tenant, principal, named))
        return await self._tenants.ask(_tenant_key(principal, named), look_up)

    async def close(self) -> None:
        """Close the connection."""
        await self._connections.close()

    def _look_up_key(self, digest: bytes) -> Principal:
        now = utc_now()
        with self._database.begin(GlobalScope()) as session:
            found = _sound(find_key(session, digest, now))
            note_key_use(session, found, now)
        return found.principal

    async def _renewed_key(self, digest: bytes) -> Principal:
        now = utc_now()
        found = _sound(await self._connections.flown(lambda connection: ask_key(connection, digest, now)))
        if is_to_be_noted(found, now):
            return await to_thread.run_sync(self._look_up_key, digest)
        return found.principal

    def _look_up_tenant(self, principal: Principal, named: str | None) -> TenantView:
        with self._database.begin(GlobalScope()) as session:
            if principal.tenant_id is None:
                return find_tenant(session, named or "")
            return _own(get_tenant(session, principal.tenant_id), named)

    async def _renewed_tenant(self, principal: Principal, named: str | None) -> TenantView:
        meant = principal.tenant_id or named or ""
        found = await self._connections.flown(lambda connection: ask_tenant(connection, meant))
        return found if principal.tenant_id is None else _own(found, named)


def senders_of(app: Litestar) -> Senders:
    """Return what the process knows of senders; made at the first request, in the loop that serves."""
    senders: Senders | None = app.state.get("senders")
    if senders is None:
        senders = app.state["senders"] = Senders(app.state.database)
    return senders


async def stop_looking_up(app: Litestar) -> None:
    """Close the connection before the process ends."""
    senders: Senders | None = app.state.get("senders")
    if senders is not None:
        await senders.close()


def _tenant_key(principal: Principal, named: str | None) -> tuple[int | None, str | None]:
    """Return what finds a tenant in memory: numbers are hashed a good deal quicker than ids."""
    return None if principal.tenant_id is None else principal.tenant_id.int, named


def _sound(found: KnownKey | None) -> KnownKey:
    if found is None:
        raise Unauthenticated
    return found


def _own(tenant: TenantView, named: str | None) -> TenantView:
    # Another tenant's name looks the same as one that does not exist.
    if named is not None and named not in (tenant.slug, str(tenant.id)):
        raise TenantUnknown(named)
    return tenant
