"""Take on a customer."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.money import UnknownCurrency, exponent
from tenants.actions.record_audit import record_audit
from tenants.errors import KeyInUse
from tenants.models import Tenant
from tenants.reads import TenantView, clock_now, get_legal_entity, get_tenant
from tenants.store import add

__all__ = ("TenantInput", "create_tenant", "tenant_faults")

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class TenantInput:
    """A customer organisation; `slug` is its address in the API and in the browser."""

    slug: str
    name: str
    legal_entity_id: UUID
    time_zone: str
    currency: str
    country: str
    billing_name: str
    billing_address: str
    tax_id: str = ""
    tax_treatment: str = "standard"
    purchase_order: str = ""
    payment_terms_days: int = 30
    grace_hours: int = 72
    holidays: tuple[date, ...] = ()
    parent_id: UUID | None = None
    bill_to_parent: bool = False
    test_clock_id: UUID | None = None


def create_tenant(session: Session, tenant: TenantInput, actor: str, now: datetime) -> TenantView:
    """Create a tenant; every fault of the input is told at once.

    Args:
        session: scoped to the new tenant's vendor (VENDOR_ID), under whose trail it is recorded.
        tenant: the customer.
        actor: who does it.
        now: the current instant.

    Raises:
        InvalidInput: slug, zone, currency, country, treatment or a span is wrong (`invalid_input`).
        NotFound: legal entity, parent or test clock does not exist (`not_found`).
        KeyInUse: the slug is taken (`key_in_use`).
    """
    faults = tenant_faults(tenant)
    if faults:
        raise InvalidInput(*faults)
    get_legal_entity(session, tenant.legal_entity_id)
    if tenant.parent_id is not None:
        get_tenant(session, tenant.parent_id)
    if tenant.test_clock_id is not None:
        clock_now(session, tenant.test_clock_id)
    fields = {name: getattr(tenant, name) for name in TenantInput.__slots__}
    fields["holidays"] = sorted(day.isoformat() for day in tenant.holidays)
    tenant_id = new_id()
    try:
        with session.begin_nested():
            add(session, Tenant(id=tenant_id, status="active", created_at=now, **fields))
    except IntegrityError as error:
        raise KeyInUse("tenant", tenant.slug) from error
    record_audit(session, session.info["scope"].tenant_id, actor, "create_tenant", ("tenant", str(tenant_id)))
    return get_tenant(session, tenant_id)


def tenant_faults(tenant: TenantInput) -> list[InputError]:
    """Return all that is wrong with a customer's particulars, each with its pointer."""
    reverse = tenant.tax_treatment == "reverse_charge"
    checks = (
        (_SLUG.fullmatch(tenant.slug), "slug", "slug_invalid", "Use 1–63 of a–z, 0–9 and -, not at the ends."),
        (tenant.name.strip(), "name", "name_missing", "Give the tenant a name."),
        (tenant.billing_name.strip(), "billing_name", "billing_name_missing", "Say to whom invoices are made out."),
        (tenant.billing_address.strip(), "billing_address", "billing_address_missing",
         "Give the address for invoices, line by line; the country is added from 'country'."),
        (tenant.tax_id.strip() or not reverse, "tax_id", "tax_id_missing",
         "Reverse charge needs the customer's tax id: give it, or choose another treatment."),
        (tenant.time_zone in available_timezones(), "time_zone", "time_zone_unknown",
         f"'{tenant.time_zone}' is not an IANA time zone; use for example Europe/Berlin."),
        (_COUNTRY.fullmatch(tenant.country), "country", "country_invalid", "Use the two letters of ISO 3166."),
        (tenant.tax_treatment in ("standard", "reverse_charge", "exempt"), "tax_treatment",
         "tax_treatment_unknown", "Use standard, reverse_charge or exempt."),
        (0 <= tenant.payment_terms_days <= 365, "payment_terms_days", "out_of_range", "Use 0 to 365 days."),
        (0 <= tenant.grace_hours <= 24 * 366, "grace_hours", "out_of_range", "Use 0 to 8,784 hours."),
        (not tenant.bill_to_parent or tenant.parent_id is not None, "bill_to_parent", "parent_missing",
         "Name the parent that pays in parent_id."),
    )  # fmt: skip
    faults = [InputError(f"/{field}", code, detail) for holds, field, code, detail in checks if not holds]
    try:
        exponent(tenant.currency)
    except UnknownCurrency as error:
        faults.append(InputError("/currency", error.code, error.detail))
    return faults
