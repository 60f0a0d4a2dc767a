"""The lines of a calculation: exact while it runs, decimal strings once it is told."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from core.money import Money, round_half_away

__all__ = ("Line", "Step", "StepCode", "decimal_text", "to_steps", "total_of")

STEP_DIGITS = 12
"""Amounts that no finite decimal can hold (a third of a month) are told with this many decimals."""

StepCode = str
"""What a step is; the words for it are the pages' and the document's business.

`included` units free of charge · `pool` units free by the pooled allowance · `banked` units that
earlier periods left free · `fee` a flat amount ·
`unit` units at one price · `tier` units within one tier · `tier_flat` a tier's flat amount ·
`volume` all units at the price of the tier reached · `package` whole packages · `stair` the amount
of the stair reached · `percentage` · `least`, `most` what its bounds add or take · `fixed` its
fixed part · `listed` units of one value of a price list · `earlier` what earlier bills of the
contract year hold · `prorated` what is not due for the rest of the full period · `minimum` what is
added to reach it · `cap` what is taken off to keep it · `discount` what a discount takes off · `committed` the minimum
agreed on · `counted` what was billed towards it · `rounded` · `now`, `before` the two sides
of a difference · `not_converted` money in another currency, not priced.
"""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step that explains a line. The amounts of all steps of a line add up to its amount, exactly."""

    code: StepCode
    amount: str
    """What this step adds, in major units; negative where it takes off."""
    quantity: str | None = None
    unit_price: str | None = None
    params: dict[str, str] = {}
    """More numbers for the sentence: `from`, `to`, `key`, `part`, `percent`, `size`, `of`."""


class Line(msgspec.Struct, frozen=True):
    """A step while it is exact."""

    code: StepCode
    amount: Fraction
    quantity: Fraction | None = None
    unit_price: Fraction | None = None
    params: dict[str, str] = {}


def total_of(lines: Sequence[Line]) -> Fraction:
    """Return the exact sum of the lines' amounts."""
    return sum((line.amount for line in lines), Fraction(0))


def decimal_text(value: Fraction) -> str:
    """Return the shortest plain decimal of `value`: exact where one exists, else to 12 decimals.

    >>> decimal_text(Fraction(5, 2)), decimal_text(Fraction(-1, 3)), decimal_text(Fraction(1200))
    ('2.5', '-0.333333333333', '1200')
    """
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest, power = rest // prime, power + 1
        digits = max(digits, power)
    if rest != 1:
        digits = STEP_DIGITS
    scaled = round_half_away(value, digits)
    text = str(abs(scaled)).rjust(digits + 1, "0")
    whole, decimals = text[: len(text) - digits], text[len(text) - digits :].rstrip("0")
    return ("-" if scaled < 0 else "") + whole + ("." + decimals if decimals else "")


def to_steps(lines: Sequence[Line], amount: Money) -> tuple[Step, ...]:
    """Tell the lines as steps, with a last one for the rounding if there is any."""
    steps = [
        Step(
            code=line.code,
            amount=decimal_text(line.amount),
            quantity=None if line.quantity is None else decimal_text(line.quantity),
            unit_price=None if line.unit_price is None else decimal_text(line.unit_price),
            params=line.params,
        )
        for line in lines
    ]
    told = sum((Fraction(step.amount) for step in steps), Fraction(0))
    rounding = Fraction(amount.decimal()) - told
    if rounding:
        steps.append(Step(code="rounded", amount=decimal_text(rounding)))
    return tuple(steps)
