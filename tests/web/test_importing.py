"""A file in the browser: checked first, then imported, with a report of its bad rows; with and without scripts."""

from collections.abc import Callable
from threading import Thread

import pytest

from metering.tasks import run_imports
from tests.web.conftest import Service, Visitor

Visit = Callable[..., Visitor]

GOOD = "User,Course,Status,Enrolled,Completed,Score\nann,safety,completed,2026-10-02 09:00,2026-10-03 10:00,87\n"
BAD = GOOD + "bob,safety,enrolled,yesterday,,\n"


def work(service: Service) -> None:
    """Do what the worker does, in a thread of its own: Playwright keeps an event loop running in this one."""
    worker = Thread(target=run_imports, args=(service.database,))
    worker.start()
    worker.join()


def choose(visitor: Visitor, name: str, content: str) -> None:
    page = visitor.go("/admin/brightmart/imports")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content.encode()})
    page.select_option("#preset", "lms-transcript")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_file_is_checked_then_imported_and_its_bad_rows_are_reported(
    visit: Visit, service: Service, scheme: str
) -> None:
    visitor = visit("tenant_admin", "brightmart", size="phone", scheme=scheme)
    page = visitor.page
    choose(visitor, f"{scheme}.csv", BAD + f"{scheme},safety,enrolled,2026-10-02,,\n")
    assert (visitor.overflow() <= 0, visitor.axe()) == (True, [])
    page.click("text=Check only")
    page.wait_for_url("**/imports/*-*")

    # The first rows stand there at once, before a worker has looked.
    assert "course.completed" in page.inner_text("#preview")
    assert "yesterday" in page.inner_text("#preview")
    assert (visitor.overflow() <= 0, visitor.axe()) == (True, [])
    work(service)
    # No click: the server tells the page that it is over.
    page.wait_for_selector("text=Some rows were not taken")
    assert page.inner_text("[data-count=rows_read]") == "3"
    assert page.inner_text("[data-count=rejected]") == "1"
    with page.expect_download() as download:
        page.click("text=Download the report")
    assert "3,Enrolled,time_unreadable" in download.value.path().read_text()
    assert visitor.axe() == []


def test_without_scripts_a_file_is_sent_and_the_page_loads_anew(visit: Visit, service: Service) -> None:
    visitor = visit("tenant_admin", "brightmart", java_script_enabled=False)
    page = visitor.page
    choose(visitor, "plain.csv", GOOD)
    page.click("button:text-is('Import')")
    page.wait_for_url("**/imports/*-*")
    work(service)

    page.wait_for_selector("text=Every row is in")
    assert page.inner_text("[data-count=accepted]") == "2"


def test_a_file_of_an_old_encoding_is_sent_again_by_one_click(visit: Visit, service: Service) -> None:
    visitor = visit("tenant_admin", "brightmart", size="phone", scheme="dark")
    page = visitor.go("/admin/brightmart/imports")
    content = GOOD.replace("safety", "mañana").encode("cp1252")
    page.set_input_files("#file", {"name": "curso.csv", "mimeType": "text/csv", "buffer": content})
    page.select_option("#preset", "lms-transcript")
    page.click("text=Check only")

    page.wait_for_selector("#refusal button")
    assert (visitor.overflow() <= 0, visitor.axe()) == (True, [])
    page.click("#refusal button:has-text('“mañana” (cp1252)')")
    page.wait_for_url("**/imports/*-*")

    # The same file, still only to be checked.
    assert "mañana" in page.inner_text("#preview")
    work(service)
    page.wait_for_selector("text=Everything was checked and nothing stored")


def test_a_wrong_header_is_told_on_the_form_with_what_was_chosen(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.page
    choose(visitor, "wrong.csv", GOOD.replace("Course", "Corse"))
    page.click("text=Check only")

    alert = page.inner_text("[role=alert]:visible")
    assert "'Course'" in alert
    assert "Did you mean 'Corse'?" in alert
    assert page.input_value("#preset") == "lms-transcript"
