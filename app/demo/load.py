"""Load the demo world through the same actions that customers' calls use.

Everything happens in the order in which it would have: each month's events come in, the month is
billed when its grace has passed, moves that HR reports late are recorded, the bill is charged back.
The newest month is left as a customer finds it: measured, in its grace, not billed.

Safe to kill and to start again: steps that are done are known (`steps`), all others can be repeated.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from app.demo.access import let_people_in, still_opens
from app.demo.chargeback import agree_on_rules, charge_back, pays
from app.demo.contracts import sign_contract
from app.demo.courier import Courier, RemoteCourier, Route, split
from app.demo.credentials import DemoCredentials, read_credentials, write_credentials
from app.demo.organisation import create_customers, report_moves
from app.demo.people import Placement, population
from app.demo.steps import ACTOR, Progress, done_steps, note_step
from app.demo.world import FULL_SIZE, Customer, World, build_world
from app.process import tune_collector
from billing.actions.bill_due import bill_due
from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from core.settings import load_settings
from plans.actions.load_catalogue import load_catalogue
from tenants.actions.change_grace import change_grace
from tenants.reads import TenantView

__all__ = ("load", "main")

_BEGUN, _COMPLETE = "begun ", "complete"
_AFTER_GRACE = timedelta(hours=73)


class NotBilled(RuntimeError):
    """A customer of the demo could not be billed."""


def main() -> None:
    """Load the demo world into the database of the settings, or adopt it."""
    tune_collector()
    settings = load_settings()
    db = Database(settings.database_url, pool_size=4)
    try:
        load(db, settings.run_dir, utc_now())
    finally:
        db.dispose()


def load(
    db: Database,
    run_dir: Path,
    now: datetime,
    thousandths: int = FULL_SIZE,
    *,
    couriers: int = 2,
    out: TextIO = sys.stdout,
) -> DemoCredentials:
    """Load the demo world, go on with a load that was interrupted, or adopt what is there.

    Args:
        db: a migrated database.
        run_dir: where `demo.json` is kept.
        now: the world ends with the last full month before it.
        thousandths: size of the world (1000: about 300,000 events).
        couriers: processes that bring events; 0 brings them in this one.
        out: where progress is told.

    Returns:
        How to get in, also written to `demo.json`.
    """
    done = done_steps(db, VENDOR_ID)
    begun = [step.removeprefix(_BEGUN) for step in done if step.startswith(_BEGUN)]
    if begun:
        now = datetime.fromisoformat(min(begun))
    world = build_world(now, thousandths)
    credentials = read_credentials(run_dir)
    if credentials is not None and not still_opens(db, credentials, now):
        credentials = None
    if _COMPLETE in done and credentials is not None:
        return credentials
    loading = _Loading(db, world, Progress(out))
    credentials = loading.found(credentials)
    write_credentials(run_dir, credentials)
    if _COMPLETE not in done:
        loading.live_through(couriers, thousandths)
    return credentials


class _Loading:
    def __init__(self, db: Database, world: World, progress: Progress) -> None:
        self.db = db
        self.world = world
        self.progress = progress
        self.tenants: dict[str, TenantView] = {}
        self.done: dict[str, frozenset[str]] = {}

    def found(self, credentials: DemoCredentials | None) -> DemoCredentials:
        """Set up the catalogue, the companies, the customers and those who may sign in."""
        start = datetime.fromtimestamp(min(c.edges_ms[0] for c in self.world.customers) // 1000, UTC) - timedelta(
            days=2
        )
        with self.progress.step("catalogue, companies, customers, users"):
            with self.db.begin(TenantScope(VENDOR_ID)) as session:
                note_step(session, VENDOR_ID, f"{_BEGUN}{self.world.now.isoformat()}")
                load_catalogue(session, start)
            self.tenants = create_customers(self.db, self.world, start)
            self.done = {slug: done_steps(self.db, tenant.id) for slug, tenant in self.tenants.items()}
            return credentials or let_people_in(self.db, self.world, self.tenants, start)

    def live_through(self, couriers: int, thousandths: int) -> None:
        """Let the thirteen months happen."""
        team = self._team(couriers, thousandths)
        try:
            with self.progress.step("people, cost centres, contracts", "people"):
                self.progress.add(sum(_all(team, "introduce")))
                self._sign_contracts()
            for month in range(len(self.world.months)):
                self._month(team, month)
        finally:
            for courier in team:
                courier.close()
        self._keep_newest_open()
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            note_step(session, VENDOR_ID, _COMPLETE)
        self.progress.finish()

    def _team(self, couriers: int, thousandths: int) -> list[Any]:
        tenants = [self.tenants[customer.slug] for customer in self.world.customers]

        def route(part: Sequence[TenantView]) -> Route:
            return Route(self.db.database_url, self.world.now, thousandths, tuple(part))

        if not couriers:
            return [_Here(Courier(route(tenants)))]
        return [RemoteCourier(route(part)) for part in split(tenants)]

    def _sign_contracts(self) -> None:
        for customer in self.world.customers:
            tenant = self.tenants[customer.slug]
            if customer.spec.plan and "contract" not in self.done[customer.slug]:
                sign_contract(self.db, customer, tenant)

    def _month(self, team: list[Any], month: int) -> None:
        newest = month == len(self.world.months) - 1
        with self.progress.step(f"{self.world.months[month]:%B %Y}", "events"):
            self.progress.add(sum(_all(team, "deliver")))
            if newest:
                return
            for courier in team:
                courier.start("prepare")
            ended = max(customer.month_end(month) for customer in self.world.customers)
            self._bill(ended + _AFTER_GRACE)
            for customer in self.world.customers:
                self._after_the_bill(customer, month, ended + _AFTER_GRACE)
            for courier in team:
                courier.result()

    def _bill(self, now: datetime) -> None:
        outcome = bill_due(self.db, actor=ACTOR, now_of=lambda _session, _tenant: now)
        if outcome.failures or outcome.busy:
            raise NotBilled(f"not billed: {outcome.failures or outcome.busy}")

    def _after_the_bill(self, customer: Customer, month: int, billed_at: datetime) -> None:
        """Record late reports of moves, then charge the bill back."""
        tenant, done = self.tenants[customer.slug], self.done[customer.slug]
        moves = _reported(customer, month + 1)
        if moves and f"moves {month + 1}" not in done:
            report_moves(self.db, tenant, moves, f"moves {month + 1}", billed_at + timedelta(hours=6))
        if pays(customer) and month >= customer.first_billed and f"chargeback {month}" not in done:
            if month == customer.first_billed:
                agree_on_rules(self.db, tenant, billed_at)
            charge_back(self.db, customer, tenant, month, billed_at + timedelta(hours=24))

    def _keep_newest_open(self) -> None:
        """Lengthen the grace so that the newest month is still in it, for three days from now on."""
        for customer in self.world.customers:
            tenant = self.tenants[customer.slug]
            since = self.world.now - customer.month_end(len(customer.months) - 1)
            with self.db.begin(TenantScope(tenant.id)) as session:
                change_grace(session, tenant.id, int(since.total_seconds()) // 3600 + 73, ACTOR)


class _Here:
    """A courier without a process of its own, spoken to like the others."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._results: list[Any] = []

    def start(self, errand: str) -> None:
        self._results.append(getattr(self._courier, errand)())

    def result(self) -> Any:
        return self._results.pop(0)

    def close(self) -> None:
        self._courier.close()


def _all(team: list[Any], errand: str) -> list[int]:
    """Send everybody off on an errand and wait for all."""
    for courier in team:
        courier.start(errand)
    return [courier.result() for courier in team]


def _reported(customer: Customer, report: int) -> list[Placement]:
    return [placement for placement in population(customer).placements if placement.report == report]
