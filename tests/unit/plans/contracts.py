"""Subscriptions and measurements made up for tests of rating."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from core.periods import Period
from metering.measurement import Measurement
from plans.documents import PlanDocument, parse_document
from plans.periods import Schedule, Span
from plans.rating import RatedCharge, Sources
from plans.states import State
from plans.subscriptions import AgreedDiscount, Holding, SubscriptionView

START = datetime(2026, 1, 1, tzinfo=UTC)


def plan(*charges: dict[str, Any], **terms: Any) -> PlanDocument:
    """A document from JSON-like charges; each defaults to a flat fee."""
    return parse_document({"charges": [{"key": "fee", "name": "Fee", "model": "flat"} | c for c in charges], **terms})


def fee(amount: str, **more: Any) -> dict[str, Any]:
    return {"prices": {"USD": {"amount": amount}}} | more


def units(unit: str, meter: str | None = "contributions", **more: Any) -> dict[str, Any]:
    return {"key": "units", "model": "per_unit", "meter": meter, "prices": {"USD": {"unit": unit}}} | more


def held(
    document: PlanDocument,
    slot: str = "base",
    *,
    starts_at: datetime = START,
    ends_at: datetime | None = None,
    quantity: int = 1,
    key: str = "plan",
    mode: Any = "regular",
) -> Holding:
    return Holding(slot, key, key.title(), uuid5(NAMESPACE_OID, key), 1, document, quantity, starts_at, ends_at, mode)


def contract(
    *holdings: Holding, discounts: Iterable[AgreedDiscount] = (), ends_at: datetime | None = None
) -> SubscriptionView:
    return SubscriptionView(
        id=UUID(int=2),
        tenant_id=UUID(int=3),
        key="main",
        payer_tenant_id=UUID(int=3),
        currency="USD",
        starts_at=START,
        ends_at=ends_at,
        anchor_on=date(2026, 1, 1),
        time_zone="UTC",
        purchase_order="",
        status=State.ACTIVE,
        holdings=holdings,
        as_of=START,
        discounts=tuple(discounts),
    )


def month(number: int) -> Span:
    full = Schedule(date(2026, 1, 1), 1, START.tzinfo).period(number - 1)
    return Span(full, full)


def day(month_number: int, number: int = 1) -> datetime:
    return datetime(2026, month_number, number, tzinfo=UTC)


def used(**by_month: int) -> Sources:
    """What every meter counts, by the month in which it happens: `m1=10`; a level is the highest noted."""

    def measure(meter: str, period: Period) -> Measurement:
        found = [count for name, count in by_month.items() if day(int(name[1:]), 2) in period]
        flows = meter.startswith(("contributions", "courses"))
        quantity = sum(found) if flows else max(found, default=0)
        return Measurement(meter, period, "unit", Fraction(quantity), (), (), flows)

    return Sources(measure)


def told(lines: Iterable[RatedCharge]) -> list[tuple[str, str]]:
    return [(line.charge_key, line.rated.amount.text()) for line in lines]
