"""Forget a person's xAPI originals: without their key nobody can read them any more."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError
from metering.errors import XapiRequestInvalid
from metering.store import drop_actor_key, drop_marks
from metering.xapi.actors import agent_key, mark
from metering.xapi.shapes import Faulty
from metering.xapi.statements import check_agent
from tenants.actions.record_audit import record_audit

__all__ = ("forget_actor", "forget_keys")


def forget_actor(session: Session, tenant_id: UUID, agent: Mapping[str, Any], actor: str) -> bool:
    """Delete the key under which an agent stands in originals, and what finds them.

    Facts stay: they name an identity and no person. The agent's own statements and attachments cannot
    be read any more. Statements of others that mention the agent stay, with a placeholder in the
    agent's place; a signature over one of those goes, because it holds the statement once more.

    Args:
        session: scoped to the tenant.
        tenant_id: whose statements.
        agent: as statements name the person.
        actor: `Principal.actor`.

    Returns:
        Whether there was a key.

    Raises:
        XapiRequestInvalid: it is no agent with an identifier (`xapi_request_invalid`).
    """
    try:
        check_agent(agent, "agent")
    except Faulty as fault:
        pointer = f"/{fault.path.replace('.', '/')}"
        raise XapiRequestInvalid(str(fault), InputError(pointer, "agent_invalid", str(fault))) from None
    key = agent_key(agent)
    assert key is not None, "check_agent wants an identifier"
    return forget_keys(session, tenant_id, [key], actor)


def forget_keys(session: Session, tenant_id: UUID, keys: Iterable[str], actor: str) -> bool:
    """Forget the agents of these keys (`agent_key`), as above; return whether any of them was known."""
    found_any = False
    for key in keys:
        sealed_by = mark(tenant_id, "actor", key)
        found = drop_actor_key(session, tenant_id, sealed_by)
        drop_marks(session, tenant_id, [mark(tenant_id, kind, key) for kind in ("agent", "related_agent")])
        record_audit(session, tenant_id, actor, "forget_xapi_actor", ("xapi_actor", str(sealed_by)), {"found": found})
        found_any = found_any or found
    return found_any
