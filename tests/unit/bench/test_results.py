"""Results of benches stay: each run has a file of its own, and the newest is easily found."""

import json
from pathlib import Path

import pytest

from bench.figures import Figure, Goal, machine_facts, write_results

FIGURE = Figure("ingest", 5.0, "events/s", 10.0, "bare COPY", 0.5, Goal(0.4))


def test_no_result_is_written_over_and_the_newest_is_led_to(tmp_path: Path) -> None:
    facts = machine_facts("18.4") | {"commit": "abc123"}
    first = write_results([FIGURE], facts | {"at": "2026-11-29T10:00:00+00:00"}, "bench", tmp_path)
    second = write_results([FIGURE], facts | {"at": "2026-11-29T11:00:00+00:00"}, "bench", tmp_path)
    write_results([FIGURE], facts | {"at": "2026-11-29T11:00:00+00:00"}, "soak", tmp_path)

    assert first.name == "2026-11-29T100000Z-abc123-bench.json"
    assert (tmp_path / "bench-latest.json").resolve() == second
    told = json.loads((tmp_path / "bench-latest.json").read_text())
    assert (told["machine"]["commit"], told["figures"][0]["met"]) == ("abc123", True)
    with pytest.raises(FileExistsError):
        write_results([FIGURE], facts | {"at": "2026-11-29T11:00:00+00:00"}, "bench", tmp_path)
    assert len(list(tmp_path.glob("2026*.json"))) == 3


def test_a_result_names_the_commit_that_was_measured() -> None:
    assert machine_facts("18.4")["commit"].partition("-")[0].isalnum()
