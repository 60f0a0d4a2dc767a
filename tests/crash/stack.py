"""Real processes to be killed: PostgreSQL with its real settings, the broker, the web service, a worker."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg

from app.embedded.postgres import EmbeddedPostgres, free_port
from app.embedded.valkey import EmbeddedValkey
from migrations.upgrade import upgrade_database

ROOT = Path(__file__).parent.parent.parent
DATABASE = "crash"
READY_S = 90


class CrashStack:
    """The service as it runs in production, each part of which can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = EmbeddedPostgres(directory / "postgres")
        self.valkey = EmbeddedValkey(directory / "valkey")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        with psycopg.connect(self.postgres.start(), autocommit=True) as connection:
            connection.execute(f"create database {DATABASE}")
        upgrade_database(self.database_url)
        self.environment = dict(os.environ) | {
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.valkey.start(),
            "SECRET_KEY": "crash-tests-only-" + "x" * 32,
            "PUBLIC_URL": self.url,
            "PYTHONPATH": str(ROOT),
            "TOLLBOOK_RUN_DIR": str(self.directory),
            "LOG_LEVEL": "error",
            "DB_POOL_SIZE": "4",
        }
        self.start_process("web")
        self.start_process("worker")
        self.wait_until_ready()

    @property
    def database_url(self) -> str:
        return self.postgres.url(DATABASE)

    def start_process(self, name: str) -> None:
        log = (self.directory / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", *self._command(name)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _command(self, name: str) -> list[str]:
        if name == "web":
            serve = ["granian", "--interface", "asgi", "--factory", "app.asgi:create_app", "--workers", "1", "--no-ws"]
            return [*serve, "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        work = ["celery", "--app", "app.worker", "worker", "--concurrency", "1", "--loglevel", "error"]
        return [*work, "--without-gossip", "--without-mingle"]

    def kill(self, name: str) -> None:
        """Kill one part as hard as it goes: nothing of it may run another instruction."""
        if name == "postgres":
            pid = self.postgres.pid()
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        process = self.processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def revive(self, name: str) -> None:
        """Start a part again after it was killed."""
        if name == "postgres":
            self.postgres.start()
        else:
            self.start_process(name)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        with httpx.Client(base_url=self.url, timeout=5) as client:  # to make one costs more CPU than to ask
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if client.get("/readyz").status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError((self.directory / "web.log").read_text()[-3000:])

    def stop(self) -> None:
        for name in self.processes:
            self.kill(name)
        self.valkey.stop()
        self.postgres.stop()


@contextlib.contextmanager
def crash_stack() -> Iterator[CrashStack]:
    with tempfile.TemporaryDirectory(prefix="tollbook-crash-") as directory:
        stack = CrashStack(Path(directory))
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
