"""Keep the list of who was counted for a document, one file a consumer."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import zstandard
from sqlalchemy.orm import Session

from billing.drafts import EvidenceRef
from billing.evidence import evidence_rows, write_evidence
from billing.store import put_evidence
from metering.measurement import Measurement
from metering.reads import measurements_with_event_ids

__all__ = ("build_evidence",)


def build_evidence(
    session: Session,
    consumer_id: UUID,
    document: tuple[UUID, UUID],
    measurements: Iterable[Measurement],
    now: datetime,
) -> EvidenceRef:
    """Write the evidence of a consumer's figures on a document, and return its hash and length.

    Writing the same again changes nothing; a draft that is reckoned anew gets another file.

    Args:
        session: scoped to the consumer.
        consumer_id: whose people were counted.
        document: payer and id of the document.
        measurements: what the document's lines stand on.
        now: when.
    """
    payer_id, invoice_id = document
    named = measurements_with_event_ids(session, consumer_id, measurements)
    file = write_evidence(row for measurement in named for row in evidence_rows(consumer_id, measurement))
    put_evidence(
        session,
        {
            "tenant_id": consumer_id,
            "invoice_id": invoice_id,
            "sha256": file.sha256,
            "payer_tenant_id": payer_id,
            "entry_count": file.count,
            "content": zstandard.compress(file.content),
            "created_at": now,
        },
    )
    return EvidenceRef(consumer_tenant_id=consumer_id, count=file.count, sha256=file.sha256)
