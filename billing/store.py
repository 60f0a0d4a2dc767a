"""Writes and locks of billing. Lock order: account (tenant), subscription, invoice, number counter."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.models import (
    BilledPeriod,
    BillingAccount,
    EvidenceFile,
    ExchangeRate,
    Invoice,
    InvoiceDocument,
    InvoiceRun,
    NumberCounter,
    NumberRegistry,
    PrepaidGrant,
    PrepaidMovement,
    TaxRateRow,
)
from billing.numbering import Numbered, Series
from core.models import Base

__all__ = (
    "add",
    "add_all",
    "claim_periods",
    "draft_of",
    "lock_account",
    "lock_invoice",
    "lock_series",
    "move_credits",
    "put_document",
    "put_evidence",
    "put_rates",
    "register_number",
    "set_invoice",
    "set_measured",
    "set_run",
    "unset_measured",
    "unset_measured_since",
    "violated",
)


def add(session: Session, row: Base) -> None:
    """Insert one row at once, so that a broken constraint is told where it was broken."""
    session.add(row)
    session.flush()


def add_all(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows of one table, all with the same columns; nothing for none."""
    if rows:
        # Else what is None is left out of a row, and each set of columns becomes a statement of its own.
        session.execute(insert(model).execution_options(render_nulls=True), rows)


def violated(error: IntegrityError) -> str:
    """Return the name of the constraint that refused a write; empty where none is named."""
    return error.orig.diag.constraint_name or "" if isinstance(error.orig, psycopg.Error) else ""


def lock_account(session: Session, tenant_id: UUID, now: datetime, *, wait: bool = False) -> bool:
    """Lock the payer's account until the transaction ends; False where another run holds it and `wait` is not set."""
    if wait:
        noted = _note_billed(session, tenant_id, now)
        if not noted:
            session.execute(upsert(BillingAccount).values(tenant_id=tenant_id).on_conflict_do_nothing())
            noted = _note_billed(session, tenant_id, now)
        return noted
    free = (
        select(BillingAccount.tenant_id).where(BillingAccount.tenant_id == tenant_id).with_for_update(skip_locked=True)
    )
    if session.execute(free).scalar_one_or_none() is None:
        # It is held by another run, or there is none yet.
        session.execute(upsert(BillingAccount).values(tenant_id=tenant_id).on_conflict_do_nothing())
        if session.execute(free).scalar_one_or_none() is None:
            return False
    return _note_billed(session, tenant_id, now)


def _note_billed(session: Session, tenant_id: UUID, now: datetime) -> bool:
    """Lock the account, waiting for who holds it, and note the time; False where there is none."""
    noted = session.execute(
        update(BillingAccount)
        .where(BillingAccount.tenant_id == tenant_id)
        .values(last_billed_at=now)
        .returning(BillingAccount.tenant_id)
    )
    return noted.scalar_one_or_none() is not None


def claim_periods(session: Session, rows: Sequence[dict[str, Any]]) -> set[tuple[UUID, str, datetime]]:
    """Claim periods of one consumer for a document; return subscription, timing and start of those that were free.

    Who comes second waits for the first to commit and then claims nothing.
    """
    if not rows:
        return set()
    claimed = session.execute(
        upsert(BilledPeriod)
        .values(list(rows))
        .on_conflict_do_nothing()
        .returning(BilledPeriod.subscription_id, BilledPeriod.timing, BilledPeriod.starts_at)
    )
    return {(subscription_id, timing, starts_at) for subscription_id, timing, starts_at in claimed}


def set_measured(
    session: Session, tenant_id: UUID, subscription_id: UUID, ended_after: datetime, measured_at: datetime
) -> None:
    """Set up to when facts are reckoned into the billed periods of a subscription that ended after an instant."""
    session.execute(
        update(BilledPeriod)
        .where(
            BilledPeriod.tenant_id == tenant_id,
            BilledPeriod.subscription_id == subscription_id,
            BilledPeriod.ends_at > ended_after,
        )
        .values(measured_at=measured_at)
    )


def unset_measured(
    session: Session, tenant_id: UUID, invoice_id: UUID, lines: Iterable[tuple[UUID, datetime, datetime]]
) -> None:
    """Let the periods of a withdrawn document be reckoned anew.

    Args:
        session: scoped to the consumer.
        tenant_id: the consumer.
        invoice_id: the document that claimed periods.
        lines: subscription, start and end of its rated lines, which may be of earlier periods too. A
            charge with an interval of its own ends, or in advance begins, with a billing period.
    """
    concerned = [BilledPeriod.invoice_id == invoice_id] + [
        (BilledPeriod.subscription_id == subscription_id)
        & or_(BilledPeriod.starts_at == starts_at, BilledPeriod.ends_at == ends_at)
        for subscription_id, starts_at, ends_at in lines
    ]
    session.execute(
        update(BilledPeriod).where(BilledPeriod.tenant_id == tenant_id, or_(*concerned)).values(measured_at=None)
    )


def unset_measured_since(session: Session, tenant_id: UUID, subscription_id: UUID, since: datetime) -> None:
    """Let the billed periods of a subscription that begin at an instant or later be reckoned anew."""
    session.execute(
        update(BilledPeriod)
        .where(
            BilledPeriod.tenant_id == tenant_id,
            BilledPeriod.subscription_id == subscription_id,
            BilledPeriod.starts_at >= since,
        )
        .values(measured_at=None)
    )


def lock_invoice(session: Session, tenant_id: UUID, invoice_id: UUID) -> tuple[str, str] | None:
    """Lock a document and return its kind and status, or None where there is none."""
    row = session.execute(
        select(Invoice.kind, Invoice.status)
        .where(Invoice.tenant_id == tenant_id, Invoice.id == invoice_id)
        .with_for_update()
    ).one_or_none()
    return (row.kind, row.status) if row else None


def draft_of(session: Session, tenant_id: UUID, group: tuple[UUID, str, date]) -> UUID | None:
    """Return the open draft of a payer for (legal entity, currency, closing date), locked, if there is one."""
    legal_entity_id, currency, closes_on = group
    return session.execute(
        select(Invoice.id)
        .where(
            Invoice.tenant_id == tenant_id,
            Invoice.legal_entity_id == legal_entity_id,
            Invoice.currency == currency,
            Invoice.closes_on == closes_on,
            Invoice.status == "draft",
            Invoice.run_id.is_not(None),
        )
        .with_for_update()
    ).scalar_one_or_none()


def move_credits(session: Session, row: dict[str, Any]) -> None:
    """Write a movement of prepaid credits with what is left after it, and change the block by it.

    The block's row is locked by the update; its CHECK refuses what would overdraw it.
    """
    left = session.execute(
        update(PrepaidGrant)
        .where(PrepaidGrant.tenant_id == row["tenant_id"], PrepaidGrant.id == row["grant_id"])
        .values(
            remaining_minor=PrepaidGrant.remaining_minor + row["amount_minor"],
            deferred_minor=PrepaidGrant.deferred_minor + row["deferred_minor"],
        )
        .returning(PrepaidGrant.remaining_minor)
    ).scalar_one()
    session.execute(insert(PrepaidMovement), row | {"remaining_minor": left})


def set_invoice(session: Session, tenant_id: UUID, invoice_id: UUID, **values: Any) -> None:
    """Change the life of a document: kind, status, draft, issue. What was issued has no such columns."""
    session.execute(update(Invoice).where(Invoice.tenant_id == tenant_id, Invoice.id == invoice_id).values(**values))


def lock_series(session: Session, series: Series) -> tuple[int, date | None, date | None]:
    """Lock a series until the transaction ends.

    Returns:
        The last number and date of its year, and the last date of any year. All years' rows are
        locked, in order, so that two who finalise at the turn of the year are ordered too.
    """
    years = (
        select(NumberCounter.year, NumberCounter.last_number, NumberCounter.last_issued_on)
        .where(NumberCounter.legal_entity_id == series.legal_entity_id, NumberCounter.series == series.name)
        .order_by(NumberCounter.year)
        .with_for_update()
    )
    rows = session.execute(years).all()
    if all(row.year != series.year for row in rows):
        key = {"legal_entity_id": series.legal_entity_id, "series": series.name, "year": series.year}
        session.execute(upsert(NumberCounter).values(**key, last_number=0).on_conflict_do_nothing())
        rows = session.execute(years).all()
    last_number, last_on = next((row.last_number, row.last_issued_on) for row in rows if row.year == series.year)
    return last_number, last_on, max((row.last_issued_on for row in rows if row.last_issued_on), default=None)


def register_number(
    session: Session, numbered: Numbered, previous_on: date | None, tenant_id: UUID, invoice_id: UUID
) -> None:
    """Take the next number of a locked series: the counter moves, the registry gets its row."""
    series = numbered.series
    session.execute(
        update(NumberCounter)
        .where(
            NumberCounter.legal_entity_id == series.legal_entity_id,
            NumberCounter.series == series.name,
            NumberCounter.year == series.year,
        )
        .values(last_number=numbered.number, last_issued_on=numbered.issued_on)
    )
    add(
        session,
        NumberRegistry(
            legal_entity_id=series.legal_entity_id,
            series=series.name,
            year=series.year,
            number=numbered.number,
            issued_on=numbered.issued_on,
            previous_number=numbered.number - 1 or None,
            previous_issued_on=previous_on,
            tenant_id=tenant_id,
            invoice_id=invoice_id,
        ),
    )


def put_document(session: Session, row: dict[str, Any]) -> None:
    """Keep a rendered document; the first one stays."""
    session.execute(upsert(InvoiceDocument).values(**row).on_conflict_do_nothing())


def put_evidence(session: Session, row: dict[str, Any]) -> None:
    """Keep an evidence file; the same content is there once."""
    session.execute(upsert(EvidenceFile).values(**row).on_conflict_do_nothing())


def put_rates(session: Session, tax: Sequence[dict[str, Any]], exchange: Sequence[dict[str, Any]]) -> None:
    """Add tax and exchange rates; those that are known stay as they are."""
    if tax:
        session.execute(upsert(TaxRateRow).values(list(tax)).on_conflict_do_nothing())
    if exchange:
        session.execute(upsert(ExchangeRate).values(list(exchange)).on_conflict_do_nothing())


def set_run(session: Session, tenant_id: UUID, run_id: UUID, **values: Any) -> None:
    """Note how a run goes on."""
    session.execute(
        update(InvoiceRun).where(InvoiceRun.tenant_id == tenant_id, InvoiceRun.id == run_id).values(**values)
    )
