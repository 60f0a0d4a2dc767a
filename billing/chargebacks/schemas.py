"""What the API takes and gives about chargeback."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from billing.chargebacks.allocation import Match, RuleDocument, Sentence
from billing.chargebacks.reads import (
    Chart,
    PartView,
    PoolLineView,
    PoolView,
    Preview,
    RuleSetView,
    RuleView,
    RunView,
    StatementLineView,
    StatementSummary,
    StatementView,
    Sums,
)
from core.money import Money
from core.periods import Period

__all__ = (
    "ChartAnswer",
    "PeriodAnswer",
    "PeriodBody",
    "PoolAnswer",
    "PoolBody",
    "RuleSetAnswer",
    "RulesBody",
    "RunAnswer",
    "RunBody",
    "StatementAnswer",
    "StatementItem",
    "WithdrawBody",
)

Text = Annotated[str, msgspec.Meta(max_length=500)]


class Amount(msgspec.Struct, frozen=True):
    """Money: a decimal string with exactly the currency's digits."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> "Amount":
        """Return money as JSON shows it."""
        return cls(money.text(), money.currency)


class Amounts(msgspec.Struct, frozen=True):
    """Net, tax, gross: allocated each for itself, gross is their sum."""

    net: Amount
    tax: Amount
    gross: Amount

    @classmethod
    def of(cls, sums: Sums) -> "Amounts":
        """Return sums as JSON shows them."""
        return cls(Amount.of(sums.net), Amount.of(sums.tax), Amount.of(sums.gross))


class Span(msgspec.Struct, frozen=True, rename={"starts_at": "from", "ends_at": "to"}):
    """A period; `to` is not in it."""

    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, period: Period) -> "Span":
        """Return a period as JSON shows it."""
        return cls(period.starts_at, period.ends_at)


class PoolBody(msgspec.Struct, forbid_unknown_fields=True):
    """An invoice to charge back, and in which month (by default that of its periods)."""

    invoice_id: UUID
    period: Text | None = None


class PoolLineAnswer(msgspec.Struct):
    """One line of a pool; credits are below zero."""

    position: int
    kind: str
    charge_key: str
    description: str
    meter: str | None
    consumer: str
    period: Span
    quantity: str
    unit: str
    amounts: Amounts
    posted_run_id: UUID | None

    @classmethod
    def of(cls, line: PoolLineView) -> "PoolLineAnswer":
        """Return a pool line as JSON shows it."""
        return cls(
            position=line.position,
            kind=line.kind,
            charge_key=line.charge_key,
            description=line.description,
            meter=line.meter,
            consumer=line.consumer,
            period=Span.of(line.period),
            quantity=f"{line.quantity:f}",
            unit=line.unit,
            amounts=Amounts.of(line.sums),
            posted_run_id=line.posted_run_id,
        )


class PoolAnswer(msgspec.Struct):
    """A cost pool."""

    id: UUID
    kind: str
    period: str
    name: str
    invoice_id: UUID | None
    origin_run_id: UUID | None
    amounts: Amounts
    open_lines: int
    lines: list[PoolLineAnswer]
    created_at: datetime

    @classmethod
    def of(cls, pool: PoolView) -> "PoolAnswer":
        """Return a pool as JSON shows it."""
        return cls(
            id=pool.id,
            kind=pool.kind,
            period=pool.period,
            name=pool.name,
            invoice_id=pool.invoice_id,
            origin_run_id=pool.origin_run_id,
            amounts=Amounts.of(pool.sums),
            open_lines=pool.open_lines,
            lines=[PoolLineAnswer.of(line) for line in pool.lines],
            created_at=pool.created_at,
        )


class RulesBody(msgspec.Struct, forbid_unknown_fields=True):
    """All rules, in the order in which they are tried."""

    rules: Annotated[list[RuleDocument], msgspec.Meta(max_length=200)]


class RuleAnswer(msgspec.Struct):
    """A rule as written, and in plain words."""

    position: int
    key: str
    method: str
    share: str
    match: Match
    params: dict[str, object]
    sentence: str

    @classmethod
    def of(cls, rule: RuleView) -> "RuleAnswer":
        """Return a rule as JSON shows it."""
        written = rule.document
        said = _said(rule.sentences)
        return cls(rule.position, written.key, written.method, written.share, written.match, written.params, said)


class RuleSetAnswer(msgspec.Struct):
    """The rules in force; version 0 says that there are none yet."""

    version: int
    created_at: datetime | None
    rules: list[RuleAnswer]

    @classmethod
    def of(cls, found: RuleSetView | None) -> "RuleSetAnswer":
        """Return a version as JSON shows it."""
        if found is None:
            return cls(0, None, [])
        return cls(found.version, found.created_at, [RuleAnswer.of(rule) for rule in found.rules])


class RunBody(msgspec.Struct, forbid_unknown_fields=True):
    """A month to charge back; with `preview` nothing is stored, and `rules` may be tried out."""

    period: Text
    preview: bool = False
    rules: Annotated[list[RuleDocument], msgspec.Meta(max_length=200)] | None = None


class WithdrawBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a run is taken back."""

    reason: Text


class StatementItem(msgspec.Struct):
    """A statement in a list; `id` is null until it is posted."""

    id: UUID | None
    run_id: UUID | None
    period: str
    cost_centre: str
    net: Amount
    tax: Amount
    gross: Amount

    @classmethod
    def of(cls, found: StatementSummary) -> "StatementItem":
        """Return a statement's sums as JSON shows them."""
        sums = Amounts.of(found.sums)
        return cls(found.id, found.run_id, found.period, found.cost_centre, sums.net, sums.tax, sums.gross)


class RunAnswer(msgspec.Struct, kw_only=True):
    """A run, or with `preview` what it would be."""

    id: UUID | None
    period: str
    status: str
    preview: bool
    lines: int
    totals: list[Amounts]
    statements: list[StatementItem]
    unknown_cost_centres: list[str]
    rules: list[RuleDocument]
    maker: UUID | None = None
    approver: UUID | None = None
    created_at: datetime | None = None
    approved_at: datetime | None = None
    posted_at: datetime | None = None
    withdrawn_at: datetime | None = None
    reason: str = ""

    @classmethod
    def of(cls, run: RunView) -> "RunAnswer":
        """Return a run as JSON shows it."""
        return cls(
            id=run.id,
            period=run.period,
            status=run.status,
            preview=False,
            lines=run.lines,
            totals=_totals(run.statements),
            statements=[StatementItem.of(found) for found in run.statements],
            unknown_cost_centres=list(run.unknown_centres),
            rules=list(run.rules),
            maker=run.maker,
            approver=run.approver,
            created_at=run.created_at,
            approved_at=run.approved_at,
            posted_at=run.posted_at,
            withdrawn_at=run.withdrawn_at,
            reason=run.reason,
        )

    @classmethod
    def of_preview(cls, preview: Preview) -> "RunAnswer":
        """Return a preview as JSON shows it."""
        return cls(
            id=None,
            period=preview.period,
            status="preview",
            preview=True,
            lines=len(preview.lines),
            totals=_totals(preview.statements),
            statements=[StatementItem.of(found) for found in preview.statements],
            unknown_cost_centres=list(preview.unknown_centres),
            rules=list(preview.rules),
        )


class PartAnswer(msgspec.Struct):
    """One rule's part in a line, exact: the share of the line, and the driver behind it."""

    rule: str
    method: str
    share: str
    driver: str
    quantity: str
    total: str

    @classmethod
    def of(cls, part: PartView) -> "PartAnswer":
        """Return a part as JSON shows it."""
        return msgspec.convert(part, cls, from_attributes=True)


class StatementLineAnswer(msgspec.Struct):
    """One line of a statement: this centre's amounts, the whole line, and why."""

    amounts: Amounts
    of_line: PoolLineAnswer
    parts: list[PartAnswer]

    @classmethod
    def of(cls, line: StatementLineView) -> "StatementLineAnswer":
        """Return a statement line as JSON shows it."""
        parts = [PartAnswer.of(part) for part in line.parts]
        return cls(Amounts.of(line.sums), PoolLineAnswer.of(line.line), parts)


class StatementAnswer(StatementItem):
    """A statement with everything that explains it; `rules` says each rule in plain words."""

    lines: list[StatementLineAnswer]
    rules: dict[str, str]

    @classmethod
    def explained(cls, found: StatementView) -> "StatementAnswer":
        """Return a statement as JSON shows it."""
        sums = Amounts.of(found.sums)
        return cls(
            id=found.id,
            run_id=found.run_id,
            period=found.period,
            cost_centre=found.cost_centre,
            net=sums.net,
            tax=sums.tax,
            gross=sums.gross,
            lines=[StatementLineAnswer.of(line) for line in found.lines],
            rules={key: _said(sentences) for key, sentences in found.rules.items()},
        )


class NodeAnswer(msgspec.Struct):
    """A node of the chart: `line`, `rule`, `centre`, `account` or `others`."""

    id: str
    kind: str
    label: str
    amount: Amount


class LinkAnswer(msgspec.Struct):
    """Gross money from one node to another."""

    source: str
    target: str
    amount: Amount


class ChartAnswer(msgspec.Struct):
    """Lines → rules → cost centres in one currency."""

    currency: str
    nodes: list[NodeAnswer]
    links: list[LinkAnswer]

    @classmethod
    def of(cls, chart: Chart) -> "ChartAnswer":
        """Return a chart as JSON shows it."""
        return cls(
            chart.currency,
            [NodeAnswer(node.id, node.kind, node.label, Amount.of(node.amount)) for node in chart.nodes],
            [LinkAnswer(link.source, link.target, Amount.of(link.amount)) for link in chart.links],
        )


class PeriodBody(msgspec.Struct, forbid_unknown_fields=True):
    """A month's step: `soften` (no new runs), `reopen`, `close` (final)."""

    step: Literal["soften", "reopen", "close"]


class PeriodAnswer(msgspec.Struct):
    """A month and its state."""

    period: str
    status: str


def _totals(statements: Iterable[StatementSummary]) -> list[Amounts]:
    totals: dict[str, Sums] = {}
    for found in statements:
        currency = found.sums.net.currency
        totals[currency] = totals[currency] + found.sums if currency in totals else found.sums
    return [Amounts.of(totals[currency]) for currency in sorted(totals)]


def _said(sentences: Iterable[Sentence]) -> str:
    return " ".join(sentence.english() for sentence in sentences)
