"""Make a cost pool of an issued invoice or credit note."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.errors import InvoiceNotFinal
from billing.chargebacks.months import month_of, month_span
from billing.chargebacks.pools import TaxedLine, line_taxes
from billing.chargebacks.reads import PoolView, get_pool, pool_of_invoice
from billing.chargebacks.store import insert_pool
from billing.reads import InvoiceView, get_invoice
from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant

__all__ = ("create_pool_from_invoice",)

_FINAL = ("finalised", "paid", "uncollectible")


def create_pool_from_invoice(
    session: Session, tenant: TenantView, invoice_id: UUID, actor: str, now: datetime, *, month: str | None = None
) -> PoolView:
    """Take all lines of an invoice into a pool, each with its own part of the tax.

    Safe to repeat: an invoice has one pool, which is returned again.

    Args:
        session: scoped to the payer.
        tenant: the payer.
        invoice_id: an issued invoice, or a credit note, whose lines count below zero.
        actor: for the audit trail.
        now: the tenant's time.
        month: in which it is charged back; by default the one in which its billed periods end.

    Raises:
        NotFound: there is no such invoice (`not_found`).
        InvoiceNotFinal: it is a draft or void (`invoice_not_final`).
        PeriodInvalid: `month` is not written like 2026-10 (`period_invalid`).
    """
    found = pool_of_invoice(session, tenant.id, invoice_id)
    if found is not None:
        return found
    invoice = get_invoice(session, tenant.id, invoice_id)
    if invoice.status not in _FINAL:
        raise InvoiceNotFinal(invoice.number or str(invoice.id), invoice.status)
    if month is not None:
        month_span(month, tenant.tz)
    pool = _pool(tenant.id, invoice, month or _month(invoice), actor, now)
    if insert_pool(session, pool, _lines(session, tenant.id, invoice, pool["id"])):
        detail = {"invoice": invoice.number, "period": pool["period"]}
        record_audit(session, tenant.id, actor, "create_cost_pool", ("cost_pool", str(pool["id"])), detail)
        return get_pool(session, tenant.id, pool["id"])
    # Somebody made it at the same moment: theirs is as good.
    found = pool_of_invoice(session, tenant.id, invoice_id)
    assert found is not None
    return found


def _month(invoice: InvoiceView) -> str:
    """Return the month of the last day billed in arrears, or that in which a supply paid in advance begins."""
    return month_of(max(invoice.closes_on - timedelta(days=1), invoice.supplied_from))


def _pool(tenant_id: UUID, invoice: InvoiceView, month: str, actor: str, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": new_id(),
        "kind": "invoice",
        "period": month,
        "name": invoice.number or "",
        "currency": invoice.currency,
        "net_minor": invoice.sign * invoice.net.amount_minor,
        "tax_minor": invoice.sign * invoice.tax.amount_minor,
        "gross_minor": invoice.sign * invoice.gross.amount_minor,
        "invoice_id": invoice.id,
        "created_by": actor,
        "created_at": now,
    }


def _lines(session: Session, tenant_id: UUID, invoice: InvoiceView, pool_id: UUID) -> list[dict[str, Any]]:
    taxed = [
        TaxedLine(f"{line.position:05}", line.amount.amount_minor, (line.tax_category, line.tax_rate))
        for line in invoice.lines
    ]
    taxes = line_taxes(taxed, {(tax.category, tax.rate): tax.tax.amount_minor for tax in invoice.taxes})
    consumers = {line.consumer_tenant_id for line in invoice.lines}
    slugs = {consumer: get_tenant(session, consumer).slug for consumer in consumers}
    return [
        {
            "tenant_id": tenant_id,
            "pool_id": pool_id,
            "position": line.position,
            "kind": line.kind,
            "charge_key": line.charge_key,
            "description": line.description,
            "meter": line.meter,
            "consumer_tenant_id": line.consumer_tenant_id,
            "consumer": slugs[line.consumer_tenant_id],
            "period_starts_at": line.period.starts_at,
            "period_ends_at": line.period.ends_at,
            "quantity": line.quantity,
            "unit": line.unit,
            "currency": invoice.currency,
            "net_minor": invoice.sign * line.amount.amount_minor,
            "tax_minor": invoice.sign * taxes[f"{line.position:05}"],
            "counted": [[code, str(share)] for code, share in line.cost_centres],
        }
        for line in invoice.lines
    ]
