"""Prepaid credits in tests: bought, moved, and what the ledger says of them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.actions.buy_credits import Bought, CreditsInput, buy_credits
from billing.reads import GrantView, grants_page, movements_page, trial_balance
from core.money import Money
from core.scope import StewardScope
from metering.actions.record_correction import CorrectionInput, record_correction
from tenants.reads import TenantView
from tests.builders.bill import Books
from tests.builders.world import ACTOR

BOUGHT = datetime(2026, 10, 1, 9, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 4, 9, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 4, 9, tzinfo=UTC)
JANUARY = datetime(2027, 1, 6, 9, tzinfo=UTC)


def euros(text: str) -> Money:
    return Money(int(Decimal(text) * 100), "EUR")


def buy(books: Books, tenant: TenantView, amount: str = "10.00", now: datetime = BOUGHT, **changes: Any) -> Bought:
    given = CreditsInput(tenant.id, "Credits", euros(amount), ACTOR, **changes)
    return books.act(tenant, buy_credits, given, now)


def grant(books: Books, tenant: TenantView, place: int = 0) -> GrantView:
    """The payer's blocks, oldest first."""
    return books.act(tenant, grants_page, tenant.id, None, 100)[::-1][place]


def moved(books: Books, tenant: TenantView, place: int = 0) -> list[tuple[str, str, str]]:
    """Kind, amount and what is left of each movement; they add up to what is left."""
    held = grant(books, tenant, place)
    found = books.act(tenant, movements_page, tenant.id, held.id, None, 100)[::-1]
    assert sum(m.amount.amount_minor for m in found) == held.remaining.amount_minor
    assert sum(m.deferred.amount_minor for m in found) == held.deferred.amount_minor
    return [(m.kind, m.amount.text(), m.remaining.text()) for m in found]


def ledger(books: Books) -> dict[str, str]:
    with books.db.begin(StewardScope()) as session:
        rows = trial_balance(session)
    assert sum(row.balance.amount_minor for row in rows) == 0
    return {row.account: row.balance.text() for row in rows if row.balance.amount_minor}


def withdraw(books: Books, tenant: TenantView, now: datetime, *event_ids: str) -> None:
    for event_id in event_ids:
        given = CorrectionInput("suite", event_id, "void", "sent by mistake", None)
        books.act(tenant, record_correction, tenant.id, given, ACTOR, now)
