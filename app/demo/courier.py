"""Bringing customers' events: what their systems hand over each month, through the ingest lane.

The work of one courier can be done in a process of its own, so that two cores are of use.
"""

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any, Literal

import msgspec

from app.demo.events import Delivery, deliveries
from app.demo.organisation import import_organisation
from app.demo.people import population
from app.demo.steps import ACTOR, done_steps, note_step
from app.demo.world import Customer, build_world
from app.process import tune_collector
from core.db import Database
from core.scope import TenantScope
from metering.actions.record_correction import CorrectionInput, record_correction
from metering.ingest.lane import IngestAnswer, IngestLane
from metering.ingest.validation import Rules
from tenants.reads import TenantView

__all__ = ("Courier", "RemoteCourier", "Route")


class WrongAnswer(RuntimeError):
    """The service answered a delivery otherwise than it must."""


@dataclass(frozen=True, slots=True)
class Route:
    """Whose events a courier brings. Small, so that it can be sent to another process."""

    database_url: str
    now: datetime
    thousandths: int
    tenants: tuple[TenantView, ...]


class Courier:
    """Brings the people and then, month by month, the events of some customers."""

    def __init__(self, route: Route) -> None:
        self._db = Database(route.database_url, pool_size=1)
        self._loop = asyncio.Runner()
        self._lane: IngestLane | None = None
        self._url = route.database_url
        world = build_world(route.now, route.thousandths)
        self._customers = [(world.customer(tenant.slug), tenant) for tenant in route.tenants]
        self._done = {tenant.slug: done_steps(self._db, tenant.id) for tenant in route.tenants}
        self._streams: dict[str, Iterator[Delivery]] = {
            customer.slug: deliveries(customer) for customer, _ in self._customers
        }
        self._ready: dict[str, Delivery | None] = {}

    def introduce(self) -> int:
        """Import cost centres, people and placements that are missing; return the number of people."""
        return sum(
            import_organisation(self._db, customer, tenant, population(customer))
            for customer, tenant in self._customers
            if "organisation" not in self._done[customer.slug]
        )

    def prepare(self) -> None:
        """Make the next month's deliveries."""
        for slug, stream in self._streams.items():
            if slug not in self._ready:
                self._ready[slug] = next(stream, None)

    def deliver(self) -> int:
        """Hand the next month over; return the number of events."""
        self.prepare()
        count = 0
        for customer, tenant in self._customers:
            delivery = self._ready.pop(customer.slug)
            if delivery is not None:
                count += len(delivery.events)
                if f"delivery {delivery.month}" not in self._done[customer.slug]:
                    self._hand_over(customer, tenant, delivery)
        return count

    def _hand_over(self, customer: Customer, tenant: TenantView, delivery: Delivery) -> None:
        answer = self._loop.run(self._ingest(tenant, delivery))
        _check(answer, customer, delivery)
        with self._db.begin(TenantScope(tenant.id)) as session:
            for correction in delivery.corrections:
                kind: Literal["void", "replace"] = "void" if correction.replacement is None else "replace"
                replacement = correction.replacement and {
                    name: correction.replacement[name] for name in ("type", "time", "subject", "data")
                }
                wanted = CorrectionInput(correction.source, correction.id, kind, correction.reason, replacement)
                record_correction(session, tenant.id, wanted, ACTOR, delivery.accepted_at)
            note_step(session, tenant.id, f"delivery {delivery.month}")

    async def _ingest(self, tenant: TenantView, delivery: Delivery) -> IngestAnswer:
        if self._lane is None:
            self._lane = IngestLane(self._url)
        raw = [msgspec.Raw(encoded) for encoded in map(msgspec.json.encode, delivery.events)]
        return await self._lane.ingest(tenant.id, raw, Rules(delivery.accepted_at))

    def close(self) -> None:
        """Close the connections."""
        if self._lane is not None:
            self._loop.run(self._lane.close())
        self._loop.close()
        self._db.dispose()


def _check(answer: IngestAnswer, customer: Customer, delivery: Delivery) -> None:
    """Compare the answer with what it must be; what a killed load had brought already is a duplicate now."""
    expected = delivery.expected
    told = (answer.accepted + answer.duplicate, len(answer.conflicts), sorted(fault.code for fault in answer.rejected))
    must = (expected.accepted + expected.duplicate, expected.conflicts, sorted(expected.rejected.elements()))
    if told != must:
        raise WrongAnswer(f"{customer.slug}, month {delivery.month}: told {told}, expected {must}")


class RemoteCourier:
    """A courier in a process of its own. `start` an errand, then `result` waits for it."""

    def __init__(self, route: Route) -> None:
        # A fresh interpreter: nothing of this process's connections and threads goes over.
        context = multiprocessing.get_context("spawn")
        self._link, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, route), daemon=True)
        self._process.start()
        theirs.close()

    def start(self, errand: str) -> None:
        """Send the courier off: `introduce`, `prepare` or `deliver`."""
        self._link.send(errand)

    def result(self) -> Any:
        """Wait for the oldest errand.

        Raises:
            RuntimeError: it failed; the message is the courier's.
        """
        failed, value = self._link.recv()
        if failed:
            raise RuntimeError(value)
        return value

    def close(self) -> None:
        """Let it end."""
        self._link.close()
        self._process.join(timeout=10)


def _work(link: Connection, route: Route) -> None:
    """Do errands until the other end is gone; so it also ends when the parent is killed."""
    tune_collector()
    courier = Courier(route)
    try:
        while True:
            errand = link.recv()
            try:
                answer: tuple[bool, Any] = (False, getattr(courier, errand)())
            except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
                answer = (True, f"{type(error).__name__}: {error}")
            link.send(answer)
    except (EOFError, OSError, KeyboardInterrupt):
        pass
    finally:
        courier.close()


def month_start(customer: Customer, month: int) -> datetime:
    """Return the instant at which a month begins for a customer."""
    return datetime.fromtimestamp(customer.edges_ms[month] // 1000, UTC)


def split(tenants: Sequence[TenantView]) -> tuple[tuple[TenantView, ...], ...]:
    """Share tenants out over two couriers by turns: the list is ordered by size, roughly."""
    return tuple(tenants[::2]), tuple(tenants[1::2])
