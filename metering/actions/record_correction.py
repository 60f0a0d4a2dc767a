"""Void or replace an event without touching it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Raw
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.exact_json import decode_exact
from core.ids import new_id
from metering.events.registry import PRESENCE
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.keys import event_uuid
from metering.ingest.validation import Draft, Rules, attributes_json, canonical_json, draft_event, stripped_data
from metering.reads.archives import refuse_closed
from metering.reads.event_log import was_accepted
from metering.reads.facts import correction_ids, corrections
from metering.store import add_correction, share_ingestion
from tenants.actions.follow_presence import follow_presence, state_presence
from tenants.actions.record_audit import record_audit
from tenants.actions.resolve_identities import TraitStatement, record_traits, resolve_identities
from tenants.reads.presence import statements_under

__all__ = ("CorrectionInput", "RecordedCorrection", "record_correction")


@dataclass(frozen=True, slots=True)
class CorrectionInput:
    """What to do about the event `(source, event_id)`, which need not have arrived yet.

    `replacement` has `type`, `time`, `subject` and `data` of the event as it should have been; it is
    given for `replace` only.
    """

    source: str
    event_id: str
    kind: Literal["void", "replace"]
    reason: str
    replacement: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RecordedCorrection:
    """A correction as it was recorded."""

    id: UUID
    target_key: UUID
    recorded_at: datetime
    waits: bool
    """Whether its event has not come in yet."""


def record_correction(
    session: Session, tenant_id: UUID, wanted: CorrectionInput, author: str, now: datetime
) -> RecordedCorrection:
    """Append a correction; of several of one event the last recorded holds.

    Args:
        session: scoped to the tenant.
        tenant_id: whose event.
        wanted: the correction.
        author: `Principal.actor`.
        now: the tenant's time.

    Raises:
        InvalidInput: no reason; a replacement that is missing, superfluous or not a valid event
            (`invalid_input`, with the event's own code for the replacement).
        EventArchived: the event, or when its replacement acts, is in an archived month (`event_archived`).
    """
    _refuse_incomplete(wanted)
    correction_id, target_key = new_id(), event_uuid(wanted.source, wanted.event_id)
    replacement, acts_at = None, None
    if wanted.replacement is not None:
        draft = _draft(wanted, now)
        keys = {draft.subject, *(key for _, key in draft.person_keys)}
        identities = resolve_identities(session, tenant_id, keys, draft.occurred_at)
        replacement, acts_at = _replacement(draft, identities), draft.occurred_at
        record_traits(session, tenant_id, _traits(draft, identities[draft.subject], correction_id))
        if (here := PRESENCE.get(draft.type)) is not None:
            statement = (correction_id, identities[draft.subject], draft.occurred_at, here)
            state_presence(session, tenant_id, [statement])
    # A month that is being archived waits for corrections under way, and those that follow see it closed.
    share_ingestion(session, tenant_id)
    refuse_closed(session, tenant_id, target_key, acts_at)
    add_correction(session, {
        "tenant_id": tenant_id, "id": correction_id, "target_key": target_key, "kind": wanted.kind,
        "replacement": replacement, "reason": wanted.reason.strip(), "author": author, "recorded_at": now,
    })  # fmt: skip
    detail = {"kind": wanted.kind, "reason": wanted.reason.strip(), "correction": str(correction_id)}
    _follow_presence(session, tenant_id, target_key, now)
    record_audit(session, tenant_id, author, "record_correction", ("event", str(target_key)), detail)
    return RecordedCorrection(correction_id, target_key, now, not was_accepted(session, tenant_id, target_key))


def _follow_presence(session: Session, tenant_id: UUID, target_key: UUID, now: datetime) -> None:
    """Let people be out or in as it is without what was corrected, and with what was said instead."""
    about = statements_under(session, tenant_id, [target_key, *correction_ids(session, tenant_id, target_key)])
    if about:
        # All corrections there are: read only for the few events that say that somebody came or left.
        known = corrections(session, tenant_id, None)
        follow_presence(session, tenant_id, set(about.values()), list(about), known.without_effect, now)


def _refuse_incomplete(wanted: CorrectionInput) -> None:
    faults = []
    if not wanted.reason.strip():
        faults.append(InputError("/reason", "reason_missing", "Say why the event is corrected."))
    if wanted.kind == "replace" and wanted.replacement is None:
        faults.append(InputError("/replacement", "replacement_missing", "Give the event as it should have been."))
    if wanted.kind == "void" and wanted.replacement is not None:
        faults.append(InputError("/replacement", "replacement_superfluous", "A void takes none; use replace."))
    if faults:
        raise InvalidInput(*faults)


def _draft(wanted: CorrectionInput, now: datetime) -> Draft:
    """Validate the replacement by the rules of any event; it keeps the source and id of its target."""
    event = {**(wanted.replacement or {}), "id": wanted.event_id, "source": wanted.source}
    try:
        return draft_event(Raw(canonical_json(event)), 0, Rules(now, version_required=False))
    except FaultyEvent as fault:
        # Id and source stand beside the replacement, all else in it.
        pointer = fault.pointer if fault.pointer in ("/id", "/source") else f"/replacement{fault.pointer}"
        raise InvalidInput(InputError(pointer, fault.code, fault.detail)) from None


def _replacement(draft: Draft, identities: dict[str, int]) -> dict[str, Any]:
    attributes = attributes_json(draft, identities)
    return {
        "type": draft.type,
        "time": draft.occurred_at.isoformat(),
        "identity_id": identities[draft.subject],
        "attributes": msgspec.json.decode(attributes) if attributes is not None else None,
        "data": decode_exact(stripped_data(draft, identities)),
    }


def _traits(draft: Draft, identity_id: int, correction_id: UUID) -> list[TraitStatement]:
    person = draft.person
    if person is None:
        return []
    traits: list[TraitStatement] = []
    if person.person_class is not None:
        traits.append((identity_id, "class", draft.occurred_at, correction_id, person.person_class))
    if person.audience is not None:
        traits.append((identity_id, "audience", draft.occurred_at, correction_id, person.audience))
    return traits
