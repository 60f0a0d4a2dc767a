"""Act for another tenant within one transaction: a payer's invoice is made of its children's usage."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.orm import Session

from core.db import set_tenant
from core.scope import TenantScope

__all__ = ("act_for",)


@contextmanager
def act_for(session: Session, tenant_id: UUID) -> Iterator[None]:
    """Scope the running transaction to `tenant_id` within the block, and then back.

    The policies stay in force throughout: at no time are two tenants' rows visible at once. After
    an exception nothing is set back, because the transaction is lost as a whole.
    """
    before = session.info["scope"]
    if before == TenantScope(tenant_id):
        yield  # mostly who pays is who consumed
        return
    set_tenant(session, tenant_id)
    session.info["scope"] = TenantScope(tenant_id)
    yield
    set_tenant(session, before.tenant_id)
    session.info["scope"] = before
