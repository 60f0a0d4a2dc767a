"""Issue a draft: number it, write what it says for ever, post its transfers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.actions.move_credits import Issued, Mover, issue_credits
from billing.actions.post_transfers import Booking, conversion_for, earn_credits, post_transfers
from billing.actions.recognise_advances import recognise_advances
from billing.actions.take_number import take_number
from billing.drafts import (
    Draft,
    DraftLine,
    common_purchase_order,
    document_kind,
    draft_totals,
    printed_lines,
    supply_span,
)
from billing.errors import InvoiceAlreadyFinalised, InvoiceDraftDoubled, InvoiceDraftOutdated, StepNotAllowed
from billing.evidence import manifest
from billing.ledger import CREDITS_DEFERRED, credits_sold, issue_movements
from billing.models import InvoiceIssue, InvoiceLine, InvoiceTax, RatedLine
from billing.reads import DatedConversion, get_invoice, parties_of, stored_draft
from billing.states import State, Trigger, advance
from billing.store import add, add_all, lock_invoice, set_invoice, violated
from billing.totals import Totals
from billing.views import InvoiceLineView
from core.acting import act_for
from core.errors import NotFound, Refused
from core.ids import new_id
from core.money import Money
from tenants.actions.record_audit import record_audit
from tenants.reads import LegalEntityView, TenantView, get_legal_entity, get_tenant

__all__ = ("finalise_invoice",)


@dataclass(frozen=True, slots=True)
class _Issue:
    """What the parts of issuing share."""

    payer: TenantView
    entity: LegalEntityView
    invoice_id: UUID
    draft: Draft
    totals: Totals
    kind: str
    lines: tuple[InvoiceLineView, ...]
    dated: DatedConversion
    now: datetime
    credits_invoice_id: UUID | None

    @property
    def issued_on(self) -> date:
        """The date of issue: UTC's, one for all customers of a series, so that it never goes back."""
        return self.now.astimezone(UTC).date()

    @property
    def sign(self) -> int:
        return -1 if self.kind == "credit_note" else 1


def finalise_invoice(session: Session, tenant_id: UUID, invoice_id: UUID, now: datetime, actor: str) -> str:
    """Issue a draft exactly as it stands, and return its number.

    A total below zero makes it a credit note with positive amounts. All in the caller's
    transaction: a number is only ever taken together with the document that carries it.

    Args:
        session: scoped to the payer.
        tenant_id: the payer.
        invoice_id: the draft.
        now: the payer's time; its UTC date is the date of issue.
        actor: for the audit trail.

    Raises:
        NotFound: there is no such document (`not_found`).
        InvoiceAlreadyFinalised: it has a number (`invoice_already_finalised`).
        InvoiceDraftOutdated: another document billed a part of it since (`invoice_draft_outdated`).
        InvoiceDraftDoubled: two of its lines have one key (`invoice_draft_doubled`).
        CreditsUsedUp: prepaid credits that pay a part of it were used by another one (`credits_used_up`).
        CreditsInUse: a credit note takes back more of a block than is left of it (`credits_in_use`).
        IssueDateGoesBack: a later date stands in the series (`issue_date_goes_back`).
        ExchangeRateMissing: the books are kept in another currency (`exchange_rate_missing`).
    """
    locked = lock_invoice(session, tenant_id, invoice_id)
    if locked is None:
        raise NotFound("invoice", invoice_id)
    if advance(State(locked[1]), Trigger.FINALISE) is None:
        known = get_invoice(session, tenant_id, invoice_id).number
        raise InvoiceAlreadyFinalised(known) if known else StepNotAllowed(locked[1], "finalise")
    issue = _prepare(session, tenant_id, invoice_id, now)
    ids = _write_rated_lines(session, issue)
    mover = Mover(tenant_id, issue.entity.id, issue.draft.currency, invoice_id, actor, now)
    moved = issue_credits(session, mover, issue.draft.lines)
    number = take_number(session, issue.entity, (issue.payer, invoice_id), issue.kind, issue.issued_on)
    _write_issue(session, issue, number)
    _write_lines(session, issue, ids, moved.brought)
    _post(session, issue, ids, moved)
    set_invoice(
        session, tenant_id, invoice_id, kind=issue.kind, status=State.FINALISED, status_at=now, draft=None,
        issued_id=invoice_id,
    )  # fmt: skip
    recognise_advances(session, issue.draft, now)
    detail = {"number": number, "gross": issue.totals.gross.text(), "currency": issue.draft.currency}
    record_audit(session, tenant_id, actor, "finalise_invoice", ("invoice", str(invoice_id)), detail)
    return number


def _prepare(session: Session, tenant_id: UUID, invoice_id: UUID, now: datetime) -> _Issue:
    stored = stored_draft(session, tenant_id, invoice_id)
    draft, credits_invoice_id = stored.content, stored.credits_invoice_id
    payer, entity = get_tenant(session, tenant_id), get_legal_entity(session, stored.legal_entity_id)
    totals = draft_totals(draft)
    kind = document_kind(totals) if credits_invoice_id is None else "credit_note"
    lines = printed_lines(draft, -1 if kind == "credit_note" else 1)
    dated = conversion_for(session, draft.currency, entity.base_currency, now.astimezone(UTC).date())
    return _Issue(payer, entity, invoice_id, draft, totals, kind, lines, dated, now, credits_invoice_id)


def _write_rated_lines(session: Session, issue: _Issue) -> list[UUID | None]:
    """Write what each consumer is billed, and return the ids in the order of the lines.

    What credits pay was rated with the line that they pay; credits that belong to no contract are not rated.
    """
    ids: list[UUID | None] = []
    rows: dict[UUID, list[dict[str, Any]]] = {}
    for line in issue.draft.lines:
        if line.pays is not None:
            ids.append(ids[line.pays - 1])
            continue
        line_id = line.rated_line_id or (new_id() if line.subscription_id else None)
        ids.append(line_id)
        if line.rated_line_id is None and line_id is not None:
            rows.setdefault(line.consumer_tenant_id, []).append(_rated_row(issue, line, line_id))
    for consumer_id, theirs in sorted(rows.items()):
        with act_for(session, consumer_id):
            try:
                add_all(session, RatedLine, theirs)
            except IntegrityError as error:
                refusal = _refusal(violated(error))
                if refusal is None:
                    raise
                raise refusal from error
    return ids


def _refusal(constraint: str) -> Refused | None:
    """Return what a constraint of rated lines says of the draft; None: it says nothing, the fault is ours."""
    if constraint.startswith("uq_rated_line"):
        return InvoiceDraftOutdated()  # this revision of a period is billed already
    return InvoiceDraftDoubled() if constraint == "ck_rated_line_first_revision" else None


def _rated_row(issue: _Issue, line: DraftLine, line_id: UUID) -> dict[str, Any]:
    return {
        "tenant_id": line.consumer_tenant_id,
        "id": line_id,
        "subscription_id": line.subscription_id,
        "charge_key": line.charge_key,
        "period_starts_at": line.period_starts_at,
        "period_ends_at": line.period_ends_at,
        "revision": line.revision,
        "kind": line.kind,
        "meter": line.meter,
        "quantity": line.quantity,
        "unit": line.unit,
        "amount_minor": line.amount_minor,
        "currency": issue.draft.currency,
        "steps": list(line.steps),
        "cost_centres": [list(pair) for pair in line.cost_centres],
        "payer_tenant_id": issue.payer.id,
        "invoice_id": issue.invoice_id,
        "measured_at": line.measured_at or issue.draft.measured_at,
        "rated_at": issue.now,
    }


def _write_issue(session: Session, issue: _Issue, number: str) -> None:
    supplied_from, supplied_to, _ = supply_span(issue.lines)
    listed = manifest((ref.consumer_tenant_id, ref.count, ref.sha256) for ref in issue.draft.evidence)
    terms = timedelta(days=issue.payer.payment_terms_days if issue.kind == "invoice" else 0)
    add(
        session,
        InvoiceIssue(
            tenant_id=issue.payer.id,
            invoice_id=issue.invoice_id,
            number=number,
            issued_on=issue.issued_on,
            due_on=issue.issued_on + terms,
            supplied_from=supplied_from,
            supplied_to=supplied_to,
            currency=issue.draft.currency,
            net_minor=issue.sign * issue.totals.net.amount_minor,
            tax_minor=issue.sign * issue.totals.tax.amount_minor,
            gross_minor=issue.sign * issue.totals.gross.amount_minor,
            purchase_order=common_purchase_order(issue.lines, issue.payer.purchase_order),
            parties=msgspec.to_builtins(parties_of(issue.entity, issue.payer)),
            base_currency=issue.dated.conversion.base_currency,
            base_rate=issue.dated.conversion.rate,
            base_rate_on=issue.dated.valid_from,
            base_rate_source=issue.dated.conversion.source,
            evidence_count=listed.count if issue.draft.evidence else 0,
            evidence_sha256=listed.sha256 if issue.draft.evidence else "",
            evidence_files=[[str(r.consumer_tenant_id), r.count, r.sha256] for r in issue.draft.evidence],
            issued_at=issue.now,
        ),
    )


def _write_lines(session: Session, issue: _Issue, ids: Sequence[UUID | None], brought: Mapping[int, UUID]) -> None:
    head = {"tenant_id": issue.payer.id, "invoice_id": issue.invoice_id}
    add_all(
        session,
        InvoiceLine,
        [
            head | _line_row(line, line_id, brought.get(line.position, line.grant_id))
            for line, line_id in zip(issue.lines, ids, strict=True)
        ],
    )
    notes = {line.tax_category: line.tax_note for line in issue.lines}
    add_all(
        session,
        InvoiceTax,
        [
            head
            | {
                "category": group.category,
                "percent": group.percent,
                "note": notes[group.category],
                "taxable_minor": issue.sign * group.taxable.amount_minor,
                "tax_minor": issue.sign * group.tax.amount_minor,
            }
            for group in issue.totals.groups
        ],
    )


def _line_row(line: InvoiceLineView, rated_line_id: UUID | None, grant_id: UUID | None) -> dict[str, Any]:
    return {
        "position": line.position,
        "kind": line.kind,
        "consumer_tenant_id": line.consumer_tenant_id,
        "consumer_name": line.consumer_name,
        "subscription_id": line.subscription_id,
        "charge_key": line.charge_key,
        "description": line.description,
        "meter": line.meter,
        "period_starts_at": line.period.starts_at,
        "period_ends_at": line.period.ends_at,
        "supplied_from": line.supplied_from,
        "supplied_to": line.supplied_to,
        "quantity": line.quantity,
        "unit": line.unit,
        "net_minor": line.amount.amount_minor,
        "currency": line.amount.currency,
        "tax_category": line.tax_category,
        "tax_percent": line.tax_rate,
        "tax_note": line.tax_note,
        "purchase_order": line.purchase_order,
        "steps": list(line.steps),
        "cost_centres": [[code, str(share)] for code, share in line.cost_centres],
        "rated_line_id": rated_line_id,
        "credits_position": line.credits_position,
        "grant_id": grant_id,
    }


def _post(session: Session, issue: _Issue, ids: Sequence[UUID | None], moved: Issued) -> None:
    currency, lines = issue.draft.currency, issue.draft.lines
    # What credits pay of a fee in advance is deferred with it: the discount is no earlier than the fee.
    paid_before = sum(
        line.amount_minor for line in lines if (lines[line.pays - 1] if line.pays else line).is_fee_in_advance
    )
    in_advance, sold = Money(paid_before, currency), Money(sum(map(_sold, lines)), currency)
    booking = Booking(issue.payer.id, issue.entity.id, issue.invoice_id, issue.dated, issue.issued_on, issue.now)
    movements = issue_movements(issue.totals.net - in_advance - sold, in_advance, issue.totals.tax)
    post_transfers(session, booking, movements + credits_sold(sold))
    for grant_id, minor in sorted(moved.earned.items()):
        earn_credits(session, booking, grant_id, Money(minor, currency), "credits_drawn")
    for grant_id, position, minor in moved.deferred:
        reference = f"{grant_id}:{ids[position - 1]}"
        earn_credits(session, booking, grant_id, Money(minor, currency), CREDITS_DEFERRED, reference)


def _sold(line: DraftLine) -> int:
    """Return what a line sells credits for, or gives back of their price."""
    return line.amount_minor if line.block is not None or line.takes_back else 0
