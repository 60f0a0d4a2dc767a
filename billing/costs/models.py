"""What serving customers costs the vendor."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Instant, TenantId, json_column

__all__ = ("CostSheet",)


class CostSheet(Base):
    """The vendor's own row: costs from a day on, until the next sheet's day; no customer ever sees one."""

    __tablename__ = "cost_sheet"
    tenant_id: Mapped[TenantId]
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    document: Mapped[Any] = json_column()
    """A plan's document of which only charges are said."""
    set_by: Mapped[str]
    set_at: Mapped[Instant]
