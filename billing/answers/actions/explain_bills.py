"""Another system's bills beside ours for the same months: each difference taken apart by cause, to the cent.

The difference (ours less theirs) is walked in steps from our quantity to theirs, each step at our price:
what came late, what another definition counts, what is missing or too much; what is left at *their*
quantity is price, or rounding where it is one minor unit at most. The steps meet, so their sum is the difference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec

from billing.actions.compose_draft import Taxes
from billing.answers.actions.simulate import Simulated, simulate
from billing.answers.contracts import Terms, contract, policies_of
from billing.answers.definitions import usual_definitions
from billing.answers.questions import BilledLine, NamedPolicies
from billing.answers.reads.figures import Figures
from billing.answers.results import Cause, ParallelLine, ParallelResult
from billing.schemas.amounts import MoneyAnswer
from core.money import Money, quantize_quantity, to_money
from core.periods import Period, day_start, local_date
from metering.measurement import UNASSIGNED, Entry, Measurement
from metering.policies import CountingPolicies
from plans.charges import Charge
from plans.periods import Span
from plans.rating import RatedCharge, Sources, counted, rate_period

__all__ = ("ParallelInput", "explain_bills")

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class ParallelInput:
    """What the other system billed, and by which definitions it may have counted."""

    lines: Sequence[BilledLine]
    definitions: Sequence[NamedPolicies]
    billed_after: timedelta
    """So long after a period's end it billed what it knew."""


def explain_bills(figures: Figures, terms: Terms, given: ParallelInput, taxes: Taxes) -> ParallelResult:
    """Bill the same months here, and say of each charge and period why the amounts differ.

    Args:
        figures: the tenant's, for these terms; each billing period is a step of their progress.
        terms: the contract as we would bill it.
        given: the other side.
        taxes: of the tenant's documents; amounts are compared before tax.
    """
    subscription = contract(figures.tenant, terms)
    assert subscription.ends_at is not None, "what is asked about has an end"
    ours = _ours(simulate(figures, terms, taxes))
    tiling = [*subscription.spans_until(subscription.ends_at)]
    lines: list[ParallelLine] = []
    for span in tiling:
        theirs = _theirs(given.lines, span.period, figures)
        known = {key: side for (starts_at, key), side in ours.items() if starts_at in span.period}
        lines += _Month(figures, terms, given, span).explained(known, theirs)
        figures.progress.step()
    return _summed(lines, terms.currency)


@dataclass(slots=True)
class _Side:
    """A charge of a period on one of the bills; `used` is the quantity without what was given back."""

    description: str = ""
    used: Decimal = NOTHING
    minor: int = 0


def _ours(documents: Sequence[Simulated]) -> dict[tuple[datetime, str], _Side]:
    found: dict[tuple[datetime, str], _Side] = {}
    for one in documents:
        for line in one.draft.lines:
            if line.kind == "prepaid":
                continue  # how a bill is paid is no part of what it charges
            side = found.setdefault((line.period_starts_at, line.charge_key), _Side(line.description))
            side.minor += line.amount_minor
            if line.kind in ("usage", "advance"):
                side.used += line.quantity
    return found


def _theirs(lines: Sequence[BilledLine], period: Period, figures: Figures) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for line in lines:
        if day_start(line.period, figures.tenant.tz) in period:
            quantity, amount = found.get(line.charge, (NOTHING, NOTHING))
            found[line.charge] = quantity + line.quantity, amount + line.amount
    return found


@dataclass(slots=True)
class _Month:
    """One billing period of both bills."""

    figures: Figures
    terms: Terms
    given: ParallelInput
    span: Span
    _then: Figures | None = field(default=None)

    def explained(
        self, ours: dict[str, _Side], theirs: dict[str, tuple[Decimal, Decimal]]
    ) -> Iterator[ParallelLine]:  # fmt: skip
        """Yield each charge that stands on one of the bills."""
        subscription = contract(self.figures.tenant, self.terms)
        sources = self.figures.sources(subscription)
        rated = {one.charge_key: one for one in rate_period(subscription, self.span, sources)}
        for key in dict.fromkeys([*ours, *theirs]):
            mine = ours.get(key, _Side(key))
            quantity, amount = theirs.get(key, (NOTHING, NOTHING))
            their_minor = to_money(amount, self.terms.currency).amount_minor
            causes = list(self._causes(rated.get(key), key in ours, mine, (quantity, their_minor)))
            yield ParallelLine(
                first_day=local_date(self.span.period.starts_at, self.figures.tenant.tz),
                charge_key=key,
                description=mine.description,
                quantity_theirs=_text(quantity),
                quantity_ours=_text(mine.used),
                theirs=self._money(their_minor),
                ours=self._money(mine.minor),
                difference=self._money(mine.minor - their_minor),
                causes=tuple(causes),
            )

    def _causes(
        self, rated: RatedCharge | None, sold: bool, mine: _Side, theirs: tuple[Decimal, int]
    ) -> Iterator[Cause]:  # fmt: skip
        wanted, their_minor = theirs
        at, minor = mine.used, mine.minor
        if not sold:
            if their_minor:
                yield self._cause("not_here", "", (wanted, at), minor - their_minor)
            return
        if rated is not None and rated.meter is not None and at != wanted:
            # What the bill has beside use (refunds) stays as it is while the quantity moves.
            beside = minor - self._priced(rated, at)
            for cause, detail, quantity in (*self._way(rated, at, wanted), ("missing_event", "", wanted)):
                there = self._priced(rated, quantity) + beside
                if quantity != at:
                    yield self._cause(cause, detail, (quantity, at), minor - there)
                at, minor = quantity, there
        if minor != their_minor:
            cause = "rounding" if abs(minor - their_minor) <= 1 and at == wanted else "price"
            yield self._cause(cause, "", (wanted, at), minor - their_minor)

    def _way(self, rated: RatedCharge, ours: Decimal, wanted: Decimal) -> list[tuple[str, str, Decimal]]:
        """Return the steps from our quantity towards theirs that are proven, or at least lead nearer."""
        then = self._counted(rated, self._figures_then(), rated.meter or "", policies_of(self.terms), ours)
        late = [("late_fact", "", then)]
        if then == wanted:
            return late
        for figures, before in ((self.figures, []), (self._figures_then(), late)):
            for name, meter, policies in self._definitions(rated.charge):
                if self._counted(rated, figures, meter, policies, ours) == wanted:
                    return [*before, ("definition", name, wanted)]
        return late if abs(then - wanted) < abs(ours - wanted) else []

    def _definitions(self, charge: Charge) -> Iterator[tuple[str, str, CountingPolicies]]:
        meter, policies = charge.meter or "", policies_of(self.terms)
        yield from ((named.name, meter, named.policies) for named in self.given.definitions)
        for name, other, reading in usual_definitions(meter, policies):
            # What a charge leaves to others is told by its own meter's keys.
            if other == meter or not (charge.where or charge.dimension):
                yield name, other, reading

    def _counted(
        self, rated: RatedCharge, figures: Figures, meter: str, policies: CountingPolicies, ours: Decimal
    ) -> Decimal:  # fmt: skip
        """Return the quantity that would have been billed of another figure."""
        mine = counted(self._measured(self.figures, rated.charge.meter or "", rated.period), rated.charge).quantity
        other = counted(figures.measure(policies, meter, rated.period), rated.charge).quantity
        return quantize_quantity(other * Fraction(ours) / mine if mine else other)

    def _measured(self, figures: Figures, meter: str, period: Period) -> Measurement:
        return figures.measure(policies_of(self.terms), meter, period)

    def _figures_then(self) -> Figures:
        """Return what was known when the other system billed."""
        if self._then is None:
            mine, known_until = self.figures, self.span.period.ends_at + self.given.billed_after
            self._then = Figures(mine.session, mine.tenant, [self.terms], progress=mine.progress, as_of=known_until)
        return self._then

    def _priced(self, rated: RatedCharge, quantity: Decimal) -> int:
        """Return what so much of the charge costs here, in minor units: by the code that bills."""
        subscription = contract(self.figures.tenant, self.terms)
        known, billed = self.figures.sources(subscription), rated.quantity

        def figure(meter: str, period: Period) -> Measurement:
            seen = known.measure(meter, period)
            if (meter, period) != (rated.meter, rated.period):
                return seen
            return _so_much(seen, rated.charge, Fraction(quantity), Fraction(billed))

        again = rate_period(subscription, self.span, Sources(figure, known.earlier))
        return next(one.rated.amount for one in again if one.charge_key == rated.charge_key).amount_minor

    def _cause(self, cause: str, detail: str, quantities: tuple[Decimal, Decimal], minor: int) -> Cause:
        theirs, ours = quantities
        return Cause(cause, detail, _text(theirs), _text(ours), self._money(minor))

    def _money(self, minor: int) -> MoneyAnswer:
        return MoneyAnswer.of(Money(minor, self.terms.currency))


def _so_much(seen: Measurement, charge: Charge, quantity: Fraction, billed: Fraction) -> Measurement:
    """Return a measurement that bills `quantity`, its parts as they are; `billed` is what it bills now."""
    if billed:
        factor = quantity / billed
        entries = tuple(msgspec.structs.replace(entry, quantity=entry.quantity * factor) for entry in seen.entries)
        return replace(seen, quantity=seen.quantity * factor, entries=entries)
    keys = tuple((name, values[0]) for name, values in charge.where.items())
    entry = Entry(UUID(int=0), 0, quantity, Fraction(1), "", None, None, None, None, keys, UNASSIGNED)
    return replace(seen, quantity=quantity, entries=(entry,))


def _summed(lines: Sequence[ParallelLine], currency: str) -> ParallelResult:
    def total(amounts: Iterator[MoneyAnswer]) -> MoneyAnswer:
        return MoneyAnswer.of(to_money(sum((Decimal(one.amount) for one in amounts), NOTHING), currency))

    names = dict.fromkeys(cause.cause for line in lines for cause in line.causes)
    return ParallelResult(
        currency=currency,
        theirs=total(line.theirs for line in lines),
        ours=total(line.ours for line in lines),
        difference=total(line.difference for line in lines),
        causes=tuple(
            (name, total(cause.difference for line in lines for cause in line.causes if cause.cause == name))
            for name in names
        ),
        lines=tuple(lines),
    )


def _text(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
