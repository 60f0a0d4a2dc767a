"""What a meter answers: the figure, who was counted by which event, and who was not and why (pure)."""

from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

import msgspec

from core.periods import Period

__all__ = (
    "EXCLUSIONS",
    "UNASSIGNED",
    "Centres",
    "Entry",
    "Exclusion",
    "Keys",
    "Measurement",
    "Reader",
    "exact_sum",
    "pseudonym",
    "split_by",
)

K = TypeVar("K")

Centres = tuple[tuple[str | None, Fraction], ...]
"""Cost-centre codes with shares that sum to 1; None is the explicit *unassigned*."""
Keys = tuple[tuple[str, str], ...]
"""Dimensions of an entry, by name."""

_IMPLIED = {("class_attended", "course_type"): "ilt"}
"""Dimensions that a reason says by itself. As keys they would change the lists of evidence that were hashed before."""

UNASSIGNED: Centres = ((None, Fraction(1)),)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Somebody or something that was counted.

    `quantity` is its part of the figure; for `sessions.concurrent.*` it is the driver by which the
    figure is attributed, weighted session seconds. `reason` is a stable code. `keys` are what price
    lists and reports split by; `cost_centres` are the shares of `quantity`.
    """

    person_id: UUID
    identity_id: int
    quantity: Fraction
    weight: Fraction
    reason: str
    at: datetime | None
    source: str | None
    event_key: UUID | None
    event_id: str | None
    keys: Keys
    cost_centres: Centres

    def key(self, name: str) -> str | None:
        """Return the value of one dimension, or None."""
        for key, value in self.keys:
            if key == name:
                return value
        return _IMPLIED.get((self.reason, name))


class Exclusion(msgspec.Struct, frozen=True, gc=False):
    """Somebody or something that was looked at and not counted, with a reason from `EXCLUSIONS`."""

    person_id: UUID
    identity_id: int
    reason: str
    at: datetime | None
    source: str | None
    event_key: UUID | None
    event_id: str | None


EXCLUSIONS: Mapping[str, str] = {
    "weight_zero": "The person's class or audience weighs 0 in this contract.",
    "no_qualifying_event": "Seen in the period, but by no event that qualifies.",
    "not_idle": "Did something that qualifies, or became a member, within the days that the contract asks for.",
    "too_few_events": "Fewer qualifying events than the contract asks for.",
    "duplicate_person": "Another identity of a person who is counted already.",
    "waived": "A waived completion is never counted.",
    "browse_or_review": "A launch to browse or review is never charged.",
    "not_trigger": "Not the event that charges this course type in this contract.",
    "inside_access_window": "The person holds this course already: charged once per access window.",
    "same_registration": "The registration is charged already.",
    "same_class": "The person holds a seat in this class already.",
    "no_show_not_billable": "A missed class is not billable in this contract.",
    "no_transaction": "A cancellation without a transaction that could be refunded.",
    "refund_zero": "Cancelled too late: the contract gives nothing back, the transaction stays open.",
    "substituted": "A substitute took the transaction over; nothing is refunded.",
    "shorter_report": "A longer attendance of the same person and class is counted.",
    "overlapped": "Other sessions of the same person cover all of this one.",
    "pool_leases": "The pool's leases are its only feed of concurrency.",
    "value_missing": "The event has no value that could be counted: none, no number, or out of range.",
    "not_decisive": "Another event decides: the highest, the lowest or the last one.",
    "not_then": "Not a member, or no seat held, on the day or at the instant that decides the figure.",
}
"""The closed list of reasons why something was not counted."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure with its grounds."""

    meter: str
    period: Period
    unit: str
    quantity: Fraction
    entries: tuple[Entry, ...]
    exclusions: tuple[Exclusion, ...]
    additive: bool | None = None
    """Whether figures of parts of the period sum to this one; None: as the built-in meter of that name does."""

    def by_cost_centre(self) -> dict[str | None, Fraction]:
        """Return the drivers by cost centre; None is *unassigned*. Centres with nothing are absent."""
        totals: dict[str | None, Fraction] = {}
        for centres, quantity in _sums((entry.cost_centres, entry.quantity) for entry in self.entries).items():
            for code, share in centres:
                totals[code] = totals.get(code, Fraction(0)) + quantity * share
        return totals

    def by_key(self, name: str) -> dict[str | None, Fraction]:
        """Return the drivers by the value of one dimension; None where an entry has none."""
        return _sums((entry.key(name), entry.quantity) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Reader:
    """A meter over facts that are already at hand: it answers for any period they cover.

    `sums` gives the bare figure, where there is a quicker way to it than through everybody's entry.
    """

    reads: Callable[[Period], Measurement]
    sums: Callable[[Period], Fraction] | None = None

    def __call__(self, period: Period) -> Measurement:
        """Return the figure with its grounds."""
        return self.reads(period)

    def figure(self, period: Period) -> Fraction:
        """Return the figure alone: exactly that of the measurement."""
        return self.reads(period).quantity if self.sums is None else self.sums(period)


def split_by(measurement: Measurement, dimension: str) -> dict[str | None, Fraction]:
    """Split the figure by a dimension, so that the parts sum to it.

    A part is the figure × the group's share of the drivers. Where the drivers are the figure
    itself (all meters but `sessions.concurrent.*`) that is simply their sum.
    """
    parts = measurement.by_cost_centre() if dimension == "cost_centre" else measurement.by_key(dimension)
    whole = sum(parts.values(), Fraction(0))
    if whole in (measurement.quantity, 0):
        return parts
    return {key: measurement.quantity * part / whole for key, part in parts.items()}


def exact_sum(quantities: Iterable[Fraction]) -> Fraction:
    """Add quantities up, exactly; those that are one object are multiplied, which is much faster."""
    counted: dict[int, tuple[Fraction, int]] = {}
    for quantity in quantities:
        seen = counted.get(id(quantity))
        counted[id(quantity)] = (quantity, 1 if seen is None else seen[1] + 1)
    return sum((quantity * number for quantity, number in counted.values()), Fraction(0))


def pseudonym(tenant_id: UUID, person_id: UUID) -> str:
    """Return a person's name in lists that leave the tenant: stable, and not the internal id.

    >>> pseudonym(UUID(int=1), UUID(int=2)) == pseudonym(UUID(int=1), UUID(int=2))
    True
    """
    digest = blake2b(person_id.bytes, key=tenant_id.bytes, person=b"tollbook-person", digest_size=10).digest()
    return "p-" + b32encode(digest).decode().lower()


def _sums(pairs: Iterable[tuple[K, Fraction]]) -> dict[K, Fraction]:
    totals: dict[K, Fraction] = {}
    for key, quantity in pairs:
        before = totals.get(key)
        totals[key] = quantity if before is None else before + quantity
    return totals
