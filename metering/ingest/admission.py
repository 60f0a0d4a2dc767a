"""What requests may hold of this process at one moment: beyond it they are turned away, not queued.

Memory is bounded by what is let in, not by hope: a request is counted before its body is read, its
bytes as they come and again as they are unpacked, its events before they are drafted. A tenant may
hold three quarters of each, so that one that floods leaves room for its neighbours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from metering.errors import IngestBusy

__all__ = ("Admission", "Budget", "Measure", "Visit")

_SHARE = 0.75
"""The part of a budget that one tenant may hold."""


class Measure(IntEnum):
    """What is counted; a place in the lists of what is held, because hashing an enumeration is slow."""

    REQUESTS = 0
    """Requests that are being read, written or waiting."""
    BYTES = 1
    """Their bodies, as sent and unpacked."""
    EVENTS = 2
    """Their events: drafts and rows, about 1.5 kB each."""

    @property
    def policy(self) -> str:
        """Its name in the RateLimit headers."""
        return f"ingest-{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of each a process holds at most."""

    requests: int = 1_000
    bytes: int = 64_000_000
    events: int = 100_000


class Admission:
    """Counts what requests hold, as a whole and by tenant. For one event loop."""

    def __init__(self, budget: Budget | None = None) -> None:
        budget = budget or Budget()
        self._limits = [budget.requests, budget.bytes, budget.events]
        self._whole = [0, 0, 0]
        self._tenants: dict[UUID, list[int]] = {}

    def held(self, measure: Measure) -> int:
        """Return how much all requests together hold at this moment."""
        return self._whole[measure]

    @contextmanager
    def visit(self, tenant_id: UUID) -> Iterator["Visit"]:
        """Let a request in for as long as it lasts; what it holds is given back at the end.

        Raises:
            IngestBusy: there is no room for it (`ingest_busy`).
        """
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            tenant = self._tenants[tenant_id] = [0, 0, 0]
        visit = Visit(self, tenant)
        try:
            visit.hold(Measure.REQUESTS, 1)
            yield visit
        finally:
            visit.leave()
            if not tenant[Measure.REQUESTS]:
                del self._tenants[tenant_id]

    def take(self, tenant: list[int], measure: Measure, amount: int) -> None:
        """Count an amount as a tenant's, who holds so much already, or refuse it."""
        limit = self._limits[measure]
        left = min(limit - self._whole[measure], int(limit * _SHARE) - tenant[measure])
        if amount > left:
            raise IngestBusy(measure.policy, limit, max(0, left))
        tenant[measure] += amount
        self._whole[measure] += amount

    def give_back(self, tenant: list[int], held: list[int]) -> None:
        """Undo what was taken."""
        for measure, amount in enumerate(held):
            tenant[measure] -= amount
            self._whole[measure] -= amount


class Visit:
    """What one request holds, beside what all of its tenant's hold together."""

    __slots__ = ("_admission", "_held", "_tenant")

    def __init__(self, admission: Admission, tenant: list[int]) -> None:
        self._admission = admission
        self._held = [0, 0, 0]
        self._tenant = tenant

    def hold(self, measure: Measure, amount: int) -> None:
        """Take more.

        Raises:
            IngestBusy: there is no room for it; the request is over (`ingest_busy`).
        """
        self._admission.take(self._tenant, measure, amount)
        self._held[measure] += amount

    def leave(self) -> None:
        """Give everything back."""
        self._admission.give_back(self._tenant, self._held)
        self._held = [0, 0, 0]
