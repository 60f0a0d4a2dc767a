"""What a reckoning of a contract stands on, what it adds, and how the two are told apart (no I/O)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec

from billing.late import Figure, billed_so_far, late_delta
from billing.reads import BilledPeriodView, RevisionView
from core.periods import Period
from metering.measurement import Measurement
from plans.periods import Span
from plans.pricing import decimal_text
from plans.rating import RatedCharge, Sources
from plans.subscriptions import SubscriptionView

__all__ = (
    "ADVANCE_KINDS",
    "LOOK_BACK",
    "REFUND_KINDS",
    "Head",
    "History",
    "RatedPart",
    "Work",
    "figure_of",
    "head_of",
    "reaches_back",
    "sides",
    "steps_of",
)

LOOK_BACK = timedelta(days=400)
"""How far back what was billed in arrears is reckoned anew for late facts: 13 months and a few days."""
ADVANCE_KINDS = ("advance", "late", "reversal")
BILLED_KINDS = ("usage", "advance", "late", "reversal")
REFUND_KINDS = ("refund", "refund_reversal")
Steps = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RatedPart:
    """One line to be, before it is taxed."""

    kind: str
    """`usage`, `advance`, `refund` or `late`."""
    charge_key: str
    name: str
    meter: str | None
    unit: str
    period: Period
    revision: int
    figure: Figure
    steps: Steps


@dataclass(frozen=True, slots=True)
class History:
    """What a subscription's reckoning stands on beside figures: its periods, and what was billed of them."""

    spans: Mapping[datetime, Span]
    """Billing periods by their start."""
    billed: tuple[BilledPeriodView, ...] = ()
    """Issued ones only: a draft's periods are not billed yet."""
    revisions: Mapping[tuple[str, datetime], Sequence[RevisionView]] = field(default_factory=dict)
    """Rated lines so far by charge and start of the period, in order."""
    late_since: datetime | None = None
    """Since when what was recorded may have changed what was billed; None: nothing was billed of facts."""
    changed: datetime | None = None
    """The earliest instant that something recorded since then is about; None: nothing changed."""


def reaches_back(subscription: SubscriptionView, spans: Iterable[Span], now: datetime) -> datetime:
    """Return from when on what was billed is to be known: all lines that begin there or later, and no others.

    It is the beginning of the longest charge that serves the first billing period within `LOOK_BACK`: a fee for
    three years that was paid in advance comes back in the third. Asked for by their end, a line would be found and
    what was corrected of it not, where that ends earlier.

    Args:
        subscription: with all it ever held.
        spans: its billing periods.
        now: the tenant's time.
    """
    recent = [span for span in spans if span.period.ends_at > now - LOOK_BACK]
    first = min(recent, key=lambda span: span.period, default=None)
    if first is None:
        return now - LOOK_BACK
    charges = [charge for held in subscription.holdings for charge in held.document.charges]
    months = {charge.interval_months for charge in charges if charge.interval_months is not None}
    begins = (subscription.every(one).at(first.period.starts_at).starts_at for one in months)
    return min([first.full.starts_at, *begins])


@dataclass(slots=True)
class Work:
    """What one subscription's reckoning shares."""

    history: History
    sources: Sources
    parts: list[RatedPart] = field(default_factory=list)
    grounds: dict[tuple[str, Period], Measurement] = field(default_factory=dict)
    _by_key: dict[str, list[tuple[datetime, Sequence[RevisionView]]]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_key = defaultdict(list)
        for (charge_key, starts_at), listed in self.history.revisions.items():
            self._by_key[charge_key].append((starts_at, listed))

    def withdrawn(self, billed: BilledPeriodView) -> bool:
        """Tell whether what was last said of a period is that a document was withdrawn.

        Lines begin with the period, or end with it where they serve more than that.
        """
        return any(
            listed[-1].kind.endswith("reversal")
            for (_, start), listed in self.history.revisions.items()
            if start == billed.period.starts_at or listed[0].period.ends_at == billed.period.ends_at
        )

    def span_at(self, instant: datetime) -> Span | None:
        """Return the billing period that holds the instant."""
        return next((span for span in self.history.spans.values() if instant in span.period), None)

    def earlier(self, rated: RatedCharge) -> list[Figure]:
        """Return what was billed so far of what a charge serves.

        What is due in arrears may have been billed in parts, by bills that cut it more often.
        """
        starts_at = rated.period.starts_at
        listed = self.history.revisions.get((rated.charge_key, starts_at), ())
        found = [revision.figure for revision in listed if revision.kind in BILLED_KINDS]
        if rated.kind == "advance":
            return found
        for start, parts in self._by_key.get(rated.charge_key, ()):
            if starts_at < start < rated.period.ends_at and parts[0].kind == "usage":
                found += [revision.figure for revision in parts if revision.kind in BILLED_KINDS]
        return found

    def given_back(self, charge_key: str, service: Period) -> list[Figure]:
        """Return what was refunded so far of what a charge served."""
        return [
            revision.figure
            for start, listed in self._by_key.get(charge_key, ())
            if start in service
            for revision in listed
            if revision.kind in REFUND_KINDS
        ]

    def add_late(self, rated: RatedCharge) -> None:
        """Add what a charge comes to, less what was billed of it so far: all of it the first time."""
        so_far = self.earlier(rated)
        if not so_far and not self.history.revisions.get((rated.charge_key, rated.period.starts_at)):
            # Held only since a change at the first instant of a period that was billed in advance already.
            self.add(rated.kind, head_of(rated), figure_of(rated), steps_of(rated), self.ground(rated))
            return
        now = figure_of(rated)
        delta = late_delta(now, so_far)
        if delta is not None:
            self.add("late", head_of(rated), delta, sides(now, so_far), self.ground(rated))

    def paid_until(self, starts_at: datetime, kinds: Collection[str] | None = None) -> list[datetime]:
        """Return the ends of what was billed from an instant on: all of it, or of lines that began as these kinds."""
        listed = [found[0] for (_, start), found in self.history.revisions.items() if start == starts_at]
        return [first.period.ends_at for first in listed if kinds is None or first.kind in kinds]

    def ground(self, rated: RatedCharge) -> Measurement | None:
        """Return what a charge stands on: all that its meter saw, also what the charge leaves to others."""
        return None if rated.meter is None else self.sources.measure(rated.meter, rated.period)

    def add(self, kind: str, head: "Head", figure: Figure, steps: Steps, ground: Measurement | None) -> None:
        """Add a line as the next revision of its (charge, period)."""
        key = (head.charge_key, head.period.starts_at)
        taken = sum((part.charge_key, part.period.starts_at) == key for part in self.parts)
        revision = len(self.history.revisions.get(key, ())) + taken
        unit = ground.unit if ground else ""
        if ground is not None:
            self.grounds[ground.meter, ground.period] = ground
        self.parts.append(
            RatedPart(kind, head.charge_key, head.name, head.meter, unit, head.period, revision, figure, steps)
        )


@dataclass(frozen=True, slots=True)
class Head:
    """What a line is about."""

    charge_key: str
    name: str
    meter: str | None
    period: Period


def head_of(rated: RatedCharge) -> Head:
    """Return what the line of a rated charge is about."""
    return Head(rated.charge_key, rated.charge.name, rated.meter, rated.period)


def figure_of(rated: RatedCharge, sign: int = 1) -> Figure:
    """Return amount, quantity and drivers of a rated charge; what is refunded is driven back."""
    drivers = rated.measurement.by_cost_centre() if rated.measurement else {}
    centres = tuple(sorted(((code, sign * share) for code, share in drivers.items() if share), key=_by_code))
    return Figure(rated.rated.amount, rated.rated.quantity, centres)


def _by_code(item: tuple[str | None, Fraction]) -> tuple[bool, str]:
    return item[0] is None, item[0] or ""


def steps_of(rated: RatedCharge) -> Steps:
    """Return how a rated charge came about, as a line keeps it."""
    return tuple(msgspec.to_builtins(step) for step in rated.rated.steps)


def sides(now: Figure, so_far: list[Figure]) -> Steps:
    """Tell a difference by its two sides."""
    before = billed_so_far(so_far, now.amount.currency)
    return tuple(
        {
            "code": code,
            "amount": decimal_text(sign * Fraction(side.amount.decimal())),
            "quantity": decimal_text(Fraction(side.quantity)),
        }
        for code, side, sign in (("now", now, 1), ("before", before, -1))
    )
