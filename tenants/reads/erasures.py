"""Who was erased, and the identities of people under the names that senders use."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Interval, Text, cast, func, literal, select
from sqlalchemy.orm import Session

from core.lists import any_of
from tenants.models import Erasure, IdentityKey, Person

__all__ = (
    "EXTERNAL_ID", "PSEUDONYM", "ErasureView", "NamedIdentity", "erasure_of", "erasures", "named_identities",
    "unrenamed_erasures",
)  # fmt: skip

PSEUDONYM = "erased-" + func.right(func.replace(cast(Erasure.person_id, Text), "-", ""), 12)
"""As `tenants.erasure.pseudonym_of` has it. It is made and never stored: a sender may call anybody so."""
EXTERNAL_ID = func.coalesce(
    Person.external_id,
    select(PSEUDONYM)
    .where(Erasure.tenant_id == Person.tenant_id, Erasure.person_id == Person.id)
    .correlate(Person)
    .scalar_subquery(),
).label("external_id")
"""What a person is shown by: the external id, of who was erased the pseudonym."""


@dataclass(frozen=True, slots=True)
class ErasureView:
    """When somebody was erased, and the sealed hashes of the keys that they had."""

    person_id: UUID
    erased_at: datetime
    sealed: bytes


class NamedIdentity(NamedTuple):
    """An identity under its sender's name: personal data."""

    id: int
    scheme: str
    key: str
    home_person_id: UUID


_ERASURE = (Erasure.person_id, Erasure.erased_at, Erasure.sealed)


def erasure_of(session: Session, tenant_id: UUID, person_id: UUID) -> ErasureView | None:
    """Return when and how a person was erased; None where they were not."""
    query = select(*_ERASURE).where(Erasure.tenant_id == tenant_id, Erasure.person_id == person_id)
    row = session.execute(query).one_or_none()
    return ErasureView(*row) if row else None


def erasures(session: Session, tenant_id: UUID) -> tuple[ErasureView, ...]:
    """Return everybody who was erased, by id; of a customer's people few are."""
    query = select(*_ERASURE).where(Erasure.tenant_id == tenant_id).order_by(Erasure.person_id)
    return tuple(ErasureView(*row) for row in session.execute(query))


def unrenamed_erasures(session: Session, settled: timedelta, now: datetime) -> list[tuple[UUID, ErasureView]]:
    """Return, as the steward, whose devices were given no other names since their erasure had settled.

    Args:
        session: the steward's.
        settled: so long after an erasure something of who was erased may still come in.
        now: the service's time.
    """
    settled_at = Erasure.erased_at + literal(settled, Interval())
    due = Erasure.renamed_at.is_(None) | ((Erasure.renamed_at < settled_at) & (settled_at <= now))
    query = select(Erasure.tenant_id, *_ERASURE).where(due).order_by(Erasure.tenant_id, Erasure.person_id)
    return [
        (tenant_id, ErasureView(person_id, erased_at, sealed))
        for tenant_id, person_id, erased_at, sealed in session.execute(query)
    ]


def named_identities(session: Session, tenant_id: UUID, persons: Collection[UUID]) -> tuple[NamedIdentity, ...]:
    """Return the identities that were made for these people, by number."""
    query = (
        select(IdentityKey.id, IdentityKey.scheme, IdentityKey.key, IdentityKey.home_person_id)
        .where(IdentityKey.tenant_id == tenant_id, any_of(IdentityKey.home_person_id, persons))
        .order_by(IdentityKey.id)
    )
    return tuple(NamedIdentity(*row) for row in session.execute(query))
