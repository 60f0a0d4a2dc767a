"""What was issued in the real database: numbered without a gap, never changed, with its evidence and its PDF."""

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

from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.refresh_draft import refresh_draft
from billing.actions.render_invoice import render_invoice
from billing.documents.content import document_content
from billing.documents.render import render_pdf
from billing.documents.words import Words
from billing.errors import (
    InvoiceAlreadyFinalised,
    InvoiceNotDraft,
    IssueDateGoesBack,
)
from billing.reads import evidence_of
from core.scope import VENDOR_ID, StewardScope, TenantScope
from tenants.actions.run_test_clock import create_test_clock
from tests.builders.world import ACTOR

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)
LATER = datetime(2026, 12, 4, 9, tzinfo=UTC)


def test_an_issued_document_is_not_issued_or_reckoned_again(books, acme):
    books.run()
    invoice = books.invoices(acme)[1]

    with pytest.raises(InvoiceAlreadyFinalised, match="EU-2026-000002"):
        books.act(acme, finalise_invoice, acme.id, invoice.id, NOW, ACTOR)
    with pytest.raises(InvoiceNotDraft):
        books.act(acme, refresh_draft, acme.id, invoice.id, NOW, ACTOR)


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
        books.act(other, finalise_invoice, other.id, draft.id, NOW - timedelta(days=1), ACTOR)
    assert books.act(other, finalise_invoice, other.id, draft.id, NOW, ACTOR) == "EU-2026-000003"


def test_a_test_clocks_documents_have_a_series_of_their_own(books, world):
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        clock = create_test_clock(session, "sandbox", datetime(2030, 1, 1, tzinfo=UTC), ACTOR, NOW)
    sandbox = world.tenant("sandbox", test_clock_id=clock)
    books.now = datetime(2030, 1, 1, tzinfo=UTC)
    books.subscribe(sandbox, starts_on=date(2029, 12, 1))
    books.run(datetime(2030, 1, 4, 9, tzinfo=UTC))

    assert books.invoices(sandbox)[0].number == f"EU-INV-T{clock.hex[-8:]}-2030-000001"


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

    pdf = books.act(acme, render_invoice, acme.id, october.id, NOW)
    assert books.act(acme, render_invoice, acme.id, october.id, LATER) == pdf
    text_of = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert october.number in text_of
    assert october.evidence_sha256 in text_of
    assert render_pdf(document_content(october, Words())) == pdf
