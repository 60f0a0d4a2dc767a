import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from pypdf import PdfReader

from billing.documents.content import document_content
from billing.documents.render import render_pdf
from billing.documents.words import STEPS, Words
from billing.views import InvoiceLineView, InvoiceView, Parties, Party, TaxView
from core.money import Money
from core.periods import Period

OCTOBER = Period(datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))
STEP = {"code": "tier", "amount": "600", "quantity": "500", "unit_price": "1.2", "params": {"from": "0", "to": "500"}}


def line(position=1, kind="usage", minor=60000, centres=()):
    return InvoiceLineView(
        position=position, kind=kind, consumer_tenant_id=UUID(int=1), consumer_name="Meridian Bank",
        subscription_id=UUID(int=5), charge_key="members", description="Registered members", meter="members.registered.average",
        period=OCTOBER, supplied_from=date(2026, 10, 1), supplied_to=date(2026, 10, 31), quantity=Decimal(500), unit="people",
        amount=Money(minor, "EUR"), tax_category="S", tax_rate=Decimal("19.000"), tax_note="", purchase_order="",
        steps=(STEP,), cost_centres=centres, rated_line_id=None, credits_position=None,
    )  # fmt: skip


def invoice(**changes):
    base = InvoiceView(
        id=UUID(int=3), tenant_id=UUID(int=1), kind="invoice", status="finalised", status_reason="", number="TBE-2026-000042",
        legal_entity_id=UUID(int=9),
        parties=Parties(
            Party("Tollbook Europe GmbH", "Hauptstraße 1\n10115 Berlin", "DE", "DE123456789", "DE02120300000000202051"),
            Party("Meridian Bank AG", "Mainzer Landstraße 10\n60329 Frankfurt", "DE", "DE999999999"),
            30, "Europe/Berlin",
        ),
        currency="EUR", net=Money(60000, "EUR"), tax=Money(11400, "EUR"), gross=Money(71400, "EUR"),
        closes_on=date(2026, 11, 1), issued_on=date(2026, 11, 4), due_on=date(2026, 12, 4),
        supplied_from=date(2026, 10, 1), supplied_to=date(2026, 10, 31), period=OCTOBER, purchase_order="PO-8841",
        base_currency="EUR", base_rate=Decimal(1), base_rate_on=date(2026, 11, 4), base_rate_source="same currency",
        lines=(line(),), taxes=(TaxView("S", Decimal("19.000"), "", Money(60000, "EUR"), Money(11400, "EUR")),),
        evidence_count=1043, evidence_sha256="ab" * 32, evidence_files=(), credits_invoice_id=None, credits_number=None, run_id=None,
        created_at=datetime(2026, 11, 4, tzinfo=UTC), issued_at=datetime(2026, 11, 4, tzinfo=UTC),
    )  # fmt: skip
    return replace(base, **changes)


def texts(view: InvoiceView) -> str:
    pages = PdfReader(io.BytesIO(render_pdf(document_content(view, Words())))).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_the_pdf_carries_everything_that_an_invoice_must_say():
    text = texts(invoice())

    for wanted in (
        "TBE-2026-000042", "4 Nov 2026", "4 Dec 2026", "1 Oct 2026 – 31 Oct 2026", "30 days net", "PO-8841",
        "DE123456789", "DE999999999", "Tollbook Europe GmbH", "Meridian Bank AG", "Germany",
        "500 in the tier from 0 to 500, × 1.20", "600.00", "Tax 19 % on 600.00", "114.00", "714.00",
        "DE02120300000000202051", "1,043 entries", "ab" * 32, "Page 1 of 1",
    ):  # fmt: skip
        assert wanted in text


def test_the_same_content_gives_the_same_bytes():
    content = document_content(invoice(), Words())

    assert render_pdf(content) == render_pdf(content)


def test_the_files_date_is_the_documents_own_not_the_clocks():
    pdf = PdfReader(io.BytesIO(render_pdf(document_content(invoice(), Words()))))

    assert pdf.metadata.creation_date.date() == date(2026, 11, 4)


def test_a_credit_note_names_what_it_corrects_and_asks_for_no_payment():
    text = texts(invoice(kind="credit_note", credits_number="TBE-2026-000001", number="TBE-CN-2026-000001"))

    assert "Credit note" in text
    assert "Corrects TBE-2026-000001" in text
    assert "Amount credited (EUR)" in text
    assert "Please pay" not in text


def test_a_draft_says_so():
    assert "Draft" in texts(invoice(status="draft", number=None, issued_on=None, due_on=None))


def test_what_becomes_of_a_document_later_does_not_change_it():
    assert document_content(invoice(status="void"), Words()) == document_content(invoice(), Words())


def test_reverse_charge_is_explained():
    tax = TaxView(
        "AE", Decimal(0), "Reverse charge: the recipient accounts for the VAT.", Money(60000, "EUR"), Money(0, "EUR")
    )

    assert "Reverse charge: the recipient accounts for the VAT." in texts(invoice(taxes=(tax,)))


def test_where_the_books_are_kept_in_another_currency_the_tax_is_told_in_it_with_rate_source_and_date():
    # 114.00 EUR at 1.0875 = 123.975 → 123.98 USD.
    view = invoice(base_currency="USD", base_rate=Decimal("1.0875"), base_rate_source="ECB")

    assert "Tax in USD: 123.98 (1 EUR = 1.0875 USD, ECB, 4 Nov 2026)" in texts(view)


def test_a_late_line_names_its_cost_centres():
    assert "Cost centres 4711, unassigned" in texts(
        invoice(lines=(line(kind="late", centres=(("4711", Fraction(2)), (None, Fraction(1)))),))
    )


def test_what_a_customer_wrote_cannot_become_layout():
    party = Party('#panic("x") *bold* $x$', '#image("/etc/passwd")', "DE", "<b>")
    view = invoice(parties=replace(invoice().parties, buyer=party))

    assert '#panic("x") *bold* $x$' in texts(view)


def test_a_bill_of_many_lines_goes_over_several_pages():
    text = texts(invoice(lines=tuple(line(n) for n in range(1, 61))))

    assert "Page 2 of" in text


def test_every_step_has_a_sentence_and_none_breaks_for_lack_of_a_figure():
    for code in STEPS:
        assert Words().step({"code": code, "amount": "0"}, 2)
    assert Words().step({"code": "of_a_later_release", "amount": "0"}, 2) == "of_a_later_release"


def test_other_locales_write_figures_their_way():
    assert Words(locale="de_DE").money("-1234.5", 2) == "-1.234,50"
