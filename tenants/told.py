"""Which acts of the audit trail others are told, as events of webhooks (pure)."""

from collections.abc import Mapping
from typing import Any

__all__ = ("ALERT", "DENIED", "EVENT_TYPES", "SEAT_INVITED", "TEST", "TOLD", "told_of")

ALERT = "alert.fired"
"""A figure reached what somebody watches for; told by who looks, since it is no act of anybody."""

DENIED = "licence.denied"
"""A floating pool did not let somebody in; one event a pool and quarter of an hour."""

SEAT_INVITED = "seat.invited"
"""Somebody is invited to a seat; told with the link that opens the invitation, which the trail must not have."""

TEST = "webhook.test"
"""Sent on demand to one endpoint."""

TOLD = {
    "finalise_invoice": "invoice.finalised",
    "void_invoice": "invoice.voided",
    "credit_invoice": "invoice.credited",
    "make_quote": "quote.made",
    "accept_quote": "quote.accepted",
    "decline_quote": "quote.declined",
    "subscribe": "subscription.changed",
    "change_subscription": "subscription.changed",
    "renew_subscription": "subscription.changed",
    "cancel_subscription": "subscription.changed",
    "deactivate_person": "person.deactivated",
    "reactivate_person": "person.reactivated",
    "merge_people": "person.merged",
    "unmerge_person": "person.unmerged",
    "accept_invitation": "seat.accepted",
    "post_chargeback_run": "chargeback.posted",
    "revoke_api_key": "key.revoked",
}
"""Act → event. The event carries what an act says of itself in the trail, but for what somebody wrote freely."""

_FREE_TEXT = ("reason",)
"""People's own words, which may name anybody: they stay in the customer's trail."""

EVENT_TYPES = tuple(sorted({*TOLD.values(), ALERT, DENIED, SEAT_INVITED}))
"""What an endpoint may ask for."""


def told_of(action: str, target: tuple[str, str], detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says of an act: never personal data.

    >>> told_of("merge_people", ("person", "7"), {"into": "8", "reason": "Ann Smith married"})["detail"]
    {'into': '8'}
    """
    kept = {name: value for name, value in detail.items() if name not in _FREE_TEXT}
    return {"action": action, "object": {"type": target[0], "id": target[1]}, "detail": kept}
