"""One event as it is sent, and what becomes of it: for tests of ingestion."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Raw

from metering.ingest.cloudevents import FaultyEvent
from metering.ingest.validation import Draft, Rules, draft_event

__all__ = ("NOW", "code_of", "draft", "event")

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def event(**changes: Any) -> dict[str, Any]:
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "https://lms.example/",
        "type": "course.launched",
        "time": "2026-11-24T10:00:00+01:00",
        "subject": "ann",
        "data": {"course_id": "c-1", "course_type": "wbt"},
    } | changes
    return {name: value for name, value in whole.items() if value is not ...}


def draft(whole: Any, *, version_required: bool = True) -> Draft:
    raw = whole if isinstance(whole, bytes) else json.dumps(whole).encode()
    return draft_event(Raw(raw), 0, Rules(NOW, version_required=version_required))


def code_of(whole: Any) -> str:
    with pytest.raises(FaultyEvent) as caught:
        draft(whole)
    return caught.value.code
