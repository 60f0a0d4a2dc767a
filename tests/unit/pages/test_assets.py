"""The browser files: where they come from, and addresses that change with their content."""

from pathlib import Path

import pytest

from app import assets


def test_files_are_copied_from_npm_and_the_font_wheel(tmp_path: Path) -> None:
    for source in assets._FROM_NPM:
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("//")

    made = assets.copy(tmp_path / "node_modules", tmp_path / "vendor")

    assert {"echarts.min.js", "htmx.min.js", "inter.ttf"} <= {path.name for path in made}
    assert all(path.is_file() for path in made)


def test_what_is_missing_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make setup"):
        assets.copy(tmp_path, tmp_path / "vendor")


def test_an_address_carries_the_digest_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    (tmp_path / "a.css").write_text("a")
    assets.asset_url.cache_clear()
    first = assets.asset_url("a.css")

    (tmp_path / "a.css").write_text("b")
    assets.asset_url.cache_clear()

    assert first.startswith("/static/a.css?v=")
    assert assets.asset_url("a.css") != first
    assert assets.asset_url("not-there.css") == "/static/not-there.css"
    assets.asset_url.cache_clear()


def test_an_unknown_subcommand_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert assets.main(["fly"]) == 2
    assert "copy" in capsys.readouterr().err
