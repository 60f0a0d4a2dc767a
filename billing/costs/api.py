"""The API of costs: the vendor's own, for those who approve quotes."""

from datetime import date, datetime

import msgspec
from litestar import Controller, delete, get, put
from sqlalchemy.orm import Session

from billing.costs.actions.set_costs import drop_costs, set_costs
from billing.costs.reads import CostsView, cost_sheets, get_costs
from core.clock import utc_now
from plans.documents import PlanDocument
from tenants.principal import Principal, require
from tenants.roles import Permission

__all__ = ("route_handlers",)


class CostsBody(msgspec.Struct, forbid_unknown_fields=True):
    """A sheet of costs: a plan's document of which only charges are said."""

    document: PlanDocument


class CostsAnswer(msgspec.Struct):
    """What serving one contract costs from a day on, until the next sheet's day."""

    valid_from: date
    document: PlanDocument
    set_by: str
    set_at: datetime

    @classmethod
    def of(cls, view: CostsView) -> "CostsAnswer":
        """Return the view as JSON shows it."""
        return cls(view.valid_from, view.document, view.set_by, view.set_at)


class CostsPage(msgspec.Struct):
    """All sheets by their first day."""

    items: list[CostsAnswer]
    next_cursor: str | None = None


class CostsController(Controller):
    """What serving customers costs: what margins of quotes and customers are reckoned from."""

    path = "/v1/costs"
    tags = ("costs",)

    @get(sync_to_thread=True)
    def all(self, principal: Principal, steward: Session) -> CostsPage:
        """List all sheets, by their first day."""
        require(principal, Permission.QUOTES_APPROVE)
        return CostsPage([CostsAnswer.of(view) for view in cost_sheets(steward)])

    @get("/{valid_from:date}", sync_to_thread=True)
    def one(self, principal: Principal, steward: Session, valid_from: date) -> CostsAnswer:
        """Show the sheet that begins on a day."""
        require(principal, Permission.QUOTES_APPROVE)
        return CostsAnswer.of(get_costs(steward, valid_from))

    @put("/{valid_from:date}", sync_to_thread=True)
    def set(self, principal: Principal, steward: Session, valid_from: date, data: CostsBody) -> CostsAnswer:
        """Set what serving a contract costs from a day on; what the customer's facts count is priced by it."""
        require(principal, Permission.QUOTES_APPROVE)
        return CostsAnswer.of(set_costs(steward, valid_from, data.document, principal.actor, utc_now()))

    @delete("/{valid_from:date}", sync_to_thread=True, status_code=204)
    def drop(self, principal: Principal, steward: Session, valid_from: date) -> None:
        """Drop the sheet of a day: the one before it goes on."""
        require(principal, Permission.QUOTES_APPROVE)
        drop_costs(steward, valid_from, principal.actor)


route_handlers = (CostsController,)
