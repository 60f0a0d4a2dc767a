"""Chain a tenant's committed audit entries by hash, so that none can be changed or dropped unseen."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.models import AuditSeal
from tenants.reads import AuditLine, unsealed_audit
from tenants.store import add, last_seal, lock_tenant_audit

__all__ = ("chain_hash", "seal_audit")


def chain_hash(previous: bytes, lines: tuple[AuditLine, ...]) -> bytes:
    """Return SHA-256 over the previous link and the entries' canonical bytes, by id."""
    digest = hashlib.sha256(previous)
    for line in lines:
        digest.update(line.canonical())
    return digest.digest()


def seal_audit(session: Session, tenant_id: UUID, now: datetime) -> int:
    """Seal what is committed and not sealed yet; a steward's transaction.

    Writers do not wait for it: it runs seconds later, one sealer a tenant. Entries that commit late
    are simply part of a later link, whose list of ids says so.

    Returns:
        How many entries the new link covers; 0 when there were none or another sealer is at work.
    """
    if not lock_tenant_audit(session, tenant_id):
        return 0
    lines = unsealed_audit(session, tenant_id, limit=5000)
    if not lines:
        return 0
    sequence, previous = last_seal(session, tenant_id) or (0, b"\0" * 32)
    add(
        session,
        AuditSeal(
            tenant_id=tenant_id,
            sequence=sequence + 1,
            sealed_at=now,
            entry_ids=[str(line.id) for line in lines],
            previous_hash=previous,
            hash=chain_hash(previous, lines),
        ),
    )
    return len(lines)
