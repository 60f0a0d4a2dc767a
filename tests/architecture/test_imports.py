"""The import contracts hold, and a planted violation of each kind is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "tenants", "metering", "plans", "billing", "app")

PLANTED = {
    "upwards": ("core/planted.py", "import billing.reads"),
    "rooms": ("plans/models.py", "import plans.reads"),
    "private": ("billing/planted.py", "import metering.store"),
    "parents": ("billing/reads/planted.py", "import billing.chargebacks.reads"),
    "http": ("tenants/actions/planted.py", "import litestar"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("vendor", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    done = lint(copy)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_violation_is_caught(copy: Path, kind: str) -> None:
    file, line = PLANTED[kind]
    target = copy / file
    if not target.parent.is_dir():  # the room is a module, not a folder: plant into it
        target = target.parent.with_suffix(".py")
    target.write_text((target.read_text() if target.exists() else "") + f"\n{line}\n")

    done = lint(copy)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
