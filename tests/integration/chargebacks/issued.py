"""Issued invoices, written as billing writes them, with any lines that a test needs."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from billing.models import Invoice, InvoiceIssue, InvoiceLine, InvoiceTax
from billing.totals import TaxableLine, invoice_totals
from core.db import Database
from core.ids import new_id
from core.money import Money
from core.periods import Period, local_date, month_period
from core.scope import TenantScope
from tenants.reads import TenantView

NOVEMBER = datetime(2026, 11, 4, 9, tzinfo=UTC)
_numbers = count(1)


@dataclass
class Billed:
    """One line: what was billed and who was counted for it."""

    net: int
    meter: str | None = "members.active"
    kind: str = "usage"
    charge_key: str = "members"
    percent: str = "19"
    category: str = "S"
    consumer: TenantView | None = None
    period: Period | None = None
    counted: dict[str | None, Any] = field(default_factory=dict)


def issue(
    db: Database,
    tenant: TenantView,
    *lines: Billed,
    kind: str = "invoice",
    currency: str = "EUR",
    month: tuple[int, int] = (2026, 10),
) -> UUID:
    """Write an issued document of that month and return its id; amounts of a credit note are given back."""
    invoice_id, number = new_id(), f"T-2026-{next(_numbers):06}"
    span = month_period(*month, tenant.tz)
    closes_on = local_date(span.ends_at, tenant.tz)
    taxable = [TaxableLine(Money(line.net, currency), line.category, Decimal(line.percent)) for line in lines]
    totals = invoice_totals(taxable, currency)
    head = {"tenant_id": tenant.id, "invoice_id": invoice_id, "currency": currency}
    party = {"name": "x", "address": "x", "country": "DE", "tax_id": "DE1", "iban": ""}
    with db.begin(TenantScope(tenant.id)) as session:
        session.execute(insert(Invoice).values(
            tenant_id=tenant.id, id=invoice_id, kind=kind, status="draft", legal_entity_id=tenant.legal_entity_id,
            currency=currency, closes_on=closes_on, created_at=NOVEMBER, status_at=NOVEMBER, draft={},
        ))  # fmt: skip
        session.execute(insert(InvoiceIssue).values(
            **head, number=number, issued_on=date(2026, 11, 4), due_on=date(2026, 12, 4),
            supplied_from=local_date(span.starts_at, tenant.tz), supplied_to=date(2026, 10, 31),
            net_minor=totals.net.amount_minor, tax_minor=totals.tax.amount_minor, gross_minor=totals.gross.amount_minor,
            purchase_order="", parties={"seller": party, "buyer": party, "payment_terms_days": 30, "time_zone": tenant.time_zone},
            base_currency="EUR", base_rate=Decimal(1), base_rate_on=date(2026, 11, 4), base_rate_source="same",
            evidence_count=0, evidence_sha256="", issued_at=NOVEMBER,
        ))  # fmt: skip
        session.execute(
            insert(InvoiceLine), [_line(head, position, line, tenant, span) for position, line in enumerate(lines, 1)]
        )
        session.execute(insert(InvoiceTax), [
            {"tenant_id": tenant.id, "invoice_id": invoice_id, "category": group.category, "percent": group.percent, "note": "",
             "taxable_minor": group.taxable.amount_minor, "tax_minor": group.tax.amount_minor}
            for group in totals.groups
        ])  # fmt: skip
        session.execute(
            update(Invoice).where(Invoice.tenant_id == tenant.id, Invoice.id == invoice_id)
            .values(status="finalised", draft=None, issued_id=invoice_id)
        )  # fmt: skip
    return invoice_id


def _line(head: dict[str, Any], position: int, line: Billed, tenant: TenantView, month: Period) -> dict[str, Any]:
    consumer, span = line.consumer or tenant, line.period or month
    return {
        **head,
        "position": position,
        "kind": line.kind,
        "consumer_tenant_id": consumer.id,
        "consumer_name": consumer.name,
        "subscription_id": UUID(int=1),
        "charge_key": line.charge_key,
        "description": f"{line.charge_key} {line.kind}",
        "meter": line.meter,
        "period_starts_at": span.starts_at,
        "period_ends_at": span.ends_at,
        "supplied_from": local_date(span.starts_at, tenant.tz),
        "supplied_to": date(2026, 10, 31),
        "quantity": Decimal(sum(line.counted.values()) or 1),
        "unit": "person",
        "net_minor": line.net,
        "tax_category": line.category,
        "tax_percent": Decimal(line.percent),
        "tax_note": "",
        "purchase_order": "",
        "steps": [],
        "cost_centres": json.loads(json.dumps([[code, str(share)] for code, share in line.counted.items()])),
        "rated_line_id": new_id(),
        "credits_position": position if line.kind == "credit" else None,
    }
