"""What the API takes and gives about events. Payloads of events stand in `metering.events`."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Raw, Struct
from sqlalchemy.orm import Session

from core.exact_json import encode_exact
from metering.reads.event_log import CorrectionView, EventView

__all__ = (
    "BilledAnswer",
    "CorrectionAnswer",
    "CorrectionBody",
    "EventAnswer",
    "EventPage",
    "RecordedAnswer",
    "WhereBilled",
)

Attribute = Annotated[str, Meta(min_length=1, max_length=512)]


class CorrectionBody(Struct, forbid_unknown_fields=True):
    """What to do about an event, which need not have arrived yet."""

    source: Attribute
    id: Attribute
    kind: Literal["void", "replace"]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    replacement: dict[str, Any] | None = None
    """`type`, `time`, `subject` and `data` of the event as it should have been."""


class RecordedAnswer(Struct):
    """A correction was recorded."""

    id: UUID
    source: str
    event_id: str
    kind: str
    recorded_at: datetime
    waits: bool
    """No event of this source and id has come in: the correction holds as soon as one does. Is the id right?"""


class CorrectionAnswer(Struct):
    """A correction of an event."""

    id: UUID
    kind: str
    reason: str
    author: str
    recorded_at: datetime
    replacement: dict[str, Any] | None

    @classmethod
    def of(cls, view: CorrectionView) -> "CorrectionAnswer":
        """Render a correction."""
        shown = dict(view.replacement) if view.replacement is not None else None
        if shown is not None:
            shown["data"] = Raw(encode_exact(shown["data"]))
        return cls(view.id, view.kind, view.reason, view.author, view.recorded_at, shown)


class BilledAnswer(Struct):
    """A line of an issued document that stands on an event."""

    invoice_id: UUID
    number: str | None
    """The document's, where the tenant pays for itself."""
    line: int | None
    charge_key: str
    kind: str
    """`usage`, `refund`, `late`: what was billed first, given back, or came later."""
    meter: str
    starts_at: datetime
    ends_at: datetime
    line_amount: dict[str, str]
    counted: bool
    quantity: str
    """The event's part of the figure; 0 where it was not counted."""
    reason: str


class WhereBilled(ABC):
    """Who knows on which lines events were billed; metering itself knows no bill."""

    @abstractmethod
    def find(self, session: Session, tenant_id: UUID, event: EventView) -> list[BilledAnswer]:
        """Return the lines of issued documents that stand on an event, by period."""


class EventAnswer(Struct):
    """An event as it was sent; `status` says whether it still holds."""

    source: str
    id: str
    type: str
    time: datetime
    subject: str | None
    data: Any
    accepted_at: datetime
    status: str
    corrections: list[CorrectionAnswer]
    billed: list[BilledAnswer] | None = None
    """Where it was billed; null in lists, and for those who may not read invoices."""

    @classmethod
    def of(cls, view: EventView) -> "EventAnswer":
        """Render an event."""
        corrections = [CorrectionAnswer.of(correction) for correction in view.corrections]
        return cls(
            view.source, view.id, view.type, view.time, view.subject, Raw(encode_exact(view.data)), view.accepted_at,
            view.status,
            corrections,
        )  # fmt: skip


class EventPage(Struct):
    """A page of events by time."""

    items: list[EventAnswer]
    next_cursor: str | None
