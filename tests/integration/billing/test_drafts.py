"""Drafts in the real database: issued as they stand, reckoned anew, refused when another invoice overtook them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.refresh_draft import refresh_draft
from billing.errors import (
    InvoiceDraftOutdated,
)
from tests.builders.bill import lines
from tests.builders.world import ACTOR

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)
LATER = datetime(2026, 12, 4, 9, tzinfo=UTC)


def test_a_run_can_leave_drafts_which_are_issued_exactly_as_they_stand(books, acme):
    books.run(finalise=False)
    drafts = books.invoices(acme)
    assert [(draft.status, draft.number, draft.issued_on) for draft in drafts] == [("draft", None, None)] * 2
    assert lines(drafts[1]) == [("active", "usage", "3", "12.60"), ("fee", "advance", "1", "100.00")]

    number = books.act(acme, finalise_invoice, acme.id, drafts[1].id, NOW, ACTOR)

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

    books.act(acme, refresh_draft, acme.id, draft.id, NOW, ACTOR)

    assert lines(books.invoice(acme, draft.id))[0] == ("active", "usage", "4", "16.80")
    assert books.invoice(acme, draft.id).evidence_sha256 != draft.evidence_sha256


def test_what_comes_after_a_draft_was_issued_is_late_on_the_next_invoice(books, acme):
    books.run(finalise=False)
    draft = books.invoices(acme)[1]
    books.send(acme, *books.active("2026-10-06", "dora"), now=NOW + timedelta(hours=1))
    books.act(acme, finalise_invoice, acme.id, draft.id, NOW + timedelta(hours=2), ACTOR)

    books.run(LATER)

    assert ("active", "late", "1", "4.20") in lines(books.invoices(acme)[-1])


def test_a_refreshed_draft_keeps_its_late_lines(books, acme):
    books.run()
    books.send(acme, *books.active("2026-10-06", "dora"), now=LATER)
    books.run(LATER, finalise=False)
    draft = books.invoices(acme)[-1]
    assert ("active", "late", "1", "4.20") in lines(draft)

    books.act(acme, refresh_draft, acme.id, draft.id, LATER + timedelta(days=3), ACTOR)

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
        books.act(acme, finalise_invoice, acme.id, draft.id, january, ACTOR)
    assert books.invoice(acme, draft.id).status == "draft"
    books.act(acme, refresh_draft, acme.id, draft.id, january, ACTOR)
    books.act(acme, finalise_invoice, acme.id, draft.id, january, ACTOR)

    # October: 3 in time, 2 late on January's invoice: 5 × 4.20 = 21.00 in all, and nothing twice.
    october = [
        line.amount.amount_minor
        for d in books.invoices(acme)
        for line in d.lines
        if line.charge_key == "active" and line.supplied_to == date(2026, 10, 31)
    ]
    assert sum(october) == 2100
