"""What the API takes and gives about invoice runs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from billing.schemas.amounts import Text
from billing.schemas.documents import InvoiceItem
from billing.views import InvoiceSummary, RunView

__all__ = ("RunAnswer", "RunBody", "RunPage")

Month = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}$")]


class RunBody(msgspec.Struct, forbid_unknown_fields=True):
    """A run to be made. Without `period` everything that is due is billed."""

    period: Month | None = None
    """A month, `2026-10`: only periods that end with it."""
    skip_grace: bool = False
    """Don't wait for late facts; needs `reason`."""
    reason: Text = ""
    finalise: bool = True
    """False leaves drafts."""


class RunInvoice(msgspec.Struct):
    """A document that a run made."""

    tenant_id: UUID
    invoice_id: UUID


class RunFailure(msgspec.Struct):
    """A payer that could not be billed; nothing of that document was written."""

    tenant_id: UUID
    code: str
    detail: str


class RunAnswer(msgspec.Struct):
    """A run and what it made."""

    id: UUID
    status: str
    actor: str
    period: str | None
    skip_grace: bool
    finalise: bool
    reason: str
    started_at: datetime
    finished_at: datetime | None
    invoices: list[InvoiceItem]
    failures: list[RunFailure]
    busy: list[UUID]

    @classmethod
    def of(cls, run: RunView, made: tuple[InvoiceSummary, ...]) -> "RunAnswer":
        """Return the run as JSON shows it."""
        return cls(
            run.id,
            run.status,
            run.actor,
            run.period,
            run.skip_grace,
            run.finalise,
            run.reason,
            run.started_at,
            run.finished_at,
            [InvoiceItem.of(item) for item in made],
            [RunFailure(*failure) for failure in run.failures],
            list(run.busy),
        )


class RunPage(msgspec.Struct):
    """Runs, newest first; their documents are in each run."""

    items: list[RunAnswer]
    next_cursor: str | None
