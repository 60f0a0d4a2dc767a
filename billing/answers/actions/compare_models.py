"""The same usage under every licence model: what it costs, where they break even, what each department would choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace as replaced

from billing.actions.compose_draft import Taxes
from billing.answers.actions.simulate import Simulated, assume_seats, simulate
from billing.answers.assumed import Assumed
from billing.answers.contracts import Terms, contract
from billing.answers.questions import AssumedSeats
from billing.answers.reads.figures import Figures, scaled
from billing.answers.reads.wishes import ModelPrice, Stretch
from billing.answers.results import BreakEven, CentreCost, ModelCost, ModelsResult, net_of
from billing.schemas.amounts import MoneyAnswer
from core.money import Money, quantize_quantity, to_money
from core.periods import Period, local_date
from metering.measurement import Entry, Measurement, split_by
from plans.documents import PlanDocument
from plans.rating import REFUNDED, REVENUE, Sources, counted
from plans.subscriptions import HeldCharge

__all__ = ("ModelsInput", "compare_models", "model_terms")

CURVE = tuple(Fraction(number, 4) for number in range(13))
"""From no usage to three times of it."""
FARTHEST = Fraction(10)
_HALVINGS = 20
"""Ten times the usage halved twenty times is a factor to five decimals."""


def model_terms(price: ModelPrice, stretch: Stretch) -> Terms:
    """Return the contract that has this model's charge and nothing else, read as its plan reads it."""
    document = PlanDocument(charges=(price.charge,), policies=price.document.policies)
    return Terms(
        price.model, price.plan or price.model, price.charge.name, document, stretch.currency, stretch.starts_on,
        stretch.ends_on,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelsInput:
    """What is compared."""

    prices: tuple[ModelPrice, ...]
    """The models."""
    stretch: Stretch
    growth: Fraction
    """Factor by which usage grows, for instance 6/5."""
    seats: AssumedSeats | None = None
    """Where nothing was counted of seats."""


def compare_models(figures: Figures, given: ModelsInput, taxes: Taxes) -> ModelsResult:
    """Compare licence models on what one customer really used.

    Every cost is a simulation: the same code as the invoice run, on measured, scaled or narrowed figures.

    Args:
        figures: the tenant's with grounds, for `model_terms` of all prices.
        given: models, days, growth and what is assumed.
        taxes: of the tenant's documents.
    """
    stretch, growth = given.stretch, given.growth
    runs = [_run(figures, price, given, taxes) for price in given.prices]
    costs = [_cost(run, growth) for run in runs]
    models = sorted(costs, key=lambda one: (not one.counted, Fraction(one.cost.amount)))
    by_name = {run.price.model: run for run in runs}
    used = [by_name[one.model] for one in models if one.counted]
    evens = [_break_even(run, used[0]) for run in used[1:]]
    mix = _mix([one for one in models if one.counted])
    return ModelsResult(
        currency=stretch.currency,
        growth_percent=f"{quantize_quantity((growth - 1) * 100).normalize():f}",
        models=tuple(models),
        break_even=tuple(even for pair in evens for even in pair),
        mix=mix,
        mix_cost=MoneyAnswer.of(sum((_money(cost) for _, _, cost in mix), Money(0, stretch.currency))),
    )


@dataclass(slots=True)
class _Run:
    """One model on one customer."""

    figures: Figures
    terms: Terms
    taxes: Taxes
    price: ModelPrice
    assumed: Assumed | None = None
    """The figures with seats that are assumed."""
    _narrowed: dict[tuple[str, Period], Measurement] = field(default_factory=dict)
    _split: dict[tuple[str, Period], "_Split"] = field(default_factory=dict)
    _costs: dict[Fraction, Money] = field(default_factory=dict)

    def documents(self) -> tuple[Simulated, ...]:
        """Return the bills on what was measured."""
        return simulate(self.figures, self.terms, self.taxes, self.assumed.sources if self.assumed else None)

    def cost(self, factor: Fraction) -> Money:
        """Return what so many times the usage costs."""
        if factor not in self._costs:
            self._costs[factor] = self._sum(scaled(_sources(self._lean), factor))
        return self._costs[factor]

    def cost_of(self, code: str | None) -> Money:
        """Return what a cost centre's part of the usage costs on its own."""

        def figure(meter: str, period: Period) -> Measurement:
            place = (meter, period)
            if place not in self._split:
                self._split[place] = _Split(self._counted(meter, period))
            return self._split[place].of(code)

        return self._sum(_sources(figure))

    def _counted(self, meter: str, period: Period) -> Measurement:
        """Return a figure narrowed to what the charge counts, once for all that is asked of it."""
        place = (meter, period)
        if place not in self._narrowed:
            measured = self.figures.sources(contract(self.figures.tenant, self.terms))
            seen = (self.assumed.sources if self.assumed else measured).measure(meter, period)
            about = meter in (self.price.charge.meter, REFUNDED)
            self._narrowed[place] = counted(seen, self.price.charge) if about else seen
        return self._narrowed[place]

    def _lean(self, meter: str, period: Period) -> Measurement:
        """Return it without who was counted, where only the sum is priced: it is scaled many times."""
        seen = self._counted(meter, period)
        needed = meter in (REFUNDED, REVENUE) or self.price.charge.dimension is not None
        return seen if needed else replace(seen, entries=(), exclusions=())

    def _sum(self, sources: Sources) -> Money:
        # What the charge leaves to others is taken off the figures already.
        charges = tuple(replaced(charge, where={}) for charge in self.terms.document.charges)
        terms = replace(self.terms, document=replaced(self.terms.document, charges=charges))
        return net_of((one.draft for one in simulate(self.figures, terms, self.taxes, sources)), terms.currency)


def _run(figures: Figures, price: ModelPrice, given: ModelsInput, taxes: Taxes) -> _Run:
    terms = model_terms(price, given.stretch)
    if given.seats is None:
        return _Run(figures, terms, taxes, price)
    assumed = assume_seats(figures, contract(figures.tenant, terms), given.seats)
    return _Run(figures, terms, taxes, price, assumed)


def _sources(figure: Callable[[str, Period], Measurement]) -> Sources:
    def earlier(held: HeldCharge, period: Period) -> Fraction:
        assert held.charge.meter is not None, "only metered charges are cumulative"
        return figure(held.charge.meter, period).quantity

    return Sources(figure, earlier)


def _centres(documents: tuple[Simulated, ...]) -> list[str | None]:
    """Return the cost centres that anything was counted for, the unassigned last."""
    codes = {code for one in documents for line in one.draft.lines for code, _ in line.cost_centres}
    return sorted(codes, key=lambda code: (code is None, code or ""))


class _Split:
    """A measurement taken apart by cost centre, once for all of them."""

    def __init__(self, seen: Measurement) -> None:
        self._seen = seen
        self._parts = split_by(seen, "cost_centre")
        self._entries: dict[str | None, list[Entry]] = {}
        for entry in seen.entries:
            for code, share in entry.cost_centres:
                self._entries.setdefault(code, []).append(replaced(entry, quantity=entry.quantity * share))

    def of(self, code: str | None) -> Measurement:
        """Return one centre's part of the figure."""
        entries = tuple(self._entries.get(code, ()))
        return replace(self._seen, quantity=self._parts.get(code, Fraction(0)), entries=entries, exclusions=())


def _cost(run: _Run, growth: Fraction) -> ModelCost:
    documents = run.documents()
    run.figures.progress.step()
    currency, tz = run.terms.currency, run.figures.tenant.tz
    costs = [net_of([one.draft], currency) for one in documents]
    minor = [cost.amount_minor for cost in costs]
    months = tuple(
        (
            local_date(one.draft.lines[0].period_starts_at, tz),
            f"{sum((line.quantity for line in one.draft.lines), Decimal(0)):f}",
            MoneyAnswer.of(cost),
        )
        for one, cost in zip(documents, costs, strict=True)
    )
    told = ModelCost(
        model=run.price.model,
        meter=run.price.charge.meter or "",
        charge=run.price.charge.name,
        plan=run.price.plan,
        cost=MoneyAnswer.of(Money(sum(minor), currency)),
        low=MoneyAnswer.of(Money(min(minor, default=0) * len(minor), currency)),
        high=MoneyAnswer.of(Money(max(minor, default=0) * len(minor), currency)),
        counted=any(line.quantity for one in documents for line in one.draft.lines),
        grown=MoneyAnswer.of(run.cost(growth)),
        months=months,
        curve=tuple(
            (f"{quantize_quantity(factor).normalize():f}", MoneyAnswer.of(run.cost(factor))) for factor in CURVE
        ),
        centres=tuple(CentreCost(code, MoneyAnswer.of(run.cost_of(code))) for code in _centres(documents)),
        assumed=run.assumed.made.get(run.price.charge.meter or "", "") if run.assumed else "",
    )
    run.figures.progress.step()
    return told


def _break_even(run: _Run, cheapest: _Run) -> tuple[BreakEven, BreakEven]:
    """Return how far usage moves until a model and the cheapest one cost the same, seen from both."""
    one, other = run.price.model, cheapest.price.model
    return (
        BreakEven(other, one, _factor(cheapest, run.cost(Fraction(1)))),
        BreakEven(one, other, _factor(run, cheapest.cost(Fraction(1)))),
    )


def _factor(run: _Run, target: Money) -> str | None:
    """Return the smallest factor of usage at which a model costs at least the target, by halving."""
    low, high = Fraction(0), FARTHEST
    if run.cost(high).amount_minor < target.amount_minor or run.cost(low).amount_minor >= target.amount_minor:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if run.cost(middle).amount_minor >= target.amount_minor else (middle, high)
    return f"{quantize_quantity(high):.4f}"


def _mix(models: Sequence[ModelCost]) -> tuple[tuple[str | None, str, MoneyAnswer], ...]:
    """Return each cost centre's cheapest model; the first of `models` where two are equal."""
    cheapest: dict[str | None, tuple[str, MoneyAnswer]] = {}
    codes = {centre.code for model in models for centre in model.centres}
    for code in codes:
        # A centre that a model never counted costs nothing under it.
        costs = [(model.model, _of(model, code)) for model in models]
        cheapest[code] = min(costs, key=lambda one: Fraction(one[1].amount))
    ordered = sorted(cheapest, key=lambda code: (code is None, code or ""))
    return tuple((code, *cheapest[code]) for code in ordered)


def _of(model: ModelCost, code: str | None) -> MoneyAnswer:
    found = next((centre.cost for centre in model.centres if centre.code == code), None)
    return found or MoneyAnswer.of(Money(0, model.cost.currency))


def _money(answer: MoneyAnswer) -> Money:
    return to_money(Decimal(answer.amount), answer.currency)
