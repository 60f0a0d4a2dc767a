"""What chargeback shows of itself: frozen values (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from billing.chargebacks.allocation import Allocation, RuleDocument, Sentence
from core.money import Money
from core.periods import Period

__all__ = (
    "Chart",
    "ChartLink",
    "ChartNode",
    "JournalView",
    "PartView",
    "PeriodView",
    "PoolLineView",
    "PoolView",
    "Preview",
    "RuleSetView",
    "RuleView",
    "RunView",
    "StatementLineView",
    "StatementSummary",
    "StatementView",
    "Sums",
)


@dataclass(frozen=True, slots=True)
class Sums:
    """Net, tax and gross in one currency."""

    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        """Net and tax together."""
        return self.net + self.tax

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.net + other.net, self.tax + other.tax)


@dataclass(frozen=True, slots=True)
class PoolLineView:
    """One line of a pool. Credits are below zero."""

    pool_id: UUID
    position: int
    kind: str
    charge_key: str
    description: str
    meter: str | None
    consumer_tenant_id: UUID
    consumer: str
    period: Period
    quantity: Decimal
    unit: str
    sums: Sums
    before: Sums
    """What was left of the credited line before this credit; nothing for other lines."""
    counted: tuple[tuple[str | None, Fraction], ...]
    """The drivers that the invoice came with."""
    posted_run_id: UUID | None

    @property
    def key(self) -> str:
        """The line's name in an allocation."""
        return f"{self.pool_id}:{self.position:05}"


@dataclass(frozen=True, slots=True)
class PoolView:
    """One cost pool with its lines."""

    id: UUID
    kind: str
    period: str
    name: str
    invoice_id: UUID | None
    origin_run_id: UUID | None
    sums: Sums
    created_by: str
    created_at: datetime
    lines: tuple[PoolLineView, ...]

    @property
    def open_lines(self) -> int:
        """How many lines no posted run has taken."""
        return sum(line.posted_run_id is None for line in self.lines)


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule as written, and in plain words."""

    position: int
    document: RuleDocument
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class RuleSetView:
    """One version of the rules."""

    id: UUID
    version: int
    created_by: str
    created_at: datetime
    rules: tuple[RuleView, ...]


@dataclass(frozen=True, slots=True)
class StatementSummary:
    """What a cost centre or reserved account carries in one currency; `id` once it is posted."""

    cost_centre: str
    sums: Sums
    id: UUID | None = None
    run_id: UUID | None = None
    period: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A run's result, stored or not: all of it follows from lines, rules and drivers."""

    period: str
    rules: tuple[RuleDocument, ...]
    lines: tuple[PoolLineView, ...]
    allocation: Allocation
    inputs: Any
    statements: tuple[StatementSummary, ...]
    unknown_centres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """A run without its leaves."""

    id: UUID
    period: str
    status: str
    rule_set_id: UUID
    maker: UUID
    approver: UUID | None
    created_at: datetime
    approved_at: datetime | None
    posted_at: datetime | None
    withdrawn_at: datetime | None
    reason: str
    posting_number: int | None
    rules: tuple[RuleDocument, ...]
    statements: tuple[StatementSummary, ...]
    unknown_centres: tuple[str, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class PartView:
    """One rule's part in a statement line, exact: `share` and quantities are fractions as text."""

    rule: str
    method: str
    share: str
    driver: str
    quantity: str
    total: str


@dataclass(frozen=True, slots=True)
class StatementLineView:
    """One leaf: the line, this centre's amounts, the whole line's, and why."""

    line: PoolLineView
    sums: Sums
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True)
class StatementView:
    """One statement with everything that explains it."""

    id: UUID
    run_id: UUID
    period: str
    cost_centre: str
    sums: Sums
    lines: tuple[StatementLineView, ...]
    rules: Mapping[str, tuple[Sentence, ...]]
    """The rules that made it, in plain words, by key."""


@dataclass(frozen=True, slots=True)
class JournalView:
    """One line of the journal."""

    run_id: UUID
    booked_on: date
    document: str
    account: str
    cost_centre: str
    currency: str
    debit_minor: int
    credit_minor: int
    text: str


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A month and its state."""

    period: str
    status: str


@dataclass(frozen=True, slots=True)
class ChartNode:
    """A node of the chart with a label for people; `kind` as in `flows.FlowNode`."""

    id: str
    kind: str
    label: str
    amount: Money


@dataclass(frozen=True, slots=True)
class ChartLink:
    """Gross money from one node to another."""

    source: str
    target: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Chart:
    """Invoice lines → rules → cost centres in one currency."""

    currency: str
    nodes: tuple[ChartNode, ...]
    links: tuple[ChartLink, ...]
