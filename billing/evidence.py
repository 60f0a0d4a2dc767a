"""The list of who was counted, as a file: pseudonymous, in one order, hashed (pure).

NDJSON, one object a line: `counted` ones with what they were counted for and by which event, the
others with the reason why not. No name, key or internal id of a person stands in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
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
    words = _Words(tenant_id)
    counted = [head | {"counted": True} | words.counted(entry) for entry in measurement.entries]
    return counted + [head | {"counted": False} | words.excluded(other) for other in measurement.exclusions]


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


class _Words:
    """Writes rows; what tens of thousands of them have in common is put into words once."""

    def __init__(self, tenant_id: UUID) -> None:
        self._person = cache(partial(pseudonym, tenant_id))
        self._quantity = cache(lambda quantity: f"{quantize_quantity(quantity):f}")
        self._centres = cache(lambda centres: {code or "": str(share) for code, share in centres})

    def counted(self, entry: Entry) -> dict[str, Any]:
        return {
            "person": self._person(entry.person_id),
            "quantity": self._quantity(entry.quantity),
            "weight": self._quantity(entry.weight),
            "reason": entry.reason,
            "at": _instant(entry.at),
            "source": entry.source,
            "event_id": entry.event_id,
            "keys": dict(entry.keys),
            "cost_centres": self._centres(entry.cost_centres),
        }

    def excluded(self, other: Exclusion) -> dict[str, Any]:
        return {
            "person": self._person(other.person_id),
            "reason": other.reason,
            "at": _instant(other.at),
            "source": other.source,
            "event_id": other.event_id,
        }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
