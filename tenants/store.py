"""Writes and locks about who."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.lists import any_of
from core.models import Base
from tenants.models import (
    ApiKey,
    Assignment,
    AuditSeal,
    CostCentre,
    Departure,
    Erasure,
    IdempotencyRecord,
    IdentityKey,
    Person,
    PersonTrait,
    Presence,
    SignInAttempt,
    Tenant,
    TestClock,
    UserAccount,
    UserSession,
)

__all__ = (
    "LockedLogin",
    "add",
    "add_all",
    "add_departures",
    "claim_idempotency_key",
    "count_attempts",
    "delete_expired",
    "end_key",
    "identities_by_key",
    "last_departure",
    "last_recorded_assignment",
    "last_recorded_assignments",
    "last_seal",
    "last_trait",
    "last_traits",
    "lock_clock",
    "lock_login",
    "lock_organisation",
    "lock_people",
    "lock_person",
    "lock_tenant_audit",
    "move_clock",
    "put_cost_centres",
    "remove_session",
    "remove_sessions",
    "rename_identity",
    "revoke_key",
    "set_access",
    "set_active_to",
    "set_erasure",
    "set_followed",
    "set_particulars",
    "set_password",
    "set_password_allowed",
    "set_person",
    "set_renamed",
    "set_unrenamed",
    "set_user",
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


def set_active_to(session: Session, tenant_id: UUID, person_id: UUID, at: datetime | None) -> None:
    """Say until when a person is active; None is open."""
    session.execute(update(Person).where(Person.tenant_id == tenant_id, Person.id == person_id).values(active_to=at))


def set_access(session: Session, user_id: UUID, *, role: str, active: bool) -> None:
    """Change a user's role, and whether they may come in; a user who may not is out at once, with all keys."""
    session.execute(update(UserAccount).where(UserAccount.id == user_id).values(role=role, active=active))


def set_user(session: Session, user_id: UUID, *, name: str, role: str, cost_centre: str | None) -> None:
    """Say anew who a user is and what they may."""
    values = {"name": name, "role": role, "cost_centre": cost_centre}
    session.execute(update(UserAccount).where(UserAccount.id == user_id).values(**values))


class LockedLogin(NamedTuple):
    """What a user signs in by, and whether they may."""

    password_hash: str | None
    active: bool


def lock_login(session: Session, user_id: UUID) -> LockedLogin | None:
    """Return what a user signs in by, which nobody else changes until the transaction ends."""
    row = session.execute(
        select(UserAccount.password_hash, UserAccount.active).where(UserAccount.id == user_id).with_for_update()
    ).one_or_none()
    return LockedLogin(*row) if row else None


def set_password(session: Session, user_id: UUID, password_hash: str) -> None:
    """Give a user a password."""
    session.execute(update(UserAccount).where(UserAccount.id == user_id).values(password_hash=password_hash))


def set_person(session: Session, tenant_id: UUID, person_id: UUID, **values: str | None) -> None:
    """Change name, e-mail address or external id of a person."""
    session.execute(update(Person).where(Person.tenant_id == tenant_id, Person.id == person_id).values(values))


def lock_person(session: Session, tenant_id: UUID, person_id: UUID) -> None:
    """Let nobody else erase a person until the transaction ends."""
    session.execute(select(Person.id).where(Person.tenant_id == tenant_id, Person.id == person_id).with_for_update())


def lock_people(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> None:
    """Let nobody else say of these people whether they are there until the transaction ends.

    In the order of their ids, as flights of events lock them, so that two never wait for each other in a ring.
    """
    query = select(Person.id).where(Person.tenant_id == tenant_id, any_of(Person.id, persons))
    session.execute(query.order_by(Person.id).with_for_update(key_share=True))


def set_followed(session: Session, tenant_id: UUID, statements: Collection[UUID]) -> None:
    """Note that what these statements say was followed."""
    session.execute(
        update(Presence)
        .where(Presence.tenant_id == tenant_id, any_of(Presence.statement_id, statements))
        .values(followed=True)
    )


def rename_identity(session: Session, tenant_id: UUID, identity_id: int, scheme: str, key: str) -> None:
    """Change by whom and what an identity is called; what points to it stays."""
    session.execute(
        update(IdentityKey)
        .where(IdentityKey.tenant_id == tenant_id, IdentityKey.id == identity_id)
        .values(scheme=scheme, key=key)
    )


def set_erasure(session: Session, tenant_id: UUID, person_id: UUID, sealed: bytes) -> None:
    """Replace the sealed hashes of somebody who was erased."""
    session.execute(
        update(Erasure).where(Erasure.tenant_id == tenant_id, Erasure.person_id == person_id).values(sealed=sealed)
    )


def set_renamed(session: Session, tenant_id: UUID, person_id: UUID, at: datetime) -> None:
    """Note when the devices of somebody who was erased were given other names; the steward's."""
    session.execute(
        update(Erasure).where(Erasure.tenant_id == tenant_id, Erasure.person_id == person_id).values(renamed_at=at)
    )


def set_unrenamed(session: Session, tenant_id: UUID) -> None:
    """Note that devices of people who were erased may go by their old names again; the steward's."""
    session.execute(update(Erasure).where(Erasure.tenant_id == tenant_id).values(renamed_at=None))


def add_departures(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert when people left; what is known stays as it is."""
    if rows:
        session.execute(upsert(Departure).on_conflict_do_nothing(), list(rows))


def last_departure(session: Session, tenant_id: UUID, person_id: UUID) -> datetime | None:
    """Return when a person left last."""
    return session.execute(
        select(func.max(Departure.left_at)).where(Departure.tenant_id == tenant_id, Departure.person_id == person_id)
    ).scalar_one()


def last_trait(session: Session, tenant_id: UUID, person_id: UUID, trait: str) -> PersonTrait | None:
    """Return the statement on a trait that holds from the latest instant on, of those made for a person."""
    return session.execute(
        select(PersonTrait)
        .join(
            IdentityKey,
            (IdentityKey.tenant_id == PersonTrait.tenant_id) & (IdentityKey.id == PersonTrait.identity_id),
        )
        .where(PersonTrait.tenant_id == tenant_id, IdentityKey.home_person_id == person_id, PersonTrait.trait == trait)
        .order_by(PersonTrait.valid_from.desc(), PersonTrait.event_key)
        .limit(1)
    ).scalar_one_or_none()


def last_traits(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> dict[tuple[UUID, str], str]:
    """Return what was last said of class and audience of each person, where anything was."""
    rows = session.execute(
        select(IdentityKey.home_person_id, PersonTrait.trait, PersonTrait.value)
        .join(
            IdentityKey,
            (IdentityKey.tenant_id == PersonTrait.tenant_id) & (IdentityKey.id == PersonTrait.identity_id),
        )
        .where(PersonTrait.tenant_id == tenant_id, any_of(IdentityKey.home_person_id, persons))
        .order_by(PersonTrait.valid_from, PersonTrait.event_key.desc())
    )
    return {(person_id, trait): value for person_id, trait, value in rows}


def last_recorded_assignment(session: Session, tenant_id: UUID, person_id: UUID) -> datetime | None:
    """Return when a statement on who carries a person was recorded last."""
    return session.execute(
        select(func.max(Assignment.recorded_at)).where(
            Assignment.tenant_id == tenant_id, Assignment.person_id == person_id
        )
    ).scalar_one()


def last_recorded_assignments(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when a statement on who carries them was recorded last, of these people who have any."""
    query = select(Assignment.person_id, func.max(Assignment.recorded_at)).where(
        Assignment.tenant_id == tenant_id, any_of(Assignment.person_id, persons)
    )
    return dict(session.execute(query.group_by(Assignment.person_id)).tuples().all())


def count_attempts(session: Session, email: str, since: datetime) -> int:
    """Return how often signing in as `email` failed since then."""
    return session.execute(
        select(func.count()).where(SignInAttempt.email == email, SignInAttempt.at > since)
    ).scalar_one()


def remove_session(session: Session, token_hash: bytes) -> None:
    """Sign a browser out; unknown tokens change nothing."""
    session.execute(delete(UserSession).where(UserSession.token_hash == token_hash))


def remove_sessions(session: Session, user_id: UUID) -> None:
    """Sign all browsers of a user out."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def touch_key(session: Session, key_id: UUID, now: datetime) -> None:
    """Note that a key was used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


def revoke_key(session: Session, key_id: UUID, now: datetime) -> bool:
    """Revoke a key; False where it was revoked before."""
    done = session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiKey.id)
    )
    return done.first() is not None


def end_key(session: Session, key_id: UUID, at: datetime) -> None:
    """Let a key end at that instant, or earlier where it would have."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(expires_at=func.least(ApiKey.expires_at, at)))


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


def lock_organisation(session: Session, tenant_id: UUID) -> None:
    """Wait until nobody else changes a tenant's tree of cost centres, and hold it until the transaction ends.

    Two that each see no circle could close one together; no row stands for the tree as a whole.
    """
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 2))"), {"key": str(tenant_id)})


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


def set_particulars(session: Session, tenant_id: UUID, **values: object) -> None:
    """Change what may change of a customer."""
    session.execute(update(Tenant).where(Tenant.id == tenant_id).values(**values))


def set_password_allowed(session: Session, tenant_id: UUID, *, allowed: bool) -> None:
    """Say whether a customer lets people in by password."""
    session.execute(update(Tenant).where(Tenant.id == tenant_id).values(password_allowed=allowed))
