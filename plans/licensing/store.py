"""Writes of pools; what they let in is written by `plans.licensing.lane`."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Session

from core.ids import first_id
from core.lists import any_of
from plans.licensing.judging import JUDGED
from plans.licensing.models import Denial, DenialTold, FloatingPool, LicenceFile, PastLimit, Quota, QuotaClaim

__all__ = (
    "add_licence",
    "add_past_limit",
    "add_pool",
    "add_quota_claim",
    "claim_told",
    "claimed_quantity",
    "fold_denials",
    "forget_told",
    "lock_pools",
    "locked_in_use",
    "locked_quota",
    "put_clocks",
    "put_in_use",
    "put_pool",
    "put_quota",
    "put_revoked",
    "rename_denials",
)

# Old denials are judged as `reads` does it; then they are counted, and gone.
_FOLD = text(f"""
    with denied as (
        delete from denial where (tenant_id, id) in (
            select tenant_id, id from denial where id < :made_before and at < :before order by tenant_id, id limit :most
        ) returning tenant_id, pool, at, identity_id, group_key, reason
    ), {JUDGED}, counted as (
        insert into denial_hour (tenant_id, pool, hour, group_key, reason, denials, true_denials)
        select tenant_id, pool, date_trunc('hour', at, 'UTC'), group_key, reason, count(*),
            count(*) filter (where alone)
        from judged group by 1, 2, 3, 4, 5
        on conflict (tenant_id, pool, hour, group_key, reason) do update
        set denials = denial_hour.denials + excluded.denials,
            true_denials = denial_hour.true_denials + excluded.true_denials
    )
    select count(*) from denied
""")  # noqa: S608 - of constants

_RENAME_DENIALS = text("""
    update denial d set client_key = n.alias
    from unnest(cast(:names as text[]), cast(:aliases as text[])) as n (name, alias)
    where d.tenant_id = :tenant and d.identity_id = any(cast(:who as bigint[])) and d.client_key = n.name
""")

Place = tuple[UUID, str, datetime]
"""A quota's tenant, feature, and the start of its period."""


def add_licence(session: Session, row: Mapping[str, Any]) -> None:
    """Insert a licence file."""
    session.execute(insert(LicenceFile).values(**row))


def put_revoked(session: Session, tenant_id: UUID, licence_id: UUID, at: datetime, reason: str) -> bool:
    """Write that a licence file is revoked; False where it was already, or is not there."""
    changed = session.execute(
        update(LicenceFile)
        .where(LicenceFile.tenant_id == tenant_id, LicenceFile.id == licence_id, LicenceFile.revoked_at.is_(None))
        .values(revoked_at=at, revoked_reason=reason)
        .returning(LicenceFile.id)
    )
    return changed.scalar_one_or_none() is not None


def add_pool(session: Session, row: Mapping[str, Any]) -> None:
    """Insert a pool."""
    session.execute(insert(FloatingPool).values(**row))


def add_past_limit(session: Session, row: Mapping[str, Any]) -> None:
    """Write what a pool's limit was; what held for no time at all is not told."""
    session.execute(insert_or(PastLimit).values(**row).on_conflict_do_nothing())


def rename_denials(
    session: Session, tenant_id: UUID, identities: Collection[int], rename: Callable[[str], str]
) -> None:
    """Call the client keys of identities that were not let in otherwise; a steward's transaction."""
    query = select(Denial.client_key).where(Denial.tenant_id == tenant_id, any_of(Denial.identity_id, identities))
    names = sorted(session.execute(query.distinct()).scalars())
    given = {"tenant": tenant_id, "who": list(identities), "names": names, "aliases": [rename(n) for n in names]}
    session.execute(_RENAME_DENIALS, given)


def fold_denials(session: Session, before: datetime, soon: timedelta, most: int) -> int:
    """Count old denials by hour, group and reason, and delete them; a steward's transaction.

    Args:
        session: the steward's.
        before: older ones, by their tenant's time and by the real one: a test clock may stand long ago.
        soon: how soon a grant makes a denial no true one.
        most: how many at once.

    Returns:
        How many.
    """
    given = {"made_before": first_id(before), "before": before, "soon": soon, "most": most}
    return int(session.execute(_FOLD, given).scalar_one())


def claim_told(session: Session, tenant_id: UUID, pool: str, starts_at: datetime, told_id: UUID) -> bool:
    """Write that others are told of a window of denials; False where they were already."""
    row = {"tenant_id": tenant_id, "pool": pool, "starts_at": starts_at, "id": told_id}
    made = insert_or(DenialTold).values(row).on_conflict_do_nothing().returning(DenialTold.id)
    return session.execute(made).first() is not None


def forget_told(session: Session, before: datetime) -> None:
    """Delete what others were told of long ago; a steward's transaction."""
    session.execute(delete(DenialTold).where(DenialTold.id < first_id(before)))


def locked_in_use(session: Session, tenant_id: UUID, key: str) -> int | None:
    """Return the counter of a pool and hold its row until the transaction ends; None where there is none."""
    return session.execute(
        select(FloatingPool.in_use)
        .where(FloatingPool.tenant_id == tenant_id, FloatingPool.key == key)
        .with_for_update()
    ).scalar_one_or_none()


def lock_pools(session: Session, tenant_id: UUID) -> list[str]:
    """Hold all pools of a tenant until the transaction ends, in the order of their keys; return which there are."""
    query = select(FloatingPool.key).where(FloatingPool.tenant_id == tenant_id)
    return list(session.execute(query.order_by(FloatingPool.key).with_for_update()).scalars())


def put_clocks(session: Session, tenant_id: UUID, at: datetime) -> None:
    """Let the time of a tenant's pools be no earlier than that; it never runs backwards."""
    behind = update(FloatingPool).where(FloatingPool.tenant_id == tenant_id, FloatingPool.clock_at < at)
    session.execute(behind.values(clock_at=at))


def put_in_use(session: Session, tenant_id: UUID, key: str, in_use: int, capacity: int) -> None:
    """Write a pool's counter; the ceiling never rises above the capacity."""
    ceiling = func.greatest(capacity, func.least(FloatingPool.ceiling, in_use))
    put_pool(session, tenant_id, key, {"in_use": in_use, "ceiling": ceiling})


def put_pool(session: Session, tenant_id: UUID, key: str, values: Mapping[str, Any]) -> None:
    """Write a pool's rules."""
    session.execute(
        update(FloatingPool).where(FloatingPool.tenant_id == tenant_id, FloatingPool.key == key).values(**values)
    )


def locked_quota(session: Session, place: Place, ends_at: datetime, ceiling: int) -> int:
    """Return what is used of a quota, made if there is none, and hold its row until the transaction ends."""
    tenant_id, feature, starts_at = place
    made = insert_or(Quota).values(
        tenant_id=tenant_id, feature=feature, starts_at=starts_at, ends_at=ends_at, used=0, ceiling=ceiling
    )
    session.execute(made.on_conflict_do_nothing())
    query = select(Quota.used).where(
        Quota.tenant_id == tenant_id, Quota.feature == feature, Quota.starts_at == starts_at
    )
    return session.execute(query.with_for_update()).scalar_one()


def put_quota(session: Session, place: Place, used: int, limit: int) -> None:
    """Write what is used; the ceiling never rises above the limit."""
    tenant_id, feature, starts_at = place
    session.execute(
        update(Quota)
        .where(Quota.tenant_id == tenant_id, Quota.feature == feature, Quota.starts_at == starts_at)
        .values(used=used, ceiling=func.greatest(limit, func.least(Quota.ceiling, used)))
    )


def claimed_quantity(session: Session, tenant_id: UUID, feature: str, client_key: str) -> int | None:
    """Return the quantity that was used up under a client's key; None where nothing was."""
    query = select(QuotaClaim.quantity).where(
        QuotaClaim.tenant_id == tenant_id, QuotaClaim.feature == feature, QuotaClaim.client_key == client_key
    )
    return session.execute(query).scalar_one_or_none()


def add_quota_claim(session: Session, claim: tuple[UUID, str, str], quantity: int, now: datetime) -> None:
    """Insert what was used up under a client's key."""
    tenant_id, feature, client_key = claim
    session.execute(
        insert(QuotaClaim).values(
            tenant_id=tenant_id, feature=feature, client_key=client_key, quantity=quantity, at=now
        )
    )
