"""What the finance chart shows: money from lines through rules to cost centres (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import lcm

from billing.chargebacks.allocation import RESERVED, Allocation, Row, Taken
from core.money import Money, largest_remainder

__all__ = ("Flow", "FlowNode", "Sankey", "sankey_of")

OTHERS = "~others"


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node: `kind` is `line`, `rule`, `centre`, `account` (reserved) or `others`."""

    id: str
    kind: str
    key: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Flow:
    """Gross money from one node to another; below zero where a credit flows."""

    source: str
    target: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Sankey:
    """One currency's chart. What flows into a rule flows out of it, to the last unit."""

    currency: str
    nodes: tuple[FlowNode, ...]
    links: tuple[Flow, ...]


def sankey_of(allocation: Allocation, centres_max: int = 40) -> tuple[Sankey, ...]:
    """Return one chart per currency, lines → rules → centres, in gross amounts.

    Args:
        allocation: the run's result.
        centres_max: more centres than that are gathered into one node, the smallest first.
    """
    currencies = sorted({leaf.line.currency for leaf in allocation.leaves})
    return tuple(_chart(allocation, currency, centres_max) for currency in currencies)


def _chart(allocation: Allocation, currency: str, centres_max: int) -> Sankey:
    first: dict[tuple[str, str], int] = {}
    second: dict[tuple[str, str], int] = {}
    for line, rule, account, minor in _streams(allocation, currency):
        first[line, rule] = first.get((line, rule), 0) + minor
        second[rule, account] = second.get((rule, account), 0) + minor
    shown = _largest(second, centres_max)
    gathered: dict[tuple[str, str], int] = {}
    for (rule, account), minor in second.items():
        target = account if account in shown or account in RESERVED else OTHERS
        gathered[rule, target] = gathered.get((rule, target), 0) + minor
    links = [_flow(f"line:{line}", f"rule:{rule}", minor, currency) for (line, rule), minor in first.items()]
    links += [
        _flow(f"rule:{rule}", f"centre:{account}", minor, currency)
        for (rule, account), minor in sorted(gathered.items())
    ]
    return Sankey(currency, _nodes(first, gathered, currency), tuple(links))


def _streams(allocation: Allocation, currency: str) -> Iterator[tuple[str, str, str, int]]:
    """Yield (line, rule, account, minor units); a leaf that several rules made is split by their parts."""
    leaves = (leaf for leaf in allocation.leaves if leaf.line.currency == currency)
    for key, mine in groupby(leaves, key=lambda leaf: leaf.line.key):
        factors = _factors(allocation.taken[key])
        for leaf in mine:
            weights = [(rule, factor * row.weight(leaf.account)) for rule, row, factor in factors]
            parts = [(rule, weight) for rule, weight in weights if weight]
            split = largest_remainder(leaf.gross_minor, parts)
            for (rule, _), minor in zip(parts, split, strict=True):
                yield key, rule, leaf.account, minor


def _factors(takens: Sequence[Taken]) -> list[tuple[str, Row, int]]:
    """Return what a unit of each rule's row is worth, over one common denominator."""
    whole = lcm(*(taken.share.denominator * taken.row.whole for taken in takens))
    return [
        (
            taken.rule.key,
            taken.row,
            taken.share.numerator * (whole // (taken.share.denominator * taken.row.whole)),
        )
        for taken in takens
    ]


def _largest(second: dict[tuple[str, str], int], centres_max: int) -> frozenset[str]:
    sizes: dict[str, int] = {}
    for (_, account), minor in second.items():
        if account not in RESERVED:
            sizes[account] = sizes.get(account, 0) + abs(minor)
    ordered = sorted(sizes, key=lambda code: (-sizes[code], code))
    return frozenset(ordered if len(ordered) <= centres_max else ordered[: centres_max - 1])


def _nodes(
    first: dict[tuple[str, str], int], second: dict[tuple[str, str], int], currency: str
) -> tuple[FlowNode, ...]:
    amounts: dict[tuple[str, str], int] = {}
    for (line, _), minor in first.items():
        amounts["line", line] = amounts.get(("line", line), 0) + minor
    for (rule, account), minor in second.items():
        amounts["rule", rule] = amounts.get(("rule", rule), 0) + minor
        amounts["centre", account] = amounts.get(("centre", account), 0) + minor
    return tuple(
        FlowNode(f"{kind}:{key}", _kind(kind, key), key, Money(minor, currency))
        for (kind, key), minor in amounts.items()
    )


def _kind(kind: str, key: str) -> str:
    if kind != "centre":
        return kind
    return "others" if key == OTHERS else "account" if key in RESERVED else "centre"


def _flow(source: str, target: str, minor: int, currency: str) -> Flow:
    return Flow(source, target, Money(minor, currency))
