"""Content of another origin, in a real browser, sends a statement and reads it back; a sign-in helps it nothing."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from core.scope import StewardScope
from tenants.reads import find_tenant
from tests.builders.world import World
from tests.builders.xapi import statement
from tests.web.conftest import Service, Visitor

Visit = Callable[..., Visitor]

SEND = """async ([url, statement, headers]) => {
    const sent = await fetch(url, {method: "POST", headers, body: JSON.stringify(statement)});
    const [id] = await sent.json();
    const found = await fetch(url + "?statementId=" + id, {headers});
    const told = ["ETag", "Last-Modified", "X-Experience-API-Consistent-Through"].map((name) => found.headers.get(name));
    return [sent.status, found.status, (await found.json()).verb.id, ...told];
}"""
PEEK = """async ([url, headers]) => {
    try { return (await fetch(url, {headers, credentials: "include"})).status; } catch { return "kept out"; }
}"""


class Lesson(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A lesson</title>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def lms() -> Iterator[str]:
    """The address of a server with a lesson: another port is another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Lesson) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_lesson_sends_a_statement_and_reads_it_back(visit: Visit, service: Service, lms: str) -> None:
    world = World(service.database)
    with service.database.begin(StewardScope()) as session:
        tenant = find_tenant(session, "brightmart")
    key = world.key("tenant_admin", tenant)
    headers = {
        "Authorization": f"Bearer {key}", "Content-Type": "application/json", "X-Experience-API-Version": "1.0.3",
        "If-None-Match": "*",
    }  # fmt: skip

    page = visit(None).page
    page.goto(lms)
    told = page.evaluate(SEND, [f"{service.url}/xapi/statements", statement(), headers])

    assert told[:3] == [200, 200, statement()["verb"]["id"]]
    assert all(told[3:]), told


def test_somebodys_sign_in_is_of_no_use_to_a_page_elsewhere(visit: Visit, service: Service, lms: str) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.page
    page.goto(lms)

    headers = {"X-Experience-API-Version": "1.0.3"}
    assert page.evaluate(PEEK, [f"{service.url}/xapi/statements", headers]) == "kept out"

    # The browser says in its console why it kept the page out.
    assert any("CORS" in fault for fault in visitor.faults), visitor.faults
    visitor.faults.clear()
