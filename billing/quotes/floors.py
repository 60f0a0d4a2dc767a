"""The floors under which nobody sells: a share of list price, and what must be left after costs."""

from decimal import Decimal
from typing import Protocol

from billing.costs.margins import under_margin
from billing.quotes.errors import BelowFloor, BelowMargin
from billing.quotes.reads.limits import LimitView
from core.money import Money

__all__ = ("Priced", "below_floor", "below_margin", "refuse_below_floors")


class Priced(Protocol):
    """An offer or a quote with what it comes to."""

    @property
    def listed(self) -> Money:
        """The first year at list price."""

    @property
    def net(self) -> Money:
        """The first year as quoted."""

    @property
    def term_net(self) -> Money | None:
        """The whole term."""

    @property
    def cost(self) -> Money | None:
        """What the first year costs; None: that is not known."""

    @property
    def term_cost(self) -> Money | None:
        """What the whole term costs."""

    @property
    def discount_percent(self) -> Decimal:
        """What it gives away."""

    @property
    def margin_percent(self) -> Decimal | None:
        """What is left after costs."""


def below_floor(priced: Priced, limit: LimitView) -> bool:
    """Tell whether less is asked than the floor's share of list price."""
    return priced.listed.amount_minor != 0 and 100 - priced.discount_percent < limit.floor_percent


def below_margin(priced: Priced, limit: LimitView) -> bool:
    """Tell whether less is left after costs than the floor, in the first year or the whole term."""
    spent = ((priced.net, priced.cost), (priced.term_net, priced.term_cost))
    return under_margin(spent, limit.margin_floor_percent)


def refuse_below_floors(priced: Priced, limit: LimitView) -> None:
    """Refuse what nobody may sell.

    Raises:
        BelowFloor, BelowMargin: it is under a floor (`below_margin_floor`, `below_cost_margin`).
    """
    if below_floor(priced, limit):
        raise BelowFloor(100 - priced.discount_percent, limit.floor_percent)
    if limit.margin_floor_percent is not None and below_margin(priced, limit):
        raise BelowMargin(priced.margin_percent, limit.margin_floor_percent)
