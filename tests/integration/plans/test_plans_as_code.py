"""The catalogue goes out to a file and comes back from it, by the command line."""

from pathlib import Path

import pytest

from app import cli
from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.reads import get_plan, versions


@pytest.fixture
def exported(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("app.plan_commands.database", lambda: db)
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, utc_now())
    path = tmp_path / "catalogue.yaml"
    assert cli.main(["plans", "export", "--output", str(path)]) == 0
    return path


def run(*arguments: str | Path) -> int:
    try:
        return cli.main(["plans", *map(str, arguments)])
    except SystemExit as ended:
        return int(ended.code or 0)


def test_what_was_exported_differs_in_nothing(exported, capsys):
    assert run("diff", exported) == 0
    assert run("apply", exported) == 0
    assert capsys.readouterr().out == "No difference.\nNo difference.\n"


def test_a_price_a_new_tier_and_a_plan_that_is_gone(db, exported, capsys):
    text = exported.read_text()
    light = text[text.index("  light:\n") : text.index("  standard-concurrent:\n")]
    text = text.replace("unit: '6.50'", "unit: '7.00'").replace(
        light, light + light.replace("  light:\n    name: Light (Community)", "  starter:\n    name: Starter")
    )
    text = text.replace("  tiers:\n  - - light\n", "  tiers:\n  - - starter\n  - - light\n", 1)
    branded = text[text.index("  branded-app:\n") : text.index("  virtual-classroom:\n")]
    text = text.replace(branded, "").replace("  - - branded-app\n", "")
    exported.write_text(text)

    assert run("diff", exported) == 2
    told = capsys.readouterr().out.splitlines()
    assert "starter: new" in told
    assert "light: moved" in told
    assert "  Charge 'Named seats', price in USD, for one: 6.50 becomes 7.00." in told
    assert "branded-app: gone" in told
    assert run("apply", exported) == 0
    capsys.readouterr()
    assert run("diff", exported) == 2  # branded-app is still sold
    assert capsys.readouterr().out == "branded-app: gone\n"
    assert run("apply", exported, "--retire") == 0
    capsys.readouterr()
    assert run("diff", exported) == 0

    with db.begin(TenantScope(VENDOR_ID)) as session:
        assert [get_plan(session, key).rank for key in ("starter", "light", "standard-named", "full-active")] == [
            1,
            2,
            3,
            4,
        ]
        assert [version.number for version in versions(session, "standard-named")] == [2, 1]
        assert get_plan(session, "branded-app").newest is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("unit: '6.50'", "unit: '-6.50'"),
            "/plans/standard-named/document/charges/0/prices/USD/unit: number_negative",
        ),
        (("seats.named.peak", "seats.sold"), "/plans/standard-named/document/charges/0/meter: meter_unknown"),
        (("name: Light (Community)", "name: Lighter"), "/plans/light/name: plan_identity_fixed"),
    ],
)
def test_a_file_with_a_fault_changes_nothing(db, exported, capsys, change, told):
    exported.write_text(exported.read_text().replace(*change).replace("'38.00'", "'39.00'"))

    assert run("apply", exported) == 1
    assert told in capsys.readouterr().err
    with db.begin(TenantScope(VENDOR_ID)) as session:
        assert len(versions(session, "standard-concurrent")) == 1


def test_a_file_that_is_not_there_is_told(exported, capsys):
    assert run("diff", exported / "missing.yaml") == 1
    assert "file_not_readable" in capsys.readouterr().err
