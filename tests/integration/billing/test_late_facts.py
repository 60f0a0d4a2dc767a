"""Closed periods stay closed: what comes later becomes a line of the next invoice."""

from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.db import Database
from core.scope import TenantScope
from metering.actions.record_correction import CorrectionInput, record_correction
from tests.builders.bill import ACTIVE, FEE, SEATS, STARTS, Books, lines
from tests.builders.world import ACTOR, World

AUGUST_RUN = datetime(2026, 9, 4, 9, tzinfo=UTC)
SEPTEMBER_RUN = datetime(2026, 10, 4, 9, tzinfo=UTC)
OCTOBER_RUN = datetime(2026, 11, 4, 9, tzinfo=UTC)


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world)
    books.plan("light", ACTIVE, STARTS, SEATS)
    return books


def usage(invoice):
    return [line for line in lines(invoice) if line[3] != "0.00" or line[2] != "0"]


def correct(books, tenant, event_id, now, kind="void", replacement=None):
    with books.db.begin(TenantScope(tenant.id)) as session:
        wanted = CorrectionInput("suite", event_id, kind, "a mistake", replacement)
        record_correction(session, tenant.id, wanted, ACTOR, now)


def test_a_late_fact_is_billed_with_the_next_period_as_the_difference(books, world):
    acme = world.tenant()
    world.people(acme, "ann", "bob", "cid")
    world.cost_centres(acme, "4711", "4712")
    world.assign(acme, "cid", **{"4711": 1, "4712": 1})
    books.subscribe(acme, "light")
    books.send(acme, *books.active("2026-08-05", "ann", "bob"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, *books.active("2026-08-20", "cid"), *books.active("2026-09-02", "ann"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    august, september = books.invoices(acme)
    # August: 2 × 4.20 = 8.40; now 3: 12.60, so 4.20 more. September: 1 × 4.20.
    assert usage(august) == [("active", "usage", "2", "8.40")]
    assert usage(september) == [("active", "usage", "1", "4.20"), ("active", "late", "1", "4.20")]
    late = september.lines[-1]
    assert (late.supplied_from, late.supplied_to) == (date(2026, 8, 1), date(2026, 8, 31))
    assert late.cost_centres == (("4711", Fraction(1, 2)), ("4712", Fraction(1, 2)))
    assert late.description == "Active members · late facts"
    assert [(step["code"], step["amount"]) for step in late.steps] == [("now", "12.6"), ("before", "-8.4")]
    assert books.invoices(acme)[0] == august


def test_a_fact_that_was_in_time_makes_no_late_line_and_runs_do_not_repeat_one(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.active("2026-08-05", "ann"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, *books.active("2026-08-05", "bob"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    books.run(OCTOBER_RUN)

    assert [usage(invoice) for invoice in books.invoices(acme)] == [
        [("active", "usage", "1", "4.20")],
        [("active", "late", "1", "4.20")],
        [],
    ]


def test_a_voided_fact_gives_money_back_and_the_whole_becomes_a_credit_note(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(
        acme,
        books.event("activity.performed", "ann", "2026-08-05", "e-x", verb="read", object_type="post", object_id="1"),
        now=AUGUST_RUN,
    )
    books.run(AUGUST_RUN)
    correct(books, acme, "e-x", SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    _, note = books.invoices(acme)
    # Nothing was used in September; August's 4.20 is given back with its tax: 19 % = 0.798 → 0.80.
    assert (note.kind, note.number) == ("credit_note", "EU-CN-2026-000001")
    assert usage(note)[-1] == ("active", "late", "1", "4.20")
    assert (note.net.text(), note.tax.text(), note.gross.text()) == ("4.20", "0.80", "5.00")


def test_a_late_start_moves_the_whole_contract_years_volume_price(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.starts("2026-08-05", "ann", "bob"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, *books.starts("2026-09-05", "cid"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    books.send(acme, *books.starts("2026-08-06", "dora"), now=OCTOBER_RUN)
    books.run(OCTOBER_RUN)

    starts = [[line for line in usage(invoice) if line[0] == "starts"] for invoice in books.invoices(acme)]
    # 2 × 2.50 = 5.00. Then 3 × 2.50 = 7.50, less 5.00 = 2.50. With the late one August has 3:
    # 7.50, 2.50 more; September then is the 4th: 4 × 2.00 = 8.00, less 7.50 = 0.50, 2.00 less.
    assert starts == [
        [("starts", "usage", "2", "5.00")],
        [("starts", "usage", "1", "2.50")],
        [("starts", "late", "1", "2.50"), ("starts", "late", "0", "-2.00")],
    ]


def test_a_refund_is_priced_against_the_period_that_charged_it(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.enrols("2026-08-05", "ann", "bob", "cid"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, *books.cancels("2026-09-05", "cid"), *books.enrols("2026-09-06", "dora"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    august, september = books.invoices(acme)
    # August: 5 + 4 + 4 = 13. The third seat back: rate(2) − rate(3) = 9 − 13 = −4. September's one
    # seat costs 5 by its own tiers.
    assert usage(august) == [("seats", "usage", "3", "13.00")]
    assert usage(september) == [("seats", "usage", "1", "5.00"), ("seats", "refund", "-1", "-4.00")]
    refund = next(line for line in september.lines if line.kind == "refund")
    assert (refund.supplied_from, refund.supplied_to) == (date(2026, 8, 1), date(2026, 8, 31))


def test_what_is_cancelled_within_its_own_month_is_refunded_on_the_same_invoice(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.enrols("2026-08-05", "ann", "bob"), *books.cancels("2026-08-20", "bob"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)

    assert usage(books.invoices(acme)[0]) == [("seats", "usage", "2", "9.00"), ("seats", "refund", "-1", "-4.00")]


def test_a_refund_is_given_once_and_taken_back_if_the_cancellation_is_voided(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.enrols("2026-08-05", "ann", "bob"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    [cancelled] = books.cancels("2026-09-05", "bob")
    books.send(acme, cancelled, now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    correct(books, acme, cancelled["id"], OCTOBER_RUN)
    books.run(OCTOBER_RUN)

    seats = [[line for line in usage(invoice) if line[0] == "seats"] for invoice in books.invoices(acme)]
    # The credit note shows what is given back as positive.
    assert books.invoices(acme)[1].kind == "credit_note"
    assert seats == [
        [("seats", "usage", "2", "9.00")],
        [("seats", "refund", "1", "4.00")],
        [("seats", "refund", "1", "4.00")],
    ]


def test_a_late_cancellation_of_a_closed_month_is_refunded_with_the_next(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.enrols("2026-08-05", "ann", "bob"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.run(SEPTEMBER_RUN)
    books.send(acme, *books.cancels("2026-09-05", "bob"), now=OCTOBER_RUN)
    books.run(OCTOBER_RUN)

    assert usage(books.invoices(acme)[2]) == [("seats", "refund", "1", "4.00")]


def test_identities_found_to_be_one_person_give_the_closed_months_a_credit(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light")
    books.send(acme, *books.active("2026-08-05", "ann", "ann2"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    with books.db.begin(TenantScope(acme.id)) as session:
        session.execute(
            text(
                "insert into identity_link select tenant_id, id, :at, (select home_person_id from identity where key = 'ann')"
                " from identity where key = 'ann2'"
            ),
            {"at": SEPTEMBER_RUN},
        )
    books.run(SEPTEMBER_RUN)

    august, note = books.invoices(acme)
    assert usage(august) == [("active", "usage", "2", "8.40")]
    assert (note.kind, usage(note)) == ("credit_note", [("active", "late", "1", "4.20")])


def test_late_facts_of_a_subscription_that_is_over_make_a_document_of_their_own(books, world):
    acme = world.tenant()
    books.subscribe(acme, "light", ends_on=date(2026, 9, 1))
    books.send(acme, *books.active("2026-08-05", "ann"), now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, *books.active("2026-08-20", "bob"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    books.run(OCTOBER_RUN)

    assert [usage(invoice) for invoice in books.invoices(acme)] == [
        [("active", "usage", "1", "4.20")],
        [("active", "late", "1", "4.20")],
    ]


EXAMPLES = count()
people = st.sampled_from(["ann", "bob", "cid", "dora", "eve"])
days = st.sampled_from(["2026-08-05", "2026-08-25", "2026-09-10", "2026-09-20", "2026-10-02"])
happenings = st.lists(
    st.tuples(st.sampled_from(["active", "starts", "enrols", "cancels"]), people, days, st.integers(0, 2)),
    max_size=14,
    unique_by=lambda h: h[:3],
)


RUNS = (AUGUST_RUN, SEPTEMBER_RUN, OCTOBER_RUN)


def first_run_after(day):
    return next(wave for wave, run in enumerate(RUNS) if datetime.fromisoformat(f"{day}T10:00:00+00:00") < run)


def event_of(books, kind, who, day):
    [event] = getattr(books, kind)(day, who)
    return event | {"id": f"{kind}-{who}-{day}"}


@given(happenings)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_billed_and_late_are_what_would_have_been_billed_in_time(db, world, story):
    # The same happens at two customers. One sends everything in time, the other some of it before a
    # later run only (`wave`: 2 is October's).
    books, name = Books(db, world), f"x{next(EXAMPLES)}"
    books.plan(name, FEE, ACTIVE, STARTS, SEATS)
    issuer = world.entity(name).id
    prompt, slow = (world.tenant(f"{name}{pace}", legal_entity_id=issuer) for pace in ("a", "b"))
    for tenant in (prompt, slow):
        books.subscribe(tenant, name)
    for wave, run in enumerate(RUNS):
        told = [(day, accepted, event_of(books, kind, who, day)) for kind, who, day, accepted in story]
        in_time = [event for day, _, event in told if first_run_after(day) == wave]
        late = [event for day, accepted, event in told if max(first_run_after(day), accepted) == wave]
        for tenant, events in ((prompt, in_time), (slow, late)):
            if events:
                books.send(tenant, *events, now=run)
        books.run(run, tenant_ids=[prompt.id, slow.id])

    documents = {tenant.id: books.invoices(tenant) for tenant in (prompt, slow)}
    in_all = [sum(d.sign * d.net.amount_minor for d in listed) for listed in documents.values()]
    assert in_all[0] == in_all[1]
    for document in [*documents[prompt.id], *documents[slow.id]]:
        assert document.net.amount_minor == sum(line.amount.amount_minor for line in document.lines)
        assert document.gross == document.net + document.tax
