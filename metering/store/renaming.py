"""Other names for the devices and sessions of who was erased; by the steward, the only one who may."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from metering.models import Correction

__all__ = ("RenamedFact", "put_lease_names", "put_renamed_facts", "put_replacement")

_PUT_FACTS = text("""
    update fact f set attributes = cast(n.attributes as jsonb)
    from unnest(cast(:accepted as timestamptz[]), cast(:keys as uuid[]), cast(:attributes as text[]))
        as n (accepted_at, event_key, attributes)
    where f.tenant_id = :tenant and f.accepted_at = n.accepted_at and f.event_key = n.event_key
""")
_PUT_BODIES = text("""
    update fact_body b set body = n.body
    from unnest(cast(:accepted as timestamptz[]), cast(:keys as uuid[]), cast(:bodies as bytea[]))
        as n (accepted_at, event_key, body)
    where b.tenant_id = :tenant and b.accepted_at = n.accepted_at and b.event_key = n.event_key
        and n.body is not null
""")
# The person in a unit stays: it is the one by whom it was counted.
_PUT_LEASES = text("""
    with named as materialized (
        select * from unnest(cast(:names as text[]), cast(:aliases as text[])) as n (name, alias)
    ), renamed as materialized (
        select s.lease_id, s.starts_at, c.alias as client_key,
            case when s.device_id <> '' then d.alias else s.device_id end as device_id
        from leased_session s join named c on c.name = s.client_key left join named d on d.name = s.device_id
        where s.tenant_id = :tenant and s.identity_id = any(cast(:who as bigint[])) and not s.held
    )
    update leased_session s
    set client_key = r.client_key, device_id = r.device_id,
        unit = lease_unit(p.count_by, cast(nullif(split_part(s.unit, '/', 1), '') as uuid), r.device_id, r.client_key)
    from renamed r, leased_pool p
    where s.tenant_id = :tenant and s.lease_id = r.lease_id and s.starts_at = r.starts_at
        and p.tenant_id = s.tenant_id and p.pool = s.pool
""")


class RenamedFact(NamedTuple):
    """A fact as it is called now: its attributes as JSON, and its body if it has one."""

    accepted_at: datetime
    event_key: UUID
    attributes: str
    body: bytes | None


def put_renamed_facts(session: Session, tenant_id: UUID, facts: Sequence[RenamedFact]) -> None:
    """Write facts under other names; all else of them stays."""
    given: dict[str, Any] = {
        "tenant": tenant_id,
        "accepted": [fact.accepted_at for fact in facts],
        "keys": [fact.event_key for fact in facts],
    }
    session.execute(_PUT_FACTS, given | {"attributes": [fact.attributes for fact in facts]})
    session.execute(_PUT_BODIES, given | {"bodies": [fact.body for fact in facts]})


def put_replacement(session: Session, tenant_id: UUID, correction_id: UUID, replacement: Mapping[str, Any]) -> None:
    """Write what a correction says instead under other names."""
    session.execute(
        update(Correction)
        .where(Correction.tenant_id == tenant_id, Correction.id == correction_id)
        .values(replacement=dict(replacement))
    )


def put_lease_names(session: Session, tenant_id: UUID, identities: Collection[int], names: Mapping[str, str]) -> None:
    """Call the client keys and devices of identities' leases otherwise; what counted once counts once still."""
    given = {"tenant": tenant_id, "who": list(identities), "names": list(names), "aliases": list(names.values())}
    session.execute(_PUT_LEASES, given)
