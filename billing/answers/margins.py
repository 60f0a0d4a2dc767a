"""What was left of customers' bills after costs, as it is stored and as the API shows it (pure)."""

import msgspec

from billing.schemas.amounts import MoneyAnswer

__all__ = ("CustomerMargin", "MarginTotal", "MarginsResult")


class CustomerMargin(msgspec.Struct, frozen=True):
    """What was left of one customer's bills; `cost` is null where it is not known for all of the days."""

    tenant: str
    name: str
    plan: str
    """What was held last."""
    plan_name: str
    net: MoneyAnswer
    """Billed for service in these months, before tax, with what was billed one time."""
    cost: MoneyAnswer | None
    margin_percent: str | None

    @property
    def loses(self) -> bool:
        """Whether serving them costs more than they are billed."""
        return self.cost is not None and self.cost.money().amount_minor > self.net.money().amount_minor


class MarginTotal(msgspec.Struct, frozen=True):
    """All customers of a currency, or of a plan in it, whose costs are known; with no cost: those of whom none is."""

    plan: str
    """Empty: of all plans."""
    plan_name: str
    customers: int
    net: MoneyAnswer
    cost: MoneyAnswer | None
    margin_percent: str | None


class MarginsResult(msgspec.Struct, frozen=True, tag="margins", tag_field="kind"):
    """The answer to `MarginsQuestion`."""

    customers: tuple[CustomerMargin, ...]
    """By currency, whoever leaves least first; those of unknown costs last."""
    plans: tuple[MarginTotal, ...]
    totals: tuple[MarginTotal, ...]
