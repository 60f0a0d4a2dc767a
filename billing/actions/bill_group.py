"""One document: claim the periods that meet on it, reckon it, and issue it or leave it a draft."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.actions.compose_draft import Document, compose_draft
from billing.actions.finalise_invoice import finalise_invoice
from billing.drafts import Claim, Draft, LateSince, document_kind, draft_totals
from billing.due import DueItem
from billing.errors import PeriodAlreadyBilled
from billing.models import Invoice
from billing.reads import draft_content
from billing.store import add, claim_periods, draft_of, set_invoice
from core.acting import act_for
from core.ids import new_id
from plans.actions.open_periods import close_period
from tenants.reads import TenantView

__all__ = ("Group", "GroupKey", "bill_group")


@dataclass(frozen=True, slots=True, order=True)
class GroupKey:
    """What shares a document of one payer: what closes on one day, by issuer and currency."""

    closes_on: date
    currency: str
    legal_entity_id: UUID


@dataclass(frozen=True, slots=True)
class Group:
    """A document to be made."""

    payer: TenantView
    key: GroupKey
    items: tuple[DueItem, ...]
    run_id: UUID | None
    finalise: bool
    actor: str


def bill_group(session: Session, group: Group, now: datetime) -> UUID | None:
    """Bill the periods of a group on one document.

    An open draft of the same group takes them in and stays a draft: somebody holds it on purpose.

    Args:
        session: scoped to the payer, whose account is locked.
        group: who, what, and whether to issue at once.
        now: the payer's time.

    Returns:
        The document's id; None where the periods have no charge, so that there is nothing to say.

    Raises:
        PeriodAlreadyBilled: another run was faster (`period_already_billed`); nothing was done.
        Refused: whatever reckoning or issuing refuses.
    """
    open_draft = draft_of(session, group.payer.id, (group.key.legal_entity_id, group.key.currency, group.key.closes_on))
    held = draft_content(session, group.payer.id, open_draft) if open_draft else None
    invoice_id = open_draft or new_id()
    claims = (held.claims if held else ()) + tuple(_claim(item) for item in group.items)
    late_since: tuple[LateSince, ...] = held.late_since if held else ()
    document = Document(group.payer, invoice_id, group.key.legal_entity_id, group.key.currency)
    draft = compose_draft(session, document, claims, now, late_since)
    _take(session, group, invoice_id if draft.lines else None, now)
    if not draft.lines:
        return None
    if open_draft:
        set_invoice(session, group.payer.id, invoice_id, draft=msgspec.to_builtins(draft), status_at=now)
        return invoice_id
    _open(session, group, invoice_id, draft, now)
    if group.finalise:
        finalise_invoice(session, group.payer.id, invoice_id, now, group.actor)
    return invoice_id


def _claim(item: DueItem) -> Claim:
    return Claim(
        consumer_tenant_id=item.tenant_id,
        subscription_id=item.subscription_id,
        timing=item.timing,
        starts_at=item.period.starts_at,
        ends_at=item.period.ends_at,
    )


def _take(session: Session, group: Group, invoice_id: UUID | None, now: datetime) -> None:
    """Claim the periods for good; all of them or none."""
    by_consumer: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for item in group.items:
        if item.timing == "again":
            continue
        by_consumer[item.tenant_id].append(
            {
                "tenant_id": item.tenant_id,
                "subscription_id": item.subscription_id,
                "timing": item.timing,
                "starts_at": item.period.starts_at,
                "ends_at": item.period.ends_at,
                "payer_tenant_id": group.payer.id,
                "invoice_id": invoice_id,
                "measured_at": now,
            }
        )
    for consumer_id, rows in sorted(by_consumer.items()):
        with act_for(session, consumer_id):
            if len(claim_periods(session, rows)) != len(rows):
                raise PeriodAlreadyBilled
            for row in rows:
                if row["timing"] == "arrears":
                    close_period(session, consumer_id, row["subscription_id"], row["starts_at"], now)


def _open(session: Session, group: Group, invoice_id: UUID, draft: Draft, now: datetime) -> None:
    add(
        session,
        Invoice(
            tenant_id=group.payer.id,
            id=invoice_id,
            kind=document_kind(draft_totals(draft)),
            status="draft",
            legal_entity_id=group.key.legal_entity_id,
            currency=group.key.currency,
            closes_on=group.key.closes_on,
            run_id=group.run_id,
            credits_invoice_id=None,
            created_at=now,
            status_at=now,
            draft=msgspec.to_builtins(draft),
            issued_id=None,
        ),
    )
