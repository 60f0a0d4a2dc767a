"""Drafts, numbers, credit notes, withdrawals, the ledger, evidence and PDFs in the real database."""

import hashlib
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import zstandard
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.refresh_draft import refresh_draft
from billing.actions.render_invoice import render_invoice
from billing.actions.void_invoice import void_invoice
from billing.documents.content import document_content
from billing.documents.render import render_pdf
from billing.documents.words import Words
from billing.errors import (
    CreditExceedsInvoice,
    InvoiceAlreadyFinalised,
    InvoiceDraftOutdated,
    InvoiceHasCreditNotes,
    InvoiceNotCreditable,
    InvoiceNotDraft,
    IssueDateGoesBack,
    NothingToCredit,
    StepNotAllowed,
)
from billing.reads import evidence_of, transfers_of, trial_balance
from core.db import Database
from core.errors import InvalidInput, NotFound
from core.money import Money
from core.scope import VENDOR_ID, StewardScope, TenantScope
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.bill import ACTIVE, FEE, Books, lines
from tests.builders.world import ACTOR, World

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)
LATER = datetime(2026, 12, 4, 9, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world)
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def acme(books, world):
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1))
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cid"))
    return acme


def act(books, tenant, action, *args):
    with books.db.begin(TenantScope(tenant.id)) as session:
        return action(session, *args)


def balance(books):
    with books.db.begin(StewardScope()) as session:
        return {row.account: row.balance.amount_minor for row in trial_balance(session)}


# --- Drafts ---------------------------------------------------------------------------------------


def test_a_run_can_leave_drafts_which_are_issued_exactly_as_they_stand(books, acme):
    books.run(finalise=False)
    drafts = books.invoices(acme)
    assert [(draft.status, draft.number, draft.issued_on) for draft in drafts] == [("draft", None, None)] * 2
    assert lines(drafts[1]) == [("active", "usage", "3", "12.60"), ("fee", "advance", "1", "100.00")]

    number = act(books, acme, finalise_invoice, acme.id, drafts[1].id, NOW, ACTOR)

    issued = books.invoice(acme, drafts[1].id)
    assert (number, issued.number, issued.status) == ("EU-2026-000001", "EU-2026-000001", "finalised")
    assert (lines(issued), issued.gross, issued.evidence_sha256) == (
        lines(drafts[1]),
        drafts[1].gross,
        drafts[1].evidence_sha256,
    )


def test_a_draft_bills_its_periods_so_that_no_run_bills_them_again(books, acme):
    books.run(finalise=False)

    assert books.run().invoices == ()
    assert len(books.invoices(acme)) == 2


def test_a_draft_takes_in_late_facts_when_it_is_reckoned_anew_and_not_before(books, acme):
    books.run(finalise=False)
    draft = books.invoices(acme)[1]
    books.send(acme, *books.active("2026-10-06", "dora"))
    assert books.invoice(acme, draft.id) == draft

    act(books, acme, refresh_draft, acme.id, draft.id, NOW, ACTOR)

    assert lines(books.invoice(acme, draft.id))[0] == ("active", "usage", "4", "16.80")
    assert books.invoice(acme, draft.id).evidence_sha256 != draft.evidence_sha256


def test_what_comes_after_a_draft_was_issued_is_late_on_the_next_invoice(books, acme):
    books.run(finalise=False)
    draft = books.invoices(acme)[1]
    books.send(acme, *books.active("2026-10-06", "dora"), now=NOW + timedelta(hours=1))
    act(books, acme, finalise_invoice, acme.id, draft.id, NOW + timedelta(hours=2), ACTOR)

    books.run(LATER)

    assert ("active", "late", "1", "4.20") in lines(books.invoices(acme)[-1])


def test_a_refreshed_draft_keeps_its_late_lines(books, acme):
    books.run()
    books.send(acme, *books.active("2026-10-06", "dora"), now=LATER)
    books.run(LATER, finalise=False)
    draft = books.invoices(acme)[-1]
    assert ("active", "late", "1", "4.20") in lines(draft)

    act(books, acme, refresh_draft, acme.id, draft.id, LATER + timedelta(days=3), ACTOR)

    assert lines(books.invoice(acme, draft.id)) == lines(draft)


def test_a_draft_whose_late_lines_another_invoice_billed_must_be_refreshed_first(books, acme):
    books.run()
    books.send(acme, *books.active("2026-10-06", "dora"), now=LATER)
    books.run(LATER, finalise=False)
    draft = books.invoices(acme)[-1]
    january = datetime(2027, 1, 4, 9, tzinfo=UTC)
    books.send(acme, *books.active("2026-10-07", "eve"), now=january)
    books.run(january)

    with pytest.raises(InvoiceDraftOutdated):
        act(books, acme, finalise_invoice, acme.id, draft.id, january, ACTOR)
    assert books.invoice(acme, draft.id).status == "draft"
    act(books, acme, refresh_draft, acme.id, draft.id, january, ACTOR)
    act(books, acme, finalise_invoice, acme.id, draft.id, january, ACTOR)

    # October: 3 in time, 2 late on January's invoice: 5 × 4.20 = 21.00 in all, and nothing twice.
    october = [
        line.amount.amount_minor
        for d in books.invoices(acme)
        for line in d.lines
        if line.charge_key == "active" and line.supplied_to == date(2026, 10, 31)
    ]
    assert sum(october) == 2100


# --- Issued ---------------------------------------------------------------------------------------


def test_an_issued_document_is_not_issued_or_reckoned_again(books, acme):
    books.run()
    invoice = books.invoices(acme)[1]

    with pytest.raises(InvoiceAlreadyFinalised, match="EU-2026-000002"):
        act(books, acme, finalise_invoice, acme.id, invoice.id, NOW, ACTOR)
    with pytest.raises(InvoiceNotDraft):
        act(books, acme, refresh_draft, acme.id, invoice.id, NOW, ACTOR)


@pytest.mark.parametrize(
    "statement",
    [
        "update invoice_issue set gross_minor = 0, net_minor = 0, tax_minor = 0",
        "update invoice_line set net_minor = 0",
        "update rated_line set amount_minor = 0",
        "update transfer set amount_minor = 1",
        "update invoice_tax set tax_minor = 0",
        "update evidence_file set sha256 = sha256",
        "update number_registry set number = 9",
        "update invoice set currency = 'USD'",
        "delete from invoice",
        "delete from invoice_line",
        "delete from rated_line",
        "delete from transfer",
        "delete from billed_period",
        "delete from number_registry",
    ],
)
def test_the_database_refuses_to_change_what_was_issued(books, acme, statement):
    books.run()

    for scope in (TenantScope(acme.id), StewardScope()):
        with pytest.raises(ProgrammingError, match="permission denied"), books.db.begin(scope) as session:
            session.execute(text(statement))


def test_the_database_refuses_a_gap_a_repeated_number_and_a_date_that_goes_back(books, acme):
    books.run()
    row = (
        "insert into number_registry (legal_entity_id, series, year, number, issued_on, previous_number,"
        " previous_issued_on, tenant_id, invoice_id) select legal_entity_id, series, year, {number}, {day}, {previous},"
        " {previous_day}, tenant_id, gen_random_uuid() from number_registry where number = 2 and series = 'INV'"
    )
    for values in (
        {"number": "4", "day": "issued_on", "previous": "3", "previous_day": "issued_on"},
        {"number": "4", "day": "issued_on", "previous": "2", "previous_day": "issued_on"},
        {"number": "2", "day": "issued_on", "previous": "1", "previous_day": "issued_on"},
        {"number": "3", "day": "issued_on - 1", "previous": "2", "previous_day": "issued_on"},
        {"number": "3", "day": "issued_on - 1", "previous": "2", "previous_day": "issued_on - 1"},
    ):
        with pytest.raises(IntegrityError), books.db.begin(TenantScope(acme.id)) as session:
            session.execute(text(row.format(**values)))


def test_no_document_is_dated_before_the_last_of_its_series(books, acme, world):
    other = world.tenant("other")
    books.run()
    books.subscribe(other, starts_on=date(2026, 10, 1))
    books.run(LATER, finalise=False, tenant_ids=[other.id])
    draft = books.invoices(other)[0]

    with pytest.raises(IssueDateGoesBack):
        act(books, other, finalise_invoice, other.id, draft.id, NOW - timedelta(days=1), ACTOR)
    assert act(books, other, finalise_invoice, other.id, draft.id, NOW, ACTOR) == "EU-2026-000003"


def test_a_test_clocks_documents_have_a_series_of_their_own(books, world):
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        clock = create_test_clock(session, "sandbox", datetime(2030, 1, 1, tzinfo=UTC), ACTOR, NOW)
    sandbox = world.tenant("sandbox", test_clock_id=clock)
    books.now = datetime(2030, 1, 1, tzinfo=UTC)
    books.subscribe(sandbox, starts_on=date(2029, 12, 1))
    books.run(datetime(2030, 1, 4, 9, tzinfo=UTC))

    assert books.invoices(sandbox)[0].number == f"EU-INV-T{clock.hex[-8:]}-2030-000001"


# --- Money ----------------------------------------------------------------------------------------


def test_the_ledger_balances_and_an_advance_is_earned_when_its_period_is_over(books, acme):
    books.run(datetime(2026, 10, 1, tzinfo=UTC))
    # The opening invoice: 100.00 deferred, 19.00 tax.
    assert balance(books) == {"receivable": 11900, "deferred_revenue": -10000, "tax": -1900}

    books.run(NOW)

    # October's 12.60 and November's 100.00: net 112.60, tax 21.394 → 21.39. October's advance is
    # earned; November's is not.
    assert balance(books) == {
        "receivable": 11900 + 13399,
        "revenue": -11260,
        "deferred_revenue": -10000,
        "tax": -1900 - 2139,
    }
    assert sum(balance(books).values()) == 0


def test_books_in_another_currency_carry_rate_source_and_date(books, world):
    american = world.tenant("american", currency="USD", country="US", tax_id="")
    books.subscribe(american, starts_on=date(2026, 10, 1))
    books.run(datetime(2026, 10, 1, tzinfo=UTC))

    [opening] = books.invoices(american)
    with books.db.begin(TenantScope(american.id)) as session:
        [transfer] = transfers_of(session, american.id, opening.id)
    # The catalogue's ratio: 1 USD = 0.92 EUR. Outside the EU no tax is due.
    assert (transfer.amount, transfer.base_amount) == (Money(10000, "USD"), Money(9200, "EUR"))
    assert (opening.base_rate, opening.base_rate_source) == (Decimal("0.92"), "ratio of the catalogue's list prices")
    assert [(group.category, group.tax.text()) for group in opening.taxes] == [("O", "0.00")]


def test_voiding_keeps_the_number_undoes_the_transfers_and_bills_the_periods_anew(books, acme):
    books.run()
    october = books.invoices(acme)[1]
    before = balance(books)

    act(books, acme, void_invoice, acme.id, october.id, "wrong address", ACTOR, NOW)

    void = books.invoice(acme, october.id)
    assert (void.status, void.number, void.status_reason) == ("void", "EU-2026-000002", "wrong address")
    assert lines(void) == lines(october)
    books.run()
    again = books.invoices(acme)[-1]
    assert again.number == "EU-2026-000003"
    assert sorted(lines(again)) == [("active", "late", "3", "12.60"), ("fee", "late", "1", "100.00")]
    assert again.gross == october.gross
    # The fee was deferred on the first document and counts as earned on the second.
    assert balance(books)["receivable"] == before["receivable"]
    assert sum(balance(books).values()) == 0
    assert books.run().invoices == ()


def test_only_issued_documents_without_credits_can_be_voided(books, acme):
    books.run(finalise=False)
    draft, other = books.invoices(acme)
    with pytest.raises(StepNotAllowed):
        act(books, acme, void_invoice, acme.id, draft.id, "x", ACTOR, NOW)
    act(books, acme, finalise_invoice, acme.id, other.id, NOW, ACTOR)
    with pytest.raises(InvalidInput):
        act(books, acme, void_invoice, acme.id, other.id, " ", ACTOR, NOW)
    act(books, acme, credit_invoice, CreditInput(acme.id, other.id, "kind", {1: Money(1, "EUR")}), ACTOR, NOW)
    with pytest.raises(InvoiceHasCreditNotes):
        act(books, acme, void_invoice, acme.id, other.id, "x", ACTOR, NOW)
    with pytest.raises(NotFound):
        act(books, acme, void_invoice, acme.id, acme.id, "x", ACTOR, NOW)


def test_partial_credits_give_back_exactly_what_was_charged(books, acme):
    books.run()
    october = books.invoices(acme)[1]  # 12.60 + 100.00 = 112.60, tax 21.39, gross 133.99
    receivable = balance(books)["receivable"]

    for _ in range(3):
        act(
            books,
            acme,
            credit_invoice,
            CreditInput(acme.id, october.id, "goodwill", {1: Money(401, "EUR")}),
            ACTOR,
            NOW,
        )
    last = act(books, acme, credit_invoice, CreditInput(acme.id, october.id, "the rest"), ACTOR, NOW)

    notes = books.invoices(acme)[2:]
    assert [note.number for note in notes] == [f"EU-CN-2026-00000{n}" for n in (1, 2, 3, 4)]
    assert {note.credits_number for note in notes} == {october.number}
    assert sum(note.net.amount_minor for note in notes) == 11260
    assert sum(note.tax.amount_minor for note in notes) == 2139
    assert lines(books.invoice(acme, last)) == [("active", "credit", "1", "0.57"), ("fee", "credit", "1", "100.00")]
    assert balance(books)["receivable"] == receivable - 13399
    with pytest.raises(NothingToCredit):
        act(books, acme, credit_invoice, CreditInput(acme.id, october.id, "more"), ACTOR, NOW)


def test_a_credit_beyond_the_invoice_is_refused(books, acme):
    books.run()
    opening, october = books.invoices(acme)
    given = CreditInput(acme.id, october.id, "x", {1: Money(1261, "EUR")})

    with pytest.raises(CreditExceedsInvoice, match=r"12\.60 EUR"):
        act(books, acme, credit_invoice, given, ACTOR, NOW)
    for amounts in ({9: Money(1, "EUR")}, {1: Money(1, "USD")}, {1: Money(0, "EUR")}):
        with pytest.raises(InvalidInput):
            act(books, acme, credit_invoice, CreditInput(acme.id, october.id, "x", amounts), ACTOR, NOW)
    note = act(books, acme, credit_invoice, CreditInput(acme.id, opening.id, "x"), ACTOR, NOW)
    with pytest.raises(InvoiceNotCreditable):
        act(books, acme, credit_invoice, CreditInput(acme.id, note, "x"), ACTOR, NOW)


def test_goodwill_is_not_billed_again_but_a_restatement_is(books, acme):
    books.run()
    opening, october = books.invoices(acme)
    act(books, acme, credit_invoice, CreditInput(acme.id, opening.id, "goodwill"), ACTOR, NOW)
    assert books.run().invoices == ()
    books.send(acme, *books.active("2026-10-06", "dora"))

    act(books, acme, credit_invoice, CreditInput(acme.id, october.id, "restated", rebill=True), ACTOR, NOW)
    books.run()

    assert sorted(lines(books.invoices(acme)[-1])) == [("active", "late", "4", "16.80"), ("fee", "late", "1", "100.00")]


# --- Evidence and PDF -----------------------------------------------------------------------------


def test_the_document_carries_count_and_hash_of_the_pseudonymous_list(books, acme):
    books.send(
        acme,
        books.event(
            "activity.performed",
            "robot",
            "2026-10-05",
            "e-robot",
            verb="read",
            object_type="post",
            object_id="1",
            person={"class": "service"},
        ),
    )
    books.run()
    october = books.invoices(acme)[1]

    with books.db.begin(TenantScope(acme.id)) as session:
        [(digest, count, stored)] = evidence_of(session, acme.id, october.id)
    content = zstandard.decompress(stored)
    rows = [json.loads(line) for line in content.splitlines()]
    assert (october.evidence_count, october.evidence_sha256) == (count, digest)
    assert digest == hashlib.sha256(content).hexdigest()
    assert ("weight_zero", "e-robot") in [(row["reason"], row["event_id"]) for row in rows if not row["counted"]]
    assert sum(Decimal(row["quantity"]) for row in rows if row["counted"]) == 3
    assert not any(name in content for name in (b"ann", b"bob", b"cid"))


def test_the_pdf_is_rendered_once_and_could_be_again_with_the_same_bytes(books, acme):
    books.run()
    october = books.invoices(acme)[1]

    pdf = act(books, acme, render_invoice, acme.id, october.id, NOW)
    assert act(books, acme, render_invoice, acme.id, october.id, LATER) == pdf
    text_of = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert october.number in text_of
    assert october.evidence_sha256 in text_of
    assert render_pdf(document_content(october, Words())) == pdf
