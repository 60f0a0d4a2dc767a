"""Running servers that refuse to be root: as root their processes become `nobody`."""

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import Any

__all__ = ("hand_over", "identity", "reachable_copy", "reachable_dir")


def identity() -> dict[str, Any]:
    """Return the arguments of `subprocess` that drop root; none for a normal user."""
    if os.geteuid() != 0:
        return {"cwd": "/"}
    nobody = pwd.getpwnam("nobody")
    return {
        "user": nobody.pw_uid,
        "group": nobody.pw_gid,
        "extra_groups": [],
        "cwd": "/",
    }


def _open_to_others(path: Path) -> bool:
    return all(part.stat().st_mode & stat.S_IXOTH for part in [path, *path.parents] if part.exists())


def reachable_dir(wanted: Path) -> Path:
    """Return `wanted`, or where `nobody` may not pass (a checkout below /root) a twin under /var/tmp.

    The twin's name is a hash of `wanted`, so that the next start finds the same data.
    """
    if os.geteuid() != 0 or _open_to_others(wanted.parent):
        return wanted
    digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"tollbook-{digest}"  # noqa: S108 - private by mode 0700 below


def hand_over(path: Path) -> None:
    """Make the directory, for the server's user alone."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def reachable_copy(source: Path, siblings: tuple[Path, ...], near: Path) -> Path:
    """Return `source`, or a copy beside `near` when `nobody` can't reach it; siblings are copied too."""
    if os.geteuid() != 0 or _open_to_others(source):
        return source
    target = near.parent / f"{near.name}-bin"
    for item in (source, *siblings):
        if item.exists() and not (target / item.name).exists():
            shutil.copytree(item, target / item.name, symlinks=True)
    target.chmod(0o755)
    return target / source.name
