"""Reckon a draft: rate what it claims, tax it for the payer, keep the evidence, write it down."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal, cast
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.build_evidence import build_evidence
from billing.actions.rate_subscription import SubscriptionBill, Wanted, rate_subscription
from billing.drafts import Claim, Draft, DraftLine, EvidenceRef, LateSince, centres_json, paid_with_credits
from billing.due import DueItem
from billing.errors import TaxUndecided
from billing.history import LOOK_BACK, RatedPart
from billing.prepaid import BlockTerms, months_after
from billing.reads import balances, still_paid, tax_rates
from billing.store import set_measured
from billing.tax import Supply, TaxDecision, TaxProblem, TaxRate, decide_tax
from core.acting import act_for
from core.money import to_money
from core.periods import Period, local_date
from metering.measurement import Measurement
from plans.rating import CREDITS, block_of
from plans.reads import get_subscription
from plans.subscriptions import BASE, SubscriptionView
from tenants.reads import LegalEntityView, TenantView, get_legal_entity, get_tenant

__all__ = ("Document", "Taxes", "compose_draft", "draft_line")


@dataclass(frozen=True, slots=True)
class Document:
    """Which document is reckoned."""

    payer: TenantView
    invoice_id: UUID
    legal_entity_id: UUID
    currency: str


def compose_draft(
    session: Session,
    document: Document,
    claims: Sequence[Claim],
    now: datetime,
    late_since: Sequence[LateSince] = (),
) -> Draft:
    """Reckon everything that a document bills, as far as facts are known now.

    Args:
        session: scoped to the payer; consumers are acted for one after the other.
        document: payer, id, issuing legal entity and currency.
        claims: the periods that it bills.
        now: the ingest cut-off.
        late_since: where late facts were looked for from, when the draft was reckoned before.

    Returns:
        The draft, with lines ordered by consumer, subscription and kind; no lines where the periods
        have no charge.

    Raises:
        TaxUndecided: a rate or the customer's tax id is missing (`tax_undecided`).
    """
    by_consumer: dict[UUID, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_consumer[claim.consumer_tenant_id].append(claim)
    taxes = Taxes(get_legal_entity(session, document.legal_entity_id), document.payer, tax_rates(session))
    since = {known.subscription_id: known.since for known in late_since}
    lines: list[DraftLine] = []
    evidence: list[EvidenceRef] = []
    looked: list[LateSince] = []
    payer = document.payer
    consumers = [payer if consumer_id == payer.id else get_tenant(session, consumer_id) for consumer_id in by_consumer]
    for consumer in sorted(consumers, key=lambda t: t.slug):
        with act_for(session, consumer.id):
            bills = _bills(session, consumer, by_consumer[consumer.id], since, now)
            lines += [draft_line(consumer, bill, part, taxes, now) for bill in bills for part in bill.parts]
            evidence += _evidence(session, consumer.id, document, bills, now)
            for bill in bills:
                if bill.late_since is not None:
                    looked.append(LateSince(subscription_id=bill.subscription.id, since=bill.late_since))
                if bill.reckoned:
                    set_measured(session, consumer.id, bill.subscription.id, now - LOOK_BACK, now)
    lines += _paid(session, document, lines)
    return Draft(
        currency=document.currency,
        claims=tuple(claims),
        lines=tuple(lines),
        evidence=tuple(evidence),
        measured_at=now,
        late_since=tuple(looked),
    )


def _paid(session: Session, document: Document, lines: Sequence[DraftLine]) -> list[DraftLine]:
    corrected = {line.subscription_id for line in lines if line.amount_minor < 0 and line.subscription_id}
    payer_id = document.payer.id
    paid = still_paid(session, payer_id, corrected) if corrected else ()
    besides = {still.grant_id for still in paid}
    held = balances(session, payer_id, document.legal_entity_id, document.currency, besides)
    return paid_with_credits(lines, held, document.currency, paid)


def _bills(
    session: Session, consumer: TenantView, claims: Sequence[Claim], since: dict[UUID, datetime], now: datetime
) -> list[SubscriptionBill]:
    by_subscription: dict[UUID, list[DueItem]] = defaultdict(list)
    for claim in claims:
        item = DueItem(consumer.id, claim.subscription_id, Period(claim.starts_at, claim.ends_at), claim.timing)
        by_subscription[claim.subscription_id].append(item)
    return [
        rate_subscription(
            session,
            Wanted(
                consumer,
                get_subscription(session, consumer.id, subscription_id, now),
                tuple(sorted(items, key=lambda item: (item.period, item.timing))),
                now,
                since.get(subscription_id),
            ),
        )
        for subscription_id, items in sorted(by_subscription.items())
    ]


def _evidence(
    session: Session, consumer_id: UUID, document: Document, bills: Sequence[SubscriptionBill], now: datetime
) -> list[EvidenceRef]:
    grounds: dict[tuple[str, Period], Measurement] = {}
    for bill in bills:
        grounds |= {(measurement.meter, measurement.period): measurement for measurement in bill.measurements}
    if not grounds:
        return []
    target = (document.payer.id, document.invoice_id)
    return [build_evidence(session, consumer_id, target, grounds.values(), now)]


@dataclass(frozen=True, slots=True)
class Taxes:
    """What a line's tax depends on beside its date."""

    seller: LegalEntityView
    buyer: TenantView
    rates: tuple[TaxRate, ...]

    def decide(self, on: date) -> TaxDecision:
        """Return the tax of a supply on that day.

        Raises:
            TaxUndecided: a rate or the customer's tax id is missing (`tax_undecided`).
        """
        supply = Supply(self.seller.country, self.buyer.country, self.buyer.tax_id, self.buyer.tax_treatment, on)
        decision = decide_tax(supply, self.rates)
        if isinstance(decision, TaxProblem):
            raise TaxUndecided(decision.code, decision.detail)
        return decision


def draft_line(consumer: TenantView, bill: SubscriptionBill, part: RatedPart, taxes: Taxes, now: datetime) -> DraftLine:
    """Return a rated part as it stands on a document."""
    subscription = bill.subscription
    tz = subscription.schedule.tz
    first, last = part.period.starts_at, part.period.ends_at - timedelta(microseconds=1)
    tax = taxes.decide(local_date(first if part.kind == "advance" else last, tz))
    named = {"late": f"{part.name} · late facts", "refund": f"{part.name} · refunds"}
    return DraftLine(
        kind=cast(Literal["usage", "advance", "refund", "late"], part.kind),
        consumer_tenant_id=consumer.id,
        consumer_name=consumer.name,
        subscription_id=subscription.id,
        charge_key=part.charge_key,
        description=named.get(part.kind, part.name),
        meter=part.meter,
        period_starts_at=part.period.starts_at,
        period_ends_at=part.period.ends_at,
        time_zone=subscription.time_zone,
        revision=part.revision,
        quantity=part.figure.quantity,
        unit=part.unit,
        amount_minor=part.figure.amount.amount_minor,
        tax_category=tax.category,
        tax_percent=tax.percent,
        tax_note=tax.note,
        purchase_order=subscription.purchase_order,
        steps=part.steps,
        cost_centres=centres_json(part.figure.centres),
        measured_at=now,
        block=_sold(bill.subscription, part),
    )


def _sold(subscription: SubscriptionView, part: RatedPart) -> BlockTerms | None:
    """Return the prepaid credits that a rated part sells or brings for nothing; None for all else."""
    if not part.charge_key.startswith(CREDITS) or part.figure.quantity <= 0:
        return None
    found = block_of(subscription, part.charge_key, part.period.starts_at)
    assert found is not None, "a line of credits was rated by the block that it names"
    block, slot, many = found
    amount = to_money(Fraction(block.amounts[subscription.currency]), subscription.currency)
    return BlockTerms(
        name=block.name,
        amount_minor=amount.amount_minor * many,
        starts_at=part.period.starts_at,
        expires_at=months_after(part.period.starts_at, block.expires_months, subscription.time_zone),
        time_zone=subscription.time_zone,
        origin="plan",
        priority=block.priority,
        subscription_id=subscription.id,
        charges=tuple(key if slot == BASE else f"{slot}.{key}" for key in block.charges),
        meters=block.meters,
        refundable=block.refundable,
        rollover_months=block.rollover_months,
        rollover_percent=block.rollover_percent,
    )
