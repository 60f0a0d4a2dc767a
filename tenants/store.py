"""Writes and locks about who."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.models import Base
from tenants.models import (
    ApiKey,
    AuditSeal,
    CostCentre,
    IdempotencyRecord,
    IdentityKey,
    SignInAttempt,
    Tenant,
    TestClock,
    UserSession,
)

__all__ = (
    "add",
    "add_all",
    "claim_idempotency_key",
    "count_attempts",
    "delete_expired",
    "identities_by_key",
    "last_seal",
    "lock_clock",
    "lock_tenant_audit",
    "move_clock",
    "put_cost_centres",
    "remove_session",
    "set_grace",
    "store_answer",
    "touch_key",
)

_ROWS_AT_ONCE = 10_000


def add(session: Session, row: Base) -> None:
    """Insert one row at once, so that a broken constraint is told where it was broken."""
    session.add(row)
    session.flush()


def add_all(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows of one table, all with the same columns; nothing for none.

    Columns travel as arrays: a statement for each row would be five times slower, and people come
    by the ten thousand.
    """
    if not rows:
        return
    columns = [model.__table__.c[name] for name in rows[0]]
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        arrays = [
            func.unnest(bindparam(None, [row[column.name] for row in part], ARRAY(column.type))) for column in columns
        ]
        session.execute(insert(model).from_select(columns, select(*arrays)))


def identities_by_key(
    session: Session, tenant_id: UUID, scheme: str, keys: Sequence[str]
) -> dict[str, tuple[int, UUID]]:
    """Return key → (identity, person it was made for) for the keys that are known."""
    rows = session.execute(
        select(IdentityKey.key, IdentityKey.id, IdentityKey.home_person_id).where(
            IdentityKey.tenant_id == tenant_id,
            IdentityKey.scheme == scheme,
            IdentityKey.key == any_(bindparam(None, list(keys), ARRAY(Text))),
        )
    )
    return {key: (identity_id, person_id) for key, identity_id, person_id in rows}


def put_cost_centres(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert nodes, or change name, parent, headcount and end of those that exist."""
    if not rows:
        return
    statement = upsert(CostCentre)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "code", "valid_from"],
            set_={column: statement.excluded[column] for column in ("name", "parent_code", "headcount", "valid_to")},
        ),
        list(rows),
    )


def count_attempts(session: Session, email: str, since: datetime) -> int:
    """Return how often signing in as `email` failed since then."""
    return session.execute(
        select(func.count()).where(SignInAttempt.email == email, SignInAttempt.at > since)
    ).scalar_one()


def remove_session(session: Session, token_hash: bytes) -> None:
    """Sign a browser out; unknown tokens change nothing."""
    session.execute(delete(UserSession).where(UserSession.token_hash == token_hash))


def touch_key(session: Session, key_id: UUID, now: datetime) -> None:
    """Note that a key was used, at most once a minute."""
    session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id)
        .where(ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < now - timedelta(minutes=1)))
        .values(last_used_at=now)
    )


def lock_clock(session: Session, clock_id: UUID) -> datetime | None:
    """Lock a test clock for this transaction and return its time; None where there is none."""
    return session.execute(
        select(TestClock.now_at).where(TestClock.id == clock_id).with_for_update()
    ).scalar_one_or_none()


def move_clock(session: Session, clock_id: UUID, now_at: datetime) -> None:
    """Set a test clock."""
    session.execute(update(TestClock).where(TestClock.id == clock_id).values(now_at=now_at))


def claim_idempotency_key(session: Session, row: dict[str, Any]) -> bool:
    """Insert the record of a first request; return False where one exists (or is being made)."""
    done = session.execute(
        upsert(IdempotencyRecord).values(row).on_conflict_do_nothing().returning(IdempotencyRecord.key)
    )
    return done.scalar_one_or_none() is not None


def store_answer(session: Session, tenant_id: UUID, key: str, route: str, status: int, body: bytes) -> None:
    """Keep the first answer for repeats."""
    session.execute(
        update(IdempotencyRecord)
        .where(IdempotencyRecord.tenant_id == tenant_id, IdempotencyRecord.key == key, IdempotencyRecord.route == route)
        .values(status=status, body=body)
    )


def lock_tenant_audit(session: Session, tenant_id: UUID) -> bool:
    """Take the sealer's lock of a tenant for this transaction; False where another sealer has it."""
    return bool(
        session.execute(
            text("select pg_try_advisory_xact_lock(hashtextextended(:key, 1))"), {"key": str(tenant_id)}
        ).scalar_one()
    )


def last_seal(session: Session, tenant_id: UUID) -> tuple[int, bytes] | None:
    """Return sequence and hash of the newest link of a tenant's chain."""
    row = session.execute(
        select(AuditSeal.sequence, AuditSeal.hash)
        .where(AuditSeal.tenant_id == tenant_id)
        .order_by(AuditSeal.sequence.desc())
        .limit(1)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def delete_expired(session: Session, now: datetime, keep_answers_since: datetime) -> None:
    """Delete sessions that ended, answers made before `keep_answers_since`, and attempts older than a day."""
    session.execute(delete(UserSession).where(UserSession.expires_at < now))
    session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < keep_answers_since))
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=1)))


def set_grace(session: Session, tenant_id: UUID, grace_hours: int) -> None:
    """Change a tenant's grace."""
    session.execute(update(Tenant).where(Tenant.id == tenant_id).values(grace_hours=grace_hours))
