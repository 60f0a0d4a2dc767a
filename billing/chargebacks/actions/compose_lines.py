"""Compose the lines of a pool from those of an issued document."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.chargebacks.pools import TaxedLine, line_taxes
from billing.chargebacks.reads import Sums, credited_before
from billing.reads import InvoiceLineView, InvoiceView, get_invoice
from core.money import Money
from tenants.reads import get_tenant

__all__ = ("composed_lines",)


def composed_lines(session: Session, invoice: InvoiceView, pool_id: UUID) -> list[dict[str, Any]]:
    """Return a pool's lines as rows: signed amounts, each line's own part of the tax, its drivers.

    A line that credits another takes over that line's drivers and notes what was left of it, so
    that it is divided as a difference.
    """
    taxes = _taxes(invoice)
    slugs = {consumer: get_tenant(session, consumer).slug for consumer in {_consumer(line) for line in invoice.lines}}
    credited = _credited(session, invoice)
    return [
        {
            "tenant_id": invoice.tenant_id,
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
            "tax_minor": invoice.sign * taxes[line.position],
            **_origin(invoice, line, credited),
        }
        for line in invoice.lines
    ]


def _consumer(line: InvoiceLineView) -> UUID:
    return line.consumer_tenant_id


def _taxes(invoice: InvoiceView) -> dict[int, int]:
    taxed = [
        TaxedLine(f"{line.position:05}", line.amount.amount_minor, (line.tax_category, line.tax_rate))
        for line in invoice.lines
    ]
    taxes = line_taxes(taxed, {(tax.category, tax.rate): tax.tax.amount_minor for tax in invoice.taxes})
    return {int(key): tax for key, tax in taxes.items()}


def _credited(session: Session, invoice: InvoiceView) -> dict[int, tuple[InvoiceLineView, Sums]]:
    """Return the lines that a credit note takes from, with what is left of each, by position."""
    if invoice.credits_invoice_id is None:
        return {}
    origin = get_invoice(session, invoice.tenant_id, invoice.credits_invoice_id)
    taxes = _taxes(origin)
    before = credited_before(session, invoice.tenant_id, origin.id)
    left = {}
    for line in origin.lines:
        whole = Sums(line.amount, Money(taxes[line.position], origin.currency))
        given = before.get(line.position)
        left[line.position] = (line, whole if given is None else whole + given)
    return left


def _origin(
    invoice: InvoiceView, line: InvoiceLineView, credited: dict[int, tuple[InvoiceLineView, Sums]]
) -> dict[str, Any]:
    if line.credits_position is None or line.credits_position not in credited:
        return {
            "net_before_minor": 0,
            "tax_before_minor": 0,
            "credits_invoice_id": None,
            "credits_position": None,
            "counted": [[code, str(share)] for code, share in line.cost_centres],
        }
    origin, left = credited[line.credits_position]
    return {
        "net_before_minor": left.net.amount_minor,
        "tax_before_minor": left.tax.amount_minor,
        "credits_invoice_id": invoice.credits_invoice_id,
        "credits_position": line.credits_position,
        "counted": [[code, str(share)] for code, share in origin.cost_centres],
    }
