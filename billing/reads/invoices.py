"""Documents: lists and whole ones, drafts and issued ones alike."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.drafts import (
    Draft,
    centres_from_json,
    common_purchase_order,
    document_kind,
    draft_totals,
    printed_lines,
    supply_span,
)
from billing.evidence import manifest
from billing.models import Invoice, InvoiceIssue, InvoiceLine, InvoiceTax, RatedLine
from billing.views import InvoiceLineView, InvoiceSummary, InvoiceView, Parties, Party, TaxView
from core.errors import NotFound
from core.money import Money, quantize_quantity
from core.periods import Period
from tenants.reads import LegalEntityView, TenantView, get_legal_entity, get_tenant

__all__ = (
    "InvoiceFilter",
    "credited_of",
    "draft_content",
    "get_invoice",
    "invoice_for_period",
    "invoices",
    "invoices_of_run",
    "invoices_page",
    "issued_between",
    "parties_of",
    "payer_of",
    "rated_lines_of",
    "stored_draft",
)

_HEAD = (
    Invoice.id,
    Invoice.tenant_id,
    Invoice.kind,
    Invoice.status,
    Invoice.legal_entity_id,
    Invoice.currency,
    Invoice.closes_on,
    Invoice.created_at,
    Invoice.draft,
    InvoiceIssue.number,
    InvoiceIssue.issued_on,
    InvoiceIssue.due_on,
    InvoiceIssue.net_minor,
    InvoiceIssue.tax_minor,
    InvoiceIssue.gross_minor,
)
_WHOLE = (
    *_HEAD,
    Invoice.status_reason,
    Invoice.credits_invoice_id,
    Invoice.run_id,
    InvoiceIssue.supplied_from,
    InvoiceIssue.supplied_to,
    InvoiceIssue.purchase_order,
    InvoiceIssue.parties,
    InvoiceIssue.base_currency,
    InvoiceIssue.base_rate,
    InvoiceIssue.base_rate_on,
    InvoiceIssue.base_rate_source,
    InvoiceIssue.evidence_count,
    InvoiceIssue.evidence_sha256,
    InvoiceIssue.evidence_files,
    InvoiceIssue.issued_at,
)
_ISSUE = (InvoiceIssue.tenant_id == Invoice.tenant_id) & (InvoiceIssue.invoice_id == Invoice.id)


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """What a list shows; None: all. Newest first, from after `before` on."""

    tenant_id: UUID | None = None
    status: str | None = None
    kind: str | None = None
    run_id: UUID | None = None
    before: UUID | None = None
    limit: int = 50


def invoices_page(session: Session, wanted: InvoiceFilter) -> tuple[InvoiceSummary, ...]:
    """Return documents, newest first; of all tenants only in a steward's transaction."""
    query = select(*_HEAD).outerjoin(InvoiceIssue, _ISSUE).order_by(Invoice.id.desc()).limit(wanted.limit)
    for column, value in (
        (Invoice.tenant_id, wanted.tenant_id),
        (Invoice.status, wanted.status),
        (Invoice.kind, wanted.kind),
        (Invoice.run_id, wanted.run_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.before is not None:
        query = query.where(Invoice.id < wanted.before)
    return tuple(_summary(row) for row in session.execute(query))


def invoices(session: Session, tenant_id: UUID) -> tuple[InvoiceSummary, ...]:
    """Return a payer's latest thousand documents, newest first."""
    return invoices_page(session, InvoiceFilter(tenant_id=tenant_id, limit=1000))


def invoices_of_run(session: Session, run_id: UUID) -> tuple[InvoiceSummary, ...]:
    """Return what a run made, oldest first; a steward's read."""
    return tuple(reversed(invoices_page(session, InvoiceFilter(run_id=run_id, limit=100_000))))


def invoice_for_period(session: Session, tenant_id: UUID, closes_on: date) -> tuple[InvoiceView, ...]:
    """Return a payer's issued documents that close the periods ending at that local date, oldest first."""
    ids = session.execute(
        select(Invoice.id)
        .where(Invoice.tenant_id == tenant_id, Invoice.closes_on == closes_on, Invoice.issued_id.is_not(None))
        .order_by(Invoice.id)
    ).scalars()
    return tuple(get_invoice(session, tenant_id, invoice_id) for invoice_id in ids.all())


def issued_between(session: Session, tenant_id: UUID, first: date, until: date) -> tuple[InvoiceView, ...]:
    """Return a payer's issued documents with `first <= closes_on <= until`, oldest first."""
    ids = session.execute(
        select(Invoice.id)
        .where(Invoice.tenant_id == tenant_id, Invoice.issued_id.is_not(None))
        .where(Invoice.closes_on >= first, Invoice.closes_on <= until)
        .order_by(Invoice.id)
    ).scalars()
    return tuple(get_invoice(session, tenant_id, invoice_id) for invoice_id in ids.all())


def get_invoice(session: Session, tenant_id: UUID, invoice_id: UUID) -> InvoiceView:
    """Return a whole document of a payer.

    Raises:
        NotFound: the payer has none of that id (`not_found`).
    """
    row = session.execute(
        select(*_WHOLE).outerjoin(InvoiceIssue, _ISSUE).where(Invoice.tenant_id == tenant_id, Invoice.id == invoice_id)
    ).one_or_none()
    if row is None:
        raise NotFound("invoice", invoice_id)
    return _drafted(session, row) if row.number is None else _issued(session, row)


def payer_of(session: Session, invoice_id: UUID) -> UUID:
    """Return whose document it is; a steward's read.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    tenant_id = session.execute(select(Invoice.tenant_id).where(Invoice.id == invoice_id)).scalar_one_or_none()
    if tenant_id is None:
        raise NotFound("invoice", invoice_id)
    return tenant_id


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft and what it is issued by."""

    content: Draft
    legal_entity_id: UUID
    credits_invoice_id: UUID | None


def draft_content(session: Session, tenant_id: UUID, invoice_id: UUID) -> Draft:
    """Return what a draft holds.

    Raises:
        NotFound: there is no such draft.
    """
    return stored_draft(session, tenant_id, invoice_id).content


def stored_draft(session: Session, tenant_id: UUID, invoice_id: UUID) -> StoredDraft:
    """Return a draft as it is stored.

    Raises:
        NotFound: there is no such draft.
    """
    row = session.execute(
        select(Invoice.draft, Invoice.legal_entity_id, Invoice.credits_invoice_id).where(
            Invoice.tenant_id == tenant_id, Invoice.id == invoice_id
        )
    ).one_or_none()
    if row is None or row.draft is None:
        raise NotFound("draft", invoice_id)
    return StoredDraft(msgspec.convert(row.draft, Draft), row.legal_entity_id, row.credits_invoice_id)


def parties_of(entity: LegalEntityView, payer: TenantView) -> Parties:
    """Return both sides as they stand now."""
    return Parties(
        Party(entity.name, entity.address, entity.country, entity.tax_id, entity.iban),
        Party(payer.billing_name, payer.billing_address, payer.country, payer.tax_id),
        payer.payment_terms_days,
        payer.time_zone,
    )


def credited_of(session: Session, tenant_id: UUID, invoice_id: UUID) -> dict[int, int]:
    """Return what standing credit notes gave back of each line, in minor units, by position."""
    rows = session.execute(
        select(InvoiceLine.credits_position, InvoiceLine.net_minor)
        .join(Invoice, (Invoice.tenant_id == InvoiceLine.tenant_id) & (Invoice.id == InvoiceLine.invoice_id))
        .where(
            Invoice.tenant_id == tenant_id,
            Invoice.credits_invoice_id == invoice_id,
            Invoice.status != "void",
        )
    )
    credited: dict[int, int] = {}
    for position, minor in rows:
        if position is None:
            continue
        credited[position] = credited.get(position, 0) + minor
    return credited


def rated_lines_of(session: Session, tenant_id: UUID, invoice_id: UUID) -> tuple[Row[Any], ...]:
    """Return the rated lines of a consumer on a document, whole rows, in order."""
    rows = session.execute(
        select(*RatedLine.__table__.columns)
        .where(RatedLine.tenant_id == tenant_id, RatedLine.invoice_id == invoice_id)
        .order_by(RatedLine.id)
    )
    return tuple(rows)


def _summary(row: Row[Any]) -> InvoiceSummary:
    kind, net, tax, gross = row.kind, row.net_minor, row.tax_minor, row.gross_minor
    if row.draft is not None:
        totals = draft_totals(msgspec.convert(row.draft, Draft))
        kind = document_kind(totals)
        sign = -1 if kind == "credit_note" else 1
        net, tax, gross = (sign * amount.amount_minor for amount in (totals.net, totals.tax, totals.gross))
    return InvoiceSummary(
        id=row.id,
        tenant_id=row.tenant_id,
        kind=kind,
        status=row.status,
        number=row.number,
        legal_entity_id=row.legal_entity_id,
        currency=row.currency,
        net=Money(net, row.currency),
        tax=Money(tax, row.currency),
        gross=Money(gross, row.currency),
        closes_on=row.closes_on,
        issued_on=row.issued_on,
        due_on=row.due_on,
        created_at=row.created_at,
    )


def _drafted(session: Session, row: Row[Any]) -> InvoiceView:
    draft = msgspec.convert(row.draft, Draft)
    totals, summary = draft_totals(draft), _summary(row)
    sign = -1 if summary.kind == "credit_note" else 1
    payer, entity = get_tenant(session, row.tenant_id), get_legal_entity(session, row.legal_entity_id)
    notes = {line.tax_category: line.tax_note for line in draft.lines}
    taxes = tuple(
        TaxView(
            group.category, group.percent, notes[group.category], _times(sign, group.taxable), _times(sign, group.tax)
        )
        for group in totals.groups
    )
    lines = printed_lines(draft, sign)
    supplied_from, supplied_to, period = supply_span(lines)
    files = tuple((ref.consumer_tenant_id, ref.count, ref.sha256) for ref in draft.evidence)
    listed = manifest(files)
    return InvoiceView(
        **_shared(row, summary),
        parties=parties_of(entity, payer),
        supplied_from=supplied_from,
        supplied_to=supplied_to,
        period=period,
        purchase_order=common_purchase_order(lines, payer.purchase_order),
        base_currency=row.currency,
        base_rate=Decimal(1),
        base_rate_on=None,
        base_rate_source="",
        lines=lines,
        taxes=taxes,
        evidence_count=listed.count,
        evidence_sha256=listed.sha256 if draft.evidence else "",
        evidence_files=files,
        credits_number=None,
        issued_at=None,
    )


def _issued(session: Session, row: Row[Any]) -> InvoiceView:
    lines = _lines(session, row.tenant_id, row.id)
    corrected = None
    if row.credits_invoice_id is not None:
        corrected = session.execute(
            select(InvoiceIssue.number).where(
                InvoiceIssue.tenant_id == row.tenant_id, InvoiceIssue.invoice_id == row.credits_invoice_id
            )
        ).scalar_one()
    return InvoiceView(
        **_shared(row, _summary(row)),
        parties=msgspec.convert(row.parties, Parties),
        supplied_from=row.supplied_from,
        supplied_to=row.supplied_to,
        period=supply_span(lines)[2],
        purchase_order=row.purchase_order,
        base_currency=row.base_currency,
        base_rate=row.base_rate,
        base_rate_on=row.base_rate_on,
        base_rate_source=row.base_rate_source,
        lines=lines,
        taxes=_taxes(session, row),
        evidence_count=row.evidence_count,
        evidence_sha256=row.evidence_sha256,
        evidence_files=tuple((UUID(consumer), count, digest) for consumer, count, digest in row.evidence_files),
        credits_number=corrected,
        issued_at=row.issued_at,
    )


def _shared(row: Row[Any], summary: InvoiceSummary) -> dict[str, Any]:
    fields = ("id", "tenant_id", "kind", "status", "number", "legal_entity_id", "currency", "net", "tax", "gross")
    same = {name: getattr(summary, name) for name in (*fields, "closes_on", "issued_on", "due_on", "created_at")}
    return same | {name: getattr(row, name) for name in ("status_reason", "credits_invoice_id", "run_id")}


def _lines(session: Session, tenant_id: UUID, invoice_id: UUID) -> tuple[InvoiceLineView, ...]:
    rows = session.execute(
        select(*InvoiceLine.__table__.columns)
        .where(InvoiceLine.tenant_id == tenant_id, InvoiceLine.invoice_id == invoice_id)
        .order_by(InvoiceLine.position)
    )
    return tuple(
        InvoiceLineView(
            position=row.position,
            kind=row.kind,
            consumer_tenant_id=row.consumer_tenant_id,
            consumer_name=row.consumer_name,
            subscription_id=row.subscription_id,
            charge_key=row.charge_key,
            description=row.description,
            meter=row.meter,
            period=Period(row.period_starts_at, row.period_ends_at),
            supplied_from=row.supplied_from,
            supplied_to=row.supplied_to,
            quantity=quantize_quantity(row.quantity),
            unit=row.unit,
            amount=Money(row.net_minor, row.currency),
            tax_category=row.tax_category,
            tax_rate=row.tax_percent,
            tax_note=row.tax_note,
            purchase_order=row.purchase_order,
            steps=tuple(row.steps),
            cost_centres=centres_from_json(row.cost_centres),
            rated_line_id=row.rated_line_id,
            credits_position=row.credits_position,
            grant_id=row.grant_id,
        )
        for row in rows
    )


def _taxes(session: Session, invoice: Row[Any]) -> tuple[TaxView, ...]:
    rows = session.execute(
        select(InvoiceTax.category, InvoiceTax.percent, InvoiceTax.note, InvoiceTax.taxable_minor, InvoiceTax.tax_minor)
        .where(InvoiceTax.tenant_id == invoice.tenant_id, InvoiceTax.invoice_id == invoice.id)
        .order_by(InvoiceTax.category, InvoiceTax.percent)
    )
    return tuple(
        TaxView(
            row.category,
            row.percent,
            row.note,
            Money(row.taxable_minor, invoice.currency),
            Money(row.tax_minor, invoice.currency),
        )
        for row in rows
    )


def _times(sign: int, amount: Money) -> Money:
    return amount if sign > 0 else -amount
