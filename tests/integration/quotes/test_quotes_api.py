"""Quotes by the API: who sees what, and whose approval counts."""

from io import BytesIO

from pypdf import PdfReader

from core.scope import VENDOR_ID, TenantScope
from tenants.actions.create_user import KeyInput, create_api_key
from tenants.reads import users_of
from tests.builders.quote import SELLER
from tests.builders.world import bearer


def test_the_vendor_quotes_and_the_customers_admin_accepts(client, world, books, acme):
    sales, admin = world.key("vendor_sales"), world.key("tenant_admin", acme)
    body = {
        "terms": {"plan": "small", "starts_on": "2026-12-01"},
        "valid_until": "2099-12-31",
        "key": "deal",
    }
    assert client.post("/v1/quotes", json=body, headers=bearer(admin)).status_code == 403

    made = client.post("/v1/quotes", json=body, headers=bearer(sales, "acme"))
    assert made.status_code == 201, made.text
    path = f"/v1/quotes/{made.json()['id']}"
    assert made.json()["listed"]["currency"] == made.json()["net"]["currency"]

    seen = client.get(path, headers=bearer(admin)).json()
    assert (seen["status"], seen["listed"], seen["discount_percent"]) == ("open", None, None)
    pdf = client.get(f"{path}/pdf", headers=bearer(admin))
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert client.post(f"{path}/accept", headers=bearer(sales, "acme")).status_code == 403
    accepted = client.post(f"{path}/accept", headers=bearer(admin))
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted"), accepted.text
    held = client.get(f"/v1/subscriptions/{accepted.json()['subscription_id']}", headers=bearer(admin)).json()
    assert held["key"] == "quote-deal-1"


def test_the_document_says_every_price_and_what_is_agreed_on(client, world, books, acme):
    admin = bearer(world.key("vendor_admin"), "acme")
    terms = {
        "plan": "small", "starts_on": "2026-12-01", "quantity": 3, "trial_days": 14,
        "discounts": [{"key": "deal", "name": "Welcome", "percent": "7.5", "periods": 3}],
        "phases": [{"starts_on": "2027-03-01", "quantity": 5}],
    }  # fmt: skip
    made = client.post("/v1/quotes", json={"terms": terms, "valid_until": "2099-12-31"}, headers=admin)
    assert made.status_code == 201, made.text

    pdf = client.get(f"/v1/quotes/{made.json()['id']}/pdf", headers=admin)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf.content)).pages).split())

    for said in (
        "Quantity 3", "Trial 14 days free", "Platform fee €100.00 a month billed in advance",
        "Active members €4.20 a member", "Welcome: 7.5% off in the first 3 periods.",
        "From 1 Mar 2027: small, 5 of it.",
    ):  # fmt: skip
        assert said in text, text
    assert "19 %" in text, "and not 19.000 %"


def test_limits_are_set_by_who_may_approve_and_hold_for_the_seller(client, world, books, acme):
    sales, finance = world.key("vendor_sales"), world.key("vendor_finance")
    assert client.put("/v1/seller-limits/*", json={"discount_percent": "5"}, headers=bearer(sales)).status_code == 403
    limit = client.put("/v1/seller-limits/*", json={"discount_percent": "5"}, headers=bearer(finance))
    said = {"seller": "*", "discount_percent": "5", "floor_percent": "0", "margin_floor_percent": None}
    assert limit.json() == said
    deal = {"key": "d", "name": "D", "percent": "6"}
    body = {
        "terms": {"plan": "small", "starts_on": "2026-12-01", "discounts": [deal]},
        "valid_until": "2099-12-31",
    }

    made = client.post("/v1/quotes", json=body, headers=bearer(sales, "acme")).json()

    assert (made["status"], made["needs_approval"]) == ("pending", True)
    admin = world.key("tenant_admin", acme)
    assert client.get(f"/v1/quotes/{made['id']}", headers=bearer(admin)).status_code == 404
    answer = client.post(f"/v1/quotes/{made['id']}/approve", headers=bearer(finance, "acme"))
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_limit_exceeded")


def test_whoever_made_a_quote_does_not_approve_it_with_another_key_of_theirs(client, world, books, acme):
    first = world.key("vendor_admin")
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        [user] = users_of(session, None)
        second = create_api_key(session, KeyInput(user.id, user.role, "second"), SELLER, books.now).token
    deal = {"key": "d", "name": "D", "percent": "6"}
    terms = {"plan": "small", "starts_on": "2026-12-01", "discounts": [deal]}
    body = {"terms": terms, "valid_until": "2099-12-31"}
    made = client.post("/v1/quotes", json=body, headers=bearer(first, "acme")).json()

    answer = client.post(f"/v1/quotes/{made['id']}/approve", headers=bearer(second, "acme"))

    assert (made["status"], answer.json()["code"]) == ("pending", "quote_approver_is_maker")


def test_quotes_are_listed_page_by_page_and_what_was_never_sent_is_not_the_customers(client, world, books, acme):
    sales, finance, admin = world.key("vendor_sales"), world.key("vendor_finance"), world.key("tenant_admin", acme)
    deal = [{"key": "d", "name": "D", "percent": "6"}]

    def make(key: str, **more: object) -> str:
        terms = {"plan": "small", "starts_on": "2026-12-01"} | more.pop("terms", {})
        body = {"terms": terms, "valid_until": "2099-12-31", "key": key} | more
        answer = client.post("/v1/quotes", json=body, headers=bearer(sales, "acme"))
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def listed(key: str, query: str = "") -> tuple[list[str], str | None]:
        answer = client.get(f"/v1/quotes{query}", headers=bearer(key, "acme")).json()
        return [one["key"] for one in answer["items"]], answer["next_cursor"]

    make("a")
    make("b", draft=True)
    make("c", terms={"discounts": deal})
    made, cursor = listed(sales, "?limit=2")
    assert (made, listed(sales, f"?limit=2&cursor={cursor}")) == (["c", "b"], (["a"], None))
    assert listed(sales, "?status=draft") == (["b"], None)
    assert listed(admin) == (["a"], None)

    waiting = client.get("/v1/quote-approvals", headers=bearer(finance)).json()["items"]
    assert [(one["customer"], one["quote"]["key"]) for one in waiting] == [("acme", "c")]
    assert client.get("/v1/quote-approvals", headers=bearer(sales)).status_code == 403


def test_what_the_customer_declined_stays_in_their_list(client, world, books, acme):
    sales, admin = world.key("vendor_sales"), world.key("tenant_admin", acme)
    body = {"terms": {"plan": "small", "starts_on": "2026-12-01"}, "valid_until": "2099-12-31", "draft": True}
    path = f"/v1/quotes/{client.post('/v1/quotes', json=body, headers=bearer(sales, 'acme')).json()['id']}"

    assert client.get(path, headers=bearer(admin)).status_code == 404
    assert client.post(f"{path}/send", headers=bearer(sales, "acme")).json()["status"] == "open"
    client.post(f"{path}/decline", json={"reason": "too dear"}, headers=bearer(admin))
    assert client.get(path, headers=bearer(admin)).json()["status"] == "declined"
    preview = client.post("/v1/quotes/preview", json=body, headers=bearer(sales, "acme"))
    assert (preview.status_code, preview.json()["below_floor"]) == (200, False), preview.text


def test_what_is_out_waits_again_once_its_makers_limit_is_lowered(client, world, books, acme):
    sales, finance = world.key("vendor_sales"), world.key("vendor_finance")

    def limit(discount: str, floor: str = "0") -> None:
        body = {"discount_percent": discount, "floor_percent": floor}
        assert client.put("/v1/seller-limits/*", json=body, headers=bearer(finance)).status_code == 200

    def make(key: str, percent: str) -> str:
        deal = {"key": "d", "name": "D", "percent": percent}
        terms = {"plan": "small", "starts_on": "2026-12-01", "discounts": [deal]}
        body = {"terms": terms, "valid_until": "2099-12-31", "key": key}
        return client.post("/v1/quotes", json=body, headers=bearer(sales, "acme")).json()["id"]

    def waiting() -> list[tuple[str, str]]:
        answer = client.get("/v1/quote-approvals", headers=bearer(finance)).json()["items"]
        return [(one["quote"]["key"], one["why"]) for one in answer]

    limit("10")
    small, large = make("small", "4"), make("large", "8")
    make("old", "8")
    make("old", "3")
    assert waiting() == []

    limit("5")
    assert waiting() == [("large", "limit_lowered")]
    own = {"discount_percent": "9"}
    [maker] = {client.get(f"/v1/quotes/{large}", headers=bearer(sales, "acme")).json()["created_by"]}
    client.put(f"/v1/seller-limits/{maker}", json=own, headers=bearer(finance))
    assert waiting() == []

    client.put(f"/v1/seller-limits/{maker}", json={"discount_percent": "5"}, headers=bearer(finance))
    limit("50")
    approved = client.post(f"/v1/quotes/{large}/approve", headers=bearer(finance, "acme"))
    assert (approved.status_code, waiting()) == (200, [])
    # Under a new floor no approval helps: it waits for a next version.
    floor = {"discount_percent": "5", "floor_percent": "95"}
    client.put(f"/v1/seller-limits/{maker}", json=floor, headers=bearer(finance))
    assert waiting() == [("large", "below_floor")]
    assert client.get(f"/v1/quotes/{small}", headers=bearer(sales, "acme")).json()["status"] == "open"
