"""Idempotency keys: the first answer is kept, in the transaction of what it tells about."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.errors import IdempotencyConflict
from tenants.reads import Answer, stored_answer
from tenants.store import claim_idempotency_key, store_answer

__all__ = ("IdempotentRequest", "claim_request", "remember_answer")


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request by its key; `request_hash` covers path, query and body."""

    tenant_id: UUID
    key: str
    route: str
    request_hash: bytes


def claim_request(session: Session, request: IdempotentRequest, now: datetime) -> Answer | None:
    """Claim the key for this transaction, or return the first answer.

    Two requests at once: the second waits at the unique key until the first has committed, and then
    gets its answer; if the first rolled back, the second is the first.

    Raises:
        IdempotencyConflict: the key was used for another request (`idempotency_conflict`).
    """
    claimed = claim_idempotency_key(
        session,
        {
            "tenant_id": request.tenant_id,
            "key": request.key,
            "route": request.route,
            "request_hash": request.request_hash,
            "created_at": now,
        },
    )
    if claimed:
        return None
    answer = stored_answer(session, request.tenant_id, request.key, request.route)
    if answer is None or answer.request_hash != request.request_hash:
        raise IdempotencyConflict(
            f"The Idempotency-Key '{request.key}' was used for another request. Use a new key for a new request."
        )
    return answer


def remember_answer(session: Session, request: IdempotentRequest, status: int, body: bytes) -> None:
    """Keep the answer beside what it tells about."""
    store_answer(session, request.tenant_id, request.key, request.route, status, body)
