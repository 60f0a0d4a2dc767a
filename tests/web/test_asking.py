"""Sales asks about a customer; the answers are pages like any other."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from billing.answers.tasks import answer_questions
from billing.quotes.actions.offer_quotes import QuotesOffered
from tests.web.conftest import Service, Visitor

Visit = Callable[..., Visitor]
COMPARE = "/sales/customers/nordhaven-bank/compare"
KINDS = ("simulation", "models", "seats", "timeout", "definition", "parallel")


def ask(visitor: Visitor, service: Service, kind: str) -> str:
    """Ask by the form and return the address of the answer, which is there."""
    page = visitor.go(COMPARE)
    page.select_option("#kind", kind)
    page.fill("#starts_on", "2026-08-01")
    if kind == "parallel":
        page.fill("#csv", "period,charge,quantity,amount,currency\n2026-08,Setting up,1,50.00,EUR\n")
    page.click("main form button.btn-primary")
    if kind == "definition":
        page.fill("[name='/policies/members/min_events']", "3")
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


def test_their_bills_are_compared_from_a_file_and_bad_rows_are_named(visit: Visit, service: Service) -> None:
    visitor = visit("vendor_sales")

    def send(rows: str, encoding: str = "utf-8") -> None:
        page = visitor.go(COMPARE)
        page.select_option("#kind", "parallel")
        page.fill("#starts_on", "2026-08-01")
        page.fill("#columns", "month = period")
        content = f"month;charge;quantity;amount;currency\n{rows}".encode(encoding)
        page.set_input_files("#file", {"name": "bills.csv", "mimeType": "text/csv", "buffer": content})
        page.click("main form button.btn-primary")

    send("2026-08;Setting up;1;50.00;EUR\n2026-08;Setting up;one;50.00;EUR\n2026-99;Setting up;1;5;EUR\n")
    assert "2 of 3 rows cannot be read" in visitor.page.inner_text(".notice-bad")
    cells = visitor.page.locator("#bad-rows tbody tr").all_inner_texts()
    assert [row.split("\t")[:2] for row in cells] == [["3", "quantity"], ["4", "period"]]
    assert "Setting up;one" in visitor.page.input_value("#csv")
    assert visitor.axe() == []
    send("2026-08;Größe;1;50.00;EUR\n", "cp1252")
    assert "CSV UTF-8" in visitor.page.inner_text(".notice-bad")
    send("2026-08;Setting up;1;50.00;EUR\n")
    visitor.page.wait_for_selector("progress")
    answer_questions(service.database)
    visitor.page.wait_for_selector(".notice-good", timeout=20_000)


def test_only_the_fields_that_a_question_uses_are_shown(visit: Visit) -> None:
    page = visit("vendor_sales").go(COMPARE)
    optional = (
        "plan", "growth", "more", "seats", "seats_number", "target", "file", "csv", "charges", "columns",
    )  # fmt: skip

    def shown() -> set[str]:
        return {name for name in optional if page.is_visible(f"#{name}")}

    seen = {kind: (page.select_option("#kind", kind), shown())[1] for kind in KINDS}

    assert seen == {
        "simulation": {"more", "seats", "seats_number"},
        "models": {"growth", "seats", "seats_number"},
        "seats": {"target"},
        "timeout": {"plan"},
        "definition": {"plan"},
        "parallel": {"plan", "file", "csv", "charges", "columns"},
    }


def test_open_quotes_are_ticked_beside_the_plans(visit: Visit, service: Service) -> None:
    visitor = visit("vendor_sales")
    page = visitor.go("/sales/customers/lakeshore-university/compare")
    page.select_option("#kind", "models")
    assert not page.is_visible("text=Beside the plans")
    page.select_option("#kind", "simulation")

    page.get_by_label("renewal · 1").check()
    assert visitor.axe() == []
    page.click("main form button.btn-primary")
    page.wait_for_selector("progress")
    answer_questions(service.database, QuotesOffered())
    page.wait_for_selector(".notice-good", timeout=20_000)

    page.click("#plans tr:has-text('renewal · 1') a")
    assert "Quote renewal · 1" in page.inner_text("#lines")
    assert visitor.axe() == []
    phone = visit("vendor_sales", None, size="phone", scheme="dark")
    phone.go(page.url.removeprefix(service.url))
    assert phone.overflow() <= 0


def test_without_scripts_all_fields_are_there(visit: Visit) -> None:
    page = visit("vendor_sales", None, java_script_enabled=False).go(COMPARE)

    assert page.locator("main form .field:visible").count() == 14


def test_every_bar_is_named_and_no_name_lies_on_another(visit: Visit, service: Service) -> None:
    address = ask(visit("vendor_sales"), service, "models")

    for options in ({"viewport": {"width": 1280, "height": 800}}, {"size": "phone"}):
        page = visit("vendor_sales", None, **options).go(address)
        names = page.locator("figure.chart").first.locator("table.data tbody th").all_text_contents()
        labels = page.locator("figure.chart").first.locator(".chart-canvas svg text")
        labels.first.wait_for()
        # A name that is broken into lines is drawn as one text a line.
        drawn = "".join(labels.all_text_contents()).replace(" ", "")
        if "viewport" in options:
            assert [name for name in names if name.replace(" ", "") not in drawn] == []
        boxes = labels.evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(b => [b.x, b.y, b.right, b.bottom])"
        )
        assert [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if overlap(a, b)] == []


def test_an_answer_stands_at_its_own_customer_only(visit: Visit, service: Service) -> None:
    visitor = visit("vendor_sales")
    address = ask(visitor, service, "seats")

    page = visitor.go(address.replace("nordhaven-bank", "brightmart"), status=404)
    # The browser itself tells a page that is not there as a fault.
    visitor.faults.clear()

    assert "Nordhaven" not in page.inner_text("main")


def overlap(a: list[float], b: list[float]) -> bool:
    # A pixel of slack: lines of one name touch each other.
    return min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 2


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_another_definition_is_written_with_rules_of_its_own(visit: Visit, size: str, scheme: str) -> None:
    visitor = visit("vendor_sales", None, size=size, scheme=scheme)
    page = visitor.go(f"{COMPARE}/definition")
    assert (visitor.axe(), visitor.overflow()) == ([], 0)
    page.click("button:has-text('Ask') >> nth=-1")
    page.wait_for_selector("text=This is how the plan counts already")

    page.fill("[name='/policies/sessions/timeout_s']", "a while")
    page.click("button:has-text('Ask') >> nth=-1")
    page.wait_for_selector(".field .error")
    assert page.input_value("[name='/policies/sessions/timeout_s']") == "a while"
    page.fill("[name='/policies/sessions/timeout_s']", "900")
    page.click("summary:has-text('Courses')")
    page.click("button:has-text('Add a rule by days after the charge') >> nth=0")
    page.wait_for_selector("[name$='/after_trigger/0/days']")
    assert page.input_value("[name='/policies/sessions/timeout_s']") == "900"
    assert (visitor.axe(), visitor.overflow()) == ([], 0)


def test_several_customers_are_simulated_at_once_under_versions_and_add_ons(visit: Visit, service: Service) -> None:
    visitor = visit("vendor_sales")
    page = visitor.go(COMPARE)
    page.fill("#starts_on", "2026-09-01")
    page.fill("#more", "10")
    page.fill("[name='addon.compliance']", "1")
    page.get_by_label("Brightmart").check()
    assert visitor.axe() == []
    page.click("main form button.btn-primary")
    page.wait_for_selector("progress")
    answer_questions(service.database)
    page.wait_for_selector("#customers tbody tr:nth-child(2)", timeout=20_000)

    assert "shown below" in page.locator("#customers tr:has-text('Nordhaven')").inner_text()
    page.click("#customers a:has-text('Brightmart')")
    page.wait_for_selector("#customers tr:has-text('Brightmart'):has-text('shown below')")
    assert visitor.axe() == []
