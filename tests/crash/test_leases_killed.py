"""Kill -9 of clients, of the service and of PostgreSQL while seats are taken: the limit holds, what was told is stored.

Small in `make test`: 6 client processes, each part killed once. `CRASH_CLIENTS` says how many there are
and `CRASH_SECONDS` for how long; `make crash` has 64 of them for a minute.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from app.embedded.postgres import EmbeddedPostgres
from core.db import Database
from core.periods import Period
from core.scope import TenantScope
from metering.reads import measure
from migrations.upgrade import upgrade_database
from plans.licensing.actions.set_pool import create_pool
from plans.licensing.floating import PoolRules
from tenants.reads import TenantView, tenant_now
from tests.builders.world import World
from tests.web_process import ROOT, WebProcess

CLIENTS = int(os.environ.get("CRASH_CLIENTS", "6"))
SECONDS = float(os.environ.get("CRASH_SECONDS", "0"))
SEED = int(os.environ.get("CRASH_SEED", str(time.time_ns() % 1_000_000)))
SEATS = max(2, CLIENTS // 4)
DATABASE = "leases"
FIRST_VICTIMS = ("web", "postgres")

pytestmark = pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="kills its own PostgreSQL only")


class Crowd:
    """Client processes with their journals; who is killed comes again under another name."""

    def __init__(self, port: int, key: str, directory: Path) -> None:
        self.port, self.key, self.directory = port, key, directory
        self.running: list[subprocess.Popen[bytes]] = []
        self.begun = 0

    def add(self) -> None:
        name, self.begun = f"client{self.begun}", self.begun + 1
        given = [str(self.port), self.key, name, str(self.directory / f"{name}.journal")]
        self.running.append(
            subprocess.Popen([sys.executable, "-m", "tests.crash.lessees", *given], cwd=ROOT, stdin=subprocess.DEVNULL)
        )

    def kill(self, number: int) -> None:
        victim = self.running.pop(number)
        assert victim.poll() is None, "a client gave up: it was answered otherwise than it may be"
        victim.kill()
        victim.wait()

    def told(self) -> list[list[str]]:
        """Return what clients were told; a line that a kill cut off was not told."""
        journals = [path.read_text() for path in self.directory.glob("*.journal")]
        return [line.split() for text in journals for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """PostgreSQL with its real settings, to be killed."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")
    upgrade_database(server.url(DATABASE))
    yield server
    server.stop()


def test_the_limit_holds_and_nothing_told_is_lost(server: EmbeddedPostgres, tmp_path: Path) -> None:
    print(f"CRASH_SEED={SEED} CRASH_CLIENTS={CLIENTS} CRASH_SECONDS={SECONDS}")
    dice, world = Random(SEED), World(Database(server.url(DATABASE), pool_size=2))
    tenant = world.tenant()
    with world.db.begin(TenantScope(tenant.id)) as session:
        began = tenant_now(session, tenant)
        rules = PoolRules("hot", "hard", SEATS, count_by="session", lease_s=2)
        create_pool(session, tenant, "", rules, "system:tests", began)
    web = WebProcess(server.url(DATABASE), tmp_path)
    web.start()
    web.wait_until_ready()
    crowd = Crowd(web.port, world.key("tenant_admin", tenant), tmp_path)
    rounds, deadline = 0, time.monotonic()
    try:
        for _ in range(CLIENTS):
            crowd.add()
        while rounds < len(FIRST_VICTIMS) or time.monotonic() < deadline:
            wait_for_more(crowd, 10 * CLIENTS if rounds < len(FIRST_VICTIMS) else 2 * CLIENTS)
            for _ in range(max(1, CLIENTS // 8)):
                crowd.kill(dice.randrange(len(crowd.running)))
                crowd.add()
            victims = FIRST_VICTIMS[rounds : rounds + 1] or dice.choice(((), ("web",), ("postgres",), FIRST_VICTIMS))
            for victim in victims:
                kill(victim, web, server)
            rounds += 1
            if rounds == len(FIRST_VICTIMS):
                deadline = time.monotonic() + SECONDS  # all of them are up: from now on for so long
        wait_for_more(crowd, 5 * CLIENTS)
    finally:
        while crowd.running:
            crowd.kill(0)
        web.stop()
    world.db.dispose()

    assert_the_limit_held(server, crowd)
    seconds = assert_every_held_second_is_billed_once(world, tenant, server, began)
    print(f"{rounds} rounds of kills, {len(crowd.told())} answers in {len(list(tmp_path.glob('*.journal')))} journals,"
          f" {seconds:.0f} seat-seconds held and billed")  # fmt: skip


def kill(victim: str, web: WebProcess, server: EmbeddedPostgres) -> None:
    """Kill a part as hard as it goes and start it again."""
    if victim == "web":
        web.kill()
        web.start()
    else:
        pid = server.pid()
        assert pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        server.start()
    web.wait_until_ready()


def assert_the_limit_held(server: EmbeddedPostgres, crowd: Crowd) -> None:
    told = crowd.told()
    with psycopg.connect(server.url(DATABASE)) as admin:
        counted = admin.execute(
            "select in_use, (select count(distinct unit) from leased_session where held) from floating_pool"
        ).fetchone()
        # A lease that ran out and came back has several stretches: the latest tells how it stands.
        stretches = admin.execute("select lease_id, released from leased_session order by starts_at").fetchall()
        stored = {str(lease_id): released for lease_id, released in stretches}
        wrong = admin.execute("select count(*) from denial where in_use < seats").fetchone()
    assert counted is not None
    assert counted[0] == counted[1] <= SEATS, "the counter is what is held"
    assert wrong == (0,), "nobody is denied while there is a seat"
    assert {words[1] for words in told if words[0] == "in"} <= stored.keys()
    assert all(stored[words[1]] for words in told if words[0] == "out")
    assert any(words[0] == "denied" for words in told)


def assert_every_held_second_is_billed_once(
    world: World, tenant: TenantView, server: EmbeddedPostgres, began: datetime
) -> float:
    """Hold the meters against a sweep over the leases' rows of its own; return the seat-seconds."""
    held = stored_stretches(server)
    with world.db.begin(TenantScope(tenant.id)) as session:
        while (until := tenant_now(session, tenant)) <= max(end for _, _, end in held):
            time.sleep(0.1)  # a lease of two seconds that nobody releases is still running
        figures = {
            name: measure(session, tenant, f"sessions.concurrent.{name}", Period(began, until)).quantity
            for name in ("average", "peak")
        }
    edges = sorted([(start, 1) for _, start, _ in held] + [(end, -1) for _, _, end in held])
    level = highest = 0
    for _, change in edges:  # at one instant who leaves goes first
        level += change
        highest = max(highest, level)
    assert 0 < highest == figures["peak"] <= SEATS, "never above the limit"
    # A unit is one client key, which is one lease: none of its stretches overlap, so that their sum is what is held.
    by_unit: dict[str, list[tuple[datetime, datetime]]] = {}
    for unit, start, end in held:
        by_unit.setdefault(unit, []).append((start, end))
    for mine in by_unit.values():
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(mine))
    seconds = sum((end - start for _, start, end in held), timedelta(0))
    assert figures["average"] * ((until - began) // timedelta(microseconds=1)) == seconds // timedelta(microseconds=1)
    return seconds.total_seconds()


def stored_stretches(server: EmbeddedPostgres) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url(DATABASE)) as admin:
        return admin.execute("select unit, starts_at, ends_at from leased_session order by starts_at").fetchall()


def wait_for_more(crowd: Crowd, lines: int) -> None:
    """Wait until the clients were told so much more."""
    wanted, deadline = len(crowd.told()) + lines, time.monotonic() + 120
    while len(crowd.told()) < wanted:
        assert time.monotonic() < deadline, "clients get no answers"
        time.sleep(0.05)
