"""The whole line: facts, invoice, statements, with late facts, refunds and credits."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.chargebacks.actions.approve_run import approve_run
from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.post_run import post_run
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.allocation import RuleDocument
from billing.chargebacks.reads import explain_statement, statements
from core.db import Database
from core.money import Money
from core.scope import TenantScope
from tests.builders.bill import ACTIVE, FEE, SEATS, STARTS, Books
from tests.builders.world import ACTOR, World

SEPTEMBER_RUN = datetime(2026, 10, 4, 9, tzinfo=UTC)
OCTOBER_RUN = datetime(2026, 11, 4, 9, tzinfo=UTC)
MAKER, APPROVER = UUID(int=101), UUID(int=102)
RULES = [
    {"key": "usage", "method": "direct", "params": {"on_zero": "next"}},
    {"key": "heads", "method": "headcount"},
]


@pytest.fixture
def books(db: Database, world: World) -> Books:
    books = Books(db, world)
    books.plan("small", FEE, ACTIVE, STARTS, SEATS)
    return books


@pytest.fixture
def acme(world: World, books: Books):
    """Ann is in A, bob and cyd in B; dan belongs to nobody."""
    tenant = world.tenant()
    world.people(tenant, "ann", "bob", "cyd", "dan")
    world.cost_centres(tenant, "A", "B")
    world.assign(tenant, "ann", A=1)
    world.assign(tenant, "bob", B=1)
    world.assign(tenant, "cyd", A=1, B=1)
    books.subscribe(tenant, "small")
    with books.db.begin(TenantScope(tenant.id)) as session:
        set_rules(session, tenant, msgspec.convert(RULES, list[RuleDocument]), ACTOR, OCTOBER_RUN)
    return tenant


def pool(books: Books, tenant, invoice_id):
    with books.db.begin(TenantScope(tenant.id)) as session:
        return create_pool_from_invoice(session, tenant, invoice_id, ACTOR, OCTOBER_RUN)


def post(books: Books, tenant, period):
    with books.db.begin(TenantScope(tenant.id)) as session:
        run = create_run(session, tenant, period, MAKER, OCTOBER_RUN)
        approve_run(session, tenant.id, run.id, APPROVER, OCTOBER_RUN)
        return post_run(session, tenant.id, run.id, ACTOR, OCTOBER_RUN)


def nets(found):
    return {summary.cost_centre: summary.sums.net.text() for summary in found}


def of_charge(books: Books, tenant, run, charge_key):
    """Net amounts per centre of the lines of one charge and kind."""
    amounts: dict[tuple[str, str], str] = {}
    with books.db.begin(TenantScope(tenant.id)) as session:
        for summary in run.statements:
            for line in explain_statement(session, tenant.id, summary.id).lines:
                if line.line.charge_key == charge_key:
                    amounts[summary.cost_centre, line.line.kind] = line.sums.net.text()
    return amounts


def test_every_cent_of_an_invoice_stands_on_a_statement(books: Books, acme) -> None:
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cyd", "dan"), *books.starts("2026-10-06", "cyd"))
    books.run(OCTOBER_RUN)
    invoice = books.invoices(acme)[-1]
    made = pool(books, acme, invoice.id)
    assert (made.sums.net, made.sums.tax, made.sums.gross) == (invoice.net, invoice.tax, invoice.gross)

    run = post(books, acme, made.period)

    # Members: 4 × 4.20 = 16.80: A 1.5, B 1.5, nobody 1 -> 6.30, 6.30, 4.20. The start of cyd's
    # course, 2.50, is halved. Fees have no meter: by heads, 1.5 : 1.5.
    assert of_charge(books, acme, run, "active") == {
        ("A", "usage"): "6.30",
        ("B", "usage"): "6.30",
        ("~unassigned", "usage"): "4.20",
    }
    assert of_charge(books, acme, run, "starts") == {("A", "usage"): "1.25", ("B", "usage"): "1.25"}
    with books.db.begin(TenantScope(acme.id)) as session:
        found = statements(session, acme.id, period=made.period)
    for part in ("net", "tax", "gross"):
        total = sum((getattr(summary.sums, part) for summary in found), Money(0, "EUR"))
        assert total == getattr(invoice, part)


def test_late_facts_are_charged_to_the_centres_they_came_from(books: Books, acme) -> None:
    books.send(acme, *books.active("2026-09-05", "ann"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    books.send(acme, *books.active("2026-09-20", "bob"), *books.active("2026-10-02", "ann"))
    books.run(OCTOBER_RUN)
    _, october = books.invoices(acme)[-2:]

    run = post(books, acme, pool(books, acme, october.id).period)

    # October: ann, 4.20 for A. Late: bob was active in September, 4.20 for B.
    assert of_charge(books, acme, run, "active") == {("A", "usage"): "4.20", ("B", "late"): "4.20"}


def test_refunds_go_back_to_the_centre_that_cancelled(books: Books, acme) -> None:
    books.send(acme, *books.enrols("2026-09-05", "ann", "bob"), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)
    books.send(acme, *books.cancels("2026-10-05", "bob"), *books.active("2026-10-05", "ann"))
    books.run(OCTOBER_RUN)
    october = books.invoices(acme)[-1]

    run = post(books, acme, pool(books, acme, october.id).period)

    # September: first seat 5.00, second 4.00. Bob cancels in time: rate(1) - rate(2) = -4.00, for B.
    assert of_charge(books, acme, run, "seats")["B", "refund"] == "-4.00"


def test_partial_credits_take_back_what_each_centre_would_not_have_paid(books: Books, acme) -> None:
    books.send(acme, *books.active("2026-10-05", "ann", "bob", "cyd"), *books.active("2026-10-06", "dan"))
    books.run(OCTOBER_RUN)
    invoice = books.invoices(acme)[-1]
    position = next(line.position for line in invoice.lines if line.charge_key == "active")
    first = post(books, acme, pool(books, acme, invoice.id).period)
    with books.db.begin(TenantScope(acme.id)) as session:
        part = CreditInput(acme.id, invoice.id, "goodwill", {position: Money(501, "EUR")})
        notes = [credit_invoice(session, part, ACTOR, OCTOBER_RUN)]
        notes.append(credit_invoice(session, CreditInput(acme.id, invoice.id, "all of it"), ACTOR, OCTOBER_RUN))
    runs = [first]
    for note in notes:
        made = pool(books, acme, note)
        assert made.sums.net.amount_minor < 0
        runs.append(post(books, acme, made.period))

    # 16.80 by 1.5 : 1.5 : 1 is 6.30, 6.30, 4.20. Of 11.79 it would be 4.42125, 4.42125, 2.9475:
    # 4.42, 4.42, 2.95. So the credit of 5.01 gives back 1.88, 1.88, 1.25.
    assert of_charge(books, acme, runs[1], "active") == {
        ("A", "credit"): "-1.88",
        ("B", "credit"): "-1.88",
        ("~unassigned", "credit"): "-1.25",
    }
    # With the rest credited too, every centre has back what it paid, net and tax.
    for centre in ("A", "B", "~unassigned"):
        sums = [s.sums for run in runs for s in run.statements if s.cost_centre == centre]
        assert sum(s.net.amount_minor for s in sums) == 0
    assert sum(s.sums.gross.amount_minor for run in runs for s in run.statements) == 0


def test_a_parent_divides_what_its_children_used_by_rules_that_need_no_usage(books: Books, world: World) -> None:
    parent = world.tenant("group")
    child = world.tenant("child", parent_id=parent.id, bill_to_parent=True)
    world.cost_centres(parent, "RESALE", "OWN")
    world.cost_centres(child, "X")
    world.people(child, "eve")
    world.assign(child, "eve", X=1)
    books.subscribe(child, "small")
    books.send(child, *books.active("2026-10-05", "eve"))
    books.run(OCTOBER_RUN)
    invoice = books.invoices(parent)[-1]
    made = pool(books, parent, invoice.id)
    assert {line.consumer for line in made.lines} == {"child"}
    rules = [
        {
            "key": "resale",
            "method": "fixed_share",
            "match": {"consumer": ["child"]},
            "params": {"shares": {"RESALE": "1"}},
        },
        *RULES,
    ]

    with books.db.begin(TenantScope(parent.id)) as session:
        divided = preview_run(session, parent, made.period, msgspec.convert(rules, list[RuleDocument]))
        assert nets(divided.statements) == {"RESALE": invoice.net.text()}

    # By usage alone, the child's own cost centre is none of the parent's: it waits in suspense.
    with books.db.begin(TenantScope(parent.id)) as session:
        direct = [{"key": "usage", "method": "direct", "match": {"charge_key": ["active"]}}]
        unknown = preview_run(session, parent, made.period, msgspec.convert(direct, list[RuleDocument]))
    assert set(nets(unknown.statements)) == {"~unassigned"}
    assert unknown.unknown_centres == ("X",)
    assert Decimal(nets(unknown.statements)["~unassigned"]) == invoice.net.decimal()
