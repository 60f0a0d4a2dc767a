"""What a message of a webhook says (pure)."""

from datetime import datetime
from typing import Any

import msgspec

__all__ = ("body_of",)


def body_of(event_type: str, happened_at: datetime, data: Any) -> str:
    """Return the body as it is signed and sent.

    >>> from datetime import UTC
    >>> body_of("webhook.test", datetime(2026, 11, 1, tzinfo=UTC), {})
    '{"type":"webhook.test","timestamp":"2026-11-01T00:00:00Z","data":{}}'
    """
    return msgspec.json.encode({"type": event_type, "timestamp": happened_at, "data": data}).decode()
