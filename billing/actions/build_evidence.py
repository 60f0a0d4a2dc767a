"""Keep the list of who was counted for a document, one file a consumer."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import zstandard
from sqlalchemy.orm import Session

from billing.drafts import EvidenceRef
from billing.evidence import evidence_rows, write_evidence
from billing.store import put_evidence
from metering.measurement import Measurement
from metering.reads import with_event_ids

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
    rows = []
    for measurement in measurements:
        named = replace(
            measurement,
            entries=with_event_ids(session, consumer_id, measurement.entries),
            exclusions=with_event_ids(session, consumer_id, measurement.exclusions),
        )
        rows += evidence_rows(consumer_id, named)
    file = write_evidence(rows)
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
