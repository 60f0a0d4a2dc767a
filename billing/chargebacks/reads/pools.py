"""Cost pools and their lines."""

from collections.abc import Collection
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from billing.chargebacks.models import ChargebackPosting, CostPool, PoolLine
from billing.chargebacks.views import PoolLineView, PoolView, Sums
from core.errors import NotFound
from core.lists import any_of, pairs
from core.money import Money
from core.periods import Period

__all__ = ("credited_before", "first_unposted", "get_pool", "lines_by_id", "open_lines", "pool_of_invoice", "pools")

_LINE = (
    PoolLine.pool_id,
    PoolLine.position,
    PoolLine.kind,
    PoolLine.charge_key,
    PoolLine.description,
    PoolLine.meter,
    PoolLine.consumer_tenant_id,
    PoolLine.consumer,
    PoolLine.period_starts_at,
    PoolLine.period_ends_at,
    PoolLine.quantity,
    PoolLine.unit,
    PoolLine.currency,
    PoolLine.net_minor,
    PoolLine.tax_minor,
    PoolLine.net_before_minor,
    PoolLine.tax_before_minor,
    PoolLine.counted,
    ChargebackPosting.run_id,
)
_POOL = (
    CostPool.id,
    CostPool.kind,
    CostPool.period,
    CostPool.name,
    CostPool.invoice_id,
    CostPool.origin_run_id,
    CostPool.currency,
    CostPool.net_minor,
    CostPool.tax_minor,
    CostPool.created_by,
    CostPool.created_at,
)


def pools(
    session: Session, tenant_id: UUID, *, period: str | None = None, before: UUID | None = None, limit: int = 50
) -> tuple[PoolView, ...]:
    """Return pools with their lines, newest first, of one month or of all, before a cursor."""
    query = select(*_POOL).where(CostPool.tenant_id == tenant_id).order_by(CostPool.id.desc()).limit(limit)
    if period is not None:
        query = query.where(CostPool.period == period)
    if before is not None:
        query = query.where(CostPool.id < before)
    return _pools(session, tenant_id, query)


def get_pool(session: Session, tenant_id: UUID, pool_id: UUID) -> PoolView:
    """Return one pool.

    Raises:
        NotFound: there is none (`not_found`).
    """
    found = _pools(session, tenant_id, select(*_POOL).where(CostPool.tenant_id == tenant_id, CostPool.id == pool_id))
    if not found:
        raise NotFound("cost pool", pool_id)
    return found[0]


def pool_of_invoice(session: Session, tenant_id: UUID, invoice_id: UUID) -> PoolView | None:
    """Return the pool made of an invoice, if there is one."""
    query = select(*_POOL).where(CostPool.tenant_id == tenant_id, CostPool.invoice_id == invoice_id)
    return next(iter(_pools(session, tenant_id, query)), None)


def open_lines(session: Session, tenant_id: UUID, period: str) -> tuple[PoolLineView, ...]:
    """Return the lines of a month's pools that no posted run has taken, in order of pool and position."""
    query = (
        _lines(tenant_id)
        .join(CostPool, and_(CostPool.tenant_id == PoolLine.tenant_id, CostPool.id == PoolLine.pool_id))
        .where(CostPool.period == period, ChargebackPosting.run_id.is_(None))
    )
    return tuple(_line(row) for row in session.execute(query))


def first_unposted(session: Session, consumer_id: UUID) -> datetime | None:
    """Return the start of the first period of a consumer whose lines no posted run has taken; a steward's read."""
    query = (
        select(func.min(PoolLine.period_starts_at))
        .outerjoin(
            ChargebackPosting,
            and_(
                ChargebackPosting.tenant_id == PoolLine.tenant_id,
                ChargebackPosting.pool_id == PoolLine.pool_id,
                ChargebackPosting.position == PoolLine.position,
            ),
        )
        .where(PoolLine.consumer_tenant_id == consumer_id, ChargebackPosting.run_id.is_(None))
    )
    found: datetime | None = session.execute(query).scalar_one()
    return found


def lines_by_id(session: Session, tenant_id: UUID, ids: Collection[tuple[UUID, int]]) -> tuple[PoolLineView, ...]:
    """Return these lines, in order of pool and position."""
    place = PoolLine.pool_id, PoolLine.position
    query = _lines(tenant_id).where(tuple_(*place).in_(pairs(*place, ids)))
    return tuple(_line(row) for row in session.execute(query))


def credited_before(session: Session, tenant_id: UUID, invoice_id: UUID) -> dict[int, Sums]:
    """Return what pools have taken from an invoice's lines by credits so far (below zero), by position."""
    rows = session.execute(
        select(PoolLine.credits_position, PoolLine.currency, PoolLine.net_minor, PoolLine.tax_minor).where(
            PoolLine.tenant_id == tenant_id, PoolLine.credits_invoice_id == invoice_id
        )
    )
    found: dict[int, Sums] = {}
    for position, currency, net_minor, tax_minor in rows:
        assert position is not None, "ck_pool_line_credit_whole"
        sums = Sums(Money(net_minor, currency), Money(tax_minor, currency))
        found[position] = found[position] + sums if position in found else sums
    return found


def _lines(tenant_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(*_LINE)
        .outerjoin(
            ChargebackPosting,
            and_(
                ChargebackPosting.tenant_id == PoolLine.tenant_id,
                ChargebackPosting.pool_id == PoolLine.pool_id,
                ChargebackPosting.position == PoolLine.position,
            ),
        )
        .where(PoolLine.tenant_id == tenant_id)
        .order_by(PoolLine.pool_id, PoolLine.position)
    )


def _pools(session: Session, tenant_id: UUID, query: Select[*tuple[Any, ...]]) -> tuple[PoolView, ...]:
    rows = session.execute(query).all()
    lines: dict[UUID, list[PoolLineView]] = {row.id: [] for row in rows}
    if rows:
        for found in session.execute(_lines(tenant_id).where(any_of(PoolLine.pool_id, lines))):
            line = _line(found)
            lines[line.pool_id].append(line)
    return tuple(
        PoolView(
            id=row.id,
            kind=row.kind,
            period=row.period,
            name=row.name,
            invoice_id=row.invoice_id,
            origin_run_id=row.origin_run_id,
            sums=Sums(Money(row.net_minor, row.currency), Money(row.tax_minor, row.currency)),
            created_by=row.created_by,
            created_at=row.created_at,
            lines=tuple(lines[row.id]),
        )
        for row in rows
    )


def _line(row: Any) -> PoolLineView:
    return PoolLineView(
        pool_id=row.pool_id,
        position=row.position,
        kind=row.kind,
        charge_key=row.charge_key,
        description=row.description,
        meter=row.meter,
        consumer_tenant_id=row.consumer_tenant_id,
        consumer=row.consumer,
        period=Period(row.period_starts_at, row.period_ends_at),
        quantity=row.quantity,
        unit=row.unit,
        sums=Sums(Money(row.net_minor, row.currency), Money(row.tax_minor, row.currency)),
        before=Sums(Money(row.net_before_minor, row.currency), Money(row.tax_before_minor, row.currency)),
        counted=tuple((code, Fraction(share)) for code, share in row.counted),
        posted_run_id=row.run_id,
    )
