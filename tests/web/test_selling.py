"""Sales builds a quote and a plan's next version by form; somebody else approves; the customer accepts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from billing.answers.tasks import answer_questions
from plans.tasks import move_customers
from tests.web.conftest import Service, Visitor

Visit = Callable[..., Visitor]
NEW = "/sales/customers/open-water/quotes/new"


def test_a_quote_from_its_form_to_the_contract(visit: Visit) -> None:
    seller = visit("vendor_sales")
    page = seller.go(NEW)
    page.wait_for_selector("#quote-preview .stat")
    page.fill("#fdiscount_percent", "25")
    page.press("#fdiscount_percent", "Tab")
    page.wait_for_selector("#quote-preview .notice-warn")
    assert seller.axe() == []
    page.fill("#fkey", "from-the-form")
    page.click("text=Save as a draft")
    page.wait_for_selector("h1:has-text('from-the-form')")
    address = page.url.removeprefix(seller.url)
    page.click("button:has-text('Send')")
    page.wait_for_selector("text=It waits for somebody else's approval")
    assert page.locator("button:has-text('Approve')").count() == 0
    assert seller.axe() == []

    approver = visit("vendor_finance")
    assert "from-the-form" in approver.go("/sales/approvals").inner_text("#quotes")
    approver.go(address).click("text=Approve and send")
    approver.page.wait_for_selector("dt:has-text('Approved by')")

    customer = visit("tenant_admin", "open-water", size="phone")
    page = customer.go("/admin/open-water/offers")
    page.click("text=from-the-form")
    page.wait_for_selector("h1:has-text('from-the-form')")
    assert (customer.axe(), customer.overflow()) == ([], 0)
    page.click("summary:has-text('Accept')")
    page.fill("#confirm-accept", "accept")
    page.click(".confirm[open] button:has-text('Accept')")
    page.wait_for_selector(".badge:has-text('Accepted')")
    assert "From the form" not in page.inner_text("main")


def test_on_a_phone_what_is_chosen_from_a_list_has_a_line_of_its_own(visit: Visit) -> None:
    page = visit("vendor_sales", None, size="phone").go(NEW)
    row = page.locator("#offer .fields").first.bounding_box()
    chosen = page.locator("#fplan").bounding_box()

    assert row
    assert chosen
    assert chosen["width"] == row["width"]


def test_an_expired_offer_says_what_helps(visit: Visit) -> None:
    page = visit("tenant_admin", "open-water").go("/admin/open-water/offers")
    page.click("text=spring-offer")

    page.wait_for_selector(".notice-warn:has-text('Ask your contact in sales for a new version')")
    assert page.locator("summary:has-text('Accept')").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_what_cannot_be_read_is_told_at_its_field(visit: Visit, scripts: bool) -> None:
    page = visit("vendor_sales", None, java_script_enabled=scripts).go(NEW)
    page.fill("#fterm_months", "none")
    page.click("button:has-text('Send')")

    page.wait_for_selector("#fterm_months-fault")
    assert page.get_attribute("#fterm_months", "aria-invalid") == "true"
    assert page.input_value("#fterm_months") == "none"


def test_a_version_is_written_priced_published_and_customers_are_moved_to_it(visit: Visit, service: Service) -> None:
    seller = visit("vendor_sales")
    page = seller.go("/sales/catalogue/light/draft")
    unit = "[name='/charges/0/prices/EUR/tiers/0/unit']"
    page.fill(unit, "much")
    page.click("text=Save the draft")
    page.wait_for_selector(".field .error")
    page.fill(unit, "1.60")
    page.click("text=Save the draft")
    page.wait_for_selector("#live .told li")
    assert "1.10 becomes 1.60" in page.inner_text("#live")
    assert seller.axe() == []

    agree_on_a_minimum_and_drop_it(page)

    page.click("text=What it means in money")
    page.wait_for_selector("progress")
    answer_questions(service.database)
    page.wait_for_selector("#impact tbody tr", timeout=20_000)
    page.click("text=Back to the draft")
    page.click("summary:has-text('Publish')")
    page.fill("#confirm-publish", "publish")
    page.click(".confirm[open] button:has-text('Publish')")
    page.wait_for_selector("text=Version 2 is what new customers get")

    page = seller.go("/sales/catalogue/light/draft")
    page.fill(unit, "1.70")
    page.click("text=Save the draft")
    page.click("summary:has-text('Discard the draft')")
    page.fill("#confirm-discard", "discard")
    page.click(".confirm[open] button:has-text('Discard the draft')")
    page.wait_for_selector("text=Write the next version")

    page.click("a:has-text('What changed')")
    page.wait_for_selector("text=1.10 becomes 1.60")
    page = seller.go("/sales/catalogue/light/moves")
    page.click("button:has-text('Preview')")
    page.wait_for_selector("progress")
    move_customers(service.database)
    page.wait_for_selector(".badge:has-text('Would move')", timeout=20_000)
    assert seller.axe() == []
    page.reload()
    page.click("summary:has-text('Move them')")
    page.fill("#confirm-move", "move")
    page.click(".confirm[open] button:has-text('Move them')")
    page.wait_for_selector("h1:has-text('Move: version 1 to 2')")
    move_customers(service.database)
    page.wait_for_selector(".badge:has-text('Moved')", timeout=20_000)


def agree_on_a_minimum_and_drop_it(page: Page) -> None:
    page.click("summary:has-text('Minimum commitments')")
    page.click("text=Add a minimum")
    page.wait_for_selector("text='minimum_1' has no amount in any currency")
    page.check("[name='has:/commitments/0/charges:registered_members']")
    page.fill("[name='/commitments/0/amounts/EUR']", "1")
    page.click("text=Save the draft")
    page.wait_for_selector("text=There is no amount in GBP")
    assert page.is_checked("[name='has:/commitments/0/charges:registered_members']")
    page.click("text=Remove New minimum")
    page.wait_for_selector("#live .notice-good")


def test_revenue_is_exported_as_it_is_shown(visit: Visit) -> None:
    page = visit("vendor_finance").go("/sales/revenue")
    closing = page.locator("#months tbody tr").last.locator("td").nth(6).inner_text()

    with page.expect_download() as csv:
        page.click("#months a:has-text('Export CSV')")
    with page.expect_download() as excel:
        page.click("a:has-text('Export Excel')")

    assert closing.lstrip("€").replace(",", "") in csv.value.path().read_text(encoding="utf-8-sig")
    assert excel.value.path().read_bytes()[:2] == b"PK"
