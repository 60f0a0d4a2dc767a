"""Signing in and out, being led to one's own workspace, and what a stranger sees."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Service, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.parametrize(
    ("role", "tenant", "home"),
    [
        ("vendor_admin", None, "/sales/customers"),
        ("vendor_auditor", None, "/sales/customers"),
        ("tenant_admin", "brightmart", "/admin/brightmart"),
        ("tenant_finance", "brightmart", "/finance/brightmart"),
        ("cost_centre_owner", "brightmart", "/centre/brightmart"),
    ],
)
def test_everybody_is_led_to_their_own_workspace(visit: Visit, role: str, tenant: str | None, home: str) -> None:
    visitor = visit(role, tenant)

    assert visitor.page.url == visitor.url + home


def test_a_wrong_password_shows_the_form_again_with_the_address_kept(visit: Visit, service: Service) -> None:
    visitor = visit(None)
    email, _ = service.users["tenant_admin", "brightmart"]

    page = visitor.go("/sign-in")
    page.fill("#email", email)
    page.fill("#password", "not the password")
    page.click("form button")

    assert "wrong" in page.inner_text("[role=alert]:visible")
    assert page.input_value("#email") == email


def test_the_page_that_was_asked_for_comes_after_signing_in(visit: Visit, service: Service) -> None:
    visitor = visit(None)
    email, password = service.users["tenant_admin", "brightmart"]

    page = visitor.go("/admin/brightmart/seats?period=2026-09")
    assert "/sign-in" in page.url
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("form button")

    assert page.url == f"{visitor.url}/admin/brightmart/seats?period=2026-09"


def test_no_link_leads_to_another_site_after_signing_in(visit: Visit, service: Service) -> None:
    visitor = visit(None)
    email, password = service.users["tenant_admin", "brightmart"]

    page = visitor.go("/sign-in?next=//elsewhere.example/")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("form button")

    assert page.url == f"{visitor.url}/admin/brightmart"


def test_after_signing_out_the_pages_are_closed(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")

    visitor.page.click("summary[aria-label^='Account']")
    visitor.page.click("text=Sign out")
    visitor.page.wait_for_url("**/sign-in")

    page = visitor.go("/admin/brightmart")
    assert "/sign-in" in page.url


def test_another_customer_s_pages_do_not_exist(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")

    for path in ("/admin/nordhaven-bank", "/finance/nordhaven-bank", "/centre/nordhaven-bank"):
        visitor.go(path, 404)


def test_what_a_role_may_not_see_says_so(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")

    page = visitor.go("/finance/brightmart", 403)
    assert "Administrator" in page.inner_text("main")
    visitor.go("/sales/customers", 403)


def test_a_change_without_the_page_s_token_is_refused(visit: Visit) -> None:
    visitor = visit("tenant_finance", "brightmart")

    answer = visitor.page.request.post(
        f"{visitor.url}/finance/brightmart/runs", form={"period": "2026-09"}, headers={"accept": "text/html"}
    )

    assert answer.status == 403


def test_a_session_that_ended_meanwhile_leads_to_signing_in_not_to_a_broken_table(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go("/admin/brightmart/members?period=2026-10")

    page.context.clear_cookies()
    page.click("#evidence thead a:has-text('When')")

    page.wait_for_url("**/sign-in?next=**")
    # htmx tells the console of the refused request: that is what happened.
    visitor.faults.clear()


def test_a_service_that_cannot_be_reached_is_told(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go("/admin/brightmart/members?period=2026-10")

    page.context.set_offline(True)
    page.click("#evidence thead a:has-text('When')")

    page.wait_for_selector(".offline:not([hidden])")
    visitor.faults.clear()
