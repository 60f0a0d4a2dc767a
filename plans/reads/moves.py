"""Moves of customers from one version to another, and how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.scope import VENDOR_ID
from plans.changes import When
from plans.models import PlanMove, PlanMoveItem

__all__ = (
    "MoveItemView",
    "MoveView",
    "get_move",
    "move_items",
    "move_runs",
    "moves_of",
    "unfinished_moves",
    "waiting_items",
)


@dataclass(frozen=True, slots=True)
class MoveView:
    """A move and its progress."""

    id: UUID
    plan_key: str
    from_number: int
    to_plan_key: str
    """Another plan, or the same."""
    to_number: int
    when: When
    preview: bool
    status: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    """Contracts by what became of them."""


@dataclass(frozen=True, slots=True)
class MoveItemView:
    """What became of one contract; amounts are of the running period, by the use so far."""

    customer_id: UUID
    subscription_id: UUID
    status: str
    code: str
    detail: str
    effective_at: datetime | None
    before_minor: int | None
    after_minor: int | None
    currency: str


def get_move(session: Session, move_id: UUID) -> MoveView:
    """Return a move; a steward's read.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = _views(session, PlanMove.id == move_id)
    if not found:
        raise NotFound("move", move_id)
    return found[0]


def moves_of(session: Session, plan_key: str, limit: int = 20) -> tuple[MoveView, ...]:
    """Return the latest moves and previews of a plan, newest first; a steward's read."""
    return _views(session, PlanMove.plan_key == plan_key, limit=limit)


def _views(session: Session, wanted: ColumnElement[bool], limit: int = 1) -> tuple[MoveView, ...]:
    rows = session.execute(
        select(
            PlanMove.id, PlanMove.plan_key, PlanMove.from_number, PlanMove.to_plan_key, PlanMove.to_number,
            PlanMove.timing, PlanMove.preview, PlanMove.status, PlanMove.created_by, PlanMove.created_at,
            PlanMove.finished_at,
        )
        .where(PlanMove.tenant_id == VENDOR_ID, wanted)
        .order_by(PlanMove.id.desc())
        .limit(limit)
    ).all()  # fmt: skip
    counts: dict[UUID, dict[str, int]] = {row.id: {} for row in rows}
    for move_id, state, count in session.execute(
        select(PlanMoveItem.move_id, PlanMoveItem.status, func.count())
        .where(PlanMoveItem.tenant_id == VENDOR_ID, PlanMoveItem.move_id.in_(counts))
        .group_by(PlanMoveItem.move_id, PlanMoveItem.status)
    ):
        counts[move_id][state] = count
    return tuple(
        MoveView(
            row.id, row.plan_key, row.from_number, row.to_plan_key or row.plan_key, row.to_number,
            cast(When, row.timing), row.preview, row.status, row.created_by, row.created_at, row.finished_at,
            counts[row.id],
        )
        for row in rows
    )  # fmt: skip


def move_runs(session: Session, move_id: UUID) -> bool:
    """Tell whether a move is under way; asked before each contract, so nothing is counted here."""
    status = session.execute(
        select(PlanMove.status).where(PlanMove.tenant_id == VENDOR_ID, PlanMove.id == move_id)
    ).scalar_one_or_none()
    return status == "running"


def move_items(session: Session, move_id: UUID, after: UUID | None, limit: int) -> Sequence[MoveItemView]:
    """Return what became of the contracts of a move, by id, at most `limit` after one."""
    query = select(
        PlanMoveItem.customer_id, PlanMoveItem.subscription_id, PlanMoveItem.status, PlanMoveItem.code,
        PlanMoveItem.detail, PlanMoveItem.effective_at, PlanMoveItem.before_minor, PlanMoveItem.after_minor,
        PlanMoveItem.currency,
    ).where(PlanMoveItem.tenant_id == VENDOR_ID, PlanMoveItem.move_id == move_id)  # fmt: skip
    if after is not None:
        query = query.where(PlanMoveItem.subscription_id > after)
    return [MoveItemView(*row) for row in session.execute(query.order_by(PlanMoveItem.subscription_id).limit(limit))]


def waiting_items(session: Session, move_id: UUID) -> Sequence[tuple[UUID, UUID]]:
    """Return customer and contract of what is still to be done, by id."""
    rows = session.execute(
        select(PlanMoveItem.customer_id, PlanMoveItem.subscription_id)
        .where(PlanMoveItem.tenant_id == VENDOR_ID, PlanMoveItem.move_id == move_id, PlanMoveItem.status == "waiting")
        .order_by(PlanMoveItem.subscription_id)
    )
    return rows.tuples().all()


def unfinished_moves(session: Session) -> Sequence[UUID]:
    """Return the moves that are not over, oldest first; a steward's read."""
    rows = session.execute(
        select(PlanMove.id)
        .where(PlanMove.tenant_id == VENDOR_ID, PlanMove.status == "running")
        .order_by(PlanMove.created_at, PlanMove.id)
    )
    return rows.scalars().all()
