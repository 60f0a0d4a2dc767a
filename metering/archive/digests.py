"""One hash of who was counted for a figure and why, so that a file can prove it later (pure)."""

from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from metering.measurement import Entry, Exclusion, Measurement, pseudonym

__all__ = ("measurement_sha256",)


def measurement_sha256(tenant_id: UUID, measurement: Measurement) -> str:
    """Return the SHA-256 of the figure and of everybody who was looked at, in hex, whatever their order.

    It stands on what was counted and by which event, and holds no key of a person.
    """
    lines = [_counted(tenant_id, entry) for entry in measurement.entries]
    lines += [_excluded(tenant_id, other) for other in measurement.exclusions]
    head = [measurement.meter, *map(_text, (measurement.period.starts_at, measurement.period.ends_at)),
            str(measurement.quantity)]  # fmt: skip
    digest = sha256(msgspec.json.encode(head))
    for line in sorted(msgspec.json.encode(line) for line in lines):
        digest.update(b"\n" + line)
    return digest.hexdigest()


def _counted(tenant_id: UUID, entry: Entry) -> list[Any]:
    return [
        pseudonym(tenant_id, entry.person_id), str(entry.quantity), str(entry.weight), entry.reason,
        _text(entry.at), entry.source, _text(entry.event_key), sorted(entry.keys),
        [[code, str(Fraction(share))] for code, share in entry.cost_centres],
    ]  # fmt: skip


def _excluded(tenant_id: UUID, other: Exclusion) -> list[Any]:
    return [
        pseudonym(tenant_id, other.person_id), other.reason, _text(other.at), other.source, _text(other.event_key)
    ]  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
