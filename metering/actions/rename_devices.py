"""Leave no name of a device or a session of who was erased; figures and evidence stay what they were."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.exact_json import decode_exact, encode_exact, encode_exact_sorted
from metering.bodies import packed_body, unpacked_body
from metering.reads.renaming import NamingFact, lease_names, naming_facts, session_corrections
from metering.store.renaming import RenamedFact, put_lease_names, put_renamed_facts, put_replacement

__all__ = ("rename_devices",)

Rename = Callable[[str], str]
_NAMES = ("session_id", "device_id")


def rename_devices(session: Session, tenant_id: UUID, identities: Collection[int], rename: Rename) -> None:
    """Rename sessions, devices and client keys in facts, their bodies, corrections and leases of identities.

    A session keeps together what it was: whoever else's facts name it follow. The event's key and the hash of
    what it said stay: the same event again is still a duplicate.

    Args:
        session: the steward's.
        tenant_id: whose facts.
        identities: who was erased.
        rename: the same name for the same one, always; what it made stays as it is.
    """
    for facts in naming_facts(session, tenant_id, identities):
        put_renamed_facts(session, tenant_id, [new for fact in facts if (new := _renamed(fact, rename)) is not None])
    for correction_id, said in session_corrections(session, tenant_id, identities):
        parts = {part: _other(said[part], rename) for part in ("attributes", "data") if said.get(part)}
        put_replacement(session, tenant_id, correction_id, said | parts)
    names = lease_names(session, tenant_id, identities)
    put_lease_names(session, tenant_id, identities, {name: rename(name) for name in names})


def _renamed(fact: NamingFact, rename: Rename) -> RenamedFact | None:
    other = _other(fact.attributes, rename)
    if other == fact.attributes:
        return None
    body = fact.body
    if body is not None:
        whole = decode_exact(unpacked_body(body))
        body = packed_body(encode_exact_sorted(whole | {"data": _other(whole["data"], rename)}))
    return RenamedFact(fact.accepted_at, fact.event_key, encode_exact(other).decode(), body)


def _other(said: Mapping[str, Any], rename: Rename) -> dict[str, Any]:
    return {**said, **{name: rename(value) for name in _NAMES if isinstance(value := said.get(name), str) and value}}
