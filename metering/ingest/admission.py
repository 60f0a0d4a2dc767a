"""What requests may hold of this process at one moment: beyond it they are turned away, not queued.

Memory is bounded by what is let in, not by hope: a request is counted before its body is read, its
bytes as they come and again as they are unpacked, its events before they are drafted. A tenant may
hold three quarters of each, so that one that floods leaves room for its neighbours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from metering.errors import IngestBusy

__all__ = ("Admission", "Budget", "Measure", "Visit")

_SHARE = 0.75
"""The part of a budget that one tenant may hold."""


class Measure(Enum):
    """What is counted; the value is the name in the RateLimit headers."""

    REQUESTS = "ingest-requests"
    """Requests that are being read, written or waiting."""
    BYTES = "ingest-bytes"
    """Their bodies, as sent and unpacked."""
    EVENTS = "ingest-events"
    """Their events: drafts and rows, about 1.5 kB each."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of each a process holds at most."""

    requests: int = 1_000
    bytes: int = 64_000_000
    events: int = 100_000

    def of(self, measure: Measure) -> int:
        """Return the limit of one measure."""
        return {Measure.REQUESTS: self.requests, Measure.BYTES: self.bytes, Measure.EVENTS: self.events}[measure]


class Admission:
    """Counts what requests hold, as a whole and by tenant. For one event loop."""

    def __init__(self, budget: Budget | None = None) -> None:
        budget = budget or Budget()
        self._limits = {measure: budget.of(measure) for measure in Measure}
        self._whole = dict.fromkeys(Measure, 0)
        self._tenants: dict[UUID, dict[Measure, int]] = {}

    def held(self, measure: Measure) -> int:
        """Return how much all requests together hold at this moment."""
        return self._whole[measure]

    @contextmanager
    def visit(self, tenant_id: UUID) -> Iterator["Visit"]:
        """Let a request in for as long as it lasts; what it holds is given back at the end.

        Raises:
            IngestBusy: there is no room for it (`ingest_busy`).
        """
        visit = Visit(self, tenant_id)
        try:
            visit.hold(Measure.REQUESTS, 1)
            yield visit
        finally:
            visit.leave()

    def take(self, tenant_id: UUID, measure: Measure, amount: int) -> None:
        """Count an amount for a tenant, or refuse it."""
        limit, tenant = self._limits[measure], self._tenants.get(tenant_id)
        mine = tenant[measure] if tenant is not None else 0
        left = min(limit - self._whole[measure], int(limit * _SHARE) - mine)
        if amount > left:
            raise IngestBusy(measure.value, limit, max(0, left))
        if tenant is None:
            tenant = self._tenants[tenant_id] = dict.fromkeys(Measure, 0)
        tenant[measure] += amount
        self._whole[measure] += amount

    def give_back(self, tenant_id: UUID, held: dict[Measure, int]) -> None:
        """Undo what was taken."""
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            return
        for measure, amount in held.items():
            tenant[measure] -= amount
            self._whole[measure] -= amount
        if not tenant[Measure.REQUESTS]:
            del self._tenants[tenant_id]


class Visit:
    """What one request holds."""

    __slots__ = ("_admission", "_held", "_tenant_id")

    def __init__(self, admission: Admission, tenant_id: UUID) -> None:
        self._admission = admission
        self._tenant_id = tenant_id
        self._held: dict[Measure, int] = {}

    def hold(self, measure: Measure, amount: int) -> None:
        """Take more.

        Raises:
            IngestBusy: there is no room for it; the request is over (`ingest_busy`).
        """
        self._admission.take(self._tenant_id, measure, amount)
        self._held[measure] = self._held.get(measure, 0) + amount

    def leave(self) -> None:
        """Give everything back."""
        self._admission.give_back(self._tenant_id, self._held)
        self._held = {}
