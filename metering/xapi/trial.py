"""What a statement would become, told without storing anything (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from metering.errors import StatementInvalid
from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.validation import Rules, draft_event
from metering.xapi.mapping import Mapped, TenantMapping, event_of, rule_of
from metering.xapi.requests import Incoming, read_statements
from metering.xapi.rules import MappingRule
from metering.xapi.versions import Version

__all__ = ("Trial", "tried")


@dataclass(frozen=True, slots=True)
class Trial:
    """One statement: the row that fits it, and the event that it makes or why it makes none.

    `reason` is a stable code, '' where it makes an event; `detail` is a sentence about a value of the event
    that does not fit its type.
    """

    verb: str
    activity_type: str
    row: MappingRule | None
    own: bool
    """Whether the row is the tenant's."""
    event: Mapping[str, Any] | None
    reason: str = ""
    detail: str = ""


def tried(body: bytes, mapping: TenantMapping, now: datetime) -> list[Trial]:
    """Return what would become of a statement, or of each of an array, in their order.

    Args:
        body: JSON, as it would be sent; of either version, whichever takes it.
        mapping: what the tenant added to the built-in table.
        now: the time of a statement without a timestamp.

    Raises:
        StatementInvalid: it would be refused, by the first fault that was found (`statement_invalid`).
    """
    return [_trial(incoming, mapping, now) for incoming in _read(body)]


def _read(body: bytes) -> list[Incoming]:
    try:
        return read_statements(body, "application/json", Version.ONE)
    except StatementInvalid as refusal:
        try:
            return read_statements(body, "application/json", Version.TWO)
        except StatementInvalid:
            raise refusal from None


def _trial(incoming: Incoming, mapping: TenantMapping, now: datetime) -> Trial:
    value = incoming.value
    thing = value["object"].get("definition", {}).get("type", "")
    row = rule_of(value, mapping.rules)
    base = (value["verb"]["id"], thing, row, row is not None and row in mapping.rules)
    outcome = event_of(value, str(incoming.id), now, mapping)
    if not isinstance(outcome, Mapped):
        return Trial(*base, None, outcome.reason)
    try:
        draft_event(Raw(msgspec.json.encode(outcome.event)), 0, Rules(now, version_required=False))
    except FaultyEvent as fault:
        return Trial(*base, outcome.event, fault.code, fault.detail)
    return Trial(*base, outcome.event)
