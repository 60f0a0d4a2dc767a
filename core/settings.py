"""Settings, read once from the environment. Every field is documented in docs/operate.md."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ("Settings", "load_settings", "secret_key")


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between machines; nothing about the product itself is a setting.

    Each field is read from the environment variable named in its docstring.
    """

    database_url: str
    """`DATABASE_URL`: postgresql://user:password@host:port/name of the role that migrates. Processes
    that serve connect with it and take a lesser role at once (`tollbook_app`, `tollbook_ingest`,
    `tollbook_steward`)."""

    broker_url: str
    """`BROKER_URL`: Celery's broker, redis://… or amqp://…"""

    secret_key: str
    """`SECRET_KEY`: at least 32 characters; signs cookies and seals tokens."""

    public_url: str
    """`PUBLIC_URL`: the address people use, for links and cookies. Default http://127.0.0.1:8000."""

    secure_cookies: bool
    """Cookies are sent over TLS only when `PUBLIC_URL` begins with https."""

    pool_size: int
    """`DB_POOL_SIZE`: connections per process and role. Default 10."""

    run_dir: Path
    """`TOLLBOOK_RUN_DIR`: where embedded services keep their data. Default `.run`."""

    archive_dir: Path | None
    """`TOLLBOOK_ARCHIVE_DIR`: where archived facts lie, one directory for all workers. Default: none, and
    nothing is archived."""

    log_level: str
    """`LOG_LEVEL`: debug, info, warning or error. Default info."""


class MissingSetting(RuntimeError):
    """A setting without a default is not in the environment."""


def _required(name: str, example: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise MissingSetting(f"{name} is not set. Set it, for example {name}={example}, or run `make demo`.")
    return value


def secret_key() -> str:
    """Return `SECRET_KEY` alone, for what seals and opens.

    Raises:
        MissingSetting: it is absent.
    """
    return _required("SECRET_KEY", "$(openssl rand -hex 32)")


@cache
def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        MissingSetting: `DATABASE_URL`, `BROKER_URL` or `SECRET_KEY` is absent.
    """
    public_url = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    archive_dir = os.environ.get("TOLLBOOK_ARCHIVE_DIR", "")
    return Settings(
        database_url=_required("DATABASE_URL", "postgresql://tollbook@127.0.0.1:5432/tollbook"),
        broker_url=_required("BROKER_URL", "redis://127.0.0.1:6379/0"),
        secret_key=secret_key(),
        public_url=public_url,
        secure_cookies=public_url.startswith("https://"),
        pool_size=int(os.environ.get("DB_POOL_SIZE", "10")),
        run_dir=Path(os.environ.get("TOLLBOOK_RUN_DIR", ".run")).absolute(),
        archive_dir=Path(archive_dir).absolute() if archive_dir else None,
        log_level=os.environ.get("LOG_LEVEL", "info").lower(),
    )
