"""Give back all or a part of an issued invoice by a credit note with a number of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.move_credits import Mover, revoke_credits
from billing.actions.reverse_rated_lines import reverse_rated_lines
from billing.drafts import Draft, DraftLine
from billing.errors import CreditExceedsInvoice, InvoiceNotCreditable, NothingToCredit
from billing.models import Invoice
from billing.reads import (
    InvoiceLineView,
    InvoiceView,
    credited_of,
    get_invoice,
    grants_of_invoice,
    returned_later,
)
from billing.store import add, lock_invoice
from billing.totals import credited_tax
from core.errors import InputError, InvalidInput, NotFound
from core.ids import new_id
from core.money import Money
from tenants.actions.record_audit import record_audit

__all__ = ("CreditInput", "credit_invoice")


@dataclass(frozen=True, slots=True)
class CreditInput:
    """What to give back."""

    tenant_id: UUID
    invoice_id: UUID
    reason: str
    amounts: Mapping[int, Money] | None = None
    """Net amount by line; None gives back all that is left."""
    rebill: bool = False
    """Bill its periods anew on the next invoice (credit note and new invoice); only in full."""


def credit_invoice(session: Session, given: CreditInput, actor: str, now: datetime) -> UUID:
    """Issue a credit note and return its id.

    The tax given back is a difference to what was charged, so that partial credits never add up to
    a cent more or less than the invoice.

    Args:
        session: scoped to the payer.
        given: which invoice, how much, why.
        actor: who gives it back.
        now: the payer's time.

    Raises:
        NotFound: there is no such document (`not_found`).
        InvalidInput: no reason, an unknown line, another currency, or a partial credit that is to be
            billed anew (`invalid_input`).
        InvoiceNotCreditable: it is a draft, void, or itself a credit note (`invoice_not_creditable`).
        CreditExceedsInvoice: more than what is left of a line (`credit_exceeds_invoice`).
        NothingToCredit: nothing is left (`nothing_to_credit`).
        CreditsInUse: it is to be billed anew, but prepaid credits that it sold were used (`credits_in_use`).
    """
    view = _creditable(session, given)
    before = credited_of(session, given.tenant_id, given.invoice_id)
    returned = returned_later(session, view)
    amounts = _amounts(view, _left(session, view, before, returned), given)
    if given.rebill and (given.amounts is not None or before or returned):
        raise InvalidInput(
            InputError("/rebill", "rebill_in_full_only", "Only an invoice credited in full can be billed anew.")
        )
    draft = _draft(view, before, amounts, now)
    credit_id = new_id()
    _open(session, view, credit_id, draft, given.reason, now)
    if given.rebill:
        mover = Mover(given.tenant_id, view.legal_entity_id, view.currency, credit_id, actor, now)
        revoke_credits(session, mover, given.invoice_id)
    finalise_invoice(session, given.tenant_id, credit_id, now, actor)
    if given.rebill:
        consumers = {line.consumer_tenant_id for line in view.lines}
        reverse_rated_lines(session, given.invoice_id, consumers, credit_id, now)
    detail = {"credit_note": str(credit_id), "reason": given.reason, "rebill": given.rebill}
    record_audit(session, given.tenant_id, actor, "credit_invoice", ("invoice", str(given.invoice_id)), detail)
    return credit_id


def _creditable(session: Session, given: CreditInput) -> InvoiceView:
    if not given.reason.strip():
        raise InvalidInput(InputError("/reason", "reason_missing", "Say why it is given back; it stands on the note."))
    locked = lock_invoice(session, given.tenant_id, given.invoice_id)
    if locked is None:
        raise NotFound("invoice", given.invoice_id)
    kind, status = locked
    if kind == "credit_note" or status in ("draft", "void"):
        raise InvoiceNotCreditable("a credit note" if kind == "credit_note" else status)
    return get_invoice(session, given.tenant_id, given.invoice_id)


def _left(
    session: Session, view: InvoiceView, before: Mapping[int, int], returned: Mapping[int, int]
) -> dict[int, int]:
    """Return what is left to give back of each line; of credits that were sold what of their price is not earned.

    What a later document corrected and gave back as credits is left neither of the line nor of what paid it.
    """
    left = {line.position: line.amount.amount_minor - before.get(line.position, 0) for line in view.lines}
    for line in view.lines:
        back = returned.get(line.position, 0)
        left[line.position] += back
        for paid in view.lines if back else ():
            if paid.kind != "prepaid" and paid.rated_line_id == line.rated_line_id:
                left[paid.position] -= back
    sold = grants_of_invoice(session, view.tenant_id, view.id)
    for line in view.lines:
        if line.kind != "prepaid" and line.grant_id in sold:
            left[line.position] = min(left[line.position], sold[line.grant_id].deferred.amount_minor)
    return left


def _amounts(view: InvoiceView, left: Mapping[int, int], given: CreditInput) -> dict[int, int]:
    """Return what is given back of each line, in minor units; what credits paid comes back as credits first."""
    if given.amounts is None:
        wanted = dict(left)
        if not given.rebill:
            _leave_returned(view, wanted)
        wanted = {position: minor for position, minor in wanted.items() if minor}
    else:
        money = dict(left) | {line.position: 0 for line in view.lines if line.kind == "prepaid"}
        wanted = {position: _checked(view, money, position, amount) for position, amount in given.amounts.items()}
        for line in view.lines:
            if line.kind == "prepaid":
                _return_credits(view, left, wanted, line)
    if sum(wanted.values()) < 0 or not any(minor > 0 for minor in wanted.values()):
        raise NothingToCredit
    return wanted


def _leave_returned(view: InvoiceView, wanted: dict[int, int]) -> None:
    """Leave credits that the document gave back, and as much of the correction that gave them back, as they are.

    What was billed stays billed, so the correction does too: only what of it was money is given back with the rest.
    """
    for line in view.lines:
        if line.kind == "prepaid" and line.amount.amount_minor > 0:
            corrected = int(line.steps[0]["params"]["position"])
            wanted[corrected] += wanted[line.position]
            wanted[line.position] = 0


def _return_credits(
    view: InvoiceView, left: Mapping[int, int], wanted: dict[int, int], paying: InvoiceLineView
) -> None:
    """Add to what is given back of a line as much of the credits that paid it."""
    for line in view.lines:
        if line.kind != "prepaid" and line.rated_line_id == paying.rated_line_id and line.position in wanted:
            others = [o for o in view.lines if o.kind == "prepaid" and o.rated_line_id == line.rated_line_id]
            open_minor = wanted[line.position] + sum(wanted.get(other.position, 0) for other in others)
            minor = min(open_minor, -left[paying.position])
            if minor > 0:
                wanted[paying.position] = -minor


def _checked(view: InvoiceView, left: Mapping[int, int], position: int, amount: Money) -> int:
    if position not in left:
        raise InvalidInput(InputError("/lines", "line_unknown", f"The invoice has no line {position}."))
    if amount.currency != view.currency or amount.amount_minor <= 0:
        fault = f"Line {position}: credit a positive amount in {view.currency}."
        raise InvalidInput(InputError("/lines", "amount_invalid", fault))
    if amount.amount_minor > left[position]:
        raise CreditExceedsInvoice(position, f"{Money(max(0, left[position]), view.currency).text()} {view.currency}")
    return amount.amount_minor


def _draft(view: InvoiceView, before: Mapping[int, int], amounts: Mapping[int, int], now: datetime) -> Draft:
    lines = [line for line in view.lines if line.position in amounts]
    return Draft(
        currency=view.currency,
        claims=(),
        lines=tuple(_line(view, line, amounts[line.position]) for line in lines),
        evidence=(),
        measured_at=now,
        tax_minor=tuple(_taxes(view, before, amounts)),
    )


def _line(view: InvoiceView, line: InvoiceLineView, minor: int) -> DraftLine:
    amount = Money(minor, view.currency)
    step: dict[str, Any] = {
        "code": "credit",
        "amount": (-amount).text(),
        "params": {"position": str(line.position), "number": view.number or ""},
    }
    return DraftLine(
        kind="credit",
        consumer_tenant_id=line.consumer_tenant_id,
        consumer_name=line.consumer_name,
        subscription_id=line.subscription_id,
        charge_key=line.charge_key,
        description=line.description,
        meter=line.meter,
        period_starts_at=line.period.starts_at,
        period_ends_at=line.period.ends_at,
        time_zone=view.parties.time_zone,
        revision=0,
        quantity=-line.quantity if minor == line.amount.amount_minor else Decimal(-1),
        unit=line.unit if minor == line.amount.amount_minor else "",
        amount_minor=-minor,
        tax_category=line.tax_category,
        tax_percent=line.tax_rate,
        tax_note=line.tax_note,
        purchase_order=line.purchase_order,
        steps=(step,),
        cost_centres=(),
        rated_line_id=line.rated_line_id,
        credits_position=line.position,
        grant_id=line.grant_id,
    )


def _taxes(view: InvoiceView, before: Mapping[int, int], amounts: Mapping[int, int]) -> list[tuple[str, Decimal, int]]:
    """Return the tax of each rate group: what it was before this credit less what it is after."""
    taxes = []
    for group in view.taxes:
        members = [
            line.position for line in view.lines if (line.tax_category, line.tax_rate) == (group.category, group.rate)
        ]
        if not any(position in amounts for position in members):
            continue
        earlier = Money(sum(before.get(position, 0) for position in members), view.currency)
        credit = Money(sum(amounts.get(position, 0) for position in members), view.currency)
        tax = credited_tax(group.taxable, earlier, credit, group.rate)
        taxes.append((group.category, group.rate, -tax.amount_minor))
    return taxes


def _open(session: Session, view: InvoiceView, credit_id: UUID, draft: Draft, reason: str, now: datetime) -> None:
    add(
        session,
        Invoice(
            tenant_id=view.tenant_id,
            id=credit_id,
            kind="credit_note",
            status="draft",
            legal_entity_id=view.legal_entity_id,
            currency=view.currency,
            closes_on=view.closes_on,
            run_id=None,
            credits_invoice_id=view.id,
            created_at=now,
            status_at=now,
            status_reason=reason,
            draft=msgspec.to_builtins(draft),
            issued_id=None,
        ),
    )
