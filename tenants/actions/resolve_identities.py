"""Find or make the identities behind senders' keys, and note what is said of them.

The hot lane does the same asynchronously (`metering.ingest.identities`); this is for one at a time.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.ids import new_id
from tenants.actions.import_people import SUBJECT
from tenants.models import IdentityKey, Person, PersonTrait
from tenants.store import add_all, identities_by_key

__all__ = ("TraitStatement", "record_traits", "resolve_identities")

TraitStatement = tuple[int, Literal["class", "audience"], datetime, UUID, str]
"""Identity, trait, from when on, under which key, value."""


def resolve_identities(session: Session, tenant_id: UUID, keys: Collection[str], now: datetime) -> dict[str, int]:
    """Return key → identity for all keys; a person not seen before is created.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        keys: subjects of events.
        now: from when on a new person exists.
    """
    wanted = sorted(set(keys))
    known = identities_by_key(session, tenant_id, SUBJECT, wanted)
    fresh = [key for key in wanted if key not in known]
    if fresh:
        persons = [new_id() for _ in fresh]
        try:
            with session.begin_nested():
                add_all(
                    session, Person, [{"tenant_id": tenant_id, "id": person, "active_from": now} for person in persons]
                )
                add_all(session, IdentityKey, [
                    {"tenant_id": tenant_id, "scheme": SUBJECT, "key": key, "home_person_id": person, "created_at": now}
                    for key, person in zip(fresh, persons, strict=True)
                ])  # fmt: skip
        except IntegrityError:
            # Another transaction made one of them meanwhile: with that one known, begin again.
            return resolve_identities(session, tenant_id, keys, now)
        known |= identities_by_key(session, tenant_id, SUBJECT, fresh)
    return {key: identity_id for key, (identity_id, _) in known.items()}


def record_traits(session: Session, tenant_id: UUID, traits: Collection[TraitStatement]) -> None:
    """Record classes and audiences that hold from an instant on."""
    add_all(session, PersonTrait, [
        {"tenant_id": tenant_id, "identity_id": identity_id, "trait": trait, "valid_from": since,
         "event_key": key, "value": value}
        for identity_id, trait, since, key, value in traits
    ])  # fmt: skip
