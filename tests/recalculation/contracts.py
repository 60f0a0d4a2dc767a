"""What each plan of catalogue.md charges for, as plain functions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.recalculation import courses, members, seats, sessions
from tests.recalculation.figures import Figure, Known
from tests.recalculation.prices import (
    OPEN,
    graduated,
    listed,
    packages,
    round_half_away,
    stairstep,
    volume,
)

CHARGED = "courses.transactions.charged"
REGISTERED = "members.registered.average"

Measure = Callable[[Known, datetime, datetime], Figure]


@dataclass(frozen=True)
class Charge:
    """A line of the contract.

    `price` takes (quantity, pool of free units). `yearly` prices run over the contract year; the
    bill is then a difference. `course_type` marks transactions, which can be refunded ('' is any).
    """

    key: str
    meter: str
    measure: Measure | None
    price: Callable[[Fraction, Fraction], Fraction]
    yearly: bool = False
    free_per_seat: Measure | None = None
    course_type: str | None = None
    at_least: Fraction | None = None
    number: int = 1


def charged(course_type: str) -> Measure:
    return lambda known, start, end: courses.course_figures(known, start, end, course_type or None)["charged"]


def p95(known: Known, start: datetime, end: datetime) -> Figure:
    return sessions.concurrent(known, start, end)["p95"]


def peak_sessions(known: Known, start: datetime, end: datetime) -> Figure:
    return sessions.concurrent(known, start, end)["peak"]


def peak_seats(known: Known, start: datetime, end: datetime) -> Figure:
    return seats.peak(known, start, end)


def per_unit(key: str, meter: tuple[str, Measure], dollars: str, currency: str, **more: object) -> Charge:
    unit = listed(dollars, currency)
    return Charge(key, *meter, lambda quantity, pool: max(quantity - pool, Fraction(0)) * unit, **more)


def fee(key: str, dollars: str, currency: str, number: int = 1) -> Charge:
    return Charge(key, "", None, lambda quantity, pool: quantity * listed(dollars, currency), number=number)


def two_courses_a_seat(seat: Measure, currency: str) -> Charge:
    return per_unit(
        "courses", (CHARGED, charged("")), "2.00", currency, yearly=True, free_per_seat=seat, course_type=""
    )


def class_seats(currency: str) -> Charge:
    return per_unit("ilt_seats", (CHARGED, charged("ilt")), "4.00", currency, course_type="ilt")


def plan(name: str, currency: str) -> list[Charge]:
    """Return the charges of a tier."""
    if name == "full-active":
        return [
            per_unit("active_members", ("members.active", members.active), "4.20", currency),
            per_unit("contributors", ("members.contributors", members.contributors), "1.80", currency),
            class_seats(currency),
        ]
    if name == "full-concurrent":
        return [
            per_unit("concurrent_users", ("sessions.concurrent.p95", p95), "55.00", currency),
            class_seats(currency),
        ]
    if name == "standard-named":
        return [
            per_unit("named_seats", ("seats.named.peak", peak_seats), "6.50", currency),
            two_courses_a_seat(peak_seats, currency),
        ]
    if name == "standard-concurrent":
        return [
            per_unit("concurrent_users", ("sessions.concurrent.p95", p95), "38.00", currency),
            two_courses_a_seat(peak_sessions, currency),
        ]
    assert name == "light"
    per_member = [(500, listed("1.20", currency)), (5000, listed("0.80", currency)), (OPEN, listed("0.45", currency))]
    per_start = [
        (5_000, listed("2.50", currency)),
        (10_000, listed("2.25", currency)),
        (20_000, listed("1.75", currency)),
        (50_000, listed("1.15", currency)),
        (OPEN, listed("0.95", currency)),
    ]
    return [
        Charge(
            "registered_members",
            REGISTERED,
            members.registered_average,
            lambda quantity, pool: graduated(quantity, per_member),
            at_least=listed("250", currency),
        ),
        Charge(
            "wbt_starts",
            CHARGED,
            charged("wbt"),
            lambda quantity, pool: volume(quantity, per_start),
            yearly=True,
            course_type="wbt",
        ),
    ]


def addon(name: str, currency: str) -> Charge:
    """Return the charge of an add-on."""
    if name == "compliance":
        return fee("compliance.fee", "400", currency)
    if name == "extended-enterprise":
        return fee("extended-enterprise.fee", "150", currency, number=2)  # two audiences: partners and customers
    if name == "branded-app":
        steps = [
            (500, listed("99", currency)),
            (5_000, listed("249", currency)),
            (50_000, listed("499", currency)),
            (OPEN, listed("899", currency)),
        ]
        return Charge(
            "branded-app.members",
            REGISTERED,
            members.registered_average,
            lambda quantity, pool: stairstep(quantity, steps),
        )
    if name == "virtual-classroom":
        return Charge(
            "virtual-classroom.hours",
            "class.hours",
            courses.class_hours,
            lambda q, pool: packages(q, 100, listed("120", currency)),
        )
    assert name == "content-library"

    def earned(known: Known, start: datetime, end: datetime) -> Figure:
        return courses.revenue(known, start, end, currency)

    return Charge(
        "content-library.revenue_share",
        "courses.revenue",
        earned,
        lambda quantity, pool: quantity * Fraction(75, 1000),
        at_least=listed("50", currency),
    )


def billed_quantity(figure: Figure) -> Fraction:
    """Return the quantity as it is billed: rounded once, to 12 decimals."""
    return round_half_away(figure.quantity, 12)
