"""What the API gives about recurring revenue."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from uuid import UUID

import msgspec

from billing.revenue.movements import Kind, Month, Movement, Report, Tier
from billing.revenue.reads import Revenue, UsedRate
from billing.revenue.risks import Risk
from billing.schemas.amounts import MoneyAnswer
from core.money import Money, round_half_away

__all__ = ("MovementPage", "RevenueAnswer", "RiskPage")


class Moved(msgspec.Struct):
    """What moved the MRR, with its sign."""

    new: MoneyAnswer
    expansion: MoneyAnswer
    reactivation: MoneyAnswer
    contraction: MoneyAnswer
    churn: MoneyAnswer

    @classmethod
    def of(cls, moved: Mapping[Kind, Money]) -> "Moved":
        """Return the amounts as JSON shows them."""
        return cls(**{kind.value: MoneyAnswer.of(amount) for kind, amount in moved.items()})


class MonthAnswer(msgspec.Struct):
    """A month: opening and what moved come to closing, to the last cent."""

    month: str
    opening: MoneyAnswer
    moved: Moved
    closing: MoneyAnswer
    arr: MoneyAnswer
    """12 × closing."""
    customers: int
    one_time: MoneyAnswer

    @classmethod
    def of(cls, line: Month) -> "MonthAnswer":
        """Return the value as JSON shows it."""
        return cls(
            f"{line.month:%Y-%m}",
            MoneyAnswer.of(line.opening),
            Moved.of(line.moved),
            MoneyAnswer.of(line.closing),
            MoneyAnswer.of(line.yearly),
            line.customers,
            MoneyAnswer.of(line.one_time),
        )


class TierAnswer(msgspec.Struct):
    """A plan's part in the last month, and what moved there over all months."""

    plan: str
    closing: MoneyAnswer
    customers: int
    moved: Moved

    @classmethod
    def of(cls, tier: Tier) -> "TierAnswer":
        """Return the value as JSON shows it."""
        return cls(tier.plan, MoneyAnswer.of(tier.by_month[-1]), tier.customers, Moved.of(tier.moved))


class ReportAnswer(msgspec.Struct):
    """The waterfall in one currency. Retention is in per cent, over all months; null where nothing was there before."""

    currency: str
    months: list[MonthAnswer]
    tiers: list[TierAnswer]
    retained_since: str | None
    """Of the customers of which month retention is told."""
    net_retention_percent: str | None
    gross_retention_percent: str | None

    @classmethod
    def of(cls, report: Report) -> "ReportAnswer":
        """Return the value as JSON shows it."""
        return cls(
            report.currency,
            [MonthAnswer.of(line) for line in report.months],
            [TierAnswer.of(tier) for tier in report.tiers],
            f"{report.retained_since:%Y-%m}" if report.retained_since else None,
            _percent(report.net_retention),
            _percent(report.gross_retention),
        )


class RateAnswer(msgspec.Struct):
    """By which rate a currency is converted, in all months alike; null: there is none, and it is left out."""

    currency: str
    rate: str | None
    valid_from: date | None
    source: str

    @classmethod
    def of(cls, used: UsedRate) -> "RateAnswer":
        """Return the value as JSON shows it."""
        return cls(used.currency, None if used.rate is None else f"{used.rate:f}", used.valid_from, used.source)


class RevenueAnswer(msgspec.Struct):
    """Recurring revenue by month: added up in one currency, and in each. `unbilled` counts contracts by month."""

    first: str
    last: str
    base: ReportAnswer
    rates: list[RateAnswer]
    currencies: list[ReportAnswer]
    unbilled: dict[str, int]

    @classmethod
    def of(cls, revenue: Revenue) -> "RevenueAnswer":
        """Return the value as JSON shows it."""
        return cls(
            f"{revenue.first:%Y-%m}",
            f"{revenue.last:%Y-%m}",
            ReportAnswer.of(revenue.base.report),
            [RateAnswer.of(used) for used in revenue.base.rates],
            [ReportAnswer.of(one) for one in revenue.currencies],
            {f"{month:%Y-%m}": count for month, count in revenue.unbilled.items()},
        )


class MovementAnswer(msgspec.Struct):
    """One customer's step into a month."""

    month: str
    customer: UUID
    kind: str
    plan: str
    before: MoneyAnswer
    after: MoneyAnswer
    amount: MoneyAnswer

    @classmethod
    def of(cls, move: Movement) -> "MovementAnswer":
        """Return the value as JSON shows it."""
        before, after = MoneyAnswer.of(move.before), MoneyAnswer.of(move.after)
        amount = MoneyAnswer.of(move.amount)
        return cls(f"{move.month:%Y-%m}", move.customer, move.kind.value, move.plan, before, after, amount)


class MovementPage(msgspec.Struct):
    """The steps behind a month's line, by customer."""

    items: list[MovementAnswer]
    next_cursor: str | None


class RiskAnswer(msgspec.Struct):
    """A contract whose revenue is at risk."""

    customer: UUID
    subscription: UUID
    plan: str
    version: int
    newest_version: int
    reason: str
    on: date | None
    mrr: MoneyAnswer

    @classmethod
    def of(cls, risk: Risk) -> "RiskAnswer":
        """Return the value as JSON shows it."""
        return cls(
            risk.customer,
            risk.subscription,
            risk.plan,
            risk.version,
            risk.newest,
            risk.reason.value,
            risk.on,
            MoneyAnswer.of(risk.amount),
        )


class RiskPage(msgspec.Struct):
    """What is at risk, the largest first."""

    items: list[RiskAnswer]
    next_cursor: str | None


def _percent(value: Fraction | None) -> str | None:
    if value is None:
        return None
    return f"{round_half_away(value, 4) // 100}.{round_half_away(value, 4) % 100:02d}"
