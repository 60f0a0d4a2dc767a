"""Idempotency keys: the first answer is kept, in the transaction of what it tells about.

Answers show keys and signing secrets this once, so that they are kept sealed like those.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import Forbidden
from core.sealing import Unreadable, derived_key, seal, unseal_by_any
from core.settings import secret_key, secret_keys
from tenants.errors import IdempotencyConflict
from tenants.reads import Answer, stored_answer
from tenants.store import claim_idempotency_key, store_answer

__all__ = ("IdempotentRequest", "claim_request", "remember_answer")

PURPOSE = "tollbook first answers"


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request by its key; `request_hash` covers who asks, path, query and body, `scopes` what they may."""

    tenant_id: UUID
    key: str
    route: str
    request_hash: bytes
    scopes: frozenset[str]


def claim_request(session: Session, request: IdempotentRequest, now: datetime) -> Answer | None:
    """Claim the key for this transaction, or return the first answer.

    Two requests at once: the second waits at the unique key until the first has committed, and then
    gets its answer; if the first rolled back, the second is the first.

    An answer shows what the scopes of its request let be seen or done: a key that has lost one of them,
    or another of the same user that never had it, gets none.

    Raises:
        Forbidden: the first request was made with scopes that this one lacks (`forbidden`).
        IdempotencyConflict: the key was used for another request, or the answer cannot be opened any
            more (`idempotency_conflict`).
    """
    claimed = claim_idempotency_key(
        session,
        {
            "tenant_id": request.tenant_id,
            "key": request.key,
            "route": request.route,
            "request_hash": request.request_hash,
            "scopes": sorted(request.scopes),
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
    lacking = sorted(answer.scopes - request.scopes)
    if lacking:
        raise Forbidden(
            f"The first request with the Idempotency-Key '{request.key}' was made with scopes that you lack now:"
            f" {', '.join(lacking)}. Send it with a key that has them."
        )
    try:
        return replace(answer, body=unseal_by_any(secret_keys(), PURPOSE, answer.body, _row(request)))
    except Unreadable:
        raise IdempotencyConflict(
            f"The request with the Idempotency-Key '{request.key}' was done, but its answer was sealed under a"
            " SECRET_KEY that is gone. Look at what is there; use a new key to do it once more."
        ) from None


def remember_answer(session: Session, request: IdempotentRequest, status: int, body: bytes) -> None:
    """Keep the answer beside what it tells about."""
    sealed = seal(derived_key(secret_key(), PURPOSE), body, _row(request))
    store_answer(session, request.tenant_id, request.key, request.route, status, sealed)


def _row(request: IdempotentRequest) -> bytes:
    return request.tenant_id.bytes + f"{request.route}\n{request.key}".encode()
