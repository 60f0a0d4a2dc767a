"""The README's tour, word for word: last of the files here, since it bills a month."""

import os
import subprocess

from tests.server import ROOT


def test_the_tour_leads_from_an_event_to_statements_that_add_up(service, tmp_path):
    environment = os.environ | {"TOLLBOOK_RUN_DIR": str(service.run_dir), "MONTH": "2026-10", "TMPDIR": str(tmp_path)}

    walked = subprocess.run(
        ["bash", "docs/tour.sh"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert walked.returncode == 0, walked.stdout + walked.stderr
    # The same event was sent twice: three of four are new.
    assert '"accepted":3,"duplicate":1' in walked.stdout.replace(" ", "")
    _, statements, _, invoice = walked.stdout.splitlines()[-1].split()
    assert statements == invoice
    assert (tmp_path / "tollbook-invoice.pdf").read_bytes().startswith(b"%PDF-")
