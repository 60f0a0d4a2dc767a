"""Named seats that somebody assumes, where nothing was counted of any (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from billing.answers.questions import AssumedSeats
from core.periods import Period
from metering.measurement import Measurement
from plans.rating import Sources, counted
from plans.subscriptions import HeldCharge

__all__ = ("Assumed", "assume")

SEATS = "seats.named."
_REGISTERED = {"peak": "peak", "prorated": "average", "end_of_period": "end_of_period"}
"""By how seats are counted, how registered members are counted alike."""


@dataclass(slots=True)
class Assumed:
    """Figures with seats that are assumed."""

    sources: Sources
    made: dict[str, str] = field(default_factory=dict)
    """By meter as what it was assumed, as soon as it was asked for: `registered`, `peak_active` or a number."""


def assume(sources: Sources, seats: AssumedSeats, periods: Sequence[Period]) -> Assumed:
    """Return a customer's figures with assumed seats in place of those that nobody told.

    What was counted goes before what is assumed: a meter that has anything in one of the periods stays as it is.

    Args:
        sources: what was measured.
        seats: how many are taken to be held: as many as registered members (counted as the seats are), as were
            active in the most active of the periods, or a number.
        periods: the billing periods asked about.
    """
    told: dict[str, bool] = {}

    def figure(meter: str, period: Period) -> Measurement:
        seen = sources.measure(meter, period)
        if not meter.startswith(SEATS):
            return seen
        if meter not in told:
            told[meter] = any(sources.measure(meter, one).quantity for one in periods)
        if told[meter]:
            return seen
        made.made[meter] = seats.like or str(seats.number)
        return _taken(seen, meter, period)

    def _taken(seen: Measurement, meter: str, period: Period) -> Measurement:
        if seats.like is None:
            return replace(seen, quantity=Fraction(seats.number or 0))
        if seats.like == "registered":
            like = sources.measure(f"members.registered.{_REGISTERED[meter.removeprefix(SEATS)]}", period)
        else:
            most = max(periods, key=lambda one: sources.measure("members.active", one).quantity)
            like = sources.measure("members.active", most)
        return replace(like, meter=meter, period=period, unit=seen.unit, additive=seen.additive)

    def earlier(held: HeldCharge, period: Period) -> Fraction:
        meter = held.charge.meter or ""
        if not meter.startswith(SEATS):
            return sources.earlier(held, period)
        return counted(figure(meter, period), held.charge).quantity

    made = Assumed(Sources(figure, earlier))
    return made
