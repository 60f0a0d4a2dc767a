"""How to get into the demo: users, passwords and keys, kept in `.run/demo.json`.

Keys are stored hashed, so that nobody can read them back: what is not written down here is lost.
"""

from pathlib import Path

import msgspec

__all__ = ("PASSWORD", "DemoCredentials", "DemoTenant", "DemoUser", "read_credentials", "write_credentials")

PASSWORD = "tollbook-demo"  # noqa: S105 - it opens invented data on this machine
"""Everybody's password in the demo."""

FILE = "demo.json"


class DemoTenant(msgspec.Struct, frozen=True):
    """A customer's keys: its administrator's, and those of its two finance people, maker and approver."""

    slug: str
    key: str
    finance_keys: tuple[str, str]


class DemoUser(msgspec.Struct, frozen=True):
    """Somebody who can sign in; `tenant` is null for the vendor's people."""

    email: str
    password: str
    role: str
    tenant: str | None


class DemoCredentials(msgspec.Struct, frozen=True):
    """All of it. `url` is written by whoever starts the service."""

    url: str
    vendor_key: str
    tenants: tuple[DemoTenant, ...]
    users: tuple[DemoUser, ...]


def read_credentials(run_dir: Path) -> DemoCredentials | None:
    """Return what was written down, or None where nothing was or it cannot be read."""
    file = run_dir / FILE
    if not file.exists():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=DemoCredentials)
    except msgspec.MsgspecError:
        return None


def write_credentials(run_dir: Path, credentials: DemoCredentials) -> None:
    """Write them down, readable by their owner alone; a start that is killed leaves the old file or the new one."""
    run_dir.mkdir(parents=True, exist_ok=True)
    draft = run_dir / f"{FILE}.new"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(credentials), indent=2))
    draft.chmod(0o600)
    draft.replace(run_dir / FILE)
