"""Make a cost pool of an issued invoice or credit note."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.actions.compose_lines import composed_lines
from billing.chargebacks.errors import InvoiceNotFinal
from billing.chargebacks.months import month_of, month_span
from billing.chargebacks.reads import PoolView, get_pool, pool_of_invoice
from billing.chargebacks.store import insert_pool
from billing.reads import InvoiceView, get_invoice
from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("FINAL", "create_pool_from_invoice", "pool_month")

FINAL = ("finalised", "paid", "uncollectible")


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
    if invoice.status not in FINAL:
        raise InvoiceNotFinal(invoice.number or str(invoice.id), invoice.status)
    if month is not None:
        month_span(month, tenant.tz)
    pool = _pool(tenant.id, invoice, month or pool_month(invoice), actor, now)
    if insert_pool(session, pool, composed_lines(session, invoice, pool["id"])):
        detail = {"invoice": invoice.number, "period": pool["period"]}
        record_audit(session, tenant.id, actor, "create_cost_pool", ("cost_pool", str(pool["id"])), detail)
        return get_pool(session, tenant.id, pool["id"])
    # Somebody made it at the same moment: theirs is as good.
    found = pool_of_invoice(session, tenant.id, invoice_id)
    assert found is not None
    return found


def pool_month(invoice: InvoiceView) -> str:
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
