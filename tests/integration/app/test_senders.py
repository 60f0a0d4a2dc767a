"""Who is behind a key, renewed in the event loop while requests come: it tells what the ordinary way tells."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app import senders
from app.senders import Senders
from core.clock import utc_now
from core.db import Database
from core.remembering import LIFE_S, RENEWED_S
from core.scope import VENDOR_ID, GlobalScope, TenantScope
from tenants.actions.create_user import token_hash
from tenants.errors import Unauthenticated
from tenants.models import ApiKey, Tenant, UserAccount
from tenants.reads import TenantView, get_tenant
from tests.builders.hand_clock import HandClock
from tests.builders.world import World

HOLIDAYS = frozenset({date(2026, 12, 24), date(2026, 12, 25)})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    return HandClock(monkeypatch)


@pytest.fixture
def tenant(world: World) -> TenantView:
    return world.tenant("renewed", holidays=HOLIDAYS)


def run(db: Database, story: Callable[[Senders], Awaitable[None]]) -> None:
    async def told() -> None:
        kept = Senders(db)
        try:
            await story(kept)
        finally:
            await kept.close()

    asyncio.run(told())


async def settled() -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


def change(db: Database, statement: object) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        session.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize("vendors", [False, True])
@pytest.mark.parametrize("by", ["slug", "id"])
def test_what_changes_is_known_a_second_later_and_nobody_waits(
    world: World, tenant: TenantView, clock: HandClock, by: str, *, vendors: bool
) -> None:
    key = world.key("vendor_admin") if vendors else world.key("tenant_admin", tenant)
    named = str(getattr(tenant, by))

    async def story(kept: Senders) -> None:
        principal = await kept.principal(key)
        assert kept.remembered(f"Bearer {key}", named) is None, "the tenant is not known yet"
        assert await kept.tenant(principal, named) == tenant
        change(
            world.db,
            update(Tenant).values(status="suspended", holidays=[], name="Renamed").where(Tenant.id == tenant.id),
        )
        change(world.db, update(UserAccount).values(name="Ann B.").where(UserAccount.id == principal.user_id))
        clock.now += RENEWED_S

        assert kept.remembered(f"Bearer {key}", named) == (principal, tenant)
        await settled()
        found = kept.remembered(f"Bearer {key}", named)

        with world.db.begin(GlobalScope()) as session:
            now = get_tenant(session, tenant.id)
        assert found == (replace(principal, name="Ann B."), now)
        assert (now.status, now.holidays, now.name) == ("suspended", frozenset(), "Renamed")

    run(world.db, story)


@pytest.mark.parametrize("ended", ["revoked", "expired", "deactivated"])
def test_a_key_that_ended_is_refused_from_its_renewal_on(
    world: World, tenant: TenantView, clock: HandClock, ended: str
) -> None:
    key = world.key("tenant_admin", tenant)

    async def story(kept: Senders) -> None:
        principal = await kept.principal(key)
        await kept.tenant(principal, None)
        of_key = ApiKey.token_hash == token_hash(key)
        change(
            world.db,
            {
                "revoked": update(ApiKey).values(revoked_at=utc_now()).where(of_key),
                "expired": update(ApiKey).values(expires_at=utc_now() - timedelta(seconds=1)).where(of_key),
                "deactivated": update(UserAccount).values(active=False).where(UserAccount.id == principal.user_id),
            }[ended],
        )
        clock.now += RENEWED_S
        assert kept.remembered(f"Bearer {key}", None) is not None, "for less than two seconds it may still work"
        await settled()

        assert kept.remembered(f"Bearer {key}", None) is None
        with pytest.raises(Unauthenticated):
            await kept.principal(key)

    run(world.db, story)


def test_the_use_of_a_key_is_noted_once_a_minute_by_renewals_too(
    world: World, tenant: TenantView, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, begun = world.key("tenant_admin", tenant), utc_now()

    async def noted_after(kept: Senders, seconds: int) -> datetime | None:
        monkeypatch.setattr(senders, "utc_now", lambda: begun + timedelta(seconds=seconds))
        clock.now += RENEWED_S
        assert kept.remembered(f"Bearer {key}", None) is not None
        await settled()
        with world.db.begin(GlobalScope()) as session:
            query = select(ApiKey.last_used_at).where(ApiKey.token_hash == token_hash(key))
            return session.execute(query).scalar_one()

    async def story(kept: Senders) -> None:
        monkeypatch.setattr(senders, "utc_now", lambda: begun)
        await kept.tenant(await kept.principal(key), None)
        assert await noted_after(kept, 60) == begun
        assert await noted_after(kept, 61) == begun + timedelta(seconds=61)
        assert await noted_after(kept, 120) == begun + timedelta(seconds=61)

    run(world.db, story)


def test_a_connection_that_broke_is_opened_again_and_a_database_that_is_away_ends_what_is_known(
    world: World, tenant: TenantView, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.key("tenant_admin", tenant)

    async def renewed(kept: Senders) -> bool:
        clock.now += RENEWED_S
        assert kept.remembered(f"Bearer {key}", None) is not None
        await settled()
        clock.now += LIFE_S - RENEWED_S - 0.1
        assert kept.remembered(f"Bearer {key}", None) is not None, "a database that is away forgets nobody"
        await settled()
        clock.now += 0.1
        known = kept.remembered(f"Bearer {key}", None) is not None
        await settled()
        return known

    async def story(kept: Senders) -> None:
        await kept.tenant(await kept.principal(key), None)
        assert await renewed(kept)
        with world.db.begin(GlobalScope()) as session:
            session.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                                 " and datname = current_database() and query like '%api_key%'"))  # fmt: skip
        await settled()
        assert await renewed(kept)
        monkeypatch.setattr(kept._connections, "_url", "postgresql://nobody@127.0.0.1:1/none")
        await kept.close()
        await settled()
        assert not await renewed(kept)

    run(world.db, story)
