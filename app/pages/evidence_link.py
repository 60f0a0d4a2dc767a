"""Where a billed figure is proven: the addresses of who was counted for it, and of an event (pure)."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from core.periods import Period

__all__ = ("Proof", "event_address", "evidence_address")

REFUNDED = "courses.transactions.refunded"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a line counted."""

    meter: str
    period: Period
    charge_key: str
    kind: str
    until: datetime
    """Up to when refunds of the period's transactions are looked for."""
    as_of: datetime | None
    """What was known then; None is what is known now."""


def evidence_address(tenant_slug: str, proof: Proof) -> str:
    """Return the address; a refund leads to the cancellations of its origin period's transactions."""
    refund = proof.kind == "refund"
    wanted = {
        "meter": REFUNDED if refund else proof.meter,
        "from": proof.period.starts_at.isoformat(),
        "to": (max(proof.until, proof.period.ends_at) if refund else proof.period.ends_at).isoformat(),
        "charge": proof.charge_key,
    }
    if refund:
        wanted["origin_end"] = proof.period.ends_at.isoformat()
    if proof.as_of is not None:
        wanted["as_of"] = proof.as_of.isoformat()
    return f"/admin/{tenant_slug}/evidence?{urlencode(wanted)}"


def event_address(tenant_slug: str, source: str, event_id: str) -> str:
    """Return where an event is shown with its whole story."""
    return f"/admin/{tenant_slug}/event?{urlencode({'source': source, 'id': event_id})}"
