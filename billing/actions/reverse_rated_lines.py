"""Take back what a document billed its consumers, so that its periods are billed anew."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from billing.history import REFUND_KINDS
from billing.models import RatedLine
from billing.reads import next_revisions, rated_lines_of
from billing.store import add_all, unset_measured
from core.acting import act_for
from core.ids import new_id

__all__ = ("reverse_rated_lines",)


def reverse_rated_lines(
    session: Session, invoice_id: UUID, consumers: Collection[UUID], on_invoice_id: UUID, now: datetime
) -> None:
    """Write the mirror image of a document's rated lines, and mark their periods to be reckoned anew.

    The next run that bills these subscriptions then finds them billed with nothing, and bills the
    difference: all of it, as known by then.

    Args:
        session: a transaction that may act for the consumers.
        invoice_id: whose lines are taken back.
        consumers: who has lines on it.
        on_invoice_id: the document that takes them back: itself when voided, else its credit note.
        now: when.
    """
    for consumer_id in sorted(consumers):
        with act_for(session, consumer_id):
            lines = rated_lines_of(session, consumer_id, invoice_id)
            revisions = next_revisions(session, consumer_id, {line.subscription_id for line in lines})
            rows = []
            for line in lines:
                key = (line.subscription_id, line.charge_key, line.period_starts_at)
                rows.append(
                    {
                        **line._mapping,  # noqa: SLF001 - the documented way to a mapping
                        "id": new_id(),
                        "revision": revisions[key],
                        "kind": "refund_reversal" if line.kind in REFUND_KINDS else "reversal",
                        "quantity": -line.quantity,
                        "amount_minor": -line.amount_minor,
                        "steps": [],
                        "cost_centres": [[code, _negated(share)] for code, share in line.cost_centres],
                        "invoice_id": on_invoice_id,
                        "rated_at": now,
                    }
                )
                revisions[key] += 1
            add_all(session, RatedLine, rows)
            spans = [(line.subscription_id, line.period_starts_at, line.period_ends_at) for line in lines]
            unset_measured(session, consumer_id, invoice_id, spans)


def _negated(share: str) -> str:
    return share[1:] if share.startswith("-") else f"-{share}"
