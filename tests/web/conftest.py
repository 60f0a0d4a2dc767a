"""The real service, with a small demo world, read by a real Chromium."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.demo.load import load
from core.db import Database
from tests.server import ROOT, fresh_database

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
THOUSANDTHS = 40
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
START_S = 60
SIZES = {"desk": (1440, 900), "phone": (360, 780)}


def chromium() -> str:
    """Return where Chromium is; skip, or fail where the browser is required."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, but there is no Chromium. Install it: apt-get install chromium")
    pytest.skip("There is no Chromium here: the browser tests are skipped. Install it: apt-get install chromium")


@dataclass(frozen=True)
class Service:
    url: str
    users: dict[tuple[str, str | None], tuple[str, str]]
    """E-mail and password by role and tenant; the second finance person's role is `approver`."""
    database: Database
    run_dir: Path
    """Where `demo.json` is."""


@pytest.fixture(scope="session")
def executable() -> str:
    return chromium()


@pytest.fixture(scope="session")
def service(executable: str, admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    del executable  # asked for first: without a browser nothing needs to be loaded
    run = tmp_path_factory.mktemp("run")
    with fresh_database(admin_url) as url:
        database = Database(url)
        credentials = load(database, run, NOW, THOUSANDTHS, processes=False, out=open(os.devnull, "w"))  # noqa: SIM115, PTH123
        users = {}
        for user in credentials.users:
            role = "approver" if user.email.startswith("approver") else user.role
            users[role, user.tenant] = (user.email, user.password)
        with _running(url, run) as address:
            file = run / "demo.json"
            file.write_text(json.dumps(json.loads(file.read_text()) | {"url": address}))
            yield Service(address, users, database, run)
        database.dispose()


class _running:  # noqa: N801 - reads as a word: with _running(...)
    """The service as a process of its own, on a free port."""

    def __init__(self, database_url: str, run: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = run / "web.log"
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "BROKER_URL": "memory://",
            "SECRET_KEY": "tests-only-" + "x" * 32,
            "PUBLIC_URL": self.url,
            "PYTHONPATH": str(ROOT),
        }

    def __enter__(self) -> str:
        command = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1",
            "--port", str(self.port), "app.asgi:create_app",
        ]  # fmt: skip
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(f"{self.url}/sign-in", timeout=5).close()
                return self.url
            time.sleep(0.1)
        self.process.kill()
        pytest.fail("The service did not start:\n" + self.log.read_text()[-3000:])

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="package")
def browser(executable: str, service: Service) -> Iterator[Browser]:
    # Playwright keeps an event loop running in this thread: the loading needs its own, and so do
    # tests of other packages that this process runs later.
    del service
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield made
        made.close()


@dataclass
class Visitor:
    """Somebody at a browser. Faults that the page's console tells fail the test at its end."""

    page: Page
    url: str
    faults: list[str]

    def go(self, path: str, status: int = 200) -> Page:
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        return self.page

    def axe(self) -> list[str]:
        """Return what axe finds against WCAG 2.2 AA, one line a fault."""
        # Parts that come after the page are dimmed while they are on their way.
        self.page.wait_for_function(
            "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"
            " && !document.querySelector('[hx-trigger=load]') && document.getAnimations().length === 0"
        )
        if not self.page.evaluate("() => 'axe' in window"):
            # Through the debugger: the page's own policy lets no foreign script in.
            self.page.evaluate(AXE.read_text())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = self.page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: {type: 'tag', values: tags}})).violations", tags
        )
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Callable[..., Visitor]]:
    """Give a function that signs somebody in: `visit("tenant_admin", "brightmart", size="phone")`."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def sign_in(
        role: str | None, tenant: str | None = None, *, size: str = "desk", scheme: str = "light", **more: object
    ) -> Visitor:
        width, height = SIZES[size]
        options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "locale": "en-GB"} | more
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        visitor = Visitor(context.new_page(), service.url, [])
        visitors.append(visitor)
        visitor.page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        visitor.page.on("console", lambda message: _note(visitor, message.type, message.text))
        if role is not None:
            email, password = service.users[role, tenant]
            page = visitor.go("/sign-in")
            page.fill("#email", email)
            page.fill("#password", password)
            page.click("form button")
            page.wait_for_url(lambda address: "/sign-in" not in address)
        return visitor

    yield sign_in
    for context in contexts:
        context.close()
    faults = [fault for visitor in visitors for fault in visitor.faults]
    assert not faults, json.dumps(faults, indent=2)


def _note(visitor: Visitor, kind: str, text: str) -> None:
    # That an address answered 4xx is what some tests are about; all else is a fault of the page.
    if kind == "error" and "Failed to load resource" not in text:
        visitor.faults.append(text)
