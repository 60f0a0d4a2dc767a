"""The month's end in the browser: bill in, preview, run, a second person's approval, posting, statements."""

import re
from collections.abc import Callable
from decimal import Decimal

from playwright.sync_api import Page

from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]


def _amount(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.-]", "", text))


def _total(page: Page, selector: str) -> Decimal:
    return sum((_amount(text) for text in page.locator(selector).all_inner_texts()), Decimal(0))


def test_a_bill_becomes_statements_that_add_up_to_it_and_the_maker_cannot_approve(visit: Visit) -> None:
    maker = visit("tenant_finance", "brightmart")
    page = maker.go("/finance/brightmart?period=2026-09")

    # The newest issued bill waits; it is taken in, then the preview is the next step.
    billed = _amount(page.inner_text(".checklist [aria-current=step] .num"))
    page.click(".checklist .btn-primary")
    page.wait_for_url("**/pools?period=2026-09")
    maker.go("/finance/brightmart/preview?period=2026-09")
    page.wait_for_selector("figure.chart svg")
    assert "Balanced" in page.inner_text("main")
    assert _total(page, "#centres tbody td:nth-child(4)") == billed

    page.click("text=Make the run")
    page.wait_for_url("**/runs/**")
    run = page.url.removeprefix(maker.url)
    assert page.locator("summary:has-text('Approve')").count() == 0
    assert "somebody else has to approve" in page.inner_text("main")

    approver = visit("approver", "brightmart")
    other = approver.go(run)
    other.click("summary:has-text('Approve')")
    other.fill("#confirm-approve", "approve")
    other.click(".confirm[open] .btn-primary")
    other.wait_for_selector("summary:has-text('Post')")

    maker.go(run)
    page.click("summary:has-text('Post')")
    page.fill("#confirm-post", "post")
    page.click(".confirm[open] .btn-primary")
    page.wait_for_selector("text=Journal")

    maker.go("/finance/brightmart/statements?period=2026-09")
    assert _total(page, "#statements tbody td:nth-child(5)") == billed
    page.locator("#statements tbody th a").first.click()
    assert "% of the line" in page.inner_text("main")
    maker.go("/finance/brightmart?period=2026-09")
    assert page.locator(".tick-done").count() == 5


def test_a_final_act_without_its_word_changes_nothing(visit: Visit) -> None:
    maker = visit("tenant_finance", "kestrel-software")
    page = maker.go("/finance/kestrel-software?period=2026-09")
    page.click(".checklist .btn-primary")
    page.wait_for_url("**/pools?**")
    maker.go("/finance/kestrel-software/preview?period=2026-09")
    page.click("text=Make the run")
    page.wait_for_url("**/runs/**")
    run = page.url.removeprefix(maker.url)

    approver = visit("approver", "kestrel-software")
    other = approver.go(run)
    other.click("summary:has-text('Approve')")
    # Past the browser's own check, as a script would.
    other.eval_on_selector("#confirm-approve", "field => { field.removeAttribute('pattern'); field.value = 'yes' }")
    other.click(".confirm[open] .btn-primary")

    assert "Type the word" in other.inner_text("[role=alert]")
    assert "Draft" in other.inner_text("dl.kv")


def test_a_run_is_withdrawn_with_its_reason(visit: Visit) -> None:
    maker = visit("tenant_finance", "kestrel-software")
    page = maker.go("/finance/kestrel-software/preview?period=2026-09")
    if page.locator("text=Open the run that waits").count():
        page.click("text=Open the run that waits")
    else:
        page.click("text=Make the run")
    page.wait_for_url("**/runs/**")

    page.click("summary:has-text('Withdraw')")
    page.fill("#reason", "wrong rules")
    page.click(".confirm[open] .btn-danger")

    page.wait_for_selector("text=wrong rules")
    assert "Withdrawn" in page.inner_text("dl.kv")


def test_an_auditor_sees_everything_and_no_button(visit: Visit) -> None:
    auditor = visit("vendor_auditor")

    for path in ("/finance/brightmart", "/finance/brightmart/pools", "/finance/brightmart/rules"):
        page = auditor.go(path)
        assert page.locator("main form[method=post]").count() == 0, path


def test_a_cost_centre_s_owner_reads_their_own_statement_only(visit: Visit) -> None:
    owner = visit("cost_centre_owner", "nordhaven-bank")

    page = owner.go("/centre/nordhaven-bank")
    assert page.locator("#statements tbody tr").count() >= 1
    centres = set(page.locator("#statements tbody th").all_inner_texts())
    assert len(centres) == 1
    page.locator("#statements tbody th a").first.click()
    assert "% of the line" in page.inner_text("main")
    owner.go("/finance/nordhaven-bank", 403)
