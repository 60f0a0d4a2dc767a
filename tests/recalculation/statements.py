"""Statements: a bill's lines divided over cost centres by the customer's rules, once more.

Rules are those that `app.demo.chargeback` sets, told again in plain words of the domain; amounts are
whole cents until a line is divided, and a line is rounded once.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.recalculation.bills import Line

UNASSIGNED, SPONSOR, VARIANCE = "~unassigned", "~sponsor", "~variance"
RESERVED = (UNASSIGNED, SPONSOR, VARIANCE)

Shares = dict[str, Fraction]
Divide = Callable[[Line], Shares | None]


@dataclass
class Rule:
    """A rule takes `share` of what reaches it; None from `divide`: not this line.

    With `pass_unassigned` it takes no part of what nobody carries: that goes on to the next rule.
    `spread` divides by what all other rules gave.
    """

    divide: Divide
    share: Fraction = Fraction(1)
    pass_unassigned: bool = False
    spread: bool = False


@dataclass
class Part:
    """What one rule took of one line, divided by weights; None: to be spread."""

    share: Fraction
    weights: Shares | None


@dataclass
class Statement:
    """What a cost centre or a reserved account carries, in cents."""

    net: int = 0
    tax: int = 0


@dataclass
class Pool:
    """A month's lines with the net and tax of each, in cents."""

    lines: list[Line]
    net: list[int] = field(default_factory=list)
    tax: list[int] = field(default_factory=list)


def pool_of(lines: list[Line], percent: int) -> Pool:
    """Return the pool; the tax is that of the sum, shared over the lines so that it adds up."""
    net = [int(line.amount * 100) for line in lines]
    whole = _half_away(Fraction(sum(net) * percent, 100))
    return Pool(lines, net, tax_of_lines(net, whole, percent))


def _half_away(value: Fraction) -> int:
    rounded = int(abs(value) + Fraction(1, 2))
    return rounded if value >= 0 else -rounded


def tax_of_lines(net: list[int], whole: int, percent: int) -> list[int]:
    """Give each line its own tax and a part of the rounding difference by its size; largest remainder."""
    size = sum(abs(amount) for amount in net)
    if not size:
        return [0] * len(net)
    exact = [Fraction(amount * percent, 100) for amount in net]
    difference = whole - sum(exact, Fraction(0))
    exact = [part + difference * abs(amount) / size for part, amount in zip(exact, net, strict=True)]
    cut = [int(part) for part in exact]
    left = whole - sum(cut)
    remainders = {
        number: abs(part - whole_part)
        for number, (part, whole_part) in enumerate(zip(exact, cut, strict=True))
        if left and (part - whole_part > 0) == (left > 0)
    }
    for number, cents in largest_remainder(left, {f"{n + 1:05}": w for n, w in remainders.items()}).items():
        cut[int(number) - 1] += cents
    return cut


def largest_remainder(total: int, weights: Shares) -> dict[str, int]:
    """Divide whole cents: floors first, then one by one to the largest remainders; ties: weight, then code."""
    whole = sum(weights.values(), Fraction(0))
    if not weights or not whole:
        return {}
    exact = {code: abs(total) * weight / whole for code, weight in weights.items()}
    parts = {code: int(part) for code, part in exact.items()}
    order = sorted(weights, key=lambda code: (parts[code] - exact[code], -weights[code], code))
    for code in order[: abs(total) - sum(parts.values())]:
        parts[code] += 1
    return {code: part if total >= 0 else -part for code, part in parts.items()}


def statements(pool: Pool, rules: list[Rule]) -> dict[str, Statement]:
    """Return account → statement."""
    taken = [_take(line, rules) for line in pool.lines]
    given: Shares = defaultdict(Fraction)
    for net, parts in zip(pool.net, taken, strict=True):
        for part in parts:
            for code, share in _normal(part.weights or {}).items():
                if code not in RESERVED:
                    given[code] += net * part.share * share
    owing = sum(given.values(), Fraction(0)) >= 0
    given = defaultdict(Fraction, {code: net for code, net in given.items() if (net >= 0) == owing})
    found: dict[str, Statement] = defaultdict(Statement)
    for net, tax, parts in zip(pool.net, pool.tax, taken, strict=True):
        row: Shares = defaultdict(Fraction)
        for part in parts:
            for code, share in _normal(given if part.weights is None else part.weights).items():
                row[code] += part.share * share
        for code, cents in largest_remainder(net, row).items():
            found[code].net += cents
        for code, cents in largest_remainder(tax, row).items():
            found[code].tax += cents
    return dict(found)


def _normal(weights: Shares) -> Shares:
    whole = sum(weights.values(), Fraction(0))
    return {code: weight / whole for code, weight in weights.items() if weight} if whole else {}


def _take(line: Line, rules: list[Rule]) -> list[Part]:
    """Let each rule in turn take its share of what is left of the line; what nobody takes is unassigned."""
    left, parts = Fraction(1), []
    for rule in rules:
        if not left:
            break
        if rule.spread:
            parts.append(Part(left * rule.share, None))
            left -= left * rule.share
            continue
        weights = _normal(rule.divide(line) or {})
        if not weights:
            continue
        wanted = left * rule.share
        if rule.pass_unassigned:
            wanted *= 1 - weights.pop(UNASSIGNED, Fraction(0))
        if not weights:
            continue
        parts.append(Part(wanted, weights))
        left -= wanted
    if left:
        parts.append(Part(left, {UNASSIGNED: Fraction(1)}))
    return parts
