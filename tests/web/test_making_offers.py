"""Sales makes what is sold in the browser: a family, a plan, a coupon."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_a_family_and_a_plan_are_begun_and_discarded(visit: Visit, size: str, scheme: str) -> None:
    seller = visit("vendor_sales", None, size=size, scheme=scheme)
    page = seller.go("/sales/families")
    page.fill("#fname", f"Family {size}")
    page.click("button:has-text('Make the family')")
    page.wait_for_selector(f"h2:has-text('Family {size}')")
    assert (seller.axe(), seller.overflow()) == ([], 0)

    page = seller.go("/sales/plans/new")
    page.click("button:has-text('Begin its draft')")
    page.wait_for_selector("#fname-fault")
    page.fill("#fname", f"Plan {size}")
    page.select_option("#ffamily", label=f"Family {size}")
    page.select_option("#flike", "light")
    assert (seller.axe(), seller.overflow()) == ([], 0)
    page.click("button:has-text('Begin its draft')")
    page.wait_for_selector(f"h1:has-text('Plan {size}, version 1')")
    page = seller.go("/sales/catalogue")
    page.click(f"a:has-text('Plan {size}')")
    page.click("summary:has-text('Discard the draft')")
    page.fill("#confirm-discard", "discard")
    page.click(".confirm[open] button:has-text('Discard the draft')")
    page.wait_for_selector("h1:has-text('Catalogue')")
    assert page.locator(f"a:has-text('Plan {size}')").count() == 0


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_a_coupon_is_made_and_ended(visit: Visit, size: str, scheme: str) -> None:
    seller = visit("vendor_sales", None, size=size, scheme=scheme)
    page = seller.go("/sales/coupons/new")
    page.fill("#fcode", f"spring-{size}")
    page.fill("#fpercent", "12.5")
    page.click("button:has-text('Make the coupon')")
    page.wait_for_selector("#fname-fault")
    page.fill("#fname", "Spring")
    page.fill("#fmax_redemptions", "50")
    page.click("button:has-text('Make the coupon')")
    page.wait_for_selector(f"h1:has-text('SPRING-{size.upper()}')")
    assert "0 of 50" in page.inner_text("main")
    assert (seller.axe(), seller.overflow()) == ([], 0)

    page.click("summary:has-text('End this coupon')")
    page.fill("#confirm-end", "end")
    page.click(".confirm[open] button:has-text('End this coupon')")
    page.wait_for_selector(".badge:has-text('Ended')")
    page = seller.go("/sales/coupons")
    assert "12.5% off" in page.inner_text("#coupons")
    assert (seller.axe(), seller.overflow()) == ([], 0)
