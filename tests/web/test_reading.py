"""Reading: tables that sort, filter, page and export; charts with their tables; keyboard; themes."""

import csv
import io
from collections.abc import Callable

import pytest

from tests.web.conftest import Visitor

Visit = Callable[..., Visitor]
EVIDENCE = "/admin/brightmart/members?period=2026-10"


def _figures(visitor: Visitor, selector: str) -> list[str]:
    return [text.strip() for text in visitor.page.locator(selector).all_inner_texts()]


def test_sorting_swaps_the_table_alone_and_the_address_follows(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go(EVIDENCE)
    page.evaluate("window.untouched = true")

    page.click("#evidence thead a:has-text('When')")
    page.wait_for_url("**sort=at**")

    times = page.locator("#evidence tbody tr td:nth-child(3)").all_inner_texts()
    assert page.get_attribute("#evidence th[aria-sort]", "aria-sort") == "ascending"
    assert page.evaluate("window.untouched"), "the page was loaded anew"
    assert len(times) > 1
    page.go_back()
    page.wait_for_url(lambda address: "sort=" not in address)


def test_who_was_counted_adds_up_to_the_figure_and_the_file_holds_the_same_rows(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go(EVIDENCE)
    figure = page.inner_text("a.stat-figure").split()[0].replace(",", "")
    counted = page.inner_text("#evidence .chip[aria-current=true] .num").replace(",", "")

    with page.expect_download() as download:
        page.click("text=Export CSV")
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))

    # Whole people of weight 1, partners 0.6 …: the quantities are exact decimals that sum to the figure.
    assert len(rows) == int(counted)
    assert round(sum(float(row["Quantity"]) for row in rows), 2) == float(figure)


def test_those_who_were_not_counted_are_listed_with_the_reason(visit: Visit) -> None:
    visitor = visit("tenant_admin", "nordhaven-bank")
    page = visitor.go("/admin/nordhaven-bank/members?period=2026-10")

    page.click("#evidence .chip:has-text('Not counted')")
    page.wait_for_url("**show=excluded**")

    reasons = page.locator("#evidence tbody tr td:nth-child(2)").all_inner_texts()
    assert reasons
    assert all(reason.endswith(".") for reason in reasons)


def test_each_chart_is_drawn_and_holds_its_table(visit: Visit) -> None:
    visitor = visit("tenant_admin", "nordhaven-bank")
    page = visitor.go("/admin/nordhaven-bank/concurrency?period=2026-10")

    page.wait_for_selector("figure.chart svg")
    assert page.locator("figure.chart").count() == page.locator("figure.chart svg").count() == 3
    page.locator("figure.chart summary").nth(1).click()
    days = page.locator("figure.chart table").nth(1).locator("tbody tr")
    assert days.count() == 31
    marks = page.locator("figure.chart").nth(2).locator("svg text").all_text_contents()
    hours = [mark for mark in marks if ":" in mark]
    assert hours[:2] == ["00:00", "02:00"]
    assert all(hour.endswith(":00") for hour in hours), "times of a day are marked by whole hours"
    labels = page.locator("figure.chart .chart-canvas").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert all(labels)


def test_without_javascript_charts_are_tables_and_everything_is_a_link(visit: Visit) -> None:
    visitor = visit(None, java_script_enabled=False)
    email, password = visitor_of(visit)
    page = visitor.go("/sign-in")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("form button")
    visitor.go("/admin/brightmart/members?period=2026-10")

    assert page.locator("figure.chart table").first.is_visible()
    assert not page.locator("figure.chart .chart-canvas").first.is_visible()
    page.click("#evidence thead a:has-text('When')")
    assert "sort=at" in page.url
    page.click("summary[aria-label^='Account']")
    page.click("button:has-text('Dark')")
    assert page.get_attribute("html", "data-theme") == "dark"


def visitor_of(visit: Visit) -> tuple[str, str]:
    """Return e-mail and password of Brightmart's administrator, without signing in by the fixture."""
    return ("admin@brightmart.example", "tollbook-demo") if visit else ("", "")


def test_the_theme_changes_at_once_with_its_charts_and_is_remembered(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go("/admin/brightmart")
    page.wait_for_selector("figure.chart svg")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.click("summary[aria-label^='Account']")
    page.click("button:has-text('Dark')")

    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_the_first_tab_stop_skips_to_the_content(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go("/admin/brightmart/bills")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_menus_and_the_command_menu_work_by_keyboard(visit: Visit) -> None:
    visitor = visit("vendor_admin")
    page = visitor.go("/sales/customers")

    page.focus("summary[aria-label^='Account']")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.name") == "theme"
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    page.keyboard.press("Control+k")
    page.keyboard.type("catal")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sales/catalogue")


def test_a_slash_leads_to_the_search_which_filters_as_one_types(visit: Visit) -> None:
    visitor = visit("vendor_admin")
    page = visitor.go("/sales/customers")

    page.keyboard.press("/")
    page.keyboard.type("bright")
    page.wait_for_url("**search=bright**")

    assert page.locator("#customers tbody tr").count() == 1


def test_the_price_curve_answers_charge_currency_and_quantity(visit: Visit) -> None:
    visitor = visit("vendor_sales")
    page = visitor.go("/sales/catalogue/light?charge=registered_members&currency=USD&up_to=6000")

    page.wait_for_selector("figure.chart svg")
    page.locator("figure.chart summary").first.click()
    row = page.locator("figure.chart table").first.locator("tr", has=page.locator("th", has_text="5000")).first
    # 500 × 1.20 + 4,500 × 0.80 = 4,200
    assert row.locator("td").inner_text() == "US$4,200.00"
    page.select_option("#currency", "GBP")
    page.wait_for_url("**currency=GBP**")


def test_a_line_of_a_bill_shows_its_steps(visit: Visit) -> None:
    visitor = visit("tenant_admin", "nordhaven-bank")
    page = visitor.go("/admin/nordhaven-bank/bills")

    page.locator("#bills tbody th a").first.click()
    page.locator("summary:has-text('How it comes about')").first.click()

    assert page.locator(".steps-table").first.is_visible()


@pytest.mark.parametrize("tenant", ["nordhaven-bank", "brightmart", "lakeshore-university", "open-water"])
def test_every_billed_quantity_leads_to_exactly_those_who_were_counted(visit: Visit, tenant: str) -> None:
    visitor = visit("tenant_admin", tenant)
    page = visitor.go(f"/admin/{tenant}/bills")
    page.locator("#bills tbody th a").first.click()
    rows = page.locator("table.data > tbody > tr", has=page.locator("td.right a"))
    # Late facts and refunds show a difference; what they lead to is the whole.
    plain = [row for row in rows.all() if row.locator("th .badge").count() == 0]
    billed = [
        (row.locator("td.right a").inner_text(), row.locator("td.right a").get_attribute("href") or "") for row in plain
    ]

    assert billed
    for quantity, address in billed:
        visitor.go(address)
        assert page.inner_text(".stat-figure").split()[0] == quantity, address


def test_figures_are_written_as_the_reader_s_browser_asks(visit: Visit) -> None:
    visitor = visit("vendor_sales", locale="de-DE")
    page = visitor.go("/sales/catalogue/standard-named?currency=EUR")

    # 6.50 USD × 0.92 = 5.98
    assert "5,98\N{NO-BREAK SPACE}€" in page.inner_text("main")


def test_the_running_bill_comes_after_the_page_and_without_scripts_by_a_link(visit: Visit) -> None:
    page = visit("tenant_admin", "nordhaven-bank").go("/admin/nordhaven-bank")
    page.wait_for_selector("#so-far .stat-figure")
    told = page.inner_text("#so-far .stat-figure")

    plain = visit("tenant_admin", "nordhaven-bank", java_script_enabled=False).go("/admin/nordhaven-bank")
    plain.click("#so-far a")

    assert plain.inner_text("#so-far .stat-figure") == told


def test_on_a_phone_rows_of_events_stay_rows(visit: Visit) -> None:
    page = visit("tenant_admin", "nordhaven-bank", size="phone").go("/admin/nordhaven-bank/live")

    heights = page.locator("table.data tbody tr").evaluate_all("rows => rows.map(row => row.offsetHeight)")

    # Three or four lines of text each; an address broken into single letters would take forty.
    assert 0 < max(heights) < 160


def test_a_name_without_a_space_breaks_and_pushes_no_column_out(visit: Visit) -> None:
    visitor = visit("tenant_admin", "brightmart")
    page = visitor.go("/admin/brightmart/keys")
    page.fill("#name", "k" * 200)
    page.click("button:has-text('Make the key')")
    page.wait_for_selector("#token")
    page.click("a:has-text('All keys')")
    page.wait_for_selector("#keys tbody")
    wider = page.locator("#keys .table-wrap").evaluate("one => one.scrollWidth - one.clientWidth")
    own = page.get_attribute(f"#keys tbody a:has-text('{'k' * 200}')", "href")
    assert own

    assert wider <= 0
    phone = visit("tenant_admin", "brightmart", size="phone")
    phone.go(own)
    assert phone.overflow() <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_goes_on_out_of_sight_has_a_shadow_at_its_edge_and_none_where_it_ends(
    visit: Visit, scheme: str
) -> None:
    visitor = visit("tenant_admin", "brightmart", size="phone", scheme=scheme)
    page = visitor.go("/admin/brightmart/people")
    table = page.locator("#people .table-wrap")
    box = table.bounding_box()
    assert box is not None
    # A corner of the head, where no letter stands.
    edge = {"x": box["x"] + box["width"] - 8, "y": box["y"] + 2, "width": 8, "height": 8}

    there = page.screenshot(clip=edge)
    table.evaluate("one => { one.style.background = 'none' }")
    bare = page.screenshot(clip=edge)
    table.evaluate("one => { one.style.background = ''; one.scrollLeft = one.scrollWidth }")

    assert there != bare
    assert page.screenshot(clip=edge) == bare
    assert visitor.axe() == []
