"""Selects of cost sheets; they return frozen values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.costs.models import CostSheet
from core.errors import NotFound
from core.scope import VENDOR_ID
from plans.documents import PlanDocument, parse_document

__all__ = ("CostsView", "cost_sheets", "costs_on", "get_costs", "in_force")


@dataclass(frozen=True, slots=True)
class CostsView:
    """What serving one contract costs from a day on."""

    valid_from: date
    document: PlanDocument
    set_by: str
    set_at: datetime


def cost_sheets(session: Session) -> tuple[CostsView, ...]:
    """Return all sheets by their first day; a steward's read."""
    query = select(CostSheet.valid_from, CostSheet.document, CostSheet.set_by, CostSheet.set_at)
    rows = session.execute(query.where(CostSheet.tenant_id == VENDOR_ID).order_by(CostSheet.valid_from))
    return tuple(CostsView(row[0], parse_document(row[1]), row[2], row[3]) for row in rows)


def get_costs(session: Session, valid_from: date) -> CostsView:
    """Return the sheet that begins on a day; a steward's read.

    Raises:
        NotFound: none does (`not_found`).
    """
    found = next((one for one in cost_sheets(session) if one.valid_from == valid_from), None)
    if found is None:
        raise NotFound("cost sheet", valid_from)
    return found


def in_force(sheets: Sequence[CostsView], day: date) -> CostsView | None:
    """Return which of the sheets, by their first day, holds on a day; None: none does yet."""
    return next((one for one in reversed(sheets) if one.valid_from <= day), None)


def costs_on(session: Session, day: date) -> CostsView | None:
    """Return the sheet that holds on a day, or None; a steward's read."""
    return in_force(cost_sheets(session), day)
