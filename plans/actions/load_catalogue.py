"""Load the shipped catalogue; doing it again changes nothing."""

from datetime import datetime

from sqlalchemy.orm import Session

from plans.actions.publish_version import publish_document
from plans.catalogue import CATALOGUE, FAMILIES
from plans.documents import document_hash
from plans.reads.catalogue import versions
from plans.store import add_family, add_plan

__all__ = ("load_catalogue",)

ACTOR = "system:catalogue"


def load_catalogue(session: Session, now: datetime) -> int:
    """Add the families, plans and versions of `plans.catalogue` that are not there yet.

    A version whose content was ever published is not published again, so that what the vendor
    published since stays the newest.

    Args:
        session: the vendor's scope or steward.
        now: the instant of publication.

    Returns:
        How many versions were published.
    """
    for family in FAMILIES:
        add_family(session, {"key": family.key, "name": family.name})
    published = 0
    for entry in CATALOGUE:
        row = {"family_key": entry.family_key, "name": entry.name, "kind": entry.kind, "rank": entry.rank}
        add_plan(session, row | {"key": entry.key})
        digest = document_hash(entry.document)
        if all(version.content_hash != digest for version in versions(session, entry.key)):
            publish_document(session, entry.key, entry.document, ACTOR, now)
            published += 1
    return published
