"""Sales asks about a customer; the answers are pages like any other."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from billing.answers.tasks import answer_questions
from tests.web.conftest import Service, Visitor

Visit = Callable[..., Visitor]
COMPARE = "/sales/customers/nordhaven-bank/compare"
KINDS = ("simulation", "models", "seats", "timeout", "definition")


def ask(visitor: Visitor, service: Service, kind: str) -> str:
    """Ask by the form and return the address of the answer, which is there."""
    page = visitor.go(COMPARE)
    page.select_option("#kind", kind)
    page.fill("#starts_on", "2026-08-01")
    page.click("main form button.btn-primary")
    page.wait_for_selector("progress")
    address = page.url.removeprefix(service.url)
    answer_questions(service.database)
    # The page follows by itself.
    page.wait_for_selector(".notice-good", timeout=20_000)
    return address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_answer_is_accessible_and_fits_a_phone(visit: Visit, service: Service, scheme: str) -> None:
    visitor = visit("vendor_sales", None, scheme=scheme)
    phone = visit("vendor_sales", None, size="phone", scheme=scheme)

    found = {}
    for kind in KINDS:
        address = ask(visitor, service, kind)
        found[kind] = visitor.axe()
        phone.go(address)
        found[kind] += [f"{phone.overflow()} pixels too wide"] if phone.overflow() > 0 else []
        if folder := os.environ.get("SCREENSHOTS"):
            visitor.page.screenshot(path=Path(folder) / f"{kind}-{scheme}.png", full_page=True)
            phone.page.screenshot(path=Path(folder) / f"{kind}-{scheme}-phone.png", full_page=True)
    visitor.go(COMPARE)
    found["compare"] = visitor.axe()

    assert {kind: faults for kind, faults in found.items() if faults} == {}


def test_what_makes_no_sense_is_said_beside_the_form(visit: Visit, service: Service) -> None:
    page = visit("vendor_sales").go(COMPARE)

    page.fill("#ends_on", "2020-01-01")
    page.click("main form button.btn-primary")

    assert "ends_on is the day after the last" in page.inner_text(".notice-bad")
    assert page.input_value("#ends_on") == "2020-01-01"
