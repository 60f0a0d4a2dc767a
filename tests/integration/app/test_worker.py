"""A real worker on a real broker does what time makes due, and again after kill -9."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import text

from app.embedded.valkey import EmbeddedValkey
from core.db import Database
from core.scope import VENDOR_ID, StewardScope, TenantScope
from tenants.actions.record_audit import record_audit
from tenants.actions.seal_audit import chain_hash
from tenants.reads import audit_page

ROOT = Path(__file__).parents[3]


@pytest.fixture
def broker_url(tmp_path: Path) -> Iterator[str]:
    external = os.environ.get("BROKER_URL", "memory://")
    if not external.startswith("memory"):
        yield external
        return
    server = EmbeddedValkey(ROOT / ".run" / "tests" / f"valkey-{tmp_path.name}")
    yield server.start()
    server.stop()


@pytest.fixture
def start_worker(broker_url: str, database_url: str) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    # A queue of its own, so that a shared broker's other users are left alone.
    queue = f"tests-{database_url.rsplit('/', 1)[1]}"
    started: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "PYTHONPATH": str(ROOT)}

    def start() -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "--app",
            "app.worker",
            "worker",
            "--pool",
            "solo",
            "--queues",
            queue,
            "--loglevel",
            "error",
            "--without-gossip",
            "--without-mingle",
        ]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def eventually(holds: Callable[[], bool]) -> bool:
    """Poll until it holds; a minute is far more than it ever takes, and no verdict on speed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


def audit(db: Database, action: str) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        record_audit(session, VENDOR_ID, "system:tests", action, ("thing", "1"), at=datetime(2026, 1, 1, tzinfo=UTC))


def seals(db: Database) -> list[tuple[int, bytes, bytes]]:
    with db.begin(StewardScope()) as session:
        rows = session.execute(text("select sequence, previous_hash, hash from audit_seal order by sequence"))
        return [(row[0], bytes(row[1]), bytes(row[2])) for row in rows]


def test_the_audit_trail_is_sealed_by_the_worker_also_after_it_was_killed(
    db: Database, broker_url: str, database_url: str, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    queue = f"tests-{database_url.rsplit('/', 1)[1]}"
    sender = Celery(broker=broker_url)
    audit(db, "first")
    worker = start_worker()
    sender.send_task("tollbook.seal_audit", queue=queue)
    assert eventually(lambda: len(seals(db)) == 1)

    worker.kill()
    worker.wait()
    audit(db, "second")
    sender.send_task("tollbook.seal_audit", queue=queue)
    start_worker()
    assert eventually(lambda: len(seals(db)) == 2)

    with db.begin(TenantScope(VENDOR_ID)) as session:
        second, first = audit_page(session, VENDOR_ID)
    (one, before, link), (two, previous, last) = seals(db)
    assert (one, two, before, previous) == (1, 2, b"\0" * 32, link)
    assert chain_hash(b"\0" * 32, (first,)) == link
    assert chain_hash(link, (second,)) == last
