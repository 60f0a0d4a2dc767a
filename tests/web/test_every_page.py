"""Every page: there for whom it is for, accessible, no wider than a phone, no fault in the console."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]

PAGES = {
    ("vendor_sales", None): (
        "/sales/customers",
        "/sales/customers/new",
        "/sales/customers/nordhaven-bank",
        "/sales/customers/nordhaven-bank/particulars",
        "/sales/customers/nordhaven-bank/contracts/new",
        "/sales/catalogue",
        "/sales/catalogue/light",
        "/sales/catalogue/full-active",
        "/sales/catalogue/full-active/draft",
        "/sales/plans/new",
        "/sales/families",
        "/sales/coupons",
        "/sales/coupons/new",
        "/sales/quotes",
        "/sales/quotes/new",
        "/sales/customers/open-water/quotes",
        "/sales/revenue",
    ),
    ("vendor_finance", None): (
        "/sales/approvals",
        "/sales/limits",
        "/sales/costs",
        "/admin/nordhaven-bank/credits/new",
    ),
    ("vendor_admin", None): (
        "/admin/nordhaven-bank/archives?keep=36",
        "/admin/nordhaven-bank",
        "/admin/kestrel-software/floating-pools",
        "/admin/kestrel-software/floating-pools/studio",
        "/finance/brightmart?period=2026-09",
    ),
    ("tenant_admin", "nordhaven-bank"): (
        "/admin/nordhaven-bank",
        "/admin/nordhaven-bank/members",
        "/admin/nordhaven-bank/members?show=excluded",
        "/admin/nordhaven-bank/seats",
        "/admin/nordhaven-bank/concurrency",
        "/admin/nordhaven-bank/courses",
        "/admin/nordhaven-bank/bills",
        "/admin/nordhaven-bank/credits",
        "/admin/nordhaven-bank/people",
        "/admin/nordhaven-bank/people/import",
        "/admin/nordhaven-bank/offers",
        "/admin/nordhaven-bank/imports",
        "/admin/nordhaven-bank/xapi",
        "/admin/nordhaven-bank/xapi?verb=https://x.example/v#row",
        "/admin/nordhaven-bank/keys",
        "/admin/nordhaven-bank/directory",
        "/admin/nordhaven-bank/users",
        "/admin/nordhaven-bank/sso",
        "/admin/nordhaven-bank/webhooks",
        "/admin/nordhaven-bank/mails",
        "/admin/nordhaven-bank/licence-files",
        "/admin/nordhaven-bank/alerts",
        "/admin/nordhaven-bank/evidence?meter=members.active",
        "/admin/nordhaven-bank/live",
    ),
    ("tenant_admin", "brightmart"): (
        "/admin/brightmart/seats",
        "/admin/brightmart/alerts",
        "/admin/brightmart/seat-pools",
        "/admin/brightmart/seat-pools/learners",
        "/admin/brightmart/seat-pools/learners?show=waiting",
        "/admin/brightmart/seat-pools/learners/release-matching?show=idle&idle=30",
        "/admin/brightmart/seat-pools/learners/invitations",
    ),
    ("tenant_finance", "brightmart"): (
        "/finance/brightmart",
        "/finance/brightmart/pools",
        "/finance/brightmart/rules",
        "/finance/brightmart/preview?period=2026-09",
        "/finance/brightmart/statements?period=2026-08",
        "/finance/brightmart/journal?period=2026-08",
    ),
    ("cost_centre_owner", "nordhaven-bank"): ("/centre/nordhaven-bank",),
}
CASES = [(role, tenant, path) for (role, tenant), paths in PAGES.items() for path in paths]


@pytest.mark.parametrize(("role", "tenant"), PAGES, ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(visit: Visit, role: str, tenant: str | None, scheme: str) -> None:
    visitor = visit(role, tenant, scheme=scheme)

    found = {}
    for path in PAGES[role, tenant]:
        visitor.go(path)
        found[path] = visitor.axe()

    assert {path: faults for path, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("role", "tenant"), PAGES, ids=str)
def test_no_page_is_wider_than_a_phone(visit: Visit, role: str, tenant: str | None) -> None:
    visitor = visit(role, tenant, size="phone")

    wider = {}
    for path in PAGES[role, tenant]:
        visitor.go(path)
        wider[path] = visitor.overflow()

    assert {path: pixels for path, pixels in wider.items() if pixels > 0} == {}


def test_sign_in_and_error_pages_are_accessible_too(visit: Visit) -> None:
    visitor = visit(None)

    for path in ("/sign-in", "/sign-in/forgotten"):
        visitor.go(path)
        assert visitor.axe() == []
    visitor.go("/no-such-page", 404)
    assert visitor.axe() == []


def test_the_page_of_an_invitation_is_accessible_too_and_takes_the_seat(visit: Visit) -> None:
    pool = "/admin/brightmart/seat-pools/learners"
    admin = visit("tenant_admin", "brightmart")
    admin.go(f"{pool}?show=waiting")
    address = admin.page.inner_text("#seats tbody th .sub")
    admin.go(f"{pool}/invitations")
    admin.page.fill("#names", address)
    admin.page.click("button.btn-primary")
    link = admin.page.get_attribute("a[href*='/invitations/']:has-text('Link')", "href")
    assert link
    assert admin.axe() == []

    stranger = visit(None, size="phone", scheme="dark")
    stranger.go(urlsplit(link).path)

    assert stranger.axe() == []
    assert stranger.overflow() <= 0
    stranger.page.click("button.btn-primary")
    stranger.page.wait_for_selector(".notice")
    assert stranger.axe() == []


@pytest.mark.parametrize("path", ["people", "users"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_one_of_a_list_is_accessible_too_and_no_wider_than_a_phone(
    visit: Visit, path: str, scheme: str
) -> None:
    visitor = visit("tenant_admin", "nordhaven-bank", size="phone", scheme=scheme)
    visitor.go(f"/admin/nordhaven-bank/{path}")
    visitor.page.click("table.data tbody th a")
    visitor.page.wait_for_selector("dl.kv")

    assert visitor.axe() == []
    assert visitor.overflow() <= 0


def test_every_link_of_the_rail_leads_somewhere_for_every_role(visit: Visit, service: object) -> None:
    for role, tenant in service.users:  # type: ignore[attr-defined]
        if tenant not in (None, "nordhaven-bank"):
            continue
        visitor = visit(role, tenant)
        links = visitor.page.eval_on_selector_all(".rail li a", "links => links.map(a => a.getAttribute('href'))")
        assert links, f"{role} sees no section"
        for link in links:
            visitor.go(link)
