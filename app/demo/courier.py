"""Bringing customers' events: what their systems hand over each month, through the ingest lane."""

import asyncio
from typing import Literal

import msgspec

from app.demo.events import Delivery
from app.demo.steps import ACTOR, note_step
from app.demo.world import Customer
from core.db import Database
from core.scope import TenantScope
from metering.actions.record_correction import CorrectionInput, record_correction
from metering.ingest.lane import IngestAnswer, IngestLane
from metering.ingest.validation import Rules
from tenants.reads import TenantView

__all__ = ("Courier",)


class WrongAnswer(RuntimeError):
    """The service answered a delivery otherwise than it must."""


class Courier:
    """Brings events to one service, delivery by delivery."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._loop = asyncio.Runner()
        self._lane: IngestLane | None = None

    def hand_over(self, customer: Customer, tenant: TenantView, delivery: Delivery) -> None:
        """Hand a delivery over, with its corrections, and note that it is done.

        Raises:
            WrongAnswer: the service took something else than it must.
        """
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
            self._lane = IngestLane(self._db.database_url)
        raw = [msgspec.Raw(encoded) for encoded in map(msgspec.json.encode, delivery.events)]
        return await self._lane.ingest(tenant.id, raw, Rules(delivery.accepted_at))

    def close(self) -> None:
        """Close the lane's connections."""
        if self._lane is not None:
            self._loop.run(self._lane.close())
        self._loop.close()


def _check(answer: IngestAnswer, customer: Customer, delivery: Delivery) -> None:
    """Compare the answer with what it must be; what a killed load had brought already is a duplicate now."""
    expected = delivery.expected
    told = (answer.accepted + answer.duplicate, len(answer.conflicts), sorted(fault.code for fault in answer.rejected))
    must = (expected.accepted + expected.duplicate, expected.conflicts, sorted(expected.rejected.elements()))
    if told != must:
        raise WrongAnswer(f"{customer.slug}, month {delivery.month}: told {told}, expected {must}")
