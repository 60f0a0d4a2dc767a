"""Where rows are measured: a database of their own, web processes on it, and what the machine spends."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from app.embedded.postgres import EmbeddedPostgres
from bench.facts_table import fill
from core.db import Database
from migrations.upgrade import upgrade_database
from tenants.reads import TenantView
from tests.builders.world import World
from tests.web_process import ROOT, WebProcess

__all__ = ("Options", "Stand", "beside", "stand")

RUN = ROOT / ".run" / "bench"
_GIB = 1 << 30
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    rows: int = 300_000
    """Facts in the table before anything is measured."""
    events: int = 60_000
    """Events of one run; single ones are a tenth."""
    repeats: int = 3
    """How often figure and yardstick are measured, in turns."""


class Stand:
    """One database with a tenant that sends, filled once, for all rows of a run."""

    def __init__(self, admin_url: str, database_url: str, options: Options) -> None:
        self.admin_url = admin_url
        self.database_url = database_url
        self.options = options
        self.directory = RUN
        self.db = Database(database_url, pool_size=2)
        self.world = World(self.db)

    @cached_property
    def tenant(self) -> TenantView:
        """The tenant whose facts are measured; it has half of the rows that the table is filled with."""
        return self.world.tenant("bench", time_zone="UTC")

    @cached_property
    def key(self) -> str:
        """An API key of that tenant."""
        return self.world.key("tenant_admin", self.tenant)

    @cached_property
    def filled(self) -> int:
        """Fill the table up to the wanted number of rows and return it."""
        return fill(self.database_url, self.tenant.id, self.options.rows)

    @contextmanager
    def web(self, factory: str = "app.asgi:create_app", **environment: str) -> Iterator[WebProcess]:
        """Run a web process, one worker, as in the Procfile."""
        process = WebProcess(self.database_url, self.directory, factory=factory, **environment)
        process.start()
        try:
            process.wait_until_ready()
            yield process
        finally:
            process.stop()

    def checkpoint(self) -> None:
        """Let every page's next change write the page as a whole into the log: the costly moment."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("checkpoint")

    @cached_property
    def postmaster(self) -> int:
        """The server's process id; 0 where it is not on this machine."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute("select pg_backend_pid()").fetchone()
            assert row is not None
            stat = _stat(row[0])
            return int(stat[1]) if stat else 0

    def postgres_cpu_s(self) -> float:
        """Return the CPU seconds that the server has spent so far, all its processes together."""
        return cpu_seconds(self.postmaster) if self.postmaster else 0.0

    def postgresql_version(self) -> str:
        """Return the server's version."""
        with psycopg.connect(self.admin_url) as connection:
            row = connection.execute("show server_version").fetchone()
            return str(row[0]) if row else ""


def descendants(pid: int) -> list[int]:
    """Return the living children of a process, their children, and so on."""
    children, found = _children(), [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def resident_mb(pid: int) -> float:
    """Return the memory of a process and its living descendants, in MB."""
    total = 0.0
    for one in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return total


def highest_mb(pid: int) -> float:
    """Return the most memory that a process, or one of its living descendants, ever had, in MB."""
    found = []
    for one in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
            found += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return max(found, default=0.0)


def cpu_seconds(pid: int) -> float:
    """Return user and system seconds of a process, its dead children and its living descendants."""
    stats = [_stat(one) for one in (pid, *descendants(pid))]
    return sum(int(ticks) for stat in stats if stat for ticks in stat[11:15]) / _TICK


def _stat(pid: int) -> list[str] | None:
    """Return /proc/<pid>/stat from the state on: state, ppid, …; times stand at 11 to 14."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            found.setdefault(int(stat[1]), []).append(int(entry.name))
    return found


def in_a_process(module: str, **arguments: Any) -> dict[str, Any]:
    """Run `python -m <module>` with the arguments as JSON on its input, and return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(arguments, default=str).encode(),
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/clients/python"},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module}: {done.stderr.decode()[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def stand(options: Options) -> Iterator[Stand]:
    """Make a database on DATABASE_URL's server, else on an embedded one with durable settings; drop it at the end."""
    with _server() as admin, _database_on(admin, options) as made:
        yield made


@contextmanager
def beside(other: Stand, options: Options) -> Iterator[Stand]:
    """Make one more database on a stand's server, with nothing in it; drop it at the end."""
    with _database_on(other.admin_url, options) as made:
        yield made


@contextmanager
def _database_on(admin: str, options: Options) -> Iterator[Stand]:
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        base, _, query = admin.partition("?")
        url = f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
        made: Stand | None = None
        try:
            upgrade_database(url)
            made = Stand(admin, url, options)
            yield made
        finally:
            if made is not None:
                made.db.dispose()
            connection.execute(f"drop database {name} with (force)")


def server_settings(memory: int, disk: int) -> dict[str, str]:
    """Return the settings of the embedded server, beside what the demo has, as `docs/operate.md` advises them.

    Hashed keys fall anywhere into an index of millions. Where it does not fit into the buffers, or
    where the log fills up and asks for a checkpoint each minute, every row costs a page.

    Args:
        memory: the machine's, in bytes.
        disk: what is free of it, in bytes.
    """
    buffers, log = min(8, max(1, memory // _GIB // 4)), min(16, max(3, disk // _GIB // 4))
    return {"shared_buffers": f"{buffers}GB", "max_wal_size": f"{log}GB", "checkpoint_timeout": "15min"}


def _own_settings() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return server_settings(memory, shutil.disk_usage(RUN).free)


@contextmanager
def _server() -> Iterator[str]:
    if external := os.environ.get("DATABASE_URL"):
        yield external
        return
    RUN.mkdir(parents=True, exist_ok=True)
    own = EmbeddedPostgres(RUN / "postgres", _own_settings())
    with (RUN / "in-use").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("Another bench is running: they would measure each other.") from None
        try:
            yield own.start()
        finally:
            own.stop()
