"""Every setting, error code, role and permission is documented."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "tenants", "metering", "plans", "billing", "app")


def error_codes() -> set[str]:
    """Return the code of every refusal: `code = "…"` in a class body."""
    codes = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    for statement in node.body:
                        if (
                            isinstance(statement, ast.Assign)
                            and isinstance(statement.targets[0], ast.Name)
                            and statement.targets[0].id == "code"
                            and isinstance(statement.value, ast.Constant)
                        ):
                            codes.add(statement.value.value)
    return codes


def test_every_error_code_is_documented() -> None:
    documented = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "errors.md").read_text()))
    assert error_codes() - documented == set()


def test_every_setting_is_documented() -> None:
    settings = (ROOT / "core" / "settings.py").read_text()
    wanted = set(re.findall(r'environ\.get\("([A-Z_]+)"|_required\("([A-Z_]+)"', settings))
    names = {name for pair in wanted for name in pair if name}
    documented = (ROOT / "docs" / "operate.md").read_text()
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_every_package_says_what_it_owns() -> None:
    for package in (*PACKAGES, "billing/chargebacks"):
        text = (ROOT / package / "README.md").read_text()
        assert "## Owns" in text, package
        assert "## Does not own" in text, package
