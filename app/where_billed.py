"""Where an event was billed: metering asks, billing knows, this brings them together."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.reads import where_billed
from metering.reads.event_log import EventView
from metering.schemas import BilledAnswer, WhereBilled

__all__ = ("ByBilling", "provide_where_billed")


class ByBilling(WhereBilled):
    """Looks into the evidence of issued documents."""

    def find(self, session: Session, tenant_id: UUID, event: EventView) -> list[BilledAnswer]:
        """Return the lines that stand on an event."""
        found = where_billed(session, tenant_id, event.source, event.id, min(_acted(event)))
        return [
            BilledAnswer(
                invoice_id=one.invoice_id,
                number=one.number,
                line=one.position,
                charge_key=one.charge_key,
                kind=one.kind,
                meter=one.meter,
                starts_at=one.period.starts_at,
                ends_at=one.period.ends_at,
                line_amount={"amount": one.amount.text(), "currency": one.amount.currency},
                counted=one.counted,
                quantity=one.quantity,
                reason=one.reason,
            )
            for one in found
        ]


def _acted(event: EventView) -> Iterator[datetime]:
    yield event.time
    for correction in event.corrections:
        if correction.replacement is not None:
            yield correction.replacement["time"]


async def provide_where_billed() -> WhereBilled:
    """Tell metering where events were billed."""
    return ByBilling()
