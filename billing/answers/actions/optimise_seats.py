"""How many concurrent licences: the arrival log replayed at each limit, with what each limit costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.answers.contracts import Terms, contract, policies_of
from billing.answers.progress import Progress
from billing.answers.reads.figures import Figures
from billing.answers.results import LimitCost, SeatsResult, percent_text
from billing.schemas.amounts import MoneyAnswer
from core.money import Money
from core.periods import Period
from metering.arrivals import Arrival, BusiestHour, Replay, arrivals_of, busiest_hour, replay
from metering.concurrency import micros
from metering.queueing import engset_call_congestion, erlang_b
from metering.registry import METERS
from metering.sessions import sessions_of
from plans.pricing import UsageQuantity, rate

__all__ = ("STEPS", "SeatsInput", "optimise_seats")

STEPS = 4
"""Sessions are read, the peak is found, the smallest limit, and what each limit would have done."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class SeatsInput:
    """What is looked for; `limits` empty: evenly spread up to the peak."""

    limits: tuple[int, ...]
    target_percent: Decimal
    pool: str | None = None


def optimise_seats(figures: Figures, terms: Terms, given: SeatsInput) -> SeatsResult:
    """Replay what happened at each limit, and suggest the smallest that keeps the target.

    Args:
        figures: the tenant's, for these terms.
        terms: one charge by concurrent licences, whose price each limit is multiplied by.
        given: limits and target.
    """
    subscription = contract(figures.tenant, terms)
    assert subscription.ends_at is not None, "what is asked about has an end"
    period = Period(subscription.starts_at, subscription.ends_at)
    grounds = figures.measuring(policies_of(terms)).grounds(METERS["sessions.concurrent.peak"], period)
    sessions = grounds.once(sessions_of)
    figures.progress.step()
    arrivals = arrivals_of(sessions, micros(period.starts_at), micros(period.ends_at), given.pool)
    peak = _peak(arrivals, figures.progress)
    figures.progress.step()
    busy = busiest_hour(arrivals)
    target = Fraction(given.target_percent) / 100
    suggested = _smallest(arrivals, peak, target, figures.progress) if arrivals else None
    figures.progress.step()
    bills = len([*subscription.spans_until(subscription.ends_at)])
    shown = sorted({*(given.limits or _spread(peak)), *([suggested] if suggested else [])})
    limits = []
    for limit in shown:
        figures.progress.touch()
        limits.append(_told(terms, bills, replay(arrivals, limit, busy.starts_us), busy))
    figures.progress.step()
    return SeatsResult(
        currency=terms.currency,
        charge=terms.document.charges[0].name,
        target_percent=f"{given.target_percent.normalize():f}",
        peak=peak,
        people=busy.people,
        busy_hour_erlang=f"{busy.erlang:.2f}",
        limits=tuple(limits),
        suggested=suggested,
        busy_hour_starts_at=None if busy.starts_us is None else EPOCH + timedelta(microseconds=busy.starts_us),
    )


def _peak(arrivals: Sequence[Arrival], progress: Progress) -> int:
    """Return the smallest limit at which nobody is turned away: the most units at once."""
    low, high = 0, len({one.unit for one in arrivals})
    while low < high:
        progress.touch()
        middle = (low + high) // 2
        low, high = (low, middle) if not replay(arrivals, middle).denied else (middle + 1, high)
    return high


def _smallest(arrivals: Sequence[Arrival], peak: int, target: Fraction, progress: Progress) -> int:
    """Return the smallest limit whose true denials stay within the target, and those of all above it."""
    low, high = 0, peak
    while low < high:
        progress.touch()
        middle = (low + high) // 2
        seen = replay(arrivals, middle)
        kept = seen.true_denials <= target * seen.requests
        low, high = (low, middle) if kept else (middle + 1, high)
    return high


def _spread(peak: int) -> set[int]:
    return {max(peak * step // _SHOWN, 1) for step in range(_SHOWN // 4, _SHOWN + 1)} if peak else set()


def _told(terms: Terms, bills: int, seen: Replay, busy: BusiestHour) -> LimitCost:
    load, people = busy.erlang, busy.people
    requests = max(seen.requests, 1)
    charge = terms.document.charges[0]
    amount = rate(charge, UsageQuantity(Fraction(seen.limit)), terms.currency).amount
    engset = engset_call_congestion(seen.limit, people, load) if people > load else erlang_b(seen.limit, load)
    return LimitCost(
        limit=seen.limit,
        requests=seen.requests,
        denied=seen.denied,
        true_denials=seen.true_denials,
        denied_percent=percent_text(Fraction(seen.denied, requests)),
        true_denied_percent=percent_text(Fraction(seen.true_denials, requests)),
        people_denied=seen.people_denied,
        erlang_b_percent=percent_text(Fraction(erlang_b(seen.limit, load))),
        engset_percent=percent_text(Fraction(engset)),
        cost=MoneyAnswer.of(Money(amount.amount_minor * bills, terms.currency)),
        hour_requests=seen.hour_requests,
        hour_denied=seen.hour_denied,
        hour_denied_percent=percent_text(Fraction(seen.hour_denied, max(seen.hour_requests, 1))),
    )
