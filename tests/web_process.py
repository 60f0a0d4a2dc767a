"""The web service as a real process on a test's database, to be killed and started again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.embedded.postgres import free_port

ROOT = Path(__file__).parent.parent
READY_S = 90


class WebProcess:
    """Granian with one worker, as in the Procfile; the port stays the same."""

    def __init__(
        self, database_url: str, directory: Path, factory: str = "app.asgi:create_app", **environment: str
    ) -> None:
        self._factory = factory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = directory / "web.log"
        self._environment = (
            os.environ
            | {
                "DATABASE_URL": database_url,
                "BROKER_URL": "memory://",
                "SECRET_KEY": "tests-only-" + "x" * 32,
                "PUBLIC_URL": self.url,
                "PYTHONPATH": str(ROOT),
                "TOLLBOOK_RUN_DIR": str(directory),
                "LOG_LEVEL": "error",
                "DB_POOL_SIZE": "4",
            }
            | environment
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        serve = ["granian", "--interface", "asgi", "--factory", self._factory, "--workers", "1", "--no-ws"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *serve, "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"],
                cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(self._log.read_text()[-3000:])

    def stop(self) -> None:
        """Ask it to end and wait until it has; kill it if it does not."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill it as hard as it goes, its children too."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
