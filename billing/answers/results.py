"""What is answered, as it is stored and as the API shows it (pure). No person is named in it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from billing.answers.margins import MarginsResult
from billing.drafts import Draft, DraftLine, document_kind, draft_totals
from billing.schemas.amounts import MoneyAnswer
from core.money import Money, quantize_quantity
from core.periods import local_date, zone

__all__ = (
    "BreakEven",
    "Cause",
    "CentreCost",
    "DefinitionResult",
    "Flip",
    "LimitCost",
    "LineDifference",
    "ModelCost",
    "ModelsResult",
    "ParallelLine",
    "ParallelResult",
    "PlanResult",
    "Result",
    "SeatsResult",
    "SimulatedInvoice",
    "SimulatedLine",
    "SimulationResult",
    "TenantResult",
    "TimeoutCost",
    "TimeoutResult",
    "VersionImpact",
    "VersionResult",
    "VersionTotal",
    "net_of",
    "percent_text",
    "simulated_invoice",
)


class SimulatedLine(msgspec.Struct, frozen=True):
    """A line as the invoice would have it; amounts carry their sign."""

    charge_key: str
    description: str
    kind: str
    meter: str | None
    first_day: date
    last_day: date
    quantity: str
    unit: str
    amount: MoneyAnswer
    tax_category: str
    tax_percent: str
    steps: tuple[dict[str, Any], ...]
    assumed: str = ""
    """As what the quantity was assumed, where it was not counted: `registered`, `peak_active` or a number."""


class SimulatedInvoice(msgspec.Struct, frozen=True):
    """A document that would have been made."""

    closes_on: date
    kind: str
    net: MoneyAnswer
    tax: MoneyAnswer
    gross: MoneyAnswer
    lines: tuple[SimulatedLine, ...]


class PlanResult(msgspec.Struct, frozen=True):
    """What one plan or quote comes to; where it cannot be had, `refused` says why and there are no invoices."""

    label: str
    plan: str
    name: str
    currency: str
    net: MoneyAnswer
    invoices: tuple[SimulatedInvoice, ...]
    refused: dict[str, str] | None = None
    quote: UUID | None = None
    """Which quote this is; `label` has its key and version, `plan` what it begins with."""
    ends_on: date | None = None
    """The day on which a quote's term is over, where that is before the days asked about are."""
    quantity_unsaid: bool = False
    """A price goes by how many are bought, and nobody said how many: one was billed, and it is no cheapest plan."""
    assumed: tuple[tuple[str, str], ...] = ()
    """Meters that were assumed, and as what (`SimulatedLine.assumed`)."""
    uncounted: tuple[str, ...] = ()
    """Meters of its charges of which nothing was counted: their part is not in `net`, and it is no cheapest plan."""
    cost: MoneyAnswer | None = None
    """What serving the customer so costs the vendor, by today's sheet of costs; null: not known in this currency."""
    margin_percent: str | None = None
    """What is left of `net` after it, in per cent; null as well where nothing is billed."""


class TenantResult(msgspec.Struct, frozen=True):
    """One customer under every plan, cheapest first as asked for."""

    tenant: str
    name: str
    plans: tuple[PlanResult, ...]


class SimulationResult(msgspec.Struct, frozen=True, tag="simulation", tag_field="kind"):
    """The answer to `SimulationQuestion`."""

    tenants: tuple[TenantResult, ...]


class CentreCost(msgspec.Struct, frozen=True):
    """What a cost centre's part comes to; `code` is null for what nobody is assigned to."""

    code: str | None
    cost: MoneyAnswer


class ModelCost(msgspec.Struct, frozen=True):
    """One licence model: the cost of the time asked about, its range, and by usage."""

    model: str
    meter: str
    charge: str
    plan: str
    """Where the price comes from; empty: it was given."""
    cost: MoneyAnswer
    low: MoneyAnswer
    """If every month were as the cheapest one."""
    high: MoneyAnswer
    """If every month were as the dearest one."""
    counted: bool
    """Whether the customer used anything that this model goes by; else it is no model for this customer."""
    grown: MoneyAnswer
    months: tuple[tuple[date, str, MoneyAnswer], ...]
    """First day, quantity and cost of each bill."""
    curve: tuple[tuple[str, MoneyAnswer], ...]
    """Cost at so many times the usage."""
    centres: tuple[CentreCost, ...]
    assumed: str = ""
    """As what the usage was assumed, where it was not counted: `registered`, `peak_active` or a number."""


class BreakEven(msgspec.Struct, frozen=True):
    """`model` costs as much as `other` does now once its usage is `factor` times what it is; null: never up to 10."""

    model: str
    other: str
    factor: str | None


class ModelsResult(msgspec.Struct, frozen=True, tag="models", tag_field="kind"):
    """The answer to `ModelsQuestion`."""

    currency: str
    growth_percent: str
    models: tuple[ModelCost, ...]
    """Cheapest first; those that counted nothing last."""
    break_even: tuple[BreakEven, ...]
    mix: tuple[tuple[str | None, str, MoneyAnswer], ...]
    """For each cost centre the cheapest model that counts something of the customer, and what that comes to."""
    mix_cost: MoneyAnswer


class LimitCost(msgspec.Struct, frozen=True):
    """What a limit would have done, and what so many licences cost."""

    limit: int
    requests: int
    denied: int
    true_denials: int
    denied_percent: str
    true_denied_percent: str
    people_denied: int
    erlang_b_percent: str
    """Of the requests of the busiest hour; to be held against `hour_denied_percent`."""
    engset_percent: str
    cost: MoneyAnswer
    hour_requests: int = 0
    """Of the busiest hour, as replayed."""
    hour_denied: int = 0
    hour_denied_percent: str = ""
    """Empty: an answer from before the hour was replayed."""


class SeatsResult(msgspec.Struct, frozen=True, tag="seats", tag_field="kind"):
    """The answer to `SeatsQuestion`."""

    currency: str
    charge: str
    target_percent: str
    peak: int
    people: int
    busy_hour_erlang: str
    """Load of the busiest clock hour."""
    limits: tuple[LimitCost, ...]
    """By limit."""
    suggested: int | None
    """The smallest limit that keeps the target; null where nobody came."""
    busy_hour_starts_at: datetime | None = None


class TimeoutCost(msgspec.Struct, frozen=True):
    """What a time-out makes of the year."""

    timeout_s: int
    cost: MoneyAnswer
    quantities: tuple[tuple[str, str], ...]
    """Of each concurrent meter of the plan, the average over the bills."""


class TimeoutResult(msgspec.Struct, frozen=True, tag="timeout", tag_field="kind"):
    """The answer to `TimeoutQuestion`."""

    currency: str
    current_s: int
    costs: tuple[TimeoutCost, ...]


class LineDifference(msgspec.Struct, frozen=True):
    """One charge before and after."""

    charge_key: str
    description: str
    quantity_before: str
    quantity_after: str
    before: MoneyAnswer
    after: MoneyAnswer
    difference: MoneyAnswer


class Flip(msgspec.Struct, frozen=True):
    """Somebody who counts now and would not, or the other way, in a month; by pseudonym."""

    meter: str
    month: date
    person: str
    counts: bool
    """Under the new definition."""
    reason: str
    """Why, as evidence says it."""


class DefinitionResult(msgspec.Struct, frozen=True, tag="definition", tag_field="kind"):
    """The answer to `DefinitionQuestion`."""

    currency: str
    before: MoneyAnswer
    after: MoneyAnswer
    difference: MoneyAnswer
    lines: tuple[LineDifference, ...]
    flips_in: int
    flips_out: int
    flips: tuple[Flip, ...]
    """The first 500 of `flips_in` and `flips_out` together, by meter, month and pseudonym."""


class Cause(msgspec.Struct, frozen=True):
    """A part of a difference, and what proves it: the quantity before and after, each at our price.

    `late_fact`, `definition` (named in `detail`), `missing_event`, `price`, `rounding`, `not_here`.
    """

    cause: str
    detail: str
    quantity_theirs: str
    quantity_ours: str
    difference: MoneyAnswer


class ParallelLine(msgspec.Struct, frozen=True):
    """One charge of one period on both bills; the causes add up to the difference, ours less theirs."""

    first_day: date
    charge_key: str
    description: str
    quantity_theirs: str
    quantity_ours: str
    theirs: MoneyAnswer
    ours: MoneyAnswer
    difference: MoneyAnswer
    causes: tuple[Cause, ...]


class ParallelResult(msgspec.Struct, frozen=True, tag="parallel", tag_field="kind"):
    """The answer to `ParallelQuestion`."""

    currency: str
    theirs: MoneyAnswer
    ours: MoneyAnswer
    difference: MoneyAnswer
    causes: tuple[tuple[str, MoneyAnswer], ...]
    """What each cause comes to; they add up to the difference."""
    lines: tuple[ParallelLine, ...]


class VersionImpact(msgspec.Struct, frozen=True):
    """One contract under both versions, before tax; where it cannot have the new one, `refused` says why."""

    tenant: str
    name: str
    contract: str
    before: MoneyAnswer
    after: MoneyAnswer
    difference: MoneyAnswer
    refused: dict[str, str] | None = None


class VersionTotal(msgspec.Struct, frozen=True):
    """All contracts of a currency together; those that cannot have the new version are not in it."""

    contracts: int
    before: MoneyAnswer
    after: MoneyAnswer
    difference: MoneyAnswer
    lost: MoneyAnswer
    """What those who would pay less pay less: the revenue at risk."""


class VersionResult(msgspec.Struct, frozen=True, tag="version", tag_field="kind"):
    """The answer to `VersionQuestion`."""

    plan: str
    before: str
    after: str
    contracts: tuple[VersionImpact, ...]
    """By currency, who would pay less first."""
    totals: tuple[VersionTotal, ...]


Result: TypeAlias = (
    SimulationResult
    | ModelsResult
    | SeatsResult
    | TimeoutResult
    | DefinitionResult
    | ParallelResult
    | VersionResult
    | MarginsResult
)
"""The answer to any question."""


def simulated_invoice(draft: Draft, assumed: Mapping[str, str] = MappingProxyType({})) -> SimulatedInvoice:
    """Return a document as the answer tells it; `assumed` says by meter what was assumed."""
    totals = draft_totals(draft)
    first = draft.claims[0]
    closing = first.starts_at if first.timing == "advance" else first.ends_at
    return SimulatedInvoice(
        closes_on=local_date(closing, zone(draft.lines[0].time_zone)),
        kind=document_kind(totals),
        net=MoneyAnswer.of(totals.net),
        tax=MoneyAnswer.of(totals.tax),
        gross=MoneyAnswer.of(totals.gross),
        lines=tuple(_line(line, draft.currency, assumed.get(line.meter or "", "")) for line in draft.lines),
    )


def net_of(drafts: Iterable[Draft], currency: str) -> Money:
    """Return the sum of all lines, before tax."""
    return Money(sum(line.amount_minor for draft in drafts for line in draft.lines), currency)


def percent_text(share: Fraction) -> str:
    """Return a share as per cent with at most four decimals."""
    return f"{quantize_quantity(Fraction(share) * 100).quantize(Decimal('0.0001')).normalize():f}"


def _line(line: DraftLine, currency: str, assumed: str) -> SimulatedLine:
    tz = zone(line.time_zone)
    return SimulatedLine(
        charge_key=line.charge_key,
        description=line.description,
        kind=line.kind,
        meter=line.meter,
        first_day=local_date(line.period_starts_at, tz),
        last_day=local_date(line.period_ends_at - timedelta(microseconds=1), tz),
        quantity=f"{line.quantity:f}",
        unit=line.unit,
        amount=MoneyAnswer.of(Money(line.amount_minor, currency)),
        tax_category=line.tax_category,
        tax_percent=f"{line.tax_percent:f}",
        steps=line.steps,
        assumed=assumed,
    )
