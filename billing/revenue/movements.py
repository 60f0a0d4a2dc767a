"""Monthly recurring revenue (MRR) and what moved it, exactly: opening + movements = closing (pure).

Definitions (the names are those of ChartMogul's MRR movements and of the SaaS Metrics Standards Board's
net and gross revenue retention):

- The MRR of a month is what standing documents bill, before tax, of charges that recur, for service in that
  month. A billing period of n months counts 1/n in each of the n calendar months from the one it starts in;
  what is left over by a cent goes by largest remainder, so that the months of a line are the line.
- Late facts, refunds and credit notes count in the month they are about. What is due once is told apart.
- ARR is 12 × MRR.
- A customer moves once a month, in one currency: from nothing to something it is `new`, or a `reactivation`
  if there ever was something; to nothing it is `churn`; in between `expansion` or `contraction`.
- Net retention is what the customers of the month before the first (or of the first month that has any) bring in the
  last one ÷ what they brought then; gross retention counts each of them with at most what they brought then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from core.money import Money, largest_remainder, to_money
from core.periods import add_months

__all__ = (
    "Kind",
    "Month",
    "Movement",
    "Report",
    "Slice",
    "Tier",
    "converted",
    "months_of",
    "report",
    "spread",
)

ARR_MONTHS = 12


class Kind(StrEnum):
    """How a customer's MRR moved from one month to the next."""

    NEW = "new"
    """From nothing, for the first time."""
    EXPANSION = "expansion"
    """To more."""
    REACTIVATION = "reactivation"
    """From nothing, but not for the first time."""
    CONTRACTION = "contraction"
    """To less."""
    CHURN = "churn"
    """To nothing."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one contract was billed for service in one calendar month, under one plan, in one currency."""

    customer: UUID
    subscription: UUID
    plan: str
    month: date
    """Its first day."""
    amount: Money
    recurring: bool = True


@dataclass(frozen=True, slots=True)
class Movement:
    """One customer's step into a month; it has one wherever the amounts differ."""

    month: date
    customer: UUID
    kind: Kind
    plan: str
    """The plan with the most of it: after the step, or before it where nothing is left or less is."""
    before: Money
    after: Money

    @property
    def amount(self) -> Money:
        """What it adds to the MRR, with its sign."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Month:
    """A month's line of the waterfall: `opening + Σ moved = closing`."""

    month: date
    opening: Money
    moved: Mapping[Kind, Money]
    closing: Money
    customers: int
    """With something to bill."""
    one_time: Money
    """Due once: not part of the MRR."""

    @property
    def yearly(self) -> Money:
        """The closing MRR as a year's (ARR)."""
        return Money(self.closing.amount_minor * ARR_MONTHS, self.closing.currency)


@dataclass(frozen=True, slots=True)
class Tier:
    """A plan's part: by month what it brings, and over all months what moved there."""

    plan: str
    by_month: tuple[Money, ...]
    customers: int
    """In the last month."""
    moved: Mapping[Kind, Money]


@dataclass(frozen=True, slots=True)
class Report:
    """The waterfall of consecutive months in one currency."""

    currency: str
    months: tuple[Month, ...]
    tiers: tuple[Tier, ...]
    """By what they bring in the last month, the most first."""
    movements: tuple[Movement, ...]
    retained_since: date | None
    """Whose customers' retention is told: the month before the first, or the first that has any revenue."""
    net_retention: Fraction | None
    """None where nothing was there before the last month."""
    gross_retention: Fraction | None


def spread(first: date, until: date, amount_minor: int) -> tuple[tuple[date, int], ...]:
    """Return a billing period's amount by calendar month (its first day); the parts are the amount.

    Args:
        first: the period's first local day.
        until: the day after its last.
        amount_minor: of any sign.

    >>> spread(date(2026, 1, 15), date(2026, 4, 15), 100)
    ((datetime.date(2026, 1, 1), 34), (datetime.date(2026, 2, 1), 33), (datetime.date(2026, 3, 1), 33))
    """
    count = 1
    while add_months(first, count) < until:
        count += 1
    months = [add_months(first.replace(day=1), number) for number in range(count)]
    parts = largest_remainder(amount_minor, [(month.isoformat(), 1) for month in months])
    return tuple(zip(months, parts, strict=True))


def converted(slices: Iterable[Slice], currency: str, rates: Mapping[str, Decimal]) -> tuple[Slice, ...]:
    """Return slices in one currency, by one rate a currency for all months: no movement is an exchange rate's.

    What one contract brings in one month is rounded once.

    Args:
        slices: in any currencies that have a rate.
        currency: the one wanted.
        rates: units of it for one unit of another.
    """
    sums: dict[tuple[UUID, UUID, str, date, str, bool], int] = defaultdict(int)
    for one in slices:
        place = (one.customer, one.subscription, one.plan, one.month, one.amount.currency, one.recurring)
        sums[place] += one.amount.amount_minor
    found = []
    for (customer, subscription, plan, month, code, recurring), minor in sums.items():
        amount = Money(minor, code)
        if code != currency:
            amount = to_money(amount.decimal() * rates[code], currency)
        found.append(Slice(customer, subscription, plan, month, amount, recurring))
    return tuple(found)


def months_of(first: date, last: date) -> tuple[date, ...]:
    """Return the first days of the months from one to another, both included."""
    found = [first]
    while found[-1] < last:
        found.append(add_months(found[-1], 1))
    return tuple(found)


def report(slices: Sequence[Slice], currency: str, months: Sequence[date]) -> Report:
    """Return the waterfall of some months.

    Args:
        slices: in that currency, of all months there are: what came before tells new from reactivated.
        currency: of all of them.
        months: consecutive first days, at least one.
    """
    books = _Books(slices, currency)
    moves = tuple(move for month in months for move in books.moves(month))
    lines = tuple(books.line(month, [move for move in moves if move.month == month]) for month in months)
    before = (add_months(months[0], -1), *months[:-1])
    since = next((month for month in before if books.brings(month)), None)
    net, gross = (None, None) if since is None else books.retention(since, months[-1])
    return Report(currency, lines, books.tiers(months, moves), moves, since, net, gross)


class _Books:
    """What each customer brings in each month, by plan."""

    def __init__(self, slices: Sequence[Slice], currency: str) -> None:
        self.currency = currency
        self._plans: dict[UUID, dict[date, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
        self._once: dict[date, int] = defaultdict(int)
        for one in slices:
            assert one.amount.currency == currency, "slices are converted first"
            if one.recurring:
                self._plans[one.customer][one.month][one.plan] += one.amount.amount_minor
            else:
                self._once[one.month] += one.amount.amount_minor

    def _of(self, customer: UUID, month: date) -> Mapping[str, int]:
        return self._plans[customer].get(month, {})

    def _sum(self, customer: UUID, month: date) -> int:
        return sum(self._of(customer, month).values())

    def _total(self, month: date) -> int:
        return sum(self._sum(customer, month) for customer in self._plans)

    def _money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def moves(self, month: date) -> Iterator[Movement]:
        """Yield the steps into a month, by customer."""
        for customer in sorted(self._plans):
            before, after = self._sum(customer, add_months(month, -1)), self._sum(customer, month)
            if before != after:
                kind = self._kind(customer, month, before, after)
                where = add_months(month, -1) if kind in (Kind.CHURN, Kind.CONTRACTION) else month
                plans = self._of(customer, where)
                plan = max(sorted(plans), key=lambda key: plans[key], default="")
                yield Movement(month, customer, kind, plan, self._money(before), self._money(after))

    def _kind(self, customer: UUID, month: date, before: int, after: int) -> Kind:
        """Return what a step is; what is not above zero (more given back than billed) is nothing."""
        if before <= 0 < after:
            ever = any(self._sum(customer, one) > 0 for one in self._plans[customer] if one < month)
            return Kind.REACTIVATION if ever else Kind.NEW
        if after <= 0 < before:
            return Kind.CHURN
        return Kind.EXPANSION if after > before else Kind.CONTRACTION

    def line(self, month: date, moves: Sequence[Movement]) -> Month:
        """Return a month's line; that it adds up is asserted."""
        moved = _moved(moves, self.currency)
        opening, closing = self._total(add_months(month, -1)), self._total(month)
        assert opening + sum(amount.amount_minor for amount in moved.values()) == closing, "movements explain all"
        customers = sum(self._sum(customer, month) > 0 for customer in self._plans)
        once = self._money(self._once[month])
        return Month(month, self._money(opening), moved, self._money(closing), customers, once)

    def brings(self, month: date) -> bool:
        """Tell whether any customer brings something in a month."""
        return any(self._sum(customer, month) > 0 for customer in self._plans)

    def retention(self, opening: date, closing: date) -> tuple[Fraction, Fraction]:
        """Return net and gross retention of the customers that brought something in the opening month."""
        cohort = [
            (self._sum(customer, opening), self._sum(customer, closing))
            for customer in self._plans
            if self._sum(customer, opening) > 0
        ]
        start = sum(before for before, _after in cohort)
        net = sum(after for _before, after in cohort)
        gross = sum(max(0, min(before, after)) for before, after in cohort)
        return Fraction(net, start), Fraction(gross, start)

    def tiers(self, months: Sequence[date], moves: Sequence[Movement]) -> tuple[Tier, ...]:
        """Return each plan's part, the largest first."""
        plans = {plan for of in self._plans.values() for month in months for plan in of.get(month, {})}
        plans |= {move.plan for move in moves}
        found = []
        for plan in sorted(plans):
            by_month = tuple(
                self._money(sum(self._of(customer, month).get(plan, 0) for customer in self._plans)) for month in months
            )
            customers = sum(self._of(customer, months[-1]).get(plan, 0) > 0 for customer in self._plans)
            moved = _moved([move for move in moves if move.plan == plan], self.currency)
            found.append(Tier(plan, by_month, customers, moved))
        return tuple(sorted(found, key=lambda tier: -tier.by_month[-1].amount_minor))


def _moved(moves: Iterable[Movement], currency: str) -> dict[Kind, Money]:
    sums = dict.fromkeys(Kind, 0)
    for move in moves:
        sums[move.kind] += move.amount.amount_minor
    return {kind: Money(minor, currency) for kind, minor in sums.items()}
