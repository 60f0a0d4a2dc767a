"""What holds the structure in place, beside the import contracts."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "tenants", "metering", "plans", "billing", "app")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MONEY = [path for path in MODULES if path.relative_to(ROOT).parts[0] in ("plans", "billing") or path.name == "money.py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_at_most_400_lines_and_a_function_60(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    long = {
        f.name: f.end_lineno - f.lineno + 1 for f in functions(path) if f.end_lineno and f.end_lineno - f.lineno >= 60
    }
    assert long == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_core_db_commits(path: Path) -> None:
    calls = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    # The hot lane has its own connections; its writer commits what COPY wrote.
    allowed = name_of(path) in ("core/db.py", "metering/ingest/writer.py")
    assert allowed or calls == []


@pytest.mark.parametrize("path", MONEY, ids=name_of)
def test_there_is_no_float_where_money_is(path: Path) -> None:
    floats = [
        node.lineno
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]
    assert floats == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_names_say_what_is_in_a_module(path: Path) -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "service", "services", "common", "misc"}
    assert path.stem not in vague
    assert path.parent.name not in vague


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_public_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path))


def test_the_broker_is_the_workers_alone_so_that_its_tests_tell_of_another_broker() -> None:
    """Whoever else comes to need one has tests that CI must run with each broker (`.ci/run`)."""
    readers = {
        name_of(path) for path in MODULES
        if any(isinstance(node, ast.Attribute) and node.attr == "broker_url" for node in ast.walk(tree(path)))
    }  # fmt: skip
    integration = ROOT / "tests" / "integration"
    tests = {name_of(path) for path in integration.rglob("test_*.py") if "BROKER_URL" in path.read_text()}
    assert readers == {"app/worker.py"}
    assert tests == {"tests/integration/app/test_worker.py"}
    assert f"EXTERNAL={next(iter(tests))}" in (ROOT / ".ci" / "run").read_text()
