"""Thirteen months of the customers of one of the vendor's companies, in the order in which they happened.

Each month's events come in, the month is billed when its grace has passed, moves that HR reports late
are recorded, the bill is charged back. The newest month is left as a customer finds it: measured, in
its grace, not billed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.chargeback import agree_on_rules, charge_back, pays
from app.demo.contracts import sign_contract
from app.demo.courier import Courier
from app.demo.events import Delivery, deliveries
from app.demo.offers import change_contract
from app.demo.organisation import import_organisation, report_moves
from app.demo.people import Placement, population
from app.demo.steps import ACTOR, Lived, done_steps
from app.demo.world import FULL_SIZE, Customer, build_world
from billing.actions.bill_due import bill_due
from core.db import Database
from core.scope import TenantScope
from tenants.actions.change_grace import change_grace
from tenants.reads import TenantView

__all__ = ("Chapter", "live_through")

_AFTER_GRACE = timedelta(hours=73)
_REPORTED_AFTER = timedelta(hours=6)
_CHARGED_BACK_AFTER = timedelta(hours=24)


class NotBilled(RuntimeError):
    """A customer of the demo could not be billed."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Whose history it is. Small, so that it can be sent to another process."""

    database_url: str
    now: datetime
    thousandths: int
    company: str
    tenants: tuple[TenantView, ...]


def live_through(chapter: Chapter) -> Iterator[Lived]:
    """Let the history of some customers happen, with connections of its own."""
    history = History(chapter)
    try:
        yield from history.happen()
    finally:
        history.close()


class History:
    """Lets the history of some customers happen.

    Customers of different companies share nothing, not even a series of numbers, so that their
    histories can happen side by side; those of one company must not, since dates in a series never
    go back.
    """

    def __init__(self, chapter: Chapter) -> None:
        self._db = Database(chapter.database_url, pool_size=2)
        self._courier = Courier(self._db)
        self._world = build_world(chapter.now, chapter.thousandths)
        self._company = chapter.company
        self._whole = chapter.thousandths == FULL_SIZE
        self._customers = [(self._world.customer(tenant.slug), tenant) for tenant in chapter.tenants]
        self._done = {tenant.slug: done_steps(self._db, tenant.id) for tenant in chapter.tenants}

    def happen(self) -> Iterator[Lived]:
        """Let everything happen that has not yet; tell step by step."""
        yield Lived(f"{self._company}: people, cost centres, contracts", self._begin(), "people")
        streams = [(customer, tenant, deliveries(customer)) for customer, tenant in self._customers]
        for month, first in enumerate(self._world.months):
            count = 0
            for customer, tenant, stream in streams:
                count += self._bring(customer, tenant, next(stream, None))
            if month < len(self._world.months) - 1:
                self._close_month(month)
            yield Lived(f"{self._company}: {first:%B %Y}", count, "events")
        self._keep_newest_open()

    def close(self) -> None:
        """Close all connections."""
        self._courier.close()
        self._db.dispose()

    def _begin(self) -> int:
        people = 0
        for customer, tenant in self._customers:
            done = self._done[customer.slug]
            if "organisation" not in done:
                people += import_organisation(self._db, customer, tenant, population(customer))
            if customer.spec.plan and "contract" not in done:
                sign_contract(self._db, customer, tenant)
        return people

    def _bring(self, customer: Customer, tenant: TenantView, delivery: Delivery | None) -> int:
        if delivery is None:
            return 0
        if f"delivery {delivery.month}" not in self._done[customer.slug]:
            self._courier.hand_over(customer, tenant, delivery)
        return len(delivery.events)

    def _close_month(self, month: int) -> None:
        billed_at = max(customer.month_end(month) for customer in self._world.customers) + _AFTER_GRACE
        tenant_ids = [tenant.id for _, tenant in self._customers]
        outcome = bill_due(self._db, actor=ACTOR, tenant_ids=tenant_ids, now_of=lambda _session, _tenant: billed_at)
        if outcome.failures or outcome.busy:
            raise NotBilled(f"not billed: {outcome.failures or outcome.busy}")
        for customer, tenant in self._customers:
            self._after_the_bill(customer, tenant, month, billed_at)
            if self._whole and f"offers {month}" not in self._done[customer.slug]:
                change_contract(self._db, customer, tenant, month, billed_at)

    def _after_the_bill(self, customer: Customer, tenant: TenantView, month: int, billed_at: datetime) -> None:
        """Record late reports of moves, then charge the bill back."""
        done = self._done[customer.slug]
        moves = _reported(customer, month + 1)
        if moves and f"moves {month + 1}" not in done:
            report_moves(self._db, tenant, moves, f"moves {month + 1}", billed_at + _REPORTED_AFTER)
        if pays(customer) and month >= customer.first_billed and f"chargeback {month}" not in done:
            if month == customer.first_billed:
                agree_on_rules(self._db, tenant, billed_at)
            charge_back(self._db, customer, tenant, month, billed_at + _CHARGED_BACK_AFTER)

    def _keep_newest_open(self) -> None:
        """Lengthen the grace so that the newest month is still in it, for three days from now on."""
        for customer, tenant in self._customers:
            since = self._world.now - customer.month_end(len(customer.months) - 1)
            with self._db.begin(TenantScope(tenant.id)) as session:
                change_grace(session, tenant.id, int(since.total_seconds()) // 3600 + 73, ACTOR)


def _reported(customer: Customer, report: int) -> list[Placement]:
    return [placement for placement in population(customer).placements if placement.report == report]
