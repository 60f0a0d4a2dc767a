"""Who takes what: the rules of a set are tried on each line, in order, until the line is used up.

The first pass asks every rule whose weights were measured; rules that divide by what the others
gave (`spreads`) take their share in their place, and learn its row in the second pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm

from billing.chargebacks.allocation.inputs import Basis, DriverKey, Inputs, Line
from billing.chargebacks.allocation.rows import RESERVED, UNASSIGNED, Row, row_of
from billing.chargebacks.allocation.rules import SUSPENSE_RULE, Rule
from billing.chargebacks.errors import DriverNegative, DriverNotVisible, DriverSumZero

__all__ = ("Taken", "needed_drivers", "take")

_PENDING = Row((), 1)
_NO_BASIS = Basis("", {})


@dataclass(frozen=True, slots=True)
class Taken:
    """What one rule took of one line: `share` of the line, divided by `row`, which came from `basis`."""

    rule: Rule
    share: Fraction
    row: Row
    basis: Basis


def needed_drivers(lines: Sequence[Line], rules: Sequence[Rule]) -> frozenset[DriverKey]:
    """Return the drivers to measure before `take` can run.

    Raises:
        DriverNotVisible: a rule that needs usage reaches a line that another tenant used.
    """
    return frozenset(key for line in lines for rule in _reaching(line, rules) for key in _needs(rule, line))


def take(lines: Sequence[Line], rules: Sequence[Rule], inputs: Inputs) -> Mapping[str, tuple[Taken, ...]]:
    """Return per line what each rule took of it; the shares of a line sum to 1.

    Raises:
        DriverSumZero: a rule has nothing to divide by.
        DriverNegative: a centre's driver is below zero.
    """
    compiler = _Compiler(inputs)
    first = {line.key: tuple(_first_pass(line, rules, compiler)) for line in lines}
    if not any(taken.rule.method.spreads for takens in first.values() for taken in takens):
        return first
    compiler = _Compiler(replace(inputs, given=_given(lines, first)))
    return {line.key: tuple(_second_pass(line, taken, compiler) for taken in first[line.key]) for line in lines}


@dataclass(slots=True)
class _Compiler:
    """Compiles a rule for a line to a row; rows that depend on the same drivers are made once."""

    inputs: Inputs
    rows: dict[tuple[object, ...], tuple[Basis, Row | None]] = field(default_factory=dict)

    def compile(self, rule: Rule, line: Line) -> tuple[Basis, Row | None]:
        """Return the row, or None where the weights sum to zero."""
        key = (rule.key, line.currency if rule.method.spreads else rule.method.needs(line))
        if key not in self.rows:
            basis = rule.method.weigh(line, self.inputs)
            for code in sorted(basis.quantities):
                if basis.quantities[code] < 0:
                    raise DriverNegative(rule.key, line.key, code)
            self.rows[key] = basis, row_of(basis.quantities)
        return self.rows[key]


def _reaching(line: Line, rules: Sequence[Rule]) -> Iterator[Rule]:
    for rule in rules:
        if rule.match.takes(line) and rule.method.applies(line):
            yield rule
            if rule.takes_the_rest:
                return


def _needs(rule: Rule, line: Line) -> tuple[DriverKey, ...]:
    needs = rule.method.needs(line)
    if not line.own and rule.method.counts_usage and any(not key.line for key in needs):
        raise DriverNotVisible(rule.key, line.key, line.consumer)
    return needs


def _first_pass(line: Line, rules: Sequence[Rule], compiler: _Compiler) -> Iterator[Taken]:
    left = Fraction(1)
    for rule in _reaching(line, rules):
        wanted = left * rule.share
        if rule.method.spreads:
            taken: Taken | None = Taken(rule, wanted, _PENDING, _NO_BASIS)
        else:
            taken = _take(rule, line, wanted, compiler)
        if taken is not None:
            yield taken
            left -= taken.share
        if left == 0:
            return
    basis, row = compiler.compile(SUSPENSE_RULE, line)
    assert row is not None
    yield Taken(SUSPENSE_RULE, left, row, basis)


def _take(rule: Rule, line: Line, wanted: Fraction, compiler: _Compiler) -> Taken | None:
    basis, row = compiler.compile(rule, line)
    if row is None:
        # Nothing can be lost of a line of nothing: it is passed on whatever the rule says.
        if rule.method.passes_zero or not (line.net_minor or line.tax_minor):
            return None
        raise DriverSumZero(rule.key, line.key, basis.driver)
    if not rule.method.passes_unassigned:
        return Taken(rule, wanted, row, basis)
    unassigned = row.share(UNASSIGNED)
    if unassigned == 1:
        return None
    weights = tuple((code, weight) for code, weight in row.weights if code != UNASSIGNED)
    return Taken(rule, wanted * (1 - unassigned), Row(weights, sum(weight for _, weight in weights)), basis)


def _given(lines: Sequence[Line], first: Mapping[str, tuple[Taken, ...]]) -> dict[str, dict[str, Fraction]]:
    """Return the exact net amounts that the first pass gave to cost centres, by currency."""
    given: dict[str, dict[str, Fraction]] = {}
    for currency in sorted({line.currency for line in lines}):
        takens = [
            (line.net_minor * taken.share, taken.row)
            for line in lines
            if line.currency == currency
            for taken in first[line.key]
        ]
        scale = lcm(*(amount.denominator * row.whole for amount, row in takens))
        sums: dict[str, int] = {}
        for amount, row in takens:
            factor = amount.numerator * (scale // (amount.denominator * row.whole))
            for code, weight in row.weights:
                sums[code] = sums.get(code, 0) + factor * weight
        carried = {code: amount for code, amount in sums.items() if code not in RESERVED}
        # A run of credit notes alone spreads like the mirror image of the invoices'.
        sign = -1 if sum(carried.values()) < 0 else 1
        given[currency] = {code: Fraction(sign * amount, scale) for code, amount in carried.items()}
    return given


def _second_pass(line: Line, taken: Taken, compiler: _Compiler) -> Taken:
    if not taken.rule.method.spreads:
        return taken
    basis, row = compiler.compile(taken.rule, line)
    if row is None:
        if line.net_minor or line.tax_minor:
            raise DriverSumZero(taken.rule.key, line.key, basis.driver)
        basis, row = compiler.compile(SUSPENSE_RULE, line)
        assert row is not None
    return replace(taken, row=row, basis=basis)
