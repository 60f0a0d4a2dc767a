"""A vendor with one plan, a customer with a year of use, and how quotes are made and decided there."""

from datetime import UTC, date, datetime

import pytest

from billing.documents.words import Words
from billing.quotes.actions.decide_quote import accept_quote, send_quote
from billing.quotes.actions.make_quote import make_quote
from billing.quotes.actions.price_quote import QuoteInput
from billing.quotes.document import quote_content
from billing.quotes.offers import QuoteTerms
from billing.quotes.reads import LimitView, QuoteView, quote_names
from core.scope import TenantScope
from tenants.reads import get_legal_entity, get_tenant
from tests.builders.bill import ACTIVE, FEE, Books
from tests.builders.quote import LATER, LIMIT, SELLER


@pytest.fixture
def books(db, world) -> Books:
    books = Books(db, world, now=datetime(2026, 11, 24, 9, tzinfo=UTC))
    books.plan("small", FEE, ACTIVE)
    return books


@pytest.fixture
def acme(books, world):
    tenant = world.tenant(time_zone="UTC")
    # In the year before: ten months with the fee alone, two with two active people.
    books.send(tenant, *books.active("2026-03-05", "ann", "bob"), *books.active("2026-04-05", "ann", "bob"))
    return tenant


@pytest.fixture
def quote(books, acme):
    def make(terms: QuoteTerms, limit: LimitView = LIMIT, **changes: object):
        given = {"terms": terms, "valid_until": date(2026, 12, 24), "actor": SELLER, "limit": limit, "key": "deal"}
        with books.db.begin(TenantScope(acme.id)) as session:
            return make_quote(session, acme, QuoteInput(**(given | changes)), books.now)

    return make


@pytest.fixture
def decide(books, acme):
    def act(action, quote_id, *arguments, now=LATER):
        if action in (send_quote, accept_quote) and len(arguments) == 1:
            arguments = (*arguments, LIMIT)
        with books.db.begin(TenantScope(acme.id)) as session:
            return action(session, acme, quote_id, *arguments, now)

    return act


@pytest.fixture
def document(books, acme):
    """Return what a quote's document says, but for its prices and terms."""

    def of(made: QuoteView):
        with books.db.begin(TenantScope(acme.id)) as session:
            buyer = get_tenant(session, acme.id)
            names = quote_names(session, acme.id, made.terms, books.now)
            return quote_content(made, (get_legal_entity(session, buyer.legal_entity_id), buyer), names, Words(), ())

    return of
