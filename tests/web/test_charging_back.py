"""The month's end in the browser: bill in, preview, run, a second person's approval, posting, statements."""

import re
from collections.abc import Callable
from decimal import Decimal

from playwright.sync_api import Page

from billing.actions.bill_due import bill_due
from core.scope import GlobalScope
from tenants.reads import find_tenant
from tests.web.conftest import NOW, Service, Visitor

Visit = Callable[..., Visitor]


def _amount(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.-]", "", text))


def _total(page: Page, selector: str) -> Decimal:
    return sum((_amount(text) for text in page.locator(selector).all_inner_texts()), Decimal(0))


def _issue_october(service: Service, slug: str) -> None:
    """Issue the newest month's bill, as vendor finance may with a reason."""
    with service.database.begin(GlobalScope()) as session:
        tenant = find_tenant(session, slug)
    bill_due(
        service.database,
        actor="system:tests",
        tenant_ids=[tenant.id],
        period="2026-10",
        skip_grace=True,
        reason="the month end in the browser",
        now_of=lambda _session, _tenant: NOW,
    )


def _total_of_pages(page: Page, table: str, column: int) -> Decimal:
    """Return the sum of a column over all pages of a table."""
    total = _total(page, f"{table} tbody td:nth-child({column})")
    following = page.locator(f"{table} .pager a:has-text('Next')")
    while following.count():
        address = following.get_attribute("href") or ""
        following.click()
        page.wait_for_url(f"**{address}")
        page.wait_for_selector(f"{table} .pager a:has-text('Previous')")
        total += _total(page, f"{table} tbody td:nth-child({column})")
    return total


def test_a_bill_becomes_statements_that_add_up_to_it_and_the_maker_cannot_approve(
    visit: Visit, service: Service
) -> None:
    _issue_october(service, "brightmart")
    maker = visit("tenant_finance", "brightmart")
    page = maker.go("/finance/brightmart?period=2026-10")

    # The issued bill waits; it is taken in, then the preview is the next step.
    billed = _amount(page.inner_text(".checklist [aria-current=step] .num"))
    page.click(".checklist .btn-primary")
    page.wait_for_url("**/pools?period=2026-10")
    maker.go("/finance/brightmart/preview?period=2026-10")
    page.wait_for_selector("figure.chart svg")
    assert "Balanced" in page.inner_text("main")
    assert _total_of_pages(page, "#centres", 4) == billed

    page.click("text=Make the run")
    page.wait_for_url("**/runs/**")
    run = page.url.removeprefix(maker.url)
    assert page.locator("summary:has-text('Approve')").count() == 0
    assert "somebody else has to approve" in page.inner_text("main")

    approver = visit("approver", "brightmart")
    other = approver.go(run)
    other.click("summary:has-text('Approve')")
    other.fill("#confirm-approve", "approve")
    other.click(".confirm[open] form .btn-primary")
    other.wait_for_selector("summary:has-text('Post')")

    maker.go(run)
    page.click("summary:has-text('Post')")
    page.fill("#confirm-post", "post")
    page.click(".confirm[open] form .btn-primary")
    page.wait_for_selector("text=Journal")

    maker.go("/finance/brightmart/statements?period=2026-10")
    assert _total_of_pages(page, "#statements", 4) == billed
    page.locator("#statements tbody th a").first.click()
    assert "% of the line" in page.inner_text("main")
    maker.go("/finance/brightmart?period=2026-10")
    assert page.locator(".tick-done").count() == 5


def test_a_final_act_without_its_word_changes_nothing(visit: Visit) -> None:
    maker = visit("tenant_finance", "kestrel-software")
    page = maker.go("/finance/kestrel-software/preview?period=2026-09")
    page.click("text=Make the run")
    page.wait_for_url("**/runs/**")
    run = page.url.removeprefix(maker.url)

    approver = visit("approver", "kestrel-software")
    other = approver.go(run)
    other.click("summary:has-text('Approve')")
    # Past the browser's own check, as a script would.
    other.eval_on_selector("#confirm-approve", "field => { field.removeAttribute('pattern'); field.value = 'yes' }")
    other.click(".confirm[open] form .btn-primary")

    assert "Type the word" in other.inner_text("[role=alert]:visible")
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
    page.click(".confirm[open] form .btn-danger")

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
    own = page.inner_text("h1")
    assert page.inner_text("#statements tbody th") == "September 2026"
    page.locator("#statements tbody th a").first.click()
    assert page.inner_text("h1") == own
    assert "% of the line" in page.inner_text("main")
    owner.go("/finance/nordhaven-bank", 403)
