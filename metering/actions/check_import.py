"""What would become of events, without storing them: a dry run's twin of the lane's last step."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Raw
from sqlalchemy import text
from sqlalchemy.orm import Session

from metering.errors import EventFault
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.lane import IngestAnswer, ItemFault
from metering.ingest.validation import Draft, Rules, draft_event
from metering.reads.custom_meters import custom_types

__all__ = ("Checker",)

_MAKE = """
    create temporary table checked_event (event_key uuid primary key, content_hash bytea not null) on commit drop
"""
_KNOWN = text("""
    select event_key, content_hash from fact_key where tenant_id = :tenant_id and event_key = any(:keys)
    union all
    select event_key, content_hash from checked_event where event_key = any(:keys)
""")
_KEEP = text("""
    insert into checked_event (event_key, content_hash)
    select * from unnest(cast(:keys as uuid[]), cast(:hashes as bytea[])) on conflict do nothing
""")
_CONFLICT = "An event of this source and id but with other content is known, in the file or before; it stays."


class Checker:
    """Tells verdicts by what is stored and by what came earlier in the file, which a temporary table remembers."""

    def __init__(self, session: Session, tenant_id: UUID) -> None:
        self._session, self._tenant_id = session, tenant_id
        self._custom_types = custom_types(session, tenant_id)
        session.execute(text(_MAKE))

    def check(self, events: Sequence[Raw], rules: Rules) -> IngestAnswer:
        """Return what the lane would answer; nothing is stored."""
        drafts, rejected = _drafted(events, rules)
        known = self._known(drafts)
        fresh: dict[bytes, bytes] = {}
        accepted, duplicate, unmetered = 0, 0, 0
        conflicts = []
        for draft in drafts:
            content = known.get(draft.event_key) or fresh.get(draft.event_key)
            if content is None:
                fresh[draft.event_key] = draft.content_hash
                accepted += 1
                unmetered += not draft.metered and draft.type not in self._custom_types
            elif content == draft.content_hash:
                duplicate += 1
            else:
                conflicts.append(ItemFault(draft.index, draft.id, EventFault.CONFLICT, _CONFLICT))
        if fresh:
            keys = [UUID(bytes=key) for key in fresh]
            self._session.execute(_KEEP, {"keys": keys, "hashes": list(fresh.values())})
        return IngestAnswer(accepted, duplicate, conflicts, rejected, unmetered)

    def _known(self, drafts: Sequence[Draft]) -> dict[bytes, bytes]:
        if not drafts:
            return {}
        keys = list({UUID(bytes=draft.event_key) for draft in drafts})
        rows = self._session.execute(_KNOWN, {"tenant_id": self._tenant_id, "keys": keys})
        return {key.bytes: bytes(content) for key, content in rows}


def _drafted(events: Sequence[Raw], rules: Rules) -> tuple[list[Draft], list[ItemFault]]:
    drafts, rejected = [], []
    for index, raw in enumerate(events):
        try:
            drafts.append(draft_event(raw, index, rules))
        except FaultyEvent as fault:
            rejected.append(ItemFault(index, None, fault.code, fault.detail))
    return drafts, rejected
