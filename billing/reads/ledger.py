"""The ledger: transfers, and the balance of every account."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from billing.models import Transfer
from billing.views import TransferView, TrialBalanceRow
from core.money import Money

__all__ = ("transfers_of", "transfers_page", "trial_balance")

_COLUMNS = (
    Transfer.id,
    Transfer.tenant_id,
    Transfer.legal_entity_id,
    Transfer.invoice_id,
    Transfer.kind,
    Transfer.reference,
    Transfer.debit_account,
    Transfer.credit_account,
    Transfer.amount_minor,
    Transfer.currency,
    Transfer.base_amount_minor,
    Transfer.base_currency,
    Transfer.base_rate,
    Transfer.base_rate_on,
    Transfer.booked_on,
    Transfer.posted_at,
    Transfer.reverses_id,
)


def transfers_page(
    session: Session, tenant_id: UUID | None, before: UUID | None, limit: int
) -> tuple[TransferView, ...]:
    """Return transfers, newest first; of all tenants only in a steward's transaction."""
    query = select(*_COLUMNS).order_by(Transfer.id.desc()).limit(limit)
    if tenant_id is not None:
        query = query.where(Transfer.tenant_id == tenant_id)
    if before is not None:
        query = query.where(Transfer.id < before)
    return _views(session, query)


def transfers_of(session: Session, tenant_id: UUID, invoice_id: UUID) -> tuple[TransferView, ...]:
    """Return the transfers of a document, in order of posting."""
    query = select(*_COLUMNS).where(Transfer.tenant_id == tenant_id, Transfer.invoice_id == invoice_id)
    return _views(session, query.order_by(Transfer.id))


def trial_balance(session: Session, until: date | None = None) -> tuple[TrialBalanceRow, ...]:
    """Return debits less credits by legal entity, account and currency; each currency sums to zero.

    Args:
        session: a steward's transaction for the whole ledger; a tenant's for its own part.
        until: the last booking date that counts; None: all.
    """
    sides = []
    for account, sign in ((Transfer.debit_account, 1), (Transfer.credit_account, -1)):
        side = select(
            Transfer.legal_entity_id,
            account.label("account"),
            Transfer.currency,
            Transfer.base_currency,
            (Transfer.amount_minor * literal(sign)).label("minor"),
            (Transfer.base_amount_minor * literal(sign)).label("base_minor"),
        )
        sides.append(side if until is None else side.where(Transfer.booked_on <= until))
    both = union_all(*sides).subquery()
    keys = (both.c.legal_entity_id, both.c.account, both.c.currency, both.c.base_currency)
    rows = session.execute(
        select(*keys, func.sum(both.c.minor).label("minor"), func.sum(both.c.base_minor).label("base_minor"))
        .group_by(*keys)
        .order_by(*keys)
    )
    return tuple(
        TrialBalanceRow(
            row.legal_entity_id,
            row.account,
            Money(int(row.minor), row.currency),
            Money(int(row.base_minor), row.base_currency),
        )
        for row in rows
    )


def _views(session: Session, query: Any) -> tuple[TransferView, ...]:
    return tuple(
        TransferView(
            id=row.id,
            tenant_id=row.tenant_id,
            legal_entity_id=row.legal_entity_id,
            invoice_id=row.invoice_id,
            kind=row.kind,
            reference=row.reference,
            debit_account=row.debit_account,
            credit_account=row.credit_account,
            amount=Money(row.amount_minor, row.currency),
            base_amount=Money(row.base_amount_minor, row.base_currency),
            base_rate=row.base_rate,
            base_rate_on=row.base_rate_on,
            booked_on=row.booked_on,
            posted_at=row.posted_at,
            reverses_id=row.reverses_id,
        )
        for row in session.execute(query)
    )
