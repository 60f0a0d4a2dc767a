"""The examples of docs/events.md, word for word, pasted one after the other."""

import json
import os
import re
import shutil
import subprocess

from tests.server import ROOT
from tests.web.conftest import Service


def test_events_are_sent_as_the_guide_says(service: Service) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "events.md").read_text(), flags=re.DOTALL)
    if shutil.which("zstd") is None:
        blocks = [block for block in blocks if "| zstd |" not in block]
    demo = json.loads((service.run_dir / "demo.json").read_text())
    environment = os.environ | {"BASE": demo["url"], "KEY": demo["tenants"][0]["key"]}
    script = "\n".join(["set -euo pipefail", *blocks])

    pasted = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)

    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    answers = [json.loads(one) for one in re.findall(r'\{"accepted".*?"unmetered":\d+\}', pasted.stdout)]
    told = [(one["accepted"], one["duplicate"]) for one in answers]
    assert (told[0], set(told[1:-1]), told[-1]) == ((1, 0), {(0, 1)}, (1, 0))
    (rejected,) = answers[-1]["rejected"]
    assert (rejected["pointer"], rejected["detail"]) == (
        "/data/course_id",
        "data.course_id is missing. See /schemas/course.launched.",
    )
