"""An event's whole story over HTTP: as sent, corrected, and on which lines of which documents it was billed."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from billing.actions.finalise_invoice import finalise_invoice
from core.db import Database
from core.scope import TenantScope
from metering.actions.record_correction import CorrectionInput, record_correction
from tenants.reads import TenantView
from tests.builders.bill import ACTIVE, SEATS, STARTS, Books, lines
from tests.builders.world import ACTOR, World, bearer

AUGUST_RUN = datetime(2026, 9, 4, 9, tzinfo=UTC)
SEPTEMBER_RUN = datetime(2026, 10, 4, 9, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world)
    books.plan("light", ACTIVE, STARTS, SEATS)
    return books


@pytest.fixture
def acme(books: Books, world: World) -> TenantView:
    tenant = world.tenant()
    books.subscribe(tenant, "light")
    return tenant


def correct(books: Books, tenant: TenantView, event: dict[str, Any], now: datetime, **replacement: Any) -> None:
    new = {name: event[name] for name in ("type", "time", "subject", "data")} | replacement if replacement else None
    with books.db.begin(TenantScope(tenant.id)) as session:
        kind: Any = "replace" if new else "void"
        wanted = CorrectionInput("suite", event["id"], kind, "sent by mistake", new)
        record_correction(session, tenant.id, wanted, ACTOR, now)


def story(client: TestClient[Litestar], key: str, event: dict[str, Any]) -> Any:
    return client.get(f"/v1/events/suite/{quote(event['id'], safe='')}", headers=bearer(key)).json()


def billed(told: Any) -> list[tuple[str, int, str, str, bool, str]]:
    return [
        (one["number"], one["line"], one["charge_key"], one["kind"], one["counted"], one["quantity"])
        for one in told["billed"]
    ]


def test_an_event_tells_its_corrections_and_every_line_that_it_was_billed_on(books, acme, world, client) -> None:
    key = world.key("tenant_admin", acme)
    start, other = books.starts("2026-08-05", "ann", "bob")
    [enrolled] = books.enrols("2026-08-06", "ann")
    books.send(acme, start, other, enrolled, now=AUGUST_RUN)
    assert billed(story(client, key, start)) == []
    books.run(AUGUST_RUN)

    august = books.invoices(acme)[0].number
    # A launch makes active and is a start of a web course; it is no class seat, which has the same meter.
    assert billed(story(client, key, start)) == [
        (august, 1, "active", "usage", True, "1"),
        (august, 2, "starts", "usage", True, "1"),
    ]
    assert billed(story(client, key, enrolled))[-1] == (august, 3, "seats", "usage", True, "1")

    correct(books, acme, start, SEPTEMBER_RUN, subject="bob")
    books.run(SEPTEMBER_RUN)

    told = story(client, key, start)
    # Bob is charged the course once, by whichever launch, and Ann is not active.
    note = books.invoices(acme)[1].number
    assert lines(books.invoices(acme)[1]) == [
        ("active", "usage", "0", "0.00"), ("starts", "usage", "0", "0.00"), ("seats", "usage", "0", "0.00"),
        ("active", "late", "1", "4.20"), ("starts", "late", "1", "2.50"),
    ]  # fmt: skip
    assert (note, 5, "starts", "late", True, "1") in billed(told)
    # Of his two launches at one instant the one with the smaller id is charged.
    assert (note, 5, "starts", "late", False, "0") in billed(story(client, key, other))
    assert "inside_access_window" in {one["reason"] for one in story(client, key, other)["billed"]}
    assert (told["subject"], told["status"]) == ("ann", "replaced")
    assert [(c["kind"], c["reason"], c["author"]) for c in told["corrections"]] == [
        ("replace", "sent by mistake", ACTOR)
    ]


def test_a_refund_is_found_by_the_cancellation(books, acme, world, client) -> None:
    key = world.key("tenant_admin", acme)
    [enrolled], [cancelled] = books.enrols("2026-08-05", "ann"), books.cancels("2026-09-05", "ann")
    books.send(acme, enrolled, now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, cancelled, now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    assert ("seats", "refund", True) in [line[2:5] for line in billed(story(client, key, cancelled))]


def test_a_draft_is_reckoned_anew_after_a_correction_and_what_was_issued_stays(books, acme, world, client) -> None:
    key = world.key("vendor_finance")
    first, second = books.active("2026-08-05", "ann", "bob")
    books.send(acme, first, second, now=AUGUST_RUN)
    books.run(AUGUST_RUN, finalise=False)
    draft = books.invoices(acme)[0]
    assert ("active", "usage", "2", "8.40") in lines(draft)

    correct(books, acme, second, AUGUST_RUN)
    refreshed = client.post(f"/v1/invoices/{draft.id}/refresh", headers=bearer(key, "acme"))

    assert refreshed.status_code == 200, refreshed.text
    assert ("active", "usage", "1", "4.20") in lines(books.invoices(acme)[0])
    with books.db.begin(TenantScope(acme.id)) as session:
        finalise_invoice(session, acme.id, draft.id, AUGUST_RUN, ACTOR)
    # The evidence that was issued is the second file, in which Bob's event is not.
    admin = world.key("tenant_admin", acme)
    assert [line[2:4] for line in billed(story(client, admin, first))] == [("active", "usage")]
    assert billed(story(client, admin, second)) == []


def test_who_may_not_read_invoices_is_not_told(books, acme, client) -> None:
    [event] = books.active("2026-08-05", "ann")
    books.send(acme, event, now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    made = books.world.key("tenant_admin", acme)
    listed = client.get("/v1/events", params={"from": "2026-08-01T00:00:00Z"}, headers=bearer(made)).json()

    assert [one["billed"] for one in listed["items"]] == [None]
