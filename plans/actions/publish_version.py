"""Publish a version: from then on it never changes, and new customers get it."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError
from core.ids import new_id
from core.scope import VENDOR_ID
from metering.reads import contract_meters
from plans.documents import PlanDocument, document_hash
from plans.errors import DraftMissing, DraftOutdated, PlanInvalid
from plans.reads.catalogue import VersionView, draft, next_number, versions
from plans.store import add_plan, add_version, delete_draft, lock_plan
from plans.validation import faults_of, named_in_full
from tenants.actions.record_audit import record_audit

__all__ = ("document_faults", "publish_document", "publish_version", "sound")


def publish_version(
    session: Session, plan_key: str, actor: str, now: datetime, number: int | None = None
) -> VersionView:
    """Publish a plan's draft and drop the draft; a new plan comes into being with its first version.

    Args:
        session: the vendor's scope or steward.
        plan_key: whose draft.
        actor: who publishes.
        now: when.
        number: the number it is expected to get, so that nobody publishes what they have not seen.

    Raises:
        DraftMissing: there is no draft (`draft_missing`).
        DraftOutdated: it would get another number (`draft_outdated`).
        PlanInvalid: the document has faults, each with pointer and code (`plan_invalid`).
    """
    lock_plan(session, plan_key)
    found = draft(session, plan_key)
    if found is None:
        raise DraftMissing(plan_key)
    if number is not None and number != found.number:
        raise DraftOutdated(plan_key, number, found.number)
    row = {"key": plan_key, "family_key": found.family_key, "name": found.name, "kind": found.kind, "rank": found.rank}
    document = sound(session, found.document)
    add_plan(session, row)
    version = publish_document(session, plan_key, document, actor, now)
    delete_draft(session, plan_key)
    return version


def publish_document(session: Session, plan_key: str, document: PlanDocument, actor: str, now: datetime) -> VersionView:
    """Publish a document as the next version of an existing plan; the newest one's content again is that one.

    Raises:
        PlanInvalid: the document has faults (`plan_invalid`).
    """
    document = sound(session, document)
    lock_plan(session, plan_key)
    digest = document_hash(document)
    earlier = versions(session, plan_key)
    if earlier and earlier[0].content_hash == digest and earlier[0].retired_at is None:
        return earlier[0]
    number = next_number(session, plan_key)
    add_version(
        session,
        {
            "id": new_id(),
            "plan_key": plan_key,
            "number": number,
            "document": msgspec.to_builtins(document),
            "content_hash": digest,
            "published_at": now,
            "published_by": actor,
        },
    )
    detail = {"number": number, "content_sha256": digest.hex()}
    record_audit(session, VENDOR_ID, actor, "publish_plan_version", ("plan", plan_key), detail)
    return versions(session, plan_key)[0]


def document_faults(session: Session, document: PlanDocument) -> list[InputError]:
    """Return every fault of a document, each with its pointer.

    A plan is everybody's and never changes: it names the vendor's meters, by their exact names.
    """
    return faults_of(document, contract_meters(session, VENDOR_ID))


def sound(session: Session, document: PlanDocument) -> PlanDocument:
    """Return a document as it is billed by: short names of dimensions in full.

    Raises:
        PlanInvalid: it is not fit for that; every fault with its pointer (`plan_invalid`).
    """
    meters = contract_meters(session, VENDOR_ID)
    faults = faults_of(document, meters)
    if faults:
        raise PlanInvalid(*faults)
    return named_in_full(document, meters)
