"""What the demo's bank is granted beside its contract fills pages and changes no figure of a billed month."""

from datetime import UTC, datetime

from app.demo.grants import CUSTOMER, grant
from app.demo.people import population
from app.demo.world import build_world
from billing.reads import grants_page, usable
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.licensing.reads import licences
from plans.licensing.seats.reads import find_pool, invitations, pool_now
from tests.builders.world import ACTOR, LONG_AGO, World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_bank_is_granted_credits_files_and_invitations_once_and_nothing_before_next_month(
    db: Database, world: World
) -> None:
    with db.begin(TenantScope(VENDOR_ID)) as session:
        load_catalogue(session, LONG_AGO)
    bank, demo = world.tenant(CUSTOMER), build_world(NOW, 40)
    world.people(bank, *[one.key for one in population(demo.customer(CUSTOMER)).people if one.imported])
    with db.begin(TenantScope(bank.id)) as session:
        subscribe(session, SubscribeInput(bank.id, "full-active", ACTOR, key="suite"), NOW)

    made = [grant(db, demo, {CUSTOMER: bank}).count for _ in range(2)]

    assert made == [6, 0]
    with db.begin(TenantScope(bank.id)) as session:
        [block] = grants_page(session, bank.id, None, 9)
        assert block.starts_at >= datetime(2026, 11, 30, 22, tzinfo=UTC)
        assert sum(one.amount_minor for one in usable(session, bank.id, NOW)) == 0
        assert [one.revoked_at is None for one in licences(session, bank.id, None, 9)] == [False, True]
        assert len(invitations(session, bank.id, "coaches", NOW)) == 3
        assert pool_now(session, bank, find_pool(session, bank.id, "coaches"), NOW, ()).seating.taken == 0
