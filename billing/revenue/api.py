"""The API of recurring revenue: the vendor's own, over all customers."""

import re
from datetime import date
from typing import Annotated

from litestar import Controller, get
from litestar.params import Parameter
from sqlalchemy.orm import Session

from billing.revenue.movements import Report
from billing.revenue.reads import Revenue, Wanted, read_revenue, read_risks
from billing.revenue.schemas import MovementAnswer, MovementPage, RevenueAnswer, RiskAnswer, RiskPage
from core.clock import utc_now
from core.errors import InputError, InvalidInput, NotFound
from core.money import exponent
from core.periods import add_months
from tenants.principal import Principal, require
from tenants.roles import Permission

__all__ = ("parse_wanted", "route_handlers")

MonthText = Annotated[str | None, Parameter(description="A month, for instance 2026-10.")]
Base = Annotated[str | None, Parameter(pattern="^[A-Z]{3}$", description="In which currency all is added up.")]
Limit = Annotated[int, Parameter(ge=1, le=500)]
Days = Annotated[int, Parameter(ge=1, le=1_000)]
LONGEST_MONTHS = 60
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class RevenueController(Controller):
    """MRR and what moved it. Where contracts are not billed to a month's end yet, `unbilled` says so."""

    path = "/v1/revenue"
    tags = ("revenue",)

    @get(sync_to_thread=True)
    def waterfall(
        self, principal: Principal, steward: Session, first: MonthText = None, last: MonthText = None, base: Base = None
    ) -> RevenueAnswer:
        """Tell MRR, ARR, movements, retention and tiers by month; by default the last twelve billed ones."""
        return RevenueAnswer.of(_read(principal, steward, first, last, base))

    @get("/movements", sync_to_thread=True)
    def movements(
        self, principal: Principal, steward: Session, month: str, currency: Base = None,
        cursor: Annotated[int, Parameter(ge=0)] = 0, limit: Limit = 100,
    ) -> MovementPage:  # fmt: skip
        """Tell which customers moved into a month; in one currency, or (left out) in all added up."""
        found = _read(principal, steward, month, month, None)
        moves = _in(found, currency).movements
        items = [MovementAnswer.of(move) for move in moves[cursor : cursor + limit]]
        return MovementPage(items, str(cursor + limit) if len(moves) > cursor + limit else None)

    @get("/at-risk", sync_to_thread=True)
    def at_risk(
        self, principal: Principal, steward: Session, days: Days = 180,
        cursor: Annotated[int, Parameter(ge=0)] = 0, limit: Limit = 100,
    ) -> RiskPage:  # fmt: skip
        """Tell which contracts end within some days or hold a version that is not the newest, with their MRR."""
        _may(principal)
        found = read_risks(steward, utc_now(), days)
        items = [RiskAnswer.of(risk) for risk in found[cursor : cursor + limit]]
        return RiskPage(items, str(cursor + limit) if len(found) > cursor + limit else None)


def parse_wanted(first: str | None, last: str | None, base: str | None) -> Wanted:
    """Return the wish of a query.

    Raises:
        InvalidInput: a month is none, or they run backwards or are more than five years (`months_invalid`).
        UnknownCurrency: the base is no currency (`currency_unknown`).
    """
    begins, ends = _month("first", first), _month("last", last)
    if begins is not None and ends is not None and not begins <= ends < add_months(begins, LONGEST_MONTHS):
        detail = f"Ask for one month or more, at most {LONGEST_MONTHS}; `last` is not before `first`."
        raise InvalidInput(InputError("last", "months_invalid", detail))
    if base is not None:
        exponent(base)
    return Wanted(begins, ends, base)


def _month(name: str, text: str | None) -> date | None:
    if not text:
        return None
    found = _MONTH.fullmatch(text)
    if found is None or found[1] < "2000":
        raise InvalidInput(InputError(name, "months_invalid", f"Write `{name}` as 2026-10."))
    return date(int(found[1]), int(found[2]), 1)


def _may(principal: Principal) -> None:
    require(principal, Permission.TENANTS_READ)
    require(principal, Permission.INVOICES_READ)


def _read(principal: Principal, steward: Session, first: str | None, last: str | None, base: str | None) -> Revenue:
    _may(principal)
    return read_revenue(steward, parse_wanted(first, last, base))


def _in(found: Revenue, currency: str | None) -> Report:
    if currency is None:
        return found.base.report
    for one in found.currencies:
        if one.currency == currency:
            return one
    raise NotFound("currency that anything is billed in", currency)


route_handlers = (RevenueController,)
