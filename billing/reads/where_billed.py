"""On which lines an event was billed: those whose evidence names it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.models import EvidenceFile, InvoiceIssue, InvoiceLine, RatedLine
from core.money import Money
from core.periods import Period
from plans.reads import charges_of, get_subscription

__all__ = ("BilledOn", "where_billed")

REFUNDED = "courses.transactions.refunded"


@dataclass(frozen=True, slots=True)
class BilledOn:
    """A line of an issued document whose evidence names the event; what it says of it.

    `number` and `position` are the document's, where the consumer pays for itself. `quantity` is the
    event's part of the figure that the line stands on; 0 with the reason where it was not counted.
    """

    invoice_id: UUID
    number: str | None
    position: int | None
    charge_key: str
    kind: str
    meter: str
    period: Period
    amount: Money
    counted: bool
    quantity: str
    reason: str


def where_billed(session: Session, tenant_id: UUID, source: str, event_id: str, since: datetime) -> list[BilledOn]:
    """Return the issued lines that stand on an event, by period and document.

    Args:
        session: scoped to the consumer.
        tenant_id: whose event.
        source: as sent.
        event_id: as sent.
        since: the earliest instant at which the event acted, by itself or a correction: no period
            that ended before can stand on it.
    """
    needle = b'"event_id":' + msgspec.json.encode(event_id)
    found = []
    for invoice_id, lines in _lines(session, tenant_id, since).items():
        told = list(_named(session, (tenant_id, invoice_id), needle, source))
        found += [_view(line, row) for line in lines for row in told if _stands_on(session, line, row)]
    return sorted(found, key=lambda one: (one.period.starts_at, str(one.invoice_id), one.charge_key))


def _lines(session: Session, tenant_id: UUID, since: datetime) -> dict[UUID, list[Row[Any]]]:
    """Return the rated lines of metered charges by document, with their place on it if it is the tenant's own."""
    rows: Iterable[Row[Any]] = session.execute(
        select(*RatedLine.__table__.columns, InvoiceLine.position, InvoiceIssue.number)
        .outerjoin(
            InvoiceLine, (InvoiceLine.tenant_id == RatedLine.tenant_id) & (InvoiceLine.rated_line_id == RatedLine.id)
        )
        .outerjoin(
            InvoiceIssue,
            (InvoiceIssue.tenant_id == RatedLine.tenant_id) & (InvoiceIssue.invoice_id == RatedLine.invoice_id),
        )
        .where(
            RatedLine.tenant_id == tenant_id,
            RatedLine.meter.is_not(None),
            # A cancellation gives back something of an earlier period.
            (RatedLine.period_ends_at > since) | RatedLine.kind.startswith("refund"),
        )
        .order_by(RatedLine.id)
    )
    lines: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        lines.setdefault(row.invoice_id, []).append(row)
    return lines


def _named(session: Session, document: tuple[UUID, UUID], needle: bytes, source: str) -> Iterator[dict[str, Any]]:
    """Yield what the evidence of a document says of the event; of several files the last one was issued."""
    tenant_id, invoice_id = document
    content = session.execute(
        select(EvidenceFile.content)
        .where(EvidenceFile.tenant_id == tenant_id, EvidenceFile.invoice_id == invoice_id)
        .order_by(EvidenceFile.created_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    text = zstandard.decompress(content) if content is not None else b""
    if needle in text:
        rows = (msgspec.json.decode(line) for line in text.splitlines() if needle in line)
        yield from (row for row in rows if row["source"] == source)


def _stands_on(session: Session, line: Row[Any], row: dict[str, Any]) -> bool:
    """Tell whether a row of the evidence is of the measurement behind a line, and of what its charge counts."""
    keys = row.get("keys", {})
    if line.kind.startswith("refund"):
        origin = keys.get("origin_at")
        if row["meter"] != REFUNDED or origin is None:
            return False
        same = line.period_starts_at <= datetime.fromisoformat(origin) < line.period_ends_at
    else:
        spans = (datetime.fromisoformat(row["from"]), datetime.fromisoformat(row["to"]))
        same = row["meter"] == line.meter and spans == (line.period_starts_at, line.period_ends_at)
    return same and (not row["counted"] or _counts(session, line, keys))


def _counts(session: Session, line: Row[Any], keys: dict[str, str]) -> bool:
    """Tell whether the charge counts what has these dimensions (`where`)."""
    subscription = get_subscription(session, line.tenant_id, line.subscription_id).at(line.period_starts_at)
    where = next((charge.where for key, charge in charges_of(subscription) if key == line.charge_key), {})
    return all(keys.get(name) in values for name, values in where.items())


def _view(line: Row[Any], row: dict[str, Any]) -> BilledOn:
    return BilledOn(
        invoice_id=line.invoice_id,
        number=line.number,
        position=line.position,
        charge_key=line.charge_key,
        kind=line.kind,
        meter=row["meter"],
        period=Period(line.period_starts_at, line.period_ends_at),
        amount=Money(line.amount_minor, line.currency),
        counted=row["counted"],
        quantity=row.get("quantity", "0"),
        reason=row["reason"],
    )
