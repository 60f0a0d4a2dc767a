"""What a licence file states, and for how long it may (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from plans.entitlements import decide_entitlement
from plans.states import State
from plans.subscriptions import SubscriptionView

__all__ = (
    "LICENCE",
    "LONGEST",
    "REVOCATIONS",
    "LicenceView",
    "Revoked",
    "Terms",
    "is_granting",
    "licence_claims",
    "revocation_claims",
    "stays_until",
)

LICENCE: Final = "tollbook-licence+jwt"
REVOCATIONS: Final = "tollbook-revocations+jwt"
LONGEST: Final = timedelta(days=366)
"""No licence file is valid for longer: it works offline, where a cancelled contract is not seen."""
LIST_HOLDS: Final = timedelta(days=30)
"""So long a revocation list may be relied on; then an installation needs a newer one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a licence file: its name, the validity `[starts_at, ends_at)`, and the one machine, or ""."""

    name: str
    starts_at: datetime
    ends_at: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class LicenceView:
    """A licence file that was issued, with the claims that are signed whenever it is fetched."""

    id: UUID
    subscription_id: UUID
    name: str
    issued_at: datetime
    starts_at: datetime
    ends_at: datetime
    fingerprint: str
    claims: dict[str, Any]
    revoked_at: datetime | None
    revoked_reason: str

    def status(self, now: datetime) -> Literal["revoked", "expired", "scheduled", "valid"]:
        """Return where it stands: what was revoked stays so, also after its end."""
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.ends_at:
            return "expired"
        return "valid" if self.starts_at <= now else "scheduled"


@dataclass(frozen=True, slots=True)
class Revoked:
    """A licence file that was recalled before its end."""

    id: UUID
    at: datetime


def is_granting(view: SubscriptionView) -> bool:
    """Return whether a contract grants anything at `view.as_of`: it runs and is not at rest."""
    return view.status in (State.ACTIVE, State.ENDING) and view.base.mode != "paused"


def stays_until(view: SubscriptionView) -> datetime:
    """Return until when a contract says the same as at `view.as_of`: its next change or end, 366 days at most."""
    edges = [edge for edge in (*view.edges(), view.ends_at) if edge is not None and edge > view.as_of]
    return min([*edges, view.as_of + LONGEST])


def licence_claims(
    view: SubscriptionView, tenant: str, licence_id: UUID, terms: Terms, now: datetime
) -> dict[str, Any]:
    """Return the claims of a licence file (RFC 7519): what the contract grants at the start of the validity.

    Args:
        view: the contract as it stands at `terms.starts_at`.
        tenant: the customer's slug, the audience.
        licence_id: the file's.
        terms: what it is to state.
        now: when it is issued.
    """
    documents = [view.document, *(document for _, document in view.addons)]
    features = sorted({key for document in documents for key in document.features})
    decided = [decide_entitlement(key, "active", [view]) for key in features]
    return {
        "iss": "tollbook",
        "aud": tenant,
        "sub": view.key or str(view.id),
        "jti": str(licence_id),
        "name": terms.name,
        "iat": _seconds(now),
        "nbf": _seconds(terms.starts_at),
        "exp": _seconds(terms.ends_at),
        "fingerprint": terms.fingerprint or None,
        "plan": {
            "key": view.plan_key,
            "name": view.plan_name,
            "version": view.version_number,
            "quantity": view.base.quantity,
        },
        "addons": {held.slot: held.quantity for held in view.addon_holdings},
        "entitlements": {found.feature: msgspec.to_builtins(found.detail) for found in decided if found.granted},
    }


def revocation_claims(tenant: str, revoked: Sequence[Revoked], now: datetime) -> dict[str, Any]:
    """Return the claims of a customer's revocation list, which is relied on for 30 days.

    Args:
        tenant: the customer's slug.
        revoked: those whose validity has not ended; what has ended needs no recall.
        now: when it is made.
    """
    return {
        "iss": "tollbook",
        "aud": tenant,
        "iat": _seconds(now),
        "exp": _seconds(now + LIST_HOLDS),
        "revoked": {str(one.id): _seconds(one.at) for one in revoked},
    }


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
