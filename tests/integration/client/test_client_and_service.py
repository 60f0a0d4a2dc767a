"""The client against the real service in a process of its own, which goes away and comes back."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from uuid import UUID

import psycopg
import pytest
from tollbook_client import Client, Refusal, Trouble

from core.db import Database
from metering.ingest.keys import event_uuid
from tests.builders.world import World
from tests.server import fresh_database
from tests.web_process import ROOT, WebProcess

SOURCE = "urn:client-test"


class Service:
    """The service, a tenant of its own for each test, and what is stored of it."""

    def __init__(self, database_url: str, directory: Path) -> None:
        self.database_url = database_url
        self.web = WebProcess(database_url, directory)
        self.world = World(Database(database_url, pool_size=2))
        self.tenants = 0
        self.key = ""
        self.tenant_id = UUID(int=0)

    def new_tenant(self) -> "Service":
        self.tenants += 1
        tenant = self.world.tenant(f"client-{self.tenants}")
        self.tenant_id, self.key = tenant.id, self.world.key("tenant_admin", tenant)
        return self

    def stored(self) -> list[UUID]:
        """Return the keys of the tenant's events in the order of their acceptance."""
        with psycopg.connect(self.database_url) as connection:
            query = "select event_key from fact_key where tenant_id = %s order by accepted_at, event_key"
            return [row[0] for row in connection.execute(query, (self.tenant_id,)).fetchall()]


@pytest.fixture(scope="module")
def running(admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with fresh_database(admin_url) as url:
        service = Service(url, tmp_path_factory.mktemp("web"))
        service.web.start()
        try:
            service.web.wait_until_ready()
            yield service
        finally:
            service.web.kill()
            service.world.db.dispose()


@pytest.fixture
def service(running: Service) -> Service:
    return running.new_tenant()


def event(event_id: str, **changes: object) -> dict[str, object]:
    return {
        "id": event_id,
        "type": "session.ended",
        "subject": f"p{event_id[-1]}",
        "data": {"session_id": "s"},
    } | changes


def keys(event_ids: list[str]) -> list[UUID]:
    return sorted(event_uuid(SOURCE, event_id) for event_id in event_ids)


def client_program(
    service: Service, text: str, *, spool: Path | None = None, durable: bool = False, url: str = ""
) -> subprocess.Popen[str]:
    """Start a program of its own that has a client and `event`."""
    where = f", spool_dir={str(spool)!r}, durable={durable}" if spool else ""
    program = (
        "from tollbook_client import Client\n"
        f"client = Client({url or service.web.url!r}, {service.key!r}, source={SOURCE!r}{where})\n"
        "def event(n):\n"
        "    return {'id': f'e{n}', 'type': 'session.ended', 'subject': f'p{n % 9}', 'data': {'session_id': 's'}}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program + text],
        env={"PYTHONPATH": str(ROOT / "clients" / "python")},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_events_outlive_a_killed_service_and_count_once_in_order(service: Service, tmp_path: Path) -> None:
    away = threading.Event()
    client = Client(
        service.web.url, service.key, source=SOURCE, spool_dir=tmp_path, linger_s=0, max_events=20,
        on_trouble=lambda _: away.set(),
    )  # fmt: skip
    ids = [f"a{number:04}" for number in range(900)]
    for event_id in ids[:300]:
        client.send(event(event_id))
    service.web.kill()  # batches are under way
    for event_id in ids[300:600]:
        client.send(event(event_id))
    assert away.wait(30)
    client.send_many([event(event_id) for event_id in ids[600:]])
    assert client.stats.on_disk >= 600
    assert not client.close(timeout_s=0)  # the rest is on disk

    service.web.start()
    service.web.wait_until_ready()
    with Client(service.web.url, service.key, source=SOURCE, spool_dir=tmp_path, max_events=20) as again:
        assert again.flush(60)
        stats = again.stats

    stored = service.stored()
    assert sorted(stored) == keys(ids)
    # Batches of 20 are accepted one after the other, each at one instant.
    place = {event_uuid(SOURCE, event_id): number // 20 for number, event_id in enumerate(ids[600:])}
    last = [place[key] for key in stored if key in place]
    assert last == sorted(last)
    assert (stats.refused, stats.waiting, stats.on_disk) == (0, 0, 0)


def test_an_answer_that_is_lost_is_asked_for_again_and_the_events_count_once(service: Service) -> None:
    with Cutting(service.web.port) as proxy:
        troubles: list[Trouble] = []
        with Client(proxy.url, service.key, source=SOURCE, on_trouble=troubles.append) as client:
            client.send_many([event("1"), event("2"), event("3")])
            assert client.flush(20)

    assert [trouble.code for trouble in troubles] == ["no_answer"]
    assert (client.stats.accepted, client.stats.duplicate) == (0, 3)
    assert service.stored() == keys(["1", "2", "3"])


def test_each_refused_item_is_told_and_its_neighbours_are_stored(service: Service) -> None:
    refused: list[Refusal] = []
    with Client(service.web.url, service.key, source=SOURCE, on_refused=refused.append, compression="zstd") as client:
        client.send(event("1"))
        client.flush()
        client.send_many([event("1", data={"session_id": "other"}), event("2", data={}), event("3", time="soon")])
        client.send_many([event(str(number)) for number in range(10, 40)])

    assert [(r.event["id"], r.code) for r in refused] == [
        ("1", "conflict"), ("2", "data_invalid"), ("3", "time_invalid"),
    ]  # fmt: skip
    assert sorted(service.stored()) == keys(["1", *(str(number) for number in range(10, 40))])


def test_a_program_that_just_ends_has_delivered_everything(service: Service) -> None:
    program = client_program(service, "for n in range(50): client.send(event(n))\n")

    assert program.wait(60) == 0
    assert sorted(service.stored()) == keys([f"e{number}" for number in range(50)])


@pytest.mark.parametrize(("durable", "end"), [(False, signal.SIGTERM), (False, signal.SIGKILL), (True, signal.SIGKILL)])
def test_what_a_client_with_a_spool_took_survives_its_end(
    service: Service, tmp_path: Path, durable: bool, end: signal.Signals
) -> None:
    text = "import itertools\nfor n in itertools.count(): client.send(event(n)); print(n, flush=True)\n"
    program = client_program(service, text, spool=tmp_path, durable=durable, url="http://127.0.0.1:9")
    assert program.stdout is not None
    for line in program.stdout:
        if line.strip() == "200":
            break
    program.send_signal(end)
    told = 201 + len(program.stdout.readlines())
    program.wait()

    with Client(service.web.url, service.key, source=SOURCE, spool_dir=tmp_path) as client:
        assert client.flush(60)
    stored = service.stored()
    assert sorted(stored) == keys([f"e{number}" for number in range(len(stored))])
    assert len(stored) - told in (0, 1)  # one more may be on disk: taken, but killed before it was told


class Cutting:
    """A proxy that passes the first request on, waits for its answer and hangs up instead of giving it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        first, _ = self._listener.accept()
        with first, socket.create_connection(("127.0.0.1", self._port)) as service:
            service.sendall(_whole_request(first))
            assert service.recv(1)  # it has answered, so that the events are stored
        second, _ = self._listener.accept()
        service = socket.create_connection(("127.0.0.1", self._port))
        threading.Thread(target=_pass_on, args=(second, service), daemon=True).start()
        _pass_on(service, second)


def _whole_request(client: socket.socket) -> bytes:
    """Return head and body: they may come in several pieces."""
    with client.makefile("rb") as lines:
        head = [lines.readline()]
        while head[-1] not in (b"\r\n", b""):
            head.append(lines.readline())
        [length] = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
        return b"".join(head) + lines.read(length)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with source, target:
        while chunk := source.recv(65_536):
            target.sendall(chunk)
