"""The audit trail."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from tenants.models import AuditEntry, AuditSeal

__all__ = ("AuditLine", "audit_page", "audited_objects", "tenants_with_unsealed_audit", "unsealed_audit")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry of the audit trail."""

    id: UUID
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    detail: dict[str, Any]

    def canonical(self) -> bytes:
        """Return the bytes that the chain hashes: JSON with sorted keys."""
        fields = [str(self.id), self.at.isoformat(), self.actor, self.action, self.object_type, self.object_id]
        return json.dumps([*fields, self.detail], sort_keys=True, separators=(",", ":")).encode()


_AUDIT = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.object_type,
    AuditEntry.object_id,
    AuditEntry.detail,
)


def audit_page(
    session: Session, tenant_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> tuple[AuditLine, ...]:
    """Return the trail, newest first, before a cursor."""
    query = select(*_AUDIT).where(AuditEntry.tenant_id == tenant_id).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return tuple(AuditLine(*row) for row in session.execute(query))


def audited_objects(session: Session, tenant_id: UUID, action: str) -> frozenset[str]:
    """Return the ids of the things that an action was done to, as the trail tells."""
    return frozenset(
        session.execute(
            select(AuditEntry.object_id)
            .where(AuditEntry.tenant_id == tenant_id, AuditEntry.action == action)
            .distinct()
        ).scalars()
    )


def unsealed_audit(session: Session, tenant_id: UUID, limit: int) -> tuple[AuditLine, ...]:
    """Return the entries that no link of the chain covers yet, by id."""
    sealed = select(func.jsonb_array_elements_text(AuditSeal.entry_ids)).where(AuditSeal.tenant_id == tenant_id)
    query = (
        select(*_AUDIT)
        .where(AuditEntry.tenant_id == tenant_id, cast(AuditEntry.id, Text).not_in(sealed))
        .order_by(AuditEntry.id)
        .limit(limit)
    )
    return tuple(AuditLine(*row) for row in session.execute(query))


def tenants_with_unsealed_audit(session: Session) -> tuple[UUID, ...]:
    """Return the tenants (the vendor's nil id too) that have audit entries at all."""
    return tuple(session.execute(select(AuditEntry.tenant_id).distinct()).scalars())
