"""Customers of one version are moved to another: previewed with amounts, contract by contract, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import sleep
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from core.scope import StewardScope, TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.move_customers import MoveInput, cancel_move, run_move, start_move
from plans.actions.subscribe import AddonInput
from plans.charges import Charge
from plans.errors import AddonNotOffered, MovesNobody
from plans.reads.moves import MoveItemView, get_move, move_items
from plans.reads.subscriptions import subscriptions
from plans.tasks import move_customers
from tenants.reads import TenantView
from tests.builders.bill import Books, price
from tests.builders.locks import waiting_for_a_lock
from tests.builders.world import ACTOR, World, bearer

NOW = datetime.now(UTC)


def fee(amount: int) -> Charge:
    return Charge(key="fee", name="Fee", model="flat", prices=price(amount=Decimal(amount)))


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world, now=NOW)
    books.plan("small", fee(100))
    return books


@pytest.fixture
def customers(books: Books, world: World) -> list[TenantView]:
    held = [world.tenant(f"c{n}") for n in range(3)]
    for tenant in held:
        books.subscribe(tenant, starts_on=date(2026, 1, 1))
    books.plan("small", fee(130))
    books.subscribe(world.tenant("newer"), starts_on=date(2026, 1, 1))
    return held


def move(books: Books, *, turns: int = 1, **changes) -> tuple[UUID, list[MoveItemView]]:
    with books.db.begin(StewardScope()) as session:
        started = start_move(session, MoveInput("small", 1, 2, ACTOR, **changes), NOW)
    for _ in range(turns):
        run_move(books.db, started.id)
    with books.db.begin(StewardScope()) as session:
        return started.id, list(move_items(session, started.id, None, 100))


def versions_held(books: Books, tenant: TenantView) -> list[int]:
    with books.db.begin(TenantScope(tenant.id)) as session:
        return [held.version_number for view in subscriptions(session, tenant.id) for held in view.holdings]


def first_item(books: Books, move_id: UUID) -> MoveItemView:
    """The contract that a move comes to first."""
    with books.db.begin(StewardScope()) as session:
        return move_items(session, move_id, None, 1)[0]


@pytest.mark.parametrize("when", ["at_period_end", "prorate_now"])
def test_a_preview_shows_amounts_and_moves_nobody(books, customers, when):
    _, items = move(books, preview=True, when=when)

    assert {item.customer_id for item in items} == {tenant.id for tenant in customers}
    assert {item.status for item in items} == {"moves"}
    for item in items:
        assert item.before_minor == 10_000
        # With the period: the whole of it at the new price. Now: its part, so between the two.
        assert item.after_minor == 13_000 if when == "at_period_end" else 10_000 <= item.after_minor <= 13_000
    assert [versions_held(books, tenant) for tenant in customers] == [[1]] * 3


def test_a_move_moves_everybody_once_however_often_it_runs(books, customers):
    move_id, items = move(books, turns=2, when="at_period_end")

    assert {(item.status, item.code) for item in items} == {("moved", "")}
    assert [versions_held(books, tenant) for tenant in customers] == [[1, 2]] * 3
    with books.db.begin(StewardScope()) as session:
        assert (get_move(session, move_id).status, get_move(session, move_id).counts) == ("done", {"moved": 3})


def test_one_that_cannot_be_moved_says_why_and_keeps_no_other(books, customers):
    first = customers[0]
    with books.db.begin(TenantScope(first.id)) as session:
        (view,) = subscriptions(session, first.id)
        change_subscription(
            session, ChangeInput(first.id, view.id, ACTOR, quantity=2, when="at_period_end"), NOW + timedelta(seconds=1)
        )

    _, items = move(books, when="prorate_now")

    told = {item.customer_id: (item.status, item.code) for item in items}
    assert told.pop(first.id) == ("refused", "change_pending")
    assert set(told.values()) == {("moved", "")}


def test_a_move_that_is_stopped_and_one_that_was_killed(books, customers):
    with books.db.begin(StewardScope()) as session:
        stopped = start_move(session, MoveInput("small", 1, 2, ACTOR), NOW)
        cancel_move(session, stopped.id, NOW)
    run_move(books.db, stopped.id)
    assert [versions_held(books, tenant) for tenant in customers] == [[1]] * 3

    # Killed after the first contract was moved and before that was noted: nothing is moved twice.
    with books.db.begin(StewardScope()) as session:
        started = start_move(session, MoveInput("small", 1, 2, ACTOR), NOW)
    with books.db.begin(TenantScope(customers[0].id)) as session:
        (view,) = subscriptions(session, customers[0].id)
        given = ChangeInput(customers[0].id, view.id, ACTOR, "small", 2, when="at_period_end")
        change_subscription(session, given, NOW + timedelta(seconds=1))
    move_customers(books.db)
    with books.db.begin(StewardScope()) as session:
        assert get_move(session, started.id).counts == {"moved": 3}
    assert [versions_held(books, tenant) for tenant in customers] == [[1, 2]] * 3


def test_a_worker_that_finds_another_at_the_same_contract_notes_that_it_was_moved(books, customers):
    with books.db.begin(StewardScope()) as session:
        started = start_move(session, MoveInput("small", 1, 2, ACTOR), NOW)
    first = first_item(books, started.id)

    with ThreadPoolExecutor(1) as pool:
        with books.db.begin(TenantScope(first.customer_id)) as session:
            given = ChangeInput(first.customer_id, first.subscription_id, ACTOR, "small", 2, when="at_period_end")
            change_subscription(session, given, NOW + timedelta(seconds=1))
            working = pool.submit(run_move, books.db, started.id)
            while not waiting_for_a_lock(books.db):
                assert not working.done(), "it did not wait"
                sleep(0.01)
        working.result(30)

    with books.db.begin(StewardScope()) as session:
        assert get_move(session, started.id).counts == {"moved": 3}
    assert [versions_held(books, tenant) for tenant in customers] == [[1, 2]] * 3


def test_nobody_to_move_is_refused(books, customers):
    with books.db.begin(StewardScope()) as session, pytest.raises(MovesNobody):
        start_move(session, MoveInput("small", 2, 2, ACTOR), NOW)


def test_a_move_by_the_api(client: TestClient[Litestar], books, customers, world):
    vendor = bearer(world.key("vendor_sales"), "c0")
    body = {"from": 1, "to": 2, "preview": True}

    started = client.post("/v1/plans/small/moves", headers=vendor, json=body)
    assert (started.status_code, started.json()["done"], started.json()["total"]) == (202, 0, 3)
    path = f"/v1/plan-moves/{started.json()['id']}"
    run_move(books.db, UUID(started.json()["id"]))
    page = client.get(f"{path}?limit=2", headers=vendor).json()
    rest = client.get(f"{path}?cursor={page['next_cursor']}", headers=vendor).json()
    assert (page["status"], page["counts"], page["done"]) == ("done", {"moves": 3}, 3)
    assert [len(page["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]
    assert page["items"][0]["after"] == {"amount": "130.00", "currency": "EUR"}
    assert client.post(f"{path}/cancel", headers=vendor).json()["status"] == "done"
    admin = bearer(world.key("tenant_admin", customers[0]))
    assert client.get(path, headers=admin).status_code == 403
    assert client.post("/v1/plans/small/moves", headers=admin, json=body).status_code == 403


def test_versions_are_compared_in_words_by_the_api(client: TestClient[Litestar], books, customers, world):
    vendor = bearer(world.key("vendor_sales"), "c0")

    found = client.get("/v1/plans/small/versions/1/diff?to=2", headers=vendor).json()["differences"]
    assert found[0]["sentence"] == "Charge 'Fee', price in EUR, amount: 100 becomes 130."
    assert client.get("/v1/plans/small/versions/1/diff", headers=vendor).json()["code"] == "draft_missing"
    assert client.get("/v1/plans/small/versions/1/diff?to=9", headers=vendor).status_code == 404
    assert client.get("/v1/plans/small/versions/1/diff?to=nine", headers=vendor).status_code == 404


@pytest.mark.parametrize("when", ["at_period_end", "prorate_now"])
def test_customers_are_moved_to_another_plan_as_previewed(books, customers, when):
    books.plan("larger", fee(250))

    with books.db.begin(StewardScope()) as session:
        seen = start_move(session, MoveInput("small", 1, 1, ACTOR, when, preview=True, to_plan_key="larger"), NOW)
        done = start_move(session, MoveInput("small", 1, 1, ACTOR, when, to_plan_key="larger"), NOW)
    for one in (seen, done, done):
        run_move(books.db, one.id)

    with books.db.begin(StewardScope()) as session:
        previewed, moved = (move_items(session, one.id, None, 100) for one in (seen, done))
    assert {one.status for one in moved} == {"moved"}
    assert [one.after_minor for one in previewed] == [one.after_minor for one in moved]
    if when == "at_period_end":
        assert {(one.before_minor, one.after_minor) for one in previewed} == {(10_000, 25_000)}
    with books.db.begin(TenantScope(customers[0].id)) as session:
        [view] = subscriptions(session, customers[0].id)
    assert [held.plan_key for held in view.holdings] == ["small", "larger"]


def test_an_add_on_is_moved_to_another_add_on_and_never_to_a_plan(books, customers, world):
    books.plan("seats", fee(10), kind="addon")
    books.plan("places", fee(15), kind="addon")
    holder = world.tenant("holder")
    books.subscribe(holder, starts_on=date(2026, 1, 1), addons=(AddonInput("seats", 3),))

    with pytest.raises(AddonNotOffered), books.db.begin(StewardScope()) as session:
        start_move(session, MoveInput("seats", 1, 1, ACTOR, to_plan_key="small"), NOW)
    with books.db.begin(StewardScope()) as session:
        seen = start_move(session, MoveInput("seats", 1, 1, ACTOR, preview=True, to_plan_key="places"), NOW)
        done = start_move(session, MoveInput("seats", 1, 1, ACTOR, to_plan_key="places"), NOW)
    for one in (seen, done):
        run_move(books.db, one.id)

    with books.db.begin(StewardScope()) as session:
        [item] = move_items(session, seen.id, None, 100)
    # Three of each, beside the plan's 130.00.
    assert (item.before_minor, item.after_minor) == (16_000, 17_500)
    with books.db.begin(TenantScope(holder.id)) as session:
        [view] = subscriptions(session, holder.id)
    assert [(one.plan_key, one.quantity, one.ends_at is None) for one in view.holdings if one.slot != "base"] == [
        ("places", 3, True), ("seats", 3, False),
    ]  # fmt: skip


def test_who_holds_both_add_ons_is_told_and_keeps_both(books, customers, world):
    books.plan("seats", fee(10), kind="addon")
    books.plan("places", fee(15), kind="addon")
    holder = world.tenant("holder")
    books.subscribe(holder, starts_on=date(2026, 1, 1), addons=(AddonInput("seats"), AddonInput("places")))

    with books.db.begin(StewardScope()) as session:
        done = start_move(session, MoveInput("seats", 1, 1, ACTOR, to_plan_key="places"), NOW)
    run_move(books.db, done.id)

    with books.db.begin(StewardScope()) as session:
        [item] = move_items(session, done.id, None, 100)
    assert item.status == "refused"
    assert "'places' is named twice" in item.detail
