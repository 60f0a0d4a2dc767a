"""Seal the secrets of endpoints under a new SECRET_KEY."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.sealing import derived_key, seal, unseal_by_any
from core.settings import secret_keys
from tenants.webhooks.actions.set_endpoint import PURPOSE
from tenants.webhooks.reads import endpoints
from tenants.webhooks.store import secrets_of, set_endpoint

__all__ = ("reseal_secrets",)


def reseal_secrets(session: Session, tenant_id: UUID, now: datetime) -> int:
    """Seal a customer's secrets under the present SECRET_KEY, and return how many; safe to repeat.

    Raises:
        Unreadable: one was sealed under neither the present secret nor the one before.
    """
    keys, found = secret_keys(), endpoints(session, tenant_id)
    for endpoint in found:
        bound = endpoint.id.bytes
        sealed = dict(zip(("secret", "secret_before"), secrets_of(session, tenant_id, endpoint.id, now), strict=False))
        again = {
            name: seal(derived_key(keys[0], PURPOSE), unseal_by_any(keys, PURPOSE, one, bound), bound)
            for name, one in sealed.items()
        }
        # One that signs no more is not carried on.
        gone = {} if "secret_before" in again else {"secret_before": None, "before_until": None}
        set_endpoint(session, tenant_id, endpoint.id, **again, **gone)
    return len(found)
