"""However many want the same credits, none is overdrawn."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from billing.actions.bill_due import bill_due
from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.finalise_invoice import finalise_invoice
from billing.actions.refresh_draft import refresh_draft
from billing.errors import (
    CreditsUsedUp,
)
from billing.store import move_credits
from core.ids import new_id
from core.scope import TenantScope
from tests.builders.credits import BOUGHT, DECEMBER, NOVEMBER, buy, euros, grant, moved
from tests.builders.world import ACTOR


def test_a_draft_whose_credits_are_gone_says_so_and_is_reckoned_anew(books, acme):
    buy(books, acme)
    bill_due(books.db, actor=ACTOR, now_of=lambda *_: NOVEMBER, finalise=False)
    draft = books.invoices(acme)[-1]
    assert draft.net == euros("2.60")
    held = grant(books, acme)
    refunded = CreditInput(acme.id, held.invoice_id, "sold by mistake", {1: euros("4.00")})
    books.act(acme, credit_invoice, refunded, ACTOR, NOVEMBER)

    with pytest.raises(CreditsUsedUp):
        books.act(acme, finalise_invoice, acme.id, draft.id, NOVEMBER, ACTOR)
    books.act(acme, refresh_draft, acme.id, draft.id, NOVEMBER, ACTOR)
    books.act(acme, finalise_invoice, acme.id, draft.id, NOVEMBER, ACTOR)

    assert books.invoice(acme, draft.id).net == euros("6.60")


def test_two_documents_that_want_the_same_credits_at_once_never_overdraw(books, world, acme):
    """Two open drafts of different days reckon with the same 10.00; both are finalised at the same moment."""
    buy(books, acme)
    books.subscribe(acme, starts_on=date(2026, 10, 2), key="second")
    options: dict[str, Any] = {"actor": ACTOR, "finalise": False}
    bill_due(books.db, now_of=lambda *_: NOVEMBER, **options)
    books.send(acme, *books.active("2026-11-05", "ann", "bob", "cid"), now=DECEMBER)
    bill_due(books.db, now_of=lambda *_: DECEMBER, **options)
    drafts = [invoice for invoice in books.invoices(acme) if invoice.status == "draft"]
    assert len(drafts) == 2
    barrier = threading.Barrier(2)

    def finalise(invoice_id) -> str:
        with books.db.begin(TenantScope(acme.id)) as session:
            barrier.wait(10)
            try:
                finalise_invoice(session, acme.id, invoice_id, DECEMBER, ACTOR)
            except CreditsUsedUp as refused:
                return refused.code
        return "issued"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(finalise, [draft.id for draft in drafts]))

    assert outcomes == ["credits_used_up", "issued"]
    assert moved(books, acme) == [("granted", "10.00", "10.00"), ("drawn", "-10.00", "0.00")]


def test_the_database_itself_refuses_to_overdraw(books, acme):
    buy(books, acme)
    row = {
        "tenant_id": acme.id, "id": new_id(), "grant_id": grant(books, acme).id, "kind": "drawn", "amount_minor": -1001,
        "deferred_minor": 0, "invoice_id": None, "reverses_id": None, "actor": ACTOR, "moved_at": BOUGHT,
    }  # fmt: skip

    with pytest.raises(IntegrityError, match="never_overdrawn"):
        books.act(acme, move_credits, row)
