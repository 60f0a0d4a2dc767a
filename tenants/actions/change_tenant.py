"""Change what may change of a customer: how it is called, and how its invoices are made out and paid."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InvalidInput
from tenants.actions.create_tenant import TenantInput, tenant_faults
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant
from tenants.store import set_particulars

__all__ = ("Particulars", "change_tenant", "particulars_of")


@dataclass(frozen=True, slots=True)
class Particulars:
    """What may change; short name, currency, zone, country, issuer and parent stay as they are."""

    name: str
    billing_name: str
    billing_address: str
    tax_id: str
    tax_treatment: str
    purchase_order: str
    payment_terms_days: int
    grace_hours: int
    holidays: tuple[date, ...]


def particulars_of(tenant: TenantView) -> Particulars:
    """Return what may change of a customer, as it is; holidays in order."""
    told = {item.name: getattr(tenant, item.name) for item in fields(Particulars)}
    return Particulars(**told | {"holidays": tuple(sorted(tenant.holidays))})


def change_tenant(session: Session, tenant_id: UUID, given: Particulars, actor: str) -> TenantView:
    """Change a customer's particulars: they hold for documents that are issued from now on.

    Args:
        session: scoped to the vendor or the tenant, under whose trail it is recorded with what was before.
        tenant_id: the customer.
        given: all of what may change, as it is to be.
        actor: who does it.

    Raises:
        TenantUnknown: there is no such customer (`tenant_unknown`).
        InvalidInput: all that is wrong, with pointers (`invalid_input`).
    """
    known = get_tenant(session, tenant_id)
    fixed = ("slug", "legal_entity_id", "time_zone", "currency", "country", "parent_id", "bill_to_parent")
    told = {item.name: getattr(given, item.name) for item in fields(given)}
    faults = tenant_faults(TenantInput(**{name: getattr(known, name) for name in fixed}, **told))
    if faults:
        raise InvalidInput(*faults)
    before = particulars_of(known)
    changed = {name: value for name, value in told.items() if value != getattr(before, name)}
    if not changed:
        return known
    set_particulars(session, tenant_id, **{name: _stored(value) for name, value in changed.items()})
    detail = {name: {"from": _stored(getattr(before, name)), "to": _stored(value)} for name, value in changed.items()}
    owner = session.info["scope"].tenant_id
    record_audit(session, owner, actor, "change_tenant", ("tenant", str(tenant_id)), detail)
    return get_tenant(session, tenant_id)


def _stored(value: Any) -> Any:
    return sorted(day.isoformat() for day in value) if isinstance(value, tuple) else value
