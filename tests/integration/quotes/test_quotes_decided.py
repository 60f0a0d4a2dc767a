"""Who may send, approve, decline and accept a quote, and when."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from billing.quotes.actions.decide_quote import accept_quote, approve_quote, decline_quote, send_quote
from billing.quotes.errors import (
    BelowFloor,
    QuoteAlreadyAccepted,
    QuoteApproverIsMaker,
    QuoteExpired,
    QuoteNeedsApproval,
    QuoteNotOpen,
    QuoteSuperseded,
    QuoteTooDear,
)
from billing.quotes.offers import (
    TRANSITIONS,
    State,
    Trigger,
    advance,
)
from billing.quotes.reads import LimitView, QuoteFilter, quotes_page
from billing.quotes.store import lock_quotes
from core.scope import TenantScope
from tests.builders.locks import waiting_for_a_lock
from tests.builders.quote import LATER, OTHER, SELLER, offer


def test_what_gives_more_away_than_the_seller_may_waits_for_somebody_elses_approval(quote, decide):
    made = quote(offer(20))

    assert (made.status, made.needs_approval) == (State.PENDING, True)
    with pytest.raises(QuoteNotOpen):
        decide(accept_quote, made.id, OTHER)
    with pytest.raises(QuoteApproverIsMaker):
        decide(approve_quote, made.id, SELLER, Decimal(100))
    with pytest.raises(QuoteTooDear):
        decide(approve_quote, made.id, OTHER, Decimal(15))
    approved = decide(approve_quote, made.id, OTHER, Decimal(20))
    assert (approved.status, approved.approved_by) == (State.OPEN, OTHER)


def test_an_expired_or_replaced_quote_is_refused(quote, decide):
    first = quote(offer())
    second = quote(offer(5))

    assert (first.version, second.version, second.newest) == (1, 2, 2)
    with pytest.raises(QuoteSuperseded):
        decide(accept_quote, first.id, "user:admin")
    with pytest.raises(QuoteExpired):
        decide(accept_quote, second.id, "user:admin", now=datetime(2026, 12, 25, 0, 1, tzinfo=UTC))
    # The last day counts to its end.
    assert decide(accept_quote, second.id, "user:admin", now=datetime(2026, 12, 24, 23, 59, tzinfo=UTC))


def test_a_draft_is_sent_to_the_customer_or_first_to_an_approver(quote, decide):
    small, large = quote(offer(10), key="small", draft=True), quote(offer(20), key="large", draft=True)

    assert (small.status, small.was_sent, large.status) == (State.DRAFT, False, State.DRAFT)
    with pytest.raises(QuoteNotOpen):
        decide(accept_quote, small.id, "user:admin")
    sent, asked = decide(send_quote, small.id, SELLER), decide(send_quote, large.id, SELLER)
    assert (sent.status, sent.sent_at, asked.status, asked.was_sent) == (State.OPEN, LATER, State.PENDING, False)
    with pytest.raises(QuoteNotOpen):
        decide(send_quote, small.id, SELLER)
    assert decide(approve_quote, large.id, OTHER, Decimal(20)).sent_at == LATER


def test_a_draft_replaces_nothing_until_it_is_sent(quote, decide):
    first, second = quote(offer()), quote(offer(5), draft=True)

    decide(send_quote, second.id, SELLER)
    with pytest.raises(QuoteSuperseded):
        decide(accept_quote, first.id, "user:admin")


def test_while_the_next_version_is_a_draft_the_one_before_can_be_accepted(quote, decide):
    first = quote(offer())
    quote(offer(5), draft=True)

    assert decide(accept_quote, first.id, "user:admin").status is State.ACCEPTED


def test_the_limit_that_holds_when_it_is_sent_and_accepted_decides(quote, decide):
    draft, sent = quote(offer(10), key="draft", draft=True), quote(offer(10), key="sent")
    lower, floor = LimitView("*", Decimal(5), Decimal(0)), LimitView("*", Decimal(100), Decimal(95))

    asked = decide(send_quote, draft.id, SELLER, lower)
    assert (asked.status, asked.needs_approval) == (State.PENDING, True)
    for limit in (lower, floor):
        with pytest.raises(QuoteNeedsApproval):
            decide(accept_quote, sent.id, "user:admin", limit)
    approved = decide(approve_quote, sent.id, OTHER, Decimal(20))
    assert (approved.status, approved.sent_at) == (State.OPEN, sent.sent_at)
    assert decide(accept_quote, sent.id, "user:admin", lower).status is State.ACCEPTED
    with pytest.raises(BelowFloor):
        decide(send_quote, quote(offer(10), key="low", draft=True).id, SELLER, floor)


def test_of_a_quote_one_version_is_accepted_and_the_others_are_over(quote, decide, books, acme):
    first, second = quote(offer()), quote(offer(5), draft=True)
    decide(accept_quote, first.id, "user:admin")

    with pytest.raises(QuoteAlreadyAccepted, match="Version 1"):
        decide(send_quote, second.id, SELLER)
    with pytest.raises(QuoteAlreadyAccepted):
        quote(offer(5))
    with books.db.begin(TenantScope(acme.id)) as session:
        told = {one.version: one.told_status(books.now.date()) for one in quotes_page(session, QuoteFilter(acme.id))}
    assert told == {1: "accepted", 2: "superseded"}


def test_however_two_versions_are_accepted_at_once_the_database_takes_one(quote, books, acme):
    first, second = quote(offer()), quote(offer(5))
    force = text("update quote set status = 'accepted', subscription_id = id where id = :id")

    with books.db.begin(TenantScope(acme.id)) as session:
        session.execute(force, {"id": first.id})
    with pytest.raises(IntegrityError, match="uq_quote_accepted"), books.db.begin(TenantScope(acme.id)) as session:
        session.execute(force, {"id": second.id})


def test_a_declined_quote_is_over(quote, decide):
    made = quote(offer())

    assert decide(decline_quote, made.id, "user:admin", "too dear").status is State.DECLINED
    with pytest.raises(QuoteNotOpen):
        decide(accept_quote, made.id, "user:admin")


def test_the_database_refuses_a_maker_who_approves(quote, books, acme):
    made = quote(offer(20))

    with (
        pytest.raises(IntegrityError, match="ck_quote_approver_is_not_maker"),
        books.db.begin(TenantScope(acme.id)) as session,
    ):
        session.execute(text("update quote set approved_by = created_by where id = :id"), {"id": made.id})


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_step_that_is_not_listed_is_refused(state, trigger):
    assert advance(state, trigger) == TRANSITIONS.get((state, trigger))


def test_two_who_accept_a_quote_at_once_have_the_same_contract(books, acme, quote, decide):
    made = quote(offer())

    with ThreadPoolExecutor(2) as pool:
        with books.db.begin(TenantScope(acme.id)) as session:
            lock_quotes(session, acme.id)
            both = [pool.submit(decide, accept_quote, made.id, who) for who in ("user:admin", "user:deputy")]
            while waiting_for_a_lock(books.db) < 2:
                assert not any(one.done() for one in both), "they did not wait"
        accepted = [one.result(30) for one in both]

    assert [one.status for one in accepted] == [State.ACCEPTED] * 2
    assert accepted[0].subscription_id == accepted[1].subscription_id
