"""Settings, read once from the environment. Every field is documented in docs/operate.md."""

import os
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = (
    "MailServer",
    "Settings",
    "archive_directory",
    "load_settings",
    "load_sso_networks",
    "load_webhook_networks",
    "mail_server",
    "public_url",
    "secret_key",
    "secret_keys",
)


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
    """`SECRET_KEY`: at least 32 characters; wraps the keys under which originals are sealed."""

    public_url: str
    """`PUBLIC_URL`: the address people use, for links and cookies. Default http://127.0.0.1:8000."""

    secure_cookies: bool
    """Cookies are sent over TLS only when `PUBLIC_URL` begins with https."""

    pool_size: int
    """`DB_POOL_SIZE`: connections per process and role. Default 10."""

    run_dir: Path
    """`TOLLBOOK_RUN_DIR`: where embedded services keep their data. Default `.run`."""

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


def secret_keys() -> tuple[str, ...]:
    """Return `SECRET_KEY`, and after it `SECRET_KEY_BEFORE` where that is set: what may still open, never seals.

    Raises:
        MissingSetting: `SECRET_KEY` is absent.
    """
    before = os.environ.get("SECRET_KEY_BEFORE", "")
    return (secret_key(), before) if before else (secret_key(),)


def archive_directory() -> Path | None:
    """Return `TOLLBOOK_ARCHIVE_DIR`: where archived facts lie, one directory for all workers. None: nothing leaves."""
    found = os.environ.get("TOLLBOOK_ARCHIVE_DIR", "")
    return Path(found).absolute() if found else None


def public_url() -> str:
    """Return `PUBLIC_URL`: the address people use, without a slash at its end."""
    return os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Which SMTP server sends mails, and from whom."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    secure: bool
    """TLS from the first byte (`smtps`); else STARTTLS where the server offers it."""
    sender: str
    folder: str = ""
    """Not empty: no server; each mail is a file there, to be read by who tries Tollbook out."""


def mail_server() -> MailServer | None:
    """Return `SMTP_URL` (`smtp://user:password@host:587`, `smtps://…:465`) and `MAIL_FROM`; None: no mail is sent.

    `file:///folder` sends nothing and puts each mail there as a file.

    Raises:
        ValueError: it is no such address.
    """
    named = os.environ.get("SMTP_URL", "")
    if not named:
        return None
    parts, default = urlsplit(named), f"Tollbook <tollbook@{urlsplit(public_url()).hostname}>"
    sender = os.environ.get("MAIL_FROM", "") or default
    if parts.scheme == "file" and parts.path and not parts.hostname:
        return MailServer("", 0, "", "", secure=False, sender=sender, folder=unquote(parts.path))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("SMTP_URL is no address of a mail server. Set it, for example smtp://user:password@host:587.")
    secure = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if secure else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        secure=secure,
        sender=sender,
    )


@cache
def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        MissingSetting: `DATABASE_URL`, `BROKER_URL` or `SECRET_KEY` is absent.
    """
    address = public_url()
    return Settings(
        database_url=_required("DATABASE_URL", "postgresql://tollbook@127.0.0.1:5432/tollbook"),
        broker_url=_required("BROKER_URL", "redis://127.0.0.1:6379/0"),
        secret_key=secret_key(),
        public_url=address,
        secure_cookies=address.startswith("https://"),
        pool_size=int(os.environ.get("DB_POOL_SIZE", "10")),
        run_dir=Path(os.environ.get("TOLLBOOK_RUN_DIR", ".run")).absolute(),
        log_level=os.environ.get("LOG_LEVEL", "info").lower(),
    )


@cache
def load_webhook_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the private networks that webhooks may call: `WEBHOOK_NETWORKS`, CIDR by comma. Default: none.

    Raises:
        ValueError: one of them is no network.
    """
    return _networks(os.environ.get("WEBHOOK_NETWORKS", ""))


@cache
def load_sso_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the private networks where sign-in providers may stand: `SSO_NETWORKS`, CIDR by comma. Default: none.

    Raises:
        ValueError: one of them is no network.
    """
    return _networks(os.environ.get("SSO_NETWORKS", ""))


def _networks(named: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one.strip()) for one in named.split(",") if one.strip())
