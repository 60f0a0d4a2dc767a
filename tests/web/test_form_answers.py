"""What a form answers is in sight and has the focus, wherever it stands on its page, without JavaScript too."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]
WITH_FOCUS = """
() => {
  const one = document.activeElement, at = one.getBoundingClientRect();
  const seen = at.height > 0 && at.top >= 0 && at.bottom <= innerHeight;
  return seen ? one.innerText.trim() : `out of sight: ${one.innerText.slice(0, 40)}`;
}
"""


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_under_fifty_people_the_answer_is_what_is_seen_first(visit: Visit, size: str) -> None:
    visitor = visit("tenant_admin", "brightmart", size=size)
    page = visitor.go("/admin/brightmart/people")
    for form, field in (("merge", "#key"), ("stay", "#stay-who"), ("erase", "#who")):
        page.click(f"#{form} > summary")
        page.fill(field, "nobody.of.that.name")
        if form == "merge":
            page.fill("#into", "nobody.else")
            page.fill("#reason", "one person")
        page.click(f"#{form} form button")
        page.wait_for_selector(f"#{form} .notice-bad")

        assert page.evaluate(WITH_FOCUS).startswith("Not done."), form
    page.fill("#who", page.inner_text("#people tbody tr:first-child td:nth-child(2)").split(",")[0])
    page.click("#erase form button")
    page.wait_for_selector("#erase .notice:not(.notice-bad)")
    assert page.evaluate(WITH_FOCUS).startswith("Nothing was changed yet.")


def test_without_javascript_the_page_leads_to_the_answer_as_well(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart", java_script_enabled=False)
    page = visitor.go("/admin/brightmart/people")
    page.click("#stay > summary")
    page.fill("#stay-who", "nobody.of.that.name")
    page.click("#stay form button")

    told = page.locator("#stay .notice-bad:focus").bounding_box()

    assert told is not None
    assert 0 <= told["y"] <= 900 - told["height"]


def test_a_statement_that_is_refused_is_said_where_the_reader_is_led(visit: Visit) -> None:
    page = visit("tenant_admin", "brightmart").go("/admin/brightmart/xapi")
    page.fill("#statement", "no statement")
    page.click("button:has-text('What would it become?')")
    page.wait_for_selector(".notice-bad")

    assert page.evaluate(WITH_FOCUS).startswith("Not done.")
