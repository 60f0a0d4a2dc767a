"""What is accepted is the contract, and what it replaces ends as it begins."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event

from billing.quotes.actions.decide_quote import accept_quote
from billing.quotes.actions.price_quote import QuoteInput, price_quote, replace_held
from billing.quotes.actions.reckon_ending import reckon_ending
from core.errors import InvalidInput, NotFound
from core.periods import Period
from core.scope import VENDOR_ID, TenantScope
from plans.actions.publish_version import publish_version
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.catalogue.suite import POLICIES
from plans.charges import Charge
from plans.documents import PlanDocument
from plans.reads import get_subscription
from plans.terms import CreditBlock
from tests.builders.bill import ACTIVE, CURRENCIES, lines, price
from tests.builders.quote import LATER, LIMIT, SELLER, offer
from tests.builders.world import ACTOR, LONG_AGO


def test_accepted_it_is_the_contract_with_exactly_its_terms_and_bills_what_was_simulated(quote, decide, books, acme):
    made = quote(offer(10))

    accepted = decide(accept_quote, made.id, "user:admin")
    assert decide(accept_quote, made.id, "user:admin").subscription_id == accepted.subscription_id

    with books.db.begin(TenantScope(acme.id)) as session:
        begun = get_subscription(session, acme.id, accepted.subscription_id, LATER)
    assert (begun.plan_key, begun.starts_at, begun.ends_at) == (
        "small", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC),
    )  # fmt: skip
    assert [agreed.discount.percent for agreed in begun.discounts] == [Decimal(10)]
    # The same use a year later: every line of the two real bills stands in the quote.
    now = datetime(2027, 4, 20, tzinfo=UTC)
    books.send(acme, *books.active("2027-03-05", "ann", "bob"), now=now)
    books.run("2027-04-20T00:00:00+00:00")
    march = books.invoices(acme)[-1]
    # The year began with a document for November's fee alone; the sixth bills March.
    foreseen = made.first_year[5]
    assert lines(march) == [
        (line.charge_key, line.kind, line.quantity.rstrip("0").rstrip(".") or "0", line.amount.amount)
        for line in foreseen.lines
    ]
    assert march.net.text() == foreseen.net.amount


def test_the_contract_that_a_quote_replaces_ends_as_the_new_one_begins(quote, decide, books, acme):
    held = books.subscribe(acme, starts_on=date(2026, 1, 1), key="suite")
    books.run("2027-01-10T00:00:00+00:00")
    with pytest.raises(InvalidInput, match=r"before its own first day"):
        quote(offer(replaces="suite"))
    with pytest.raises(NotFound):
        quote(offer(replaces="nothing", starts_on=date(2027, 3, 10)))
    # In two months, inside a period: the running one stays as it is.
    made = quote(offer(replaces="suite", starts_on=date(2027, 3, 10)), valid_until=date(2027, 3, 9))
    now = datetime(2027, 1, 12, tzinfo=UTC)

    accepted = decide(accept_quote, made.id, "user:admin", now=now)

    books.run("2027-05-10T00:00:00+00:00")
    with books.db.begin(TenantScope(acme.id)) as session:
        old, new = (get_subscription(session, acme.id, one, now) for one in (held.id, accepted.subscription_id))
    assert (old.ends_at, old.ends_at) == (new.starts_at, datetime(2027, 3, 10, tzinfo=UTC))
    fees = [
        (line.period, line.amount.text())
        for invoice in books.invoices(acme)
        for line in invoice.lines
        if line.charge_key == "fee" and line.period.ends_at > datetime(2027, 2, 2, tzinfo=UTC)
    ]
    # 100.00 a month: nine days of March are 29.03, then months from the 10th on. No day is billed twice or never.
    assert fees[:2] == [
        (Period(datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)), "100.00"),
        (Period(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 10, tzinfo=UTC)), "29.03"),
    ]
    assert fees[2] == (Period(datetime(2027, 3, 10, tzinfo=UTC), datetime(2027, 4, 10, tzinfo=UTC)), "100.00")


@pytest.mark.parametrize("ends_on", [date(2027, 1, 20), date(2027, 2, 1), date(2027, 3, 10)])
def test_the_preview_lists_the_very_lines_that_the_replaced_contract_still_bills(quote, decide, books, acme, ends_on):
    held = books.subscribe(acme, starts_on=date(2026, 1, 1), key="suite")
    books.run("2027-01-10T00:00:00+00:00")
    seen = {(invoice.id, line.position) for invoice in books.invoices(acme) for line in invoice.lines}
    now = datetime(2027, 1, 12, tzinfo=UTC)
    # Known, and not billed yet: two in the running month, and one who was late for the month before it.
    late = books.active("2026-12-30", "cid")
    books.send(acme, *books.active("2027-01-05", "ann", "bob"), *late, now=now)
    terms = offer(replaces="suite", starts_on=ends_on)
    given = QuoteInput(terms, ends_on - timedelta(days=1), SELLER, LIMIT)

    with books.db.begin(TenantScope(acme.id)) as session:
        ending = price_quote(session, acme, given, now).ending
    decide(accept_quote, quote(terms, valid_until=given.valid_until).id, "user:admin", now=now)
    books.run("2027-05-10T00:00:00+00:00")

    assert ending is not None
    foreseen = [
        (line.charge_key, line.kind, line.first_day, line.amount.amount)
        for document in ending.documents
        for line in document.lines
    ]
    billed = [
        (line.charge_key, line.kind, line.period.starts_at.date(), line.amount.text())
        for invoice in books.invoices(acme)
        for line in invoice.lines
        if (invoice.id, line.position) not in seen and line.subscription_id == held.id
    ]
    assert ("active", "late", date(2026, 12, 1), "4.20") in foreseen
    assert sorted(foreseen) == sorted(billed)


def test_seats_are_read_once_for_all_bills_that_are_still_to_come(books, acme):
    charge = Charge(
        key="named", name="Seats", model="per_unit", meter="seats.named.peak", prices=price(unit=Decimal(3))
    )
    books.plan("named", charge)
    books.subscribe(acme, plan="named", starts_on=date(2026, 1, 1), key="suite")
    books.run("2027-01-10T00:00:00+00:00")
    now = datetime(2027, 1, 12, tzinfo=UTC)
    books.send(acme, books.event("seat.assigned", "ann", "2026-12-05T09:00:00Z", pool="learners"), now=now)
    reads: list[str] = []

    def note(_connection, _cursor, statement, *_):
        reads.append(statement)

    def reckoned(ends_on: date) -> tuple[int, list[str]]:
        """Return how often facts were read, and what the old contract still bills of seats."""
        reads.clear()
        with books.db.begin(TenantScope(acme.id)) as session:
            terms = offer(replaces="suite", starts_on=ends_on)
            decision = replace_held(session, acme, terms, SELLER, now, preview=True)
            assert decision is not None
            listened = session.connection(), "before_cursor_execute", note
            event.listen(*listened)
            ending = reckon_ending(session, acme, decision, now)
            event.remove(*listened)
        billed = [line.amount.amount for document in ending.documents for line in document.lines]
        return sum("FROM fact " in one or "FROM fact\n" in one for one in reads), billed

    soon, bills = reckoned(date(2027, 2, 1))
    late, more = reckoned(date(2027, 6, 1))

    # December, which is late, to January and to May: 3.00 each.
    assert (bills.count("3.00"), more.count("3.00")) == (2, 6)
    assert late == soon > 0


def test_credits_that_come_with_a_contract_are_told_where_it_is_replaced(books, acme):
    gift = CreditBlock(key="gift", name="Gift", amounts=dict.fromkeys(CURRENCIES, Decimal(50)))
    document = PlanDocument(charges=(ACTIVE,), policies=POLICIES, credits=(gift,))
    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        save_draft(session, DraftInput("gifted", document, PlanIdentity("gifted", "tests", "base", 1), ACTOR), LONG_AGO)
        publish_version(session, "gifted", ACTOR, LONG_AGO)
    books.subscribe(acme, "gifted", starts_on=date(2026, 11, 1), key="suite")
    books.run("2026-11-02T00:00:00+00:00")
    now = datetime(2026, 11, 24, tzinfo=UTC)
    books.send(acme, *books.active("2026-11-05", "ann", "bob"), now=now)
    given = QuoteInput(offer(replaces="suite"), date(2026, 11, 30), SELLER, LIMIT)

    with books.db.begin(TenantScope(acme.id)) as session:
        ending = price_quote(session, acme, given, now).ending

    # 8.40 of November are paid with them: 41.60 of 50.00 pay nothing any more.
    assert ending is not None
    [bill] = ending.documents
    assert [(line.charge_key, line.kind, line.amount.amount) for line in bill.lines] == [
        ("active", "usage", "8.40"), ("active", "prepaid", "-8.40"),
    ]  # fmt: skip
    assert [(one.name, one.left.text()) for one in ending.credits] == [("Gift", "41.60")]
