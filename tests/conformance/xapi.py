"""`make xapi-conformance SUITE=…`: ADL's lrs-conformance-test-suite against a server of our own.

The suite is not part of this repository: SUITE is the folder where somebody has it, installed as its
README says. It is run once for each version of xAPI against a fresh database; what fails is listed.
Documents (state and profiles) are not kept by this record store, so their groups are counted apart.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.db import Database
from tests.builders.world import World
from tests.server import ROOT, fresh_database, postgres

DOCUMENTS = re.compile(
    r"State Resource|Agent Profile|Activity Profile|Document Resource|Concurrency|HEAD (activities|agents|activity)"
)
READY_S = 60
LONGEST_S = 1_800


@contextmanager
def server(database_url: str) -> Iterator[str]:
    """Serve on a free port of this machine and yield the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [str(Path(sys.executable).parent / "granian"), "--interface", "asgi", "--factory", "app.asgi:create_app",
               "--host", "127.0.0.1", "--port", port, "--workers", "1", "--no-ws", "--log-level", "error"]  # fmt: skip
    environment = {"SECRET_KEY": "conformance-" + "x" * 32, "BROKER_URL": "memory://", "LOG_LEVEL": "error"}
    environment = os.environ | environment | {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}/xapi"
    finally:
        process.terminate()
        process.wait(30)


def wait_for(address: str) -> None:
    for _ in range(READY_S * 5):
        try:
            urllib.request.urlopen(address, timeout=2)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The server did not become ready.")


def run(suite: Path, endpoint: str, key: str, version: str) -> dict[str, Any]:
    """Run the suite for one version and return its own record."""
    logs = suite / "logs"
    before = set(logs.glob("*.log")) if logs.is_dir() else set()
    # Always with an endpoint: the suite's own settings may name a host elsewhere.
    command = ["node", "bin/console_runner.js", "-x", version, "-e", endpoint, "-a", "-u", "conformance", "-p", key]
    subprocess.run(command, cwd=suite, stdout=subprocess.DEVNULL, check=False, timeout=LONGEST_S)
    (record,) = set(logs.glob("*.log")) - before
    found: dict[str, Any] = json.loads(record.read_text())
    return found


def results(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, bool]]:
    """Yield each single test's full name and whether it passed."""
    name = f"{path} › {node.get('title') or node.get('name') or ''}".strip(" ›")
    children = node.get("tests") or []
    if not children:
        yield name, node.get("status") == "passed"
    for child in children:
        yield from results(child, name)


def main(arguments: list[str]) -> int:
    """Run the suite; 0 where all tests but those of documents pass."""
    if not arguments or not (Path(arguments[0]) / "bin" / "console_runner.js").is_file():
        print("Give the folder of ADL's lrs-conformance-test-suite, installed: make xapi-conformance SUITE=/path")
        return 2
    suite, failed = Path(arguments[0]).resolve(), 0
    with postgres() as admin_url:
        for version in ("1.0.3", "2.0.0"):
            with fresh_database(admin_url) as url:
                database = Database(url)
                world = World(database)
                key = world.key("tenant_admin", world.tenant())
                database.dispose()
                with server(url) as endpoint:
                    record = run(suite, endpoint, key, version)
            tests, summary = list(results(record["log"])), record["summary"]
            ours = [(name, passed) for name, passed in tests if not DOCUMENTS.search(name)]
            bad = [name for name, passed in ours if not passed]
            failed += len(bad)
            print(f"xAPI {version}: {sum(p for _, p in ours)} of {len(ours)} without documents,"
                  f" {summary['passed']} of {summary['total']} in all")  # fmt: skip
            print("\n".join(f"  failed: {name}" for name in bad))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
