"""Seal the secrets of endpoints under a new SECRET_KEY."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.sealing import derived_key, seal, unseal_by_any
from core.settings import secret_keys
from tenants.webhooks.actions.set_endpoint import PURPOSE
from tenants.webhooks.reads import endpoints
from tenants.webhooks.store import secret_of, set_endpoint

__all__ = ("reseal_secrets",)


def reseal_secrets(session: Session, tenant_id: UUID) -> int:
    """Seal a customer's secrets under the present SECRET_KEY, and return how many; safe to repeat.

    Raises:
        Unreadable: one was sealed under neither the present secret nor the one before.
    """
    secrets, found = secret_keys(), endpoints(session, tenant_id)
    for endpoint in found:
        bound = endpoint.id.bytes
        plain = unseal_by_any(secrets, PURPOSE, secret_of(session, tenant_id, endpoint.id), bound)
        set_endpoint(session, tenant_id, endpoint.id, secret=seal(derived_key(secrets[0], PURPOSE), plain, bound))
    return len(found)
