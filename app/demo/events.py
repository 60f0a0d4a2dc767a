"""What happened in the demo world, as the CloudEvents that its systems sent, delivery by delivery.

Pure: the same customer gives the same events, to the last byte. Each month is one delivery, handed
over an hour after the month's end. Some events come a month late; some come twice; some come again
with other content; some are wrong. How the service must answer is part of the delivery.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any

from app.demo.faults import invalid
from app.demo.learning import LEARNING_STORIES
from app.demo.social import SOCIAL_STORIES
from app.demo.stream import Happening, Stream, stamp
from app.demo.world import Customer

__all__ = ("Correction", "Delivery", "Expected", "deliveries")

Event = dict[str, Any]


@dataclass(slots=True)
class Expected:
    """The answer that a delivery must get; `rejected` by code."""

    accepted: int = 0
    duplicate: int = 0
    conflicts: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Correction:
    """A void (no replacement) or a replacement of the event of that source and id."""

    source: str
    id: str
    reason: str
    replacement: Event | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that one customer's systems hand over for one month."""

    month: int
    accepted_at: datetime
    events: list[Event]
    corrections: list[Correction]
    expected: Expected


class _Sender:
    """Turns happenings into deliveries: gives ids, holds some back, repeats some, spoils some."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.rng = Random(f"{customer.seed}/{customer.slug}/faults")
        self.salt = int.from_bytes(blake2b(customer.slug.encode(), digest_size=7).digest(), "big")
        self.number = 0
        self.late: list[Event] = []
        self.repeats: list[Event] = []
        self.last: list[Event] = []

    def event(self, what: Happening) -> Event:
        """Return the CloudEvent. The suite's ids are UUIDv7, the others' are their own running numbers."""
        self.number += 1
        slug = self.customer.slug
        if what.sender == "suite":
            tail = (self.salt + self.number * 0x9E3779B97F4A7C15) & (2**62 - 1)
            number = (what.at_ms << 80) | (7 << 76) | ((self.number & 0xFFF) << 64) | (2 << 62) | tail
            text = f"{number:032x}"
            id_ = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        else:
            id_ = f"{self.number:09}"
        return {
            "specversion": "1.0",
            "id": id_,
            "source": f"https://{what.sender}.{slug}.example",
            "type": what.type,
            "time": stamp(what.at_ms),
            "subject": what.person.key,
            "data": what.data,
        }

    def deliver(self, month: int, happenings: list[Happening]) -> Delivery:
        """Return the month's delivery: what is on time, last month's late ones, repeats, and faults."""
        rng, expected = self.rng, Expected()
        newest = month == len(self.customer.months) - 1
        events, late = self.late, []
        for what in happenings:
            event = self.event(what)
            if rng.random() < 0.006 and not newest:
                late.append(event)
            else:
                events.append(event)
        expected.accepted = len(events)
        count = len(events)
        corrections = self._corrections(events, late)
        self.late = late
        events = events + self._again(events, month, expected) + self._wrong(events, count, month, expected)
        self.last = [event for event in events[:count] if event["type"] == "activity.performed"][:50]
        return Delivery(month, self.customer.month_end(month) + timedelta(hours=1), events, corrections, expected)

    def _again(self, events: list[Event], month: int, expected: Expected) -> list[Event]:
        """Return retries: the same, the same stamped with a later time, and some with other content."""
        rng, count = self.rng, len(events)
        again, self.repeats = self.repeats, []
        expected.duplicate += len(again)
        for _ in range(max(1, count // 100)):
            event = events[rng.randrange(count)]
            dice = rng.random()
            if dice < 0.3:
                # A sender that stamps a retry with its own now: still the same event.
                event = event | {"time": stamp(self.customer.edges_ms[month + 1] + 1_800_000)}
            if dice > 0.7:
                self.repeats.append(event)
            else:
                again.append(event)
                expected.duplicate += 1
        for number in range(max(2, count // 1000)):
            event = events[rng.randrange(count)]
            other = event["data"] | {"tags": {"edited": "yes"}} if number % 2 else event["data"]
            changed = event | {"data": other, "subject": event["subject"] if number % 2 else "somebody-else"}
            again.append(changed)
            expected.conflicts += 1
        return again

    def _wrong(self, events: list[Event], count: int, month: int, expected: Expected) -> list[Event]:
        """Return events that must be refused, and for half of them the mended one, which must be taken."""
        wrong: list[Event] = []
        for number in range(max(3, count // 700)):
            good = events[self.rng.randrange(count)]
            fresh = good | {
                "id": f"x-{month:02}-{number:04}",
                "data": {k: v for k, v in good["data"].items() if k != "person"},
            }
            bad, code = invalid(fresh, self.number + number)
            wrong.append(bad)
            expected.rejected[code] += 1
            if number % 2 and code not in ("id_missing", "source_missing"):
                wrong.append(fresh)
                expected.accepted += 1
        return wrong

    def _corrections(self, events: list[Event], late: list[Event]) -> list[Correction]:
        """Return voids and replacements: of this month, of the last, and one ahead of its event."""
        rng = self.rng
        found: dict[tuple[str, str], Correction] = {}
        reasons = ("sent by a test run", "wrong person", "withdrawn by the learner's manager")
        pool = [event for event in events if event["type"] in ("activity.performed", "course.enrolled")]
        for event in [*(rng.choice(pool) for _ in range(3 if pool else 0)), *self.last[:1], *late[:1]]:
            found[event["source"], event["id"]] = Correction(event["source"], event["id"], rng.choice(reasons))
        for event in [event for event in events if event["type"] == "contribution.created"][:2]:
            other = event | {"data": event["data"] | {"kind": "blog"}}
            found[event["source"], event["id"]] = Correction(event["source"], event["id"], "it was a blog post", other)
        attended = [event for event in events if event["type"] == "class.attended"][:1]
        for event in attended:
            other = event | {"data": event["data"] | {"minutes": 240}}
            found[event["source"], event["id"]] = Correction(event["source"], event["id"], "clock was wrong", other)
        return list(found.values())


def deliveries(customer: Customer) -> Iterator[Delivery]:
    """Yield the customer's deliveries, oldest month first.

    One month is in memory at a time, and what the next ones will need of it.
    """
    if not customer.spec.crowd.employees:
        return
    stream, sender = Stream(customer), _Sender(customer)
    for month in range(len(customer.months)):
        stream.open_month(month)
        for story in (*SOCIAL_STORIES, *LEARNING_STORIES):
            story(stream, month)
        yield sender.deliver(month, stream.close_month(month))
