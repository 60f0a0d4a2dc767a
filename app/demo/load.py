"""Load the demo world through the same actions that customers' calls use.

Safe to kill and to start again: steps that are done are known (`steps`), all others can be repeated.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TextIO

from app.demo.access import let_people_in, still_opens
from app.demo.alerts import set_alerts
from app.demo.credentials import DemoCredentials, read_credentials, write_credentials
from app.demo.floating import let_in
from app.demo.grants import grant
from app.demo.history import Chapter, live_through
from app.demo.offers import make_offers
from app.demo.organisation import create_customers
from app.demo.processes import one_by_one, side_by_side
from app.demo.seats import open_pools
from app.demo.steps import Lived, Progress, done_steps, note_step
from app.demo.world import FULL_SIZE, World, build_world
from app.process import tune_collector
from core.clock import utc_now
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from core.settings import load_settings
from plans.actions.load_catalogue import load_catalogue
from tenants.reads import TenantView

__all__ = ("begun_at", "load", "main")

Tenants = dict[str, TenantView]
_BEGUN, _OFFERS, _COMPLETE = "begun ", "offers", "complete"


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
    processes: bool = True,
    out: TextIO = sys.stdout,
) -> DemoCredentials:
    """Load the demo world, go on with a load that was interrupted, or adopt what is there.

    Args:
        db: a migrated database.
        run_dir: where `demo.json` is kept.
        now: the world ends with the last full month before it.
        thousandths: size of the world (1000: about 300,000 events).
        processes: let what does not depend on each other happen side by side.
        out: where progress is told.

    Returns:
        How to get in, also written to `demo.json`.
    """
    done = done_steps(db, VENDOR_ID)
    now = begun_at(db) or now
    world = build_world(now, thousandths)
    credentials = read_credentials(run_dir)
    if credentials is not None and not still_opens(db, credentials, now):
        credentials = None
    if _COMPLETE in done and credentials is not None:
        return credentials
    progress = Progress(out)
    tenants, credentials = _found(db, world, credentials)
    write_credentials(run_dir, credentials)
    progress.tell(Lived("catalogue, companies, customers, users", len(credentials.users), "users"))
    if _COMPLETE not in done:
        happen = side_by_side if processes else one_by_one
        histories = [partial(live_through, chapter) for chapter in _chapters(db, world, tenants, thousandths)]
        today = [partial(_license, db, world, tenants), partial(_sell, db, tenants, now, thousandths == FULL_SIZE)]
        for stories in (histories, today):
            db.dispose()  # the processes must not share a connection
            for lived in happen(stories):
                progress.tell(lived)
        with db.begin(TenantScope(VENDOR_ID)) as session:
            note_step(session, VENDOR_ID, _COMPLETE)
        progress.finish()
    return credentials


def begun_at(db: Database) -> datetime | None:
    """Return when the load of this database's world was begun, which says which months it has; None without one."""
    begun = [step.removeprefix(_BEGUN) for step in done_steps(db, VENDOR_ID) if step.startswith(_BEGUN)]
    return datetime.fromisoformat(min(begun)) if begun else None


def _found(db: Database, world: World, credentials: DemoCredentials | None) -> tuple[Tenants, DemoCredentials]:
    """Set up the catalogue, the companies, the customers and those who may sign in."""
    start = datetime.fromtimestamp(min(c.edges_ms[0] for c in world.customers) // 1000, UTC) - timedelta(days=2)
    with db.begin(TenantScope(VENDOR_ID)) as session:
        note_step(session, VENDOR_ID, f"{_BEGUN}{world.now.isoformat()}")
        load_catalogue(session, start)
    tenants = create_customers(db, world, start)
    return tenants, credentials or let_people_in(db, world, tenants, start)


def _chapters(db: Database, world: World, tenants: Tenants, thousandths: int) -> list[Chapter]:
    return [
        Chapter(
            db.database_url,
            world.now,
            thousandths,
            entity.name,
            tuple(tenants[customer.slug] for customer in world.customers if customer.spec.entity == entity.key),
        )
        for entity in world.entities
    ]


def _license(db: Database, world: World, tenants: Tenants) -> Iterator[Lived]:
    """Open the pools and set what watches them."""
    yield open_pools(db, world, tenants)
    yield let_in(db, world, tenants)
    yield grant(db, world, tenants)
    yield set_alerts(db, tenants, world.now)


def _sell(db: Database, tenants: Tenants, now: datetime, whole: bool) -> Iterator[Lived]:
    """Make the quotes, once."""
    if _OFFERS in done_steps(db, VENDOR_ID):
        return
    count = make_offers(db, tenants, now, whole=whole)
    with db.begin(TenantScope(VENDOR_ID)) as session:
        note_step(session, VENDOR_ID, _OFFERS)
    yield Lived("quotes in every state", count, "quotes")
