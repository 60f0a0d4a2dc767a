"""The embedded services together, and the environment that points the product at them."""

import fcntl
import os
import secrets
import shutil
import socket
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from app.embedded.postgres import EmbeddedPostgres, free_port
from app.embedded.valkey import EmbeddedValkey

__all__ = ("DATABASE", "Stack")

DATABASE = "tollbook"
PREFERRED_PORT = 8000


class Stack:
    """PostgreSQL and Valkey below one directory; external ones where the environment names them."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir.absolute()
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.postgres = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(self.run_dir / "postgres")
        self.valkey = None if os.environ.get("BROKER_URL") else EmbeddedValkey(self.run_dir / "valkey")
        self._port_claim: IO[str] | None = None

    @property
    def fresh(self) -> bool:
        """Tell whether nothing was started here before."""
        return not (self.run_dir / "secret").exists()

    def start(self) -> dict[str, str]:
        """Start what is embedded, or adopt it.

        Returns:
            The whole environment for the product's processes.
        """
        environment = dict(os.environ)
        if self.postgres is not None:
            with psycopg.connect(self.postgres.start(), autocommit=True) as connection:
                if connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
                    connection.execute(f"create database {DATABASE}")
            environment["DATABASE_URL"] = self.postgres.url(DATABASE)
        if self.valkey is not None:
            environment["BROKER_URL"] = self.valkey.start()
        environment.setdefault("SECRET_KEY", self._secret())
        environment.setdefault("PORT", str(self._web_port()))
        environment.setdefault("PUBLIC_URL", f"http://127.0.0.1:{environment['PORT']}")
        environment["TOLLBOOK_RUN_DIR"] = str(self.run_dir)
        # Nobody's mailbox: invitations and alerts of the demo are files to be read.
        environment.setdefault("SMTP_URL", f"file://{quote(str(self.run_dir / 'mails'))}")
        # All processes must agree how far TOLLBOOK_NOW is from the machine's clock.
        environment.setdefault("TOLLBOOK_NOW_SET_AT", datetime.now(UTC).isoformat())
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
        environment["PYTHONUNBUFFERED"] = "1"
        return environment

    def _secret(self) -> str:
        file = self.run_dir / "secret"
        if not file.exists():
            file.write_text(secrets.token_hex(32))
            file.chmod(0o600)
        return file.read_text()

    def _web_port(self) -> int:
        # The server shares its port with any other that asks to (SO_REUSEPORT), and listens only once the demo is
        # loaded: two starts at once would each get half of the other's requests. Hence the claim, held until
        # this process ends.
        claim = Path(tempfile.gettempdir()) / f"tollbook-port-{PREFERRED_PORT}"
        try:
            self._port_claim = claim.open("a")
            fcntl.flock(self._port_claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", PREFERRED_PORT))
        except OSError:
            return free_port()
        return PREFERRED_PORT

    def stop(self) -> None:
        """Stop what is embedded; all data stays."""
        if self.valkey is not None:
            self.valkey.stop()
        if self.postgres is not None:
            self.postgres.stop()

    def forget(self) -> None:
        """Delete the embedded services' data."""
        for service in (self.postgres, self.valkey):
            if service is not None:
                shutil.rmtree(service.directory, ignore_errors=True)
        shutil.rmtree(self.run_dir, ignore_errors=True)
