"""Writes of cost sheets."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from billing.costs.models import CostSheet
from core.scope import VENDOR_ID

__all__ = ("delete_sheet", "put_sheet")


def put_sheet(session: Session, row: Mapping[str, Any]) -> None:
    """Write the sheet of a day, in the place of what stood there."""
    made = upsert(CostSheet).values(tenant_id=VENDOR_ID, **row)
    changed = {name: value for name, value in row.items() if name != "valid_from"}
    session.execute(made.on_conflict_do_update(index_elements=["tenant_id", "valid_from"], set_=changed))


def delete_sheet(session: Session, valid_from: date) -> None:
    """Delete the sheet of a day."""
    session.execute(delete(CostSheet).where(CostSheet.tenant_id == VENDOR_ID, CostSheet.valid_from == valid_from))
