"""A client of a floating pool as a process of its own, to be killed: `python -m tests.crash.lessees PORT KEY NAME JOURNAL`.

Whatever it was told stands in its journal before it does the next thing: `in ID`, `out ID`, `denied`.
"""

import http.client
import json
import os
import sys
import time
from random import Random

__all__ = ()


class _Asked(Exception):
    """There was no answer."""


class Lessee:
    def __init__(self, port: int, key: str, name: str, journal: int) -> None:
        self.port, self.key, self.name, self.journal = port, key, name, journal
        self.dice = Random(name)
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        """Ask until there is an answer: whatever became of a request, to send it again is safe."""
        while True:
            try:
                self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                self.connection.request(
                    method, path, None if body is None else json.dumps(body),
                    {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
                )  # fmt: skip
                answer = self.connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self.connection = None
                time.sleep(0.05)
                continue
            if answer.status not in (429, 502, 503):
                return answer.status, json.loads(text) if text else {}
            time.sleep(0.05)

    def note(self, *words: str) -> None:
        os.write(self.journal, (" ".join(words) + "\n").encode())

    def run(self) -> None:
        number = 0
        while True:
            number += 1
            wish = {"person": self.name, "client_key": f"{self.name}-{number}"}
            status, lease = self.ask("POST", "/v1/pools/hot/leases", wish)
            if status == 409:
                self.note("denied")
                time.sleep(self.dice.random() * 0.02)
                continue
            assert status == 201, lease
            self.note("in", lease["id"])
            for _ in range(self.dice.randrange(3)):
                assert self.ask("POST", f"/v1/leases/{lease['id']}/heartbeat")[0] in (200, 409)
            if self.dice.random() < 0.9:  # some leave without a word
                assert self.ask("DELETE", f"/v1/leases/{lease['id']}")[0] == 204
                self.note("out", lease["id"])


if __name__ == "__main__":
    port, key, name, path = sys.argv[1:]
    Lessee(int(port), key, name, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)).run()
