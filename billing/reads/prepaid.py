"""Prepaid credits: blocks, what is left of them, how they moved."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import Session

from billing.models import Invoice, InvoiceLine, PrepaidGrant, PrepaidMovement
from billing.prepaid import Balance, StillPaid
from billing.reads.invoices import credited_of
from billing.views import GrantView, InvoiceView, MovementView
from core.errors import NotFound
from core.lists import any_of
from core.money import Money
from plans.rating import CREDITS

__all__ = (
    "balances",
    "draw_of",
    "expiring_grants",
    "get_grant",
    "grants_of_invoice",
    "grants_page",
    "movements_of_invoice",
    "movements_page",
    "returned_later",
    "returned_of",
    "rolled_of",
    "still_paid",
    "usable",
)


def balances(
    session: Session, tenant_id: UUID, legal_entity_id: UUID, currency: str, besides: Collection[UUID] = ()
) -> tuple[Balance, ...]:
    """Return the blocks of a payer that something is left of, for documents of that issuer and currency.

    Expired ones too, as long as they have not lapsed: what was used in their time they still pay. And those of
    `besides`, whatever is left of them: something comes back to them.
    """
    rows = session.execute(
        _grants(tenant_id).where(
            PrepaidGrant.legal_entity_id == legal_entity_id,
            PrepaidGrant.currency == currency,
            (PrepaidGrant.remaining_minor > 0) | any_of(PrepaidGrant.id, besides),
        )
    )
    return tuple(
        Balance(
            row.id,
            row.name,
            row.remaining_minor,
            row.priority,
            row.starts_at,
            row.expires_at,
            row.subscription_id,
            frozenset(row.charges),
            frozenset(row.meters),
        )
        for row in rows
    )


def usable(session: Session, tenant_id: UUID, now: datetime) -> tuple[Money, ...]:
    """Return what a payer can use at an instant, by currency in order, whatever it is for."""
    rows = session.execute(
        select(PrepaidGrant.currency, func.sum(PrepaidGrant.remaining_minor).label("minor"))
        .where(PrepaidGrant.tenant_id == tenant_id, PrepaidGrant.starts_at <= now)
        .where(PrepaidGrant.expires_at.is_(None) | (PrepaidGrant.expires_at > now))
        .group_by(PrepaidGrant.currency)
        .order_by(PrepaidGrant.currency)
    )
    return tuple(Money(int(row.minor), row.currency) for row in rows)


def grants_page(session: Session, tenant_id: UUID, before: UUID | None, limit: int) -> tuple[GrantView, ...]:
    """Return a payer's blocks, newest first, from after `before` on."""
    query = _grants(tenant_id).order_by(PrepaidGrant.id.desc()).limit(limit)
    if before is not None:
        query = query.where(PrepaidGrant.id < before)
    return tuple(_view(row) for row in session.execute(query))


def get_grant(session: Session, tenant_id: UUID, grant_id: UUID, *, lock: bool = False) -> GrantView:
    """Return one block; with `lock` nobody else draws on it until the transaction ends.

    Raises:
        NotFound: the payer has none of that id (`not_found`).
    """
    query = _grants(tenant_id).where(PrepaidGrant.id == grant_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("credits", grant_id)
    return _view(row)


def grants_of_invoice(session: Session, tenant_id: UUID, invoice_id: UUID) -> dict[UUID, GrantView]:
    """Return the blocks that an issued document brought, by id, as they stand now."""
    rows = session.execute(
        _grants(tenant_id).where(PrepaidGrant.invoice_id == invoice_id, PrepaidGrant.rolled_from_id.is_(None))
    )
    return {row.id: _view(row) for row in rows}


def expiring_grants(session: Session) -> dict[UUID, list[tuple[UUID, datetime]]]:
    """Return the blocks that something is left of and that expire, with when, by payer; a steward's read."""
    rows = session.execute(
        select(PrepaidGrant.tenant_id, PrepaidGrant.id, PrepaidGrant.expires_at)
        .where(PrepaidGrant.remaining_minor > 0, PrepaidGrant.expires_at.is_not(None))
        .order_by(PrepaidGrant.expires_at, PrepaidGrant.id)
    )
    found: dict[UUID, list[tuple[UUID, datetime]]] = {}
    for row in rows:
        found.setdefault(row.tenant_id, []).append((row.id, row.expires_at))
    return found


def movements_page(
    session: Session, tenant_id: UUID, grant_id: UUID, before: UUID | None, limit: int
) -> tuple[MovementView, ...]:
    """Return how a block moved, newest first."""
    query = _movements(tenant_id).where(PrepaidMovement.grant_id == grant_id).order_by(PrepaidMovement.id.desc())
    if before is not None:
        query = query.where(PrepaidMovement.id < before)
    return tuple(_movement(row) for row in session.execute(query.limit(limit)))


def movements_of_invoice(session: Session, tenant_id: UUID, invoice_id: UUID) -> tuple[MovementView, ...]:
    """Return what a document moved, in order."""
    query = _movements(tenant_id).where(PrepaidMovement.invoice_id == invoice_id).order_by(PrepaidMovement.id)
    return tuple(_movement(row) for row in session.execute(query))


def returned_of(session: Session, tenant_id: UUID, draws: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return what was given back of draws so far: credits, and what of their price is not revenue any more."""
    rows = session.execute(
        select(
            PrepaidMovement.reverses_id,
            func.sum(PrepaidMovement.amount_minor).label("amount"),
            func.sum(PrepaidMovement.deferred_minor).label("deferred"),
        )
        .where(PrepaidMovement.tenant_id == tenant_id, any_of(PrepaidMovement.reverses_id, draws))
        .group_by(PrepaidMovement.reverses_id)
    )
    return {row.reverses_id: (int(row.amount), int(row.deferred)) for row in rows}


def rolled_of(session: Session, tenant_id: UUID, grant_id: UUID) -> int:
    """Return how much of a block rolled over so far, in minor units."""
    rolled = select(func.coalesce(func.sum(-PrepaidMovement.amount_minor), 0)).where(
        PrepaidMovement.tenant_id == tenant_id,
        PrepaidMovement.grant_id == grant_id,
        PrepaidMovement.kind == "rolled_over",
    )
    return int(session.execute(rolled).scalar_one())


def still_paid(session: Session, tenant_id: UUID, subscriptions: Collection[UUID]) -> tuple[StillPaid, ...]:
    """Return what credits paid of a payer's issued lines of those subscriptions, less what came back since.

    In the order in which the lines were rated and the credits drawn.
    """
    line, sign = InvoiceLine, case((Invoice.kind == "credit_note", 1), else_=-1)
    place = (line.subscription_id, line.charge_key, line.period_starts_at, line.rated_line_id, line.grant_id)
    minor = func.sum(sign * line.net_minor)
    rows = session.execute(
        select(*place, minor.label("minor"))
        .join(Invoice, (Invoice.tenant_id == line.tenant_id) & (Invoice.id == line.invoice_id))
        .where(
            line.tenant_id == tenant_id,
            any_of(line.subscription_id, subscriptions),
            line.kind.in_(("prepaid", "credit")),
            line.grant_id.is_not(None),
            line.charge_key.not_like(f"{CREDITS}%"),
            Invoice.status != "void",
        )
        .group_by(*place)
        .having(minor > 0)
        .order_by(line.rated_line_id, func.min(line.position))
    )
    return tuple(
        StillPaid(
            (row.subscription_id, row.charge_key, row.period_starts_at), row.rated_line_id, row.grant_id, int(row.minor)
        )
        for row in rows
    )


def returned_later(session: Session, view: InvoiceView) -> dict[int, int]:
    """Return what documents other than its credit notes gave back of each line by which credits pay on an invoice."""
    paying = [line for line in view.lines if line.kind == "prepaid" and line.amount.amount_minor < 0]
    if not paying:
        return {}
    still = still_paid(session, view.tenant_id, {line.subscription_id for line in paying if line.subscription_id})
    open_minor: dict[tuple[UUID | None, UUID | None], int] = {
        (one.rated_line_id, one.grant_id): one.amount_minor for one in still
    }
    before = credited_of(session, view.tenant_id, view.id)
    returned = {
        line.position: before.get(line.position, 0)
        - line.amount.amount_minor
        - open_minor.get((line.rated_line_id, line.grant_id), 0)
        for line in paying
    }
    return {position: minor for position, minor in returned.items() if minor}


def draw_of(session: Session, tenant_id: UUID, rated_line_id: UUID, grant_id: UUID) -> MovementView:
    """Return the movement by which a block paid a rated line; it may have paid others of the document too."""
    line = InvoiceLine
    drawn = (line.tenant_id == PrepaidMovement.tenant_id) & (line.invoice_id == PrepaidMovement.invoice_id)
    issued = (Invoice.tenant_id == line.tenant_id) & (Invoice.id == line.invoice_id)
    row = session.execute(
        _movements(tenant_id)
        .join(line, drawn & (line.grant_id == PrepaidMovement.grant_id))
        .join(Invoice, issued)
        .where(
            line.rated_line_id == rated_line_id,
            line.kind == "prepaid",
            line.net_minor < 0,
            Invoice.kind == "invoice",
            Invoice.status != "void",
            PrepaidMovement.grant_id == grant_id,
            PrepaidMovement.kind == "drawn",
            PrepaidMovement.reverses_id.is_(None),
        )
    ).one()
    return _movement(row)


def _grants(tenant_id: UUID) -> Select[Any]:
    return select(*PrepaidGrant.__table__.columns).where(PrepaidGrant.tenant_id == tenant_id)


def _movements(tenant_id: UUID) -> Select[Any]:
    columns = (*PrepaidMovement.__table__.columns, PrepaidGrant.currency)
    joined = (PrepaidGrant.tenant_id == PrepaidMovement.tenant_id) & (PrepaidGrant.id == PrepaidMovement.grant_id)
    return select(*columns).join(PrepaidGrant, joined).where(PrepaidMovement.tenant_id == tenant_id)


def _view(row: Row[Any]) -> GrantView:
    plain = (
        "id", "tenant_id", "name", "origin", "legal_entity_id", "priority", "starts_at", "expires_at",
        "subscription_id", "refundable", "rollover_months", "rollover_percent", "time_zone", "invoice_id",
        "rolled_from_id", "reason", "created_at",
    )  # fmt: skip
    money: dict[str, Any] = {name: Money(getattr(row, f"{name}_minor"), row.currency) for name in _MONEY}
    return GrantView(
        **{name: getattr(row, name) for name in plain}, **money, charges=tuple(row.charges), meters=tuple(row.meters)
    )


_MONEY = ("amount", "paid", "remaining", "deferred")


def _movement(row: Row[Any]) -> MovementView:
    return MovementView(
        id=row.id,
        grant_id=row.grant_id,
        kind=row.kind,
        amount=Money(row.amount_minor, row.currency),
        remaining=Money(row.remaining_minor, row.currency),
        deferred=Money(row.deferred_minor, row.currency),
        invoice_id=row.invoice_id,
        reverses_id=row.reverses_id,
        moved_at=row.moved_at,
    )
