"""Events as suites send them: four types, 10,000 people, ids half UUIDv7 and half random."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec

from core.ids import new_id

__all__ = ("KINDS", "bodies", "events")

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("activity.performed", {"verb": "viewed", "object_type": "page", "object_id": "p-9", "community_id": "k-1"}),
    ("course.launched", {"course_id": "c-1", "course_type": "wbt", "mode": "normal"}),
    ("session.started", {"session_id": "s-1", "device_id": "d-1", "channel": "web"}),
    ("contribution.created", {"kind": "post", "object_id": "o-1", "community_id": "k-1"}),
)
_VARIED = ("object_id", "course_id", "session_id")
PEOPLE = 10_000


def events(count: int, dice: Random) -> Iterator[dict[str, Any]]:
    """Yield events of the last three weeks, each with an id of its own."""
    newest = datetime.now(UTC) - timedelta(minutes=1)
    for n in range(count):
        kind, data = KINDS[n % len(KINDS)]
        varied = {name: f"{value}{dice.randrange(5_000)}" if name in _VARIED else value for name, value in data.items()}
        at = newest - timedelta(seconds=dice.randrange(1_800_000))
        yield {
            "specversion": "1.0",
            "id": str(new_id() if n % 2 else UUID(int=dice.getrandbits(128), version=4)),
            "source": "https://suite.example/",
            "type": kind,
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "subject": f"user-{dice.randrange(PEOPLE)}",
            "data": varied,
        }


def bodies(count: int, batch: int, repeated: float = 0.0, seed: int | None = None) -> list[bytes]:
    """Return request bodies of `batch` events each; single events are objects.

    Args:
        count: of all events.
        batch: events of a body.
        repeated: the part of the events, 0 to 1, that repeat one of an earlier body.
        seed: None is another one each time.
    """
    dice = Random(seed if seed is not None else uuid4().int)
    fresh = [msgspec.json.encode(event) for event in events(count, dice)]
    sent: list[bytes] = []
    for n, event in enumerate(fresh):
        behind = n - n % batch  # what came in earlier bodies
        sent.append(fresh[dice.randrange(behind)] if behind and dice.random() < repeated else event)
    if batch == 1:
        return sent
    return [b"[" + b",".join(sent[n : n + batch]) + b"]" for n in range(0, count, batch)]
