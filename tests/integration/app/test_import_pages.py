"""The pages of imports without a browser: a form with a file, a refusal on it, the result, who may what."""

import re
from html import unescape
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from metering.tasks import run_imports
from tests.builders.world import World

FILE = "User,Course,Status,Enrolled,Completed\nann,safety,enrolled,2026-03-02,\nbob,safety,enrolled,soon,\n"
PAGE = "/admin/acme/imports"


def sign_in(client: TestClient[Litestar], world: World, role: str) -> None:
    world.key(role, world.tenant("acme"))
    form = {"email": f"{role}@acme.example", "password": "correct horse battery", "next": ""}
    client.headers["accept"] = "text/html"
    assert client.post("/sign-in", data=form, follow_redirects=False).status_code == 303


def send(client: TestClient[Litestar], content: str | bytes, **said: str) -> Any:
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get(PAGE).text)
    assert token is not None
    fields = {"csrf_token": token.group(1), "preset": "lms-transcript", **said}
    return client.post(PAGE, data=fields, files={"file": ("t.csv", content, "text/csv")}, follow_redirects=False)


def test_a_file_is_sent_watched_and_reported(client: TestClient[Litestar], world: World, db: Database) -> None:
    sign_in(client, world, "tenant_admin")

    answer = send(client, FILE)

    assert answer.status_code == 303
    address = answer.headers["location"]
    waiting = client.get(address).text
    assert "course.enrolled" in waiting
    assert 'http-equiv="refresh"' in waiting
    run_imports(db)
    done = client.get(address).text
    assert "Some rows were not taken" in done
    assert "refresh" not in done
    assert "3,Enrolled,time_unreadable" in client.get(f"{address}/report").text
    assert "event: over" in client.get(f"{address}/events").text
    assert "t.csv" in client.get(PAGE).text


def test_a_refusal_shows_the_form_again_with_what_was_chosen(client: TestClient[Litestar], world: World) -> None:
    sign_in(client, world, "tenant_admin")

    answer = send(client, FILE.replace("Course", "Kurs"), source="https://lms.example")

    assert answer.status_code == 422
    assert "&#39;Course&#39;" in answer.text
    assert 'value="https://lms.example"' in answer.text
    assert 'value="lms-transcript" selected' in answer.text


SPANISH = FILE.replace("safety", "formación mañana")


@pytest.mark.parametrize(
    ("content", "ways"),
    [
        (SPANISH.encode("cp1252"), [("encoding", "cp1252", "“mañana” (cp1252)"), ("encoding", "cp1250", "“mańana” (cp1250)")]),
        (FILE.replace("2026-03-02", "03/04/2026").encode(), [("order", "day_first", "Day first"), ("order", "month_first", "Month first")]),
    ],
    ids=["encoding", "order"],
)  # fmt: skip
def test_a_refusal_offers_the_ways_in_which_the_file_could_be_read(
    client: TestClient[Litestar], world: World, content: bytes, ways: list[tuple[str, str, str]]
) -> None:
    sign_in(client, world, "tenant_admin")

    answer = send(client, content)

    assert answer.status_code == 422
    offered = re.findall(r'data-say="(\w+)" data-value="([\w-]+)">([^<]+)<', answer.text)
    assert [(field, value, unescape(label)) for field, value, label in offered][:2] == ways
    field, value, _ = ways[0]
    assert send(client, content, **{field: value}).status_code == 303


def test_without_the_page_s_token_nothing_is_taken(client: TestClient[Litestar], world: World) -> None:
    sign_in(client, world, "tenant_admin")

    answer = client.post(PAGE, data={"preset": "events"}, files={"file": ("t.csv", FILE, "text/csv")})

    assert answer.status_code == 403


@pytest.mark.parametrize(("role", "form"), [("tenant_admin", True), ("tenant_auditor", False)])
def test_only_who_may_send_events_sees_the_form(
    client: TestClient[Litestar], world: World, role: str, form: bool
) -> None:
    sign_in(client, world, role)

    page = client.get(PAGE)

    assert page.status_code == 200
    assert ('type="file"' in page.text) is form
