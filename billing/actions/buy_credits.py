"""Sell prepaid credits to a customer, or grant them for nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.actions.compose_draft import Taxes
from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.move_credits import Mover, bring_credits
from billing.drafts import Draft, DraftLine, draft_totals
from billing.models import Invoice
from billing.prepaid import BlockTerms
from billing.reads import GrantView, get_grant, grants_of_invoice, tax_rates
from billing.store import add, lock_account
from billing.totals import Totals
from core.errors import InputError, InvalidInput
from core.ids import new_id
from core.money import Money
from core.periods import day_start, local_date
from metering.registry import find_meter
from plans.rating import CREDITS
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_legal_entity, get_tenant

__all__ = ("Bought", "CreditsInput", "buy_credits")


@dataclass(frozen=True, slots=True)
class CreditsInput:
    """What is sold or granted; preview and execution take the very same."""

    tenant_id: UUID
    name: str
    amount: Money
    """What can be paid with it."""
    actor: str
    price: Money | None = None
    """Before tax; None: as much as the amount. 0: granted for nothing, which needs a reason."""
    starts_on: date | None = None
    """The first local day whose supplies it pays; None: today."""
    expires_on: date | None = None
    """The local day from which on it pays nothing; None: never."""
    priority: int = 100
    charges: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    refundable: bool = False
    rollover_months: int | None = None
    rollover_percent: Decimal = Decimal(100)
    reason: str = ""
    preview: bool = False
    """Decide and show, write nothing."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What was, or with `preview` would be, bought. Without a price there is no document."""

    grant: GrantView
    totals: Totals | None
    invoice_id: UUID | None


def buy_credits(session: Session, given: CreditsInput, now: datetime) -> Bought:
    """Sell or grant prepaid credits; what has a price is invoiced at once, and is revenue as it is used.

    Args:
        session: scoped to the payer.
        given: what.
        now: the payer's time.

    Raises:
        InvalidInput: amounts, days or what they are for make no sense, with pointers (`invalid_input`).
        TaxUndecided: a rate or the customer's tax id is missing (`tax_undecided`).
        ExchangeRateMissing: the books are kept in another currency (`exchange_rate_missing`).
    """
    payer = get_tenant(session, given.tenant_id)
    price = given.amount if given.price is None else given.price
    terms = _terms(payer, given, price, now)
    draft = _draft(session, payer, terms, price, now) if price.amount_minor else None
    totals = draft_totals(draft) if draft else None
    if given.preview:
        return Bought(_shown(payer, given, terms, price, now), totals, None)
    lock_account(session, payer.id, now, wait=True)
    invoice_id = _issue(session, payer, draft, given.actor, now) if draft else None
    if invoice_id is None:
        mover = Mover(payer.id, payer.legal_entity_id, given.amount.currency, None, given.actor, now)
        grant = get_grant(session, payer.id, bring_credits(session, mover, terms, 0, reason=given.reason))
    else:
        [grant] = grants_of_invoice(session, payer.id, invoice_id).values()
    detail = {"amount": given.amount.text(), "price": price.text(), "currency": given.amount.currency}
    detail |= {"reason": given.reason} if given.reason else {}
    record_audit(session, payer.id, given.actor, "buy_credits", ("credits", str(grant.id)), detail)
    return Bought(grant, totals, invoice_id)


def _terms(payer: TenantView, given: CreditsInput, price: Money, now: datetime) -> BlockTerms:
    starts_at = day_start(given.starts_on or local_date(now, payer.tz), payer.tz)
    expires_at = day_start(given.expires_on, payer.tz) if given.expires_on else None
    faults = [*_faults(given, price), *_spans(given, starts_at, expires_at, now)]
    if faults:
        raise InvalidInput(*faults)
    return BlockTerms(
        name=given.name.strip(),
        amount_minor=given.amount.amount_minor,
        starts_at=starts_at,
        expires_at=expires_at,
        time_zone=payer.time_zone,
        origin="purchase" if price.amount_minor else "granted",
        priority=given.priority,
        charges=given.charges,
        meters=given.meters,
        refundable=given.refundable,
        rollover_months=given.rollover_months,
        rollover_percent=given.rollover_percent,
    )


def _faults(given: CreditsInput, price: Money) -> Iterator[InputError]:
    if not given.name.strip():
        yield InputError("/name", "name_missing", "Give the credits a name: it stands on every bill they pay.")
    if not given.amount.amount_minor:
        yield InputError("/amount", "credits_amount_invalid", "Credits of 0 pay nothing: name an amount above 0.")
    if price.currency != given.amount.currency:
        yield InputError("/price", "currency_mismatch", "Name the price in the currency of the amount.")
    if not price.amount_minor and not given.reason.strip():
        yield InputError("/reason", "reason_missing", "Say why they cost nothing; it goes into the audit trail.")
    if given.refundable and not price.amount_minor:
        yield InputError("/refundable", "credits_not_paid_for", "What was not paid for cannot be given back.")
    for place, meter in enumerate(given.meters):
        if find_meter(meter) is None:
            detail = f"There is no meter '{meter}'. GET /v1/meters lists them."
            yield InputError(f"/meters/{place}", "meter_unknown", detail)


def _spans(
    given: CreditsInput, starts_at: datetime, expires_at: datetime | None, now: datetime
) -> Iterator[InputError]:
    if expires_at is not None and expires_at <= max(starts_at, now):
        yield InputError("/expires_on", "credits_expiry_invalid", "Name a day after today and after 'starts_on'.")
    if given.rollover_months is not None and expires_at is None:
        detail = "Credits that never expire have nothing to roll over: name 'expires_on' too."
        yield InputError("/rollover_months", "credits_expiry_invalid", detail)
    if not 0 <= given.rollover_percent <= 100:
        yield InputError("/rollover_percent", "percent_invalid", "A percentage is 0 to 100.")


def _draft(session: Session, payer: TenantView, terms: BlockTerms, price: Money, now: datetime) -> Draft:
    today = local_date(now, payer.tz)
    tax = Taxes(get_legal_entity(session, payer.legal_entity_id), payer, tax_rates(session)).decide(today)
    worth = Money(terms.amount_minor, price.currency)
    line = DraftLine(
        kind="advance",
        consumer_tenant_id=payer.id,
        consumer_name=payer.name,
        subscription_id=None,
        charge_key=f"{CREDITS}bought",
        description=terms.name,
        meter=None,
        period_starts_at=day_start(today, payer.tz),
        period_ends_at=day_start(today + timedelta(days=1), payer.tz),
        time_zone=payer.time_zone,
        revision=0,
        quantity=Decimal(1),
        unit="",
        amount_minor=price.amount_minor,
        tax_category=tax.category,
        tax_percent=tax.percent,
        tax_note=tax.note,
        purchase_order=payer.purchase_order,
        steps=({"code": "credits", "amount": price.text(), "quantity": "1", "params": {"of": worth.text()}},),
        cost_centres=(),
        measured_at=now,
        block=terms,
    )
    return Draft(currency=price.currency, claims=(), lines=(line,), evidence=(), measured_at=now)


def _issue(session: Session, payer: TenantView, draft: Draft, actor: str, now: datetime) -> UUID:
    invoice_id = new_id()
    add(
        session,
        Invoice(
            tenant_id=payer.id,
            id=invoice_id,
            kind="invoice",
            status="draft",
            legal_entity_id=payer.legal_entity_id,
            currency=draft.currency,
            closes_on=local_date(now, payer.tz),
            run_id=None,
            credits_invoice_id=None,
            created_at=now,
            status_at=now,
            draft=msgspec.to_builtins(draft),
            issued_id=None,
        ),
    )
    finalise_invoice(session, payer.id, invoice_id, now, actor)
    return invoice_id


def _shown(payer: TenantView, given: CreditsInput, terms: BlockTerms, price: Money, now: datetime) -> GrantView:
    """Return the block as it would be, under an id that is not kept."""
    told = msgspec.structs.asdict(terms)
    del told["amount_minor"]
    told |= {"amount": given.amount, "remaining": given.amount, "paid": price, "deferred": price}
    return GrantView(
        **told,
        id=new_id(),
        tenant_id=payer.id,
        legal_entity_id=payer.legal_entity_id,
        invoice_id=None,
        rolled_from_id=None,
        reason=given.reason,
        created_at=now,
    )
