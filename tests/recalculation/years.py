"""A demo customer's thirteen months, lived through a second time: facts in, bills and statements out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from app.demo.events import deliveries
from app.demo.people import population
from app.demo.world import Customer
from tests.recalculation import courses, members, seats, sessions
from tests.recalculation.bills import Account, Line
from tests.recalculation.contracts import addon, plan
from tests.recalculation.facts import Answer, Book
from tests.recalculation.figures import Figure, Known
from tests.recalculation.people import Crowd, Organisation
from tests.recalculation.statements import SPONSOR, UNASSIGNED, Rule, Shares, Statement, pool_of, statements

TAX_PERCENT = {"nordhaven-bank": 19, "open-water": 21}
"""A German company sells to Germany (19 %) and to a Dutch body without a tax id (21 %); else no tax is due."""


@dataclass
class Year:
    """What came of it: answers per delivery, lines per invoice, what was known at the end and at each close."""

    customer: Customer
    edges: list[datetime]
    answers: list[Answer] = field(default_factory=list)
    bills: dict[int, list[Line]] = field(default_factory=dict)
    closes: dict[int, Known] = field(default_factory=dict)
    known: Known | None = None


def live_through(customer: Customer) -> Year:
    """Take each month's delivery, bill the month, then hear of late moves. The newest month is not billed."""
    edges = [datetime.fromtimestamp(edge / 1000, UTC) for edge in customer.edges_ms]
    year, book = Year(customer, edges), Book({}, {})
    spec = customer.spec
    account = Account([*plan(spec.plan, spec.currency), *(addon(name, spec.currency) for name in spec.addons)])
    for delivery in deliveries(customer):
        year.answers.append(book.receive(delivery.events, delivery.corrections, delivery.accepted_at))
        year.known = known_now(customer, book, delivery.month)
        first = customer.first_billed
        if first <= delivery.month < len(customer.months) - 1:
            # The account counts months from the contract's begin, the world from its own.
            lines = account.run(year.known, edges[first : delivery.month + 2])
            year.bills[delivery.month] = [replace(line, month=line.month + first) for line in lines]
            year.closes[delivery.month] = known_now(customer, book, delivery.month + 1)
    return year


def known_now(customer: Customer, book: Book, reports: int) -> Known:
    """Return what is known after the deliveries in the book and so many reports of HR."""
    who = population(customer)
    imported = [
        (p.key, datetime.fromtimestamp(p.joined_ms / 1000, UTC), p.person_class, p.audience)
        for p in who.people
        if p.imported
    ]
    told = sorted((p for p in who.placements if p.report <= reports), key=lambda p: p.report)
    facts = book.facts()
    return Known(
        facts,
        Crowd(imported, facts),
        Organisation([(p.person_key, p.valid_from, p.shares) for p in told]),
        ZoneInfo(customer.spec.time_zone),
        frozenset(customer.holidays),
    )


def figures(known: Known, start: datetime, end: datetime, currency: str) -> dict[str, Figure]:
    """Return all built-in figures of a period by the names of their meters."""
    found = {
        "members.registered.average": members.registered_average(known, start, end),
        "members.registered.any": members.registered_any(known, start, end),
        "members.active": members.active(known, start, end),
        "members.contributors": members.contributors(known, start, end),
        "contributions": members.contributions(known, start, end),
        "class.hours": courses.class_hours(known, start, end),
        "courses.revenue": courses.revenue(known, start, end, currency),
    }
    for name, figure in seats.seats(known, start, end).items():
        found[f"seats.named.{name}"] = figure
    for name, figure in sessions.concurrent(known, start, end).items():
        found[f"sessions.concurrent.{name}"] = figure
    for name, figure in courses.course_figures(known, start, end).items():
        found[f"courses.transactions.{name}"] = figure
    return found


def charge_back(year: Year, month: int) -> dict[str, Statement]:
    """Return the statements of a month's bill."""
    pool = pool_of(year.bills[month], TAX_PERCENT.get(year.customer.slug, 0))
    return statements(pool, _RULES[year.customer.slug](_Drivers(year, year.closes[month])))


class _Drivers:
    """Drivers as they are known when a month is charged back."""

    def __init__(self, year: Year, known: Known) -> None:
        self.year = year
        self.known = known
        self.measured: dict[int, dict[str, Figure]] = {}

    def of(self, meter: str, line: Line) -> Shares:
        if line.month not in self.measured:
            start, end = self.year.edges[line.month], self.year.edges[line.month + 1]
            self.measured[line.month] = figures(self.known, start, end, self.year.customer.spec.currency)
        return _named(self.measured[line.month][meter].drivers)

    def causes(self, line: Line) -> Shares:
        """Return what was counted for the line; differences of both signs divide nothing, the meter does."""
        counted = line.drivers.values()
        if counted and (all(part > 0 for part in counted) or all(part < 0 for part in counted)):
            return _named({code: abs(part) for code, part in line.drivers.items()})
        return self.of(line.meter, line)

    def heads(self, line: Line) -> Shares:
        """Return the people assigned to each centre on the last day of the line's month."""
        day = (self.year.edges[line.month + 1] - timedelta(seconds=1)).astimezone(self.known.tz).date()
        heads: Shares = {}
        for person in self.known.organisation.by_person:
            for code, share in self.known.organisation.shares(person, day).items():
                if code is not None:
                    heads[code] = heads.get(code, Fraction(0)) + share
        return heads

    def leaves(self) -> Shares:
        """Return 1 for each cost centre that is nobody's parent."""
        centres = self.year.customer.spec.centres
        parents = {centre.parent for centre in centres}
        return {centre.code: Fraction(1) for centre in centres if centre.code not in parents}


def _named(drivers: dict[str | None, Fraction]) -> Shares:
    return {UNASSIGNED if code is None else code: amount for code, amount in drivers.items()}


def _only(meters: tuple[str, ...], divide: Callable[[Line], Shares]) -> Callable[[Line], Shares | None]:
    return lambda line: divide(line) if line.meter in meters else None


COURSES = "courses.transactions.charged"


def _bank(drivers: _Drivers) -> list[Rule]:
    return [
        Rule(_only(("members.contributors",), lambda line: {SPONSOR: Fraction(1)}), Fraction(1, 4)),
        Rule(lambda line: drivers.causes(line) if line.meter else None, pass_unassigned=True),
        Rule(drivers.heads),
    ]


def _retailer(drivers: _Drivers) -> list[Rule]:
    by_seats = _only(("seats.named.peak", COURSES), lambda line: drivers.of("seats.named.prorated", line))
    return [Rule(by_seats, pass_unassigned=True), Rule(lambda line: drivers.leaves())]


def _university(drivers: _Drivers) -> list[Rule]:
    return [
        Rule(_only((COURSES,), drivers.causes)),
        Rule(lambda line: drivers.of("sessions.concurrent.average", line), Fraction(1, 2), pass_unassigned=True),
        Rule(lambda line: {SPONSOR: Fraction(1)}),
    ]


def _software(drivers: _Drivers) -> list[Rule]:
    def by_activity(line: Line) -> Shares:
        active, contributing = drivers.of("members.active", line), drivers.of("members.contributors", line)
        return {code: active.get(code, 0) + 2 * contributing.get(code, 0) for code in active | contributing}

    return [
        Rule(lambda line: {"EDU": Fraction(2, 3), "PAR": Fraction(1, 3)}, Fraction(3, 10)),
        Rule(_only(("members.active", "members.contributors", COURSES), by_activity), pass_unassigned=True),
        Rule(lambda line: None, spread=True),
    ]


def _charity(drivers: _Drivers) -> list[Rule]:
    def by_members(line: Line) -> Shares:
        heads = drivers.of("members.registered.average", line)
        return {code: heads[code] * (Fraction(1, 2) if code == "OFFICE" else 1) for code in heads}

    return [Rule(by_members, pass_unassigned=True), Rule(lambda line: {UNASSIGNED: Fraction(1)})]


_RULES: dict[str, Callable[[_Drivers], list[Rule]]] = {
    "nordhaven-bank": _bank,
    "brightmart": _retailer,
    "lakeshore-university": _university,
    "kestrel-software": _software,
    "open-water": _charity,
}
