"""Clients that send events at the same time, and remember what they were told about each."""

import contextlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import httpx

SOURCE = "urn:crash-test"


@dataclass
class Memory:
    """What was sent, and what the service acknowledged: both by event id."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sender(threading.Thread):
    """Sends batches until told to stop. What got no answer is sent again half of the time, as senders do."""

    def __init__(self, url: str, key: str, name: str, memory: Memory, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.url = url
        self.key = key
        self.memory = memory
        self.rng = Random(seed)
        self.stopping = threading.Event()
        self.number = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=20) as client:
            batch: list[dict] = []
            while not self.stopping.is_set():
                batch = batch or self._fresh()
                if self._send(client, batch) or self.rng.random() < 0.5:
                    batch = []

    def _fresh(self) -> list[dict]:
        size = self.rng.choice((1, 1, 7, 40, 200))
        first, self.number = self.number, self.number + size
        return [self._event(f"{self.name}-{number}") for number in range(first, first + size)]

    @staticmethod
    def _event(event_id: str) -> dict:
        return {
            "specversion": "1.0",
            "id": event_id,
            "source": SOURCE,
            "type": "contribution.created",
            "time": datetime.now(UTC).isoformat(),
            "subject": f"person-{event_id[-1]}",
            "data": {"kind": "post", "object_id": event_id},
        }

    def _send(self, client: httpx.Client, batch: list[dict]) -> bool:
        """Return whether there was an answer; only a 200 acknowledges."""
        ids = {event["id"] for event in batch}
        with self.memory.lock:
            self.memory.sent |= ids
        with contextlib.suppress(httpx.HTTPError):
            answer = client.post("/v1/events", json=batch if len(batch) > 1 else batch[0])
            if answer.status_code == 200:
                told = answer.json()
                if told["accepted"] + told["duplicate"] != len(batch):
                    self.wrong.append(answer.text)
                with self.memory.lock:
                    self.memory.acknowledged |= ids
                return True
            if answer.status_code not in (502, 503, 429):
                self.wrong.append(f"{answer.status_code} {answer.text[:500]}")
        self.stopping.wait(0.2)
        return False
