"""What the client does with answers, against an HTTP server that gives scripted ones, as proxies do."""

import gzip
import json
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tollbook_client import Client, EventInvalid, Refusal, Trouble
from tollbook_client.backoff import FIRST_S, LONGEST_S, retry_after_s, waiting_s
from tollbook_client.events import encoded_event, new_event_id

Script = list[tuple[int, Any, dict[str, str]]]


class Scripted(ThreadingHTTPServer):
    """Gives the answers of its script, then accepts everything; remembers the ids of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: Script = []
        self.requests: list[list[str]] = []
        self.poison = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        ids = [event["id"] for event in json.loads(body)]
        self.server.requests.append(ids)
        status, document, headers = 200, {"accepted": len(ids), "duplicate": 0, "conflicts": [], "rejected": []}, {}
        if self.server.script:
            status, document, headers = self.server.script.pop(0)
        elif self.server.poison in ids:
            status, document = 400, {"code": "body_malformed", "detail": "no"}
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr("tollbook_client.backoff.FIRST_S", 0.005)
    monkeypatch.setattr("tollbook_client.backoff.LONGEST_S", 0.01)
    with Scripted() as scripted:
        thread = threading.Thread(target=scripted.serve_forever, args=(0.01,))
        thread.start()
        yield scripted
        scripted.shutdown()
        thread.join()


def event(event_id: str) -> dict[str, Any]:
    return {"id": event_id, "type": "session.ended", "subject": "ann", "data": {"session_id": "s"}}


def test_trouble_is_repeated_with_the_same_ids_and_without_a_word_about_the_events(server: Scripted) -> None:
    server.script = [
        (503, b"<html>no backend</html>", {}),
        (429, {"code": "ingest_busy", "detail": "busy"}, {"Retry-After": "0"}),
        (200, b"<html>a captive portal</html>", {}),
        (401, {"code": "unauthenticated", "detail": "who?"}, {}),
    ]
    troubles: list[Trouble] = []
    with Client(server.url, "k", source="s", on_trouble=troubles.append) as client:
        client.send_many([event("1"), event("2")])
        assert client.flush(20)
        stats = client.stats

    assert server.requests == [["1", "2"]] * 5
    assert [(t.status, t.code) for t in troubles] == [
        (503, "answer_unreadable"),
        (429, "ingest_busy"),
        (200, "answer_unreadable"),
        (401, "unauthenticated"),
    ]
    assert (stats.accepted, stats.refused, stats.attempts, stats.failures, stats.waiting) == (2, 0, 5, 4, 0)


def test_a_request_that_is_refused_is_halved_until_the_event_to_blame_is_found(server: Scripted) -> None:
    server.poison = "3"
    refused: list[Refusal] = []
    with Client(server.url, "k", source="s", on_refused=refused.append) as client:
        client.send_many([event(str(number)) for number in range(5)])

    # 01234 no; 01 yes; 234 no; 2 yes; 34 no; 3 no, to blame; 4 yes.
    assert server.requests == [list("01234"), list("01"), list("234"), ["2"], list("34"), ["3"], ["4"]]
    assert [(r.event["id"], r.code, r.detail) for r in refused] == [("3", "body_malformed", "no")]
    assert client.stats.accepted == 4


def test_an_event_that_is_always_an_internal_error_does_not_stop_its_neighbours(server: Scripted) -> None:
    server.script = [(500, {"code": "internal_error", "detail": "oops"}, {})] * 16
    refused: list[Refusal] = []
    with Client(server.url, "k", source="s", on_refused=refused.append) as client:
        client.send_many([event("1"), event("2")])

    assert server.requests == [["1", "2"]] * 8 + [["1"]] * 8 + [["2"]]
    assert [(r.event["id"], r.code) for r in refused] == [("1", "internal_error")]


def test_items_are_told_one_by_one_even_if_the_callback_fails(server: Scripted) -> None:
    item = {"index": 1, "id": "2", "code": "conflict", "detail": "other content"}
    server.script = [(200, {"accepted": 0, "duplicate": 1, "conflicts": [item], "rejected": []}, {})]
    told: list[str] = []

    def fail(refusal: Refusal) -> None:
        told.append(refusal.event["id"])
        raise RuntimeError

    with Client(server.url, "k", source="s", on_refused=fail) as client:
        client.send_many([event("1"), event("2")])
        client.flush()
        client.send(event("3"))

    assert (told, server.requests) == (["2"], [["1", "2"], ["3"]])
    assert (client.stats.accepted, client.stats.duplicate, client.stats.refused) == (1, 1, 1)


def test_without_a_spool_the_end_tells_what_was_not_delivered() -> None:
    refused: list[Refusal] = []
    client = Client("http://127.0.0.1:9", "k", source="s", on_refused=refused.append, on_trouble=lambda _: None)
    client.send_many([event("1"), event("2")])

    assert not client.close(timeout_s=0.05)
    assert [(r.event["id"], r.code) for r in refused] == [("1", "undelivered"), ("2", "undelivered")]


def test_waiting_doubles_with_jitter_and_keeps_to_what_is_asked() -> None:
    dice = random.Random(1)
    for attempt, most in ((1, FIRST_S), (2, 2 * FIRST_S), (5, 16 * FIRST_S), (40, LONGEST_S)):
        waits = [waiting_s(attempt, None, dice) for _ in range(200)]
        assert 0 <= min(waits) < most / 4
        assert most * 3 / 4 < max(waits) <= most
    assert 7 <= min(waiting_s(1, 7.0, dice) for _ in range(50)) <= 7 + FIRST_S

    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert retry_after_s("3") == 3
    assert retry_after_s("Tue, 24 Nov 2026 12:00:05 GMT", now) == 5
    assert retry_after_s("Tue, 24 Nov 2026 11:00:00 GMT", now) == 0
    assert (retry_after_s(None), retry_after_s("soon")) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [{"type": None}, {"subject": ""}, {"source": None}, {"data": {1, 2}}, {"data": float("nan")}, {"id": "\ud800"},
     {"time": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)}, {"data": "x" * 1_000_000}],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_at_once(changes: dict[str, Any]) -> None:
    with pytest.raises(EventInvalid):
        encoded_event(event("1") | {"source": "s"} | changes, None)


def test_what_is_missing_is_given_and_ids_rise() -> None:
    event_id, line = encoded_event({"type": "t", "subject": "p", "time": datetime(2026, 1, 1, tzinfo=UTC)}, "s")

    assert json.loads(line) == {
        "specversion": "1.0", "type": "t", "subject": "p", "time": "2026-01-01T00:00:00Z", "source": "s", "id": event_id,
    }  # fmt: skip
    ids = [new_event_id() for _ in range(5_000)]
    assert ids == sorted(set(ids))
    assert {(event_id[14], event_id[19] in "89ab") for event_id in ids} == {("7", True)}
