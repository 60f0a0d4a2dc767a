"""Invoice runs, and the evidence and documents that they left."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.models import EvidenceFile, InvoiceDocument, InvoiceIssue, InvoiceRun
from billing.views import RunView
from core.errors import NotFound
from core.lists import any_of
from core.scope import VENDOR_ID

__all__ = ("EvidenceView", "evidence_of", "evidence_since", "get_run", "runs_page", "stored_document")

_RUN = (
    InvoiceRun.id,
    InvoiceRun.actor,
    InvoiceRun.period,
    InvoiceRun.skip_grace,
    InvoiceRun.finalise,
    InvoiceRun.reason,
    InvoiceRun.status,
    InvoiceRun.started_at,
    InvoiceRun.finished_at,
    InvoiceRun.result,
)


def get_run(session: Session, run_id: UUID) -> RunView:
    """Return a run; a steward's read.

    Raises:
        NotFound: there is none of that id (`not_found`).
    """
    found = _runs(session, run_id=run_id, before=None, limit=1)
    if not found:
        raise NotFound("invoice run", run_id)
    return found[0]


def runs_page(session: Session, before: UUID | None, limit: int) -> tuple[RunView, ...]:
    """Return runs, newest first; a steward's read."""
    return _runs(session, run_id=None, before=before, limit=limit)


def evidence_of(
    session: Session, tenant_id: UUID, invoice_id: UUID, hashes: Collection[str] | None = None
) -> tuple[tuple[str, int, bytes], ...]:
    """Return a consumer's evidence files of a document: hash, number of lines, compressed content."""
    query = select(EvidenceFile.sha256, EvidenceFile.entry_count, EvidenceFile.content).where(
        EvidenceFile.tenant_id == tenant_id, EvidenceFile.invoice_id == invoice_id
    )
    if hashes is not None:
        query = query.where(any_of(EvidenceFile.sha256, hashes))
    rows = session.execute(query.order_by(EvidenceFile.created_at)).tuples()
    return tuple((sha256, entries, content) for sha256, entries, content in rows)


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A consumer's list of who was counted for a document, compressed."""

    invoice_id: UUID
    sha256: str
    created_at: datetime
    content: bytes


def evidence_since(session: Session, tenant_id: UUID, since: datetime) -> Iterator[EvidenceView]:
    """Yield the evidence files that count, of a consumer's documents written from an instant on; a steward's read."""
    rows = session.execute(
        select(
            EvidenceFile.invoice_id,
            EvidenceFile.sha256,
            EvidenceFile.created_at,
            EvidenceFile.content,
            InvoiceIssue.evidence_files,
        )
        .join(
            InvoiceIssue,
            (InvoiceIssue.tenant_id == EvidenceFile.payer_tenant_id)
            & (InvoiceIssue.invoice_id == EvidenceFile.invoice_id),
        )
        .where(EvidenceFile.tenant_id == tenant_id, EvidenceFile.created_at >= since)
        .order_by(EvidenceFile.created_at, EvidenceFile.invoice_id)
    )
    for *view, files in rows:
        found = EvidenceView(*view)
        # A draft that was reckoned anew left others.
        if any(sha256 == found.sha256 for _, _, sha256 in files):
            yield found


def stored_document(session: Session, tenant_id: UUID, invoice_id: UUID) -> tuple[str, bytes] | None:
    """Return hash and bytes of a document that was rendered, or None."""
    row = session.execute(
        select(InvoiceDocument.sha256, InvoiceDocument.content).where(
            InvoiceDocument.tenant_id == tenant_id, InvoiceDocument.invoice_id == invoice_id
        )
    ).one_or_none()
    return (row.sha256, row.content) if row else None


def _runs(session: Session, run_id: UUID | None, before: UUID | None, limit: int) -> tuple[RunView, ...]:
    query = select(*_RUN).where(InvoiceRun.tenant_id == VENDOR_ID).order_by(InvoiceRun.id.desc()).limit(limit)
    if run_id is not None:
        query = query.where(InvoiceRun.id == run_id)
    if before is not None:
        query = query.where(InvoiceRun.id < before)
    return tuple(
        RunView(
            id=row.id,
            actor=row.actor,
            period=row.period,
            skip_grace=row.skip_grace,
            finalise=row.finalise,
            reason=row.reason,
            status=row.status,
            started_at=row.started_at,
            finished_at=row.finished_at,
            invoices=tuple(
                (UUID(item["tenant_id"]), UUID(item["invoice_id"])) for item in row.result.get("invoices", ())
            ),
            failures=tuple(
                (UUID(item["tenant_id"]), item["code"], item["detail"]) for item in row.result.get("failures", ())
            ),
            busy=tuple(UUID(tenant) for tenant in row.result.get("busy", ())),
        )
        for row in session.execute(query)
    )
