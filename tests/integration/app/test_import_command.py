"""The operator's way: a file from the disk, imported to its end by the command line's own process."""

import json
import os
import subprocess
import sys
from pathlib import Path

from core.db import Database
from tests.builders.world import World

ROOT = Path(__file__).parents[3]


def test_a_file_is_imported_and_told_with_its_bad_rows(db: Database, world: World, tmp_path: Path) -> None:
    world.tenant("acme")
    file = tmp_path / "transcript.csv"
    file.write_text("User,Course,Status,Enrolled,Completed\nann,c,x,2026-03-02,\nbob,c,x,soon,\n")
    environment = os.environ | {"DATABASE_URL": db.database_url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.cli", "imports", "load", str(file), "--tenant", "acme"]

    done = subprocess.run(
        [*command, "--preset", "lms-transcript"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    told = json.loads(done.stdout)
    assert (told["status"], told["accepted"], told["rejected"]) == ("done", 1, 1)
    assert told["first_bad_rows"][0]["row_number"] == 3
