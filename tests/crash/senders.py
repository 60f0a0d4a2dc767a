"""Clients that send events at the same time, and remember what they were told about each."""

import contextlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
from tollbook_client import Client, Refusal

SOURCE = "urn:crash-test"


def an_event(event_id: str) -> dict:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": "contribution.created",
        "time": datetime.now(UTC).isoformat(),
        "subject": f"person-{event_id[-1]}",
        "data": {"kind": "post", "object_id": event_id},
    }


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
        return [an_event(f"{self.name}-{number}") for number in range(first, first + size)]

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


class SenderByClient(threading.Thread):
    """Sends by the product's client: all that it took must have been delivered when it is told to stop."""

    def __init__(self, url: str, key: str, name: str, memory: Memory, spool_dir: Path) -> None:
        super().__init__(name=name, daemon=True)
        self.client = Client(
            url, key, source=SOURCE, spool_dir=spool_dir, durable=True, linger_s=0.01, max_events=100, timeout_s=20,
            on_refused=self._refused, on_trouble=lambda _: None,
        )  # fmt: skip
        self.memory = memory
        self.stopping = threading.Event()
        self.wrong: list[str] = []

    def _refused(self, refusal: Refusal) -> None:
        self.wrong.append(f"{refusal.code} {refusal.detail}")

    def run(self) -> None:
        number, ids = 0, set()
        while not self.stopping.wait(0.01):
            some = [f"{self.name}-{n}" for n in range(number, number + 5)]
            number += 5
            ids |= set(some)
            with self.memory.lock:
                self.memory.sent |= set(some)
            self.client.send_many([an_event(event_id) for event_id in some])
        if not self.client.close(timeout_s=40):
            self.wrong.append(f"{self.client.stats} after 40 s")
        with self.memory.lock:
            self.memory.acknowledged |= ids
