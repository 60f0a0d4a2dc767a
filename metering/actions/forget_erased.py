"""Forget the xAPI originals of who was erased. A subscriber of what `tenants` tells, in the same transaction."""

from sqlalchemy.orm import Session

from metering.actions.forget_actor import forget_keys
from metering.reads.statements import tenant_mapping
from metering.xapi.actors import agent_keys_of
from tenants.events import PersonErased

__all__ = ("forget_erased",)


def forget_erased(session: Session, erased: PersonErased) -> None:
    """Delete the keys of their originals, by every way in which statements could name them."""
    pages = tenant_mapping(session, erased.tenant_id).directories
    forget_keys(session, erased.tenant_id, agent_keys_of(erased.keys, erased.emails, pages), erased.actor)
