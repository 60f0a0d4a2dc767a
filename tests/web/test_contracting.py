"""Sales begins, changes and ends a contract in the browser: each act is previewed, then confirmed."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]
CUSTOMER = "/sales/customers/open-water"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_contract_is_begun_changed_and_ended_with_and_without_scripts(visit: Visit, scripts: bool) -> None:
    seller = visit("vendor_sales", None, java_script_enabled=scripts)
    name = f"by-hand-{scripts}".lower()
    page = seller.go(f"{CUSTOMER}/contracts/new")
    page.select_option("#fplan", label="Light (Community), version 1")
    page.fill("#fkey", name)
    page.click("button:has-text('Preview')")
    page.wait_for_selector("#preview h2:has-text('What is done')")
    assert "Next period" in page.inner_text("#preview")
    if scripts:
        assert (seller.axe(), seller.overflow()) == ([], 0)
    page.click("button:has-text('Confirm')")
    page.wait_for_selector(".notice-good:has-text('The contract is begun')")

    [anchor] = [page.url.split("#")[1]]
    page.click(f"#{anchor} a:text-is('Change')")
    page.fill("#fquantity", "3")
    page.select_option("#fwhen", "prorate_now")
    page.click("button:has-text('Preview')")
    page.wait_for_selector("#preview li:has-text('× 3')")
    if scripts:
        assert seller.axe() == []
    page.click("button:has-text('Confirm')")
    page.wait_for_selector(f"#{anchor} .timeline li:has-text('× 3')")

    page.click(f"#{anchor} a:text-is('End')")
    page.click("button:has-text('Preview')")
    page.fill("#word", "end")
    page.click("button:has-text('Confirm')")
    page.wait_for_selector(f"#{anchor} .badge:has-text('Ending')")


def test_a_preview_that_the_form_has_left_behind_is_not_confirmed(visit: Visit) -> None:
    seller = visit("vendor_sales", None, size="phone", scheme="dark")
    page = seller.go(f"{CUSTOMER}/contracts/new")
    page.click("button:has-text('Preview')")
    page.wait_for_selector("button:has-text('Confirm')")
    page.evaluate("scrollTo(0, 0)")  # what the bar covers is too small a target to axe
    assert (seller.axe(), seller.overflow()) == ([], 0)

    page.fill("#fquantity", "7")

    assert page.is_visible("#preview .notice-warn:has-text('preview it again')")
    assert page.is_disabled("button:has-text('Confirm')")
    page.click("button:has-text('Preview')")
    page.wait_for_selector("#preview li:has-text('× 7')")
    assert page.is_enabled("button:has-text('Confirm')")


def test_a_fault_is_told_at_its_field(visit: Visit) -> None:
    page = visit("vendor_sales").go(f"{CUSTOMER}/contracts/new")
    page.fill("#flast_day", "2020-01-31")
    page.click("button:has-text('Preview')")

    page.wait_for_selector("#flast_day-fault:has-text('before the first one')")
    assert page.get_attribute("#flast_day", "aria-invalid") == "true"
