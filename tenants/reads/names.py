"""Names of people for pages: personal data, for readers who may know it."""

from collections.abc import Collection
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tenants.models import Person
from tenants.reads.erasures import EXTERNAL_ID

__all__ = ("person_names",)

CHUNK = 10_000


def person_names(session: Session, tenant_id: UUID, people: Collection[UUID]) -> dict[UUID, str]:
    """Return what to call each person: the name, else e-mail address, else external id; the nameless are left out."""
    found: dict[UUID, str] = {}
    waiting = iter(set(people))
    while chunk := list(islice(waiting, CHUNK)):
        rows = session.execute(
            select(Person.id, Person.name, Person.email, EXTERNAL_ID).where(
                Person.tenant_id == tenant_id, Person.id.in_(chunk)
            )
        )
        found |= {row.id: name for row in rows if (name := row.name or row.email or row.external_id)}
    return found
