"""The list of who was counted, as a file: pseudonymous, in one order, hashed (pure).

NDJSON, one object a line: `counted` ones with what they were counted for and by which event, the
others with the reason why not. No name, key or internal id of a person stands in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from core.money import quantize_quantity
from metering.measurement import Entry, Exclusion, Measurement, pseudonym

__all__ = ("EvidenceFile", "evidence_rows", "manifest", "write_evidence")


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """The content, the number of its lines, and the SHA-256 of the content in hex."""

    content: bytes
    count: int
    sha256: str


def evidence_rows(tenant_id: UUID, measurement: Measurement) -> list[dict[str, Any]]:
    """Return what the file says of one measurement: the counted ones, then the others."""
    head = {
        "meter": measurement.meter,
        "from": _instant(measurement.period.starts_at),
        "to": _instant(measurement.period.ends_at),
    }
    counted = [head | {"counted": True} | _counted(tenant_id, entry) for entry in measurement.entries]
    return counted + [head | {"counted": False} | _excluded(tenant_id, other) for other in measurement.exclusions]


def write_evidence(rows: Iterable[dict[str, Any]]) -> EvidenceFile:
    """Return the file of these rows, sorted so that the order of reading changes no byte."""
    lines = sorted(msgspec.json.encode(row, order="deterministic") for row in rows)
    content = b"".join(line + b"\n" for line in lines)
    return EvidenceFile(content, len(lines), sha256(content).hexdigest())


def manifest(files: Iterable[tuple[UUID, int, str]]) -> EvidenceFile:
    """Return what stands on the document for the files of several consumers.

    A paying parent sees how many lines each child's file has and its hash, not the people in it.
    The document's own hash is that of this list; with one consumer only, it is the file's.

    Args:
        files: consumer, number of lines, hash of the content.
    """
    listed = sorted(files)
    if len(listed) == 1:
        _, count, digest = listed[0]
        return EvidenceFile(b"", count, digest)
    rows = [{"tenant_id": str(tenant), "count": count, "sha256": digest} for tenant, count, digest in listed]
    content = b"".join(msgspec.json.encode(row, order="deterministic") + b"\n" for row in rows)
    return EvidenceFile(content, sum(count for _, count, _ in listed), sha256(content).hexdigest())


def _counted(tenant_id: UUID, entry: Entry) -> dict[str, Any]:
    return {
        "person": pseudonym(tenant_id, entry.person_id),
        "quantity": f"{quantize_quantity(entry.quantity):f}",
        "weight": f"{quantize_quantity(entry.weight):f}",
        "reason": entry.reason,
        "at": _instant(entry.at),
        "source": entry.source,
        "event_id": entry.event_id,
        "keys": dict(entry.keys),
        "cost_centres": {code or "": str(share) for code, share in entry.cost_centres},
    }


def _excluded(tenant_id: UUID, other: Exclusion) -> dict[str, Any]:
    return {
        "person": pseudonym(tenant_id, other.person_id),
        "reason": other.reason,
        "at": _instant(other.at),
        "source": other.source,
        "event_id": other.event_id,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
