"""Credits that come with a plan pay their contract, and a parent pays for its children."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions.credit_invoice import CreditInput, credit_invoice
from billing.actions.void_invoice import void_invoice
from billing.answers.actions.simulate import simulate, taxes_for
from billing.answers.contracts import Terms
from billing.answers.reads.figures import Figures
from billing.errors import (
    CreditsInUse,
)
from core.scope import TenantScope
from plans.documents import PlanDocument
from plans.terms import CreditBlock
from tests.builders.bill import ACTIVE, CURRENCIES, FEE, lines
from tests.builders.credits import BOUGHT, DECEMBER, JANUARY, NOVEMBER, buy, grant, ledger, moved
from tests.builders.world import ACTOR


def test_a_plan_brings_blocks_in_time_and_they_pay_their_contract_only(books, world):
    euro = dict.fromkeys(CURRENCIES, Decimal(30))
    starter = CreditBlock(
        key="starter", name="Starter", amounts=euro, prices=dict.fromkeys(CURRENCIES, Decimal(25)), months=1,
        expires_months=1, charges=("active",),
    )  # fmt: skip
    acme = world.tenant()
    terms = PlanDocument(charges=(FEE, ACTIVE), credits=(starter,))
    books.subscribe(acme, starts_on=date(2026, 10, 1), terms=terms)
    books.subscribe(acme, starts_on=date(2026, 10, 1), key="other")
    books.send(acme, *books.active("2026-10-05", *(f"p{n}" for n in range(10))), now=NOVEMBER)

    books.run(NOVEMBER)

    opening, october = books.invoices(acme)
    assert lines(opening) == [("fee", "advance", "1", "100.00"), ("credits:starter", "advance", "1", "25.00")]
    # Both contracts bill the ten people at 42.00; the block of 30.00 pays of its own contract, never a fee.
    assert [(key, kind, amount) for key, kind, _, amount in lines(october)].count(("active", "prepaid", "-30.00")) == 1
    assert [line.kind for line in october.lines].count("prepaid") == 1
    # What was paid for the second block is not revenue, and neither is it earned with the fee's period.
    assert ledger(books)["credit_balance"] == "-25.00"
    books.run(DECEMBER)
    books.run(JANUARY)
    assert [grant(books, acme, place).remaining.text() for place in range(4)] == ["0.00", "0.00", "0.00", "30.00"]
    assert [kind for kind, *_ in moved(books, acme, 1)] == ["granted", "expired"]


def test_a_document_with_a_block_is_billed_anew_with_it_unless_it_was_used(books, world):
    free = CreditBlock(key="gift", name="Gift", amounts=dict.fromkeys(CURRENCIES, Decimal(5)))
    acme = world.tenant()
    books.subscribe(acme, starts_on=date(2026, 10, 1), terms=PlanDocument(charges=(FEE, ACTIVE), credits=(free,)))
    books.run(BOUGHT)
    [opening] = books.invoices(acme)

    books.act(acme, credit_invoice, CreditInput(acme.id, opening.id, "again", rebill=True), ACTOR, BOUGHT)
    books.run(NOVEMBER)

    assert moved(books, acme) == [("granted", "5.00", "5.00"), ("revoked", "-5.00", "0.00")]
    assert moved(books, acme, 1) == [("granted", "5.00", "5.00")]
    books.send(acme, *books.active("2026-11-05", "ann", "bob"), now=DECEMBER)
    books.run(DECEMBER)
    assert [kind for kind, *_ in moved(books, acme, 1)] == ["granted", "drawn"]
    used = next(
        i
        for i in books.invoices(acme)
        if i.lines and any(line.grant_id == grant(books, acme, 1).id for line in i.lines)
    )
    with pytest.raises(CreditsInUse):
        books.act(acme, void_invoice, acme.id, used.id, "no", ACTOR, DECEMBER)


def test_a_parent_pays_its_childrens_bills_with_its_credits(books, world):
    parent = world.tenant("parent")
    for slug in ("north", "south"):
        child = world.tenant(slug, parent_id=parent.id, bill_to_parent=True)
        books.subscribe(child, starts_on=date(2026, 10, 1))
        books.send(child, *books.active("2026-10-05", "ann", "bob"), now=NOVEMBER)
    buy(books, parent, "10.00")

    books.run(NOVEMBER)

    october = books.invoices(parent)[-1]
    assert [(line.consumer_name, line.kind, line.amount.text()) for line in october.lines] == [
        ("North", "usage", "8.40"),
        ("South", "usage", "8.40"),
        ("North", "prepaid", "-8.40"),
        ("South", "prepaid", "-1.60"),
    ]


def test_a_simulation_pays_with_the_plans_credits_as_the_invoices_do(books, world):
    block = CreditBlock(
        key="quarter", name="Quarter", amounts=dict.fromkeys(CURRENCIES, Decimal(50)),
        prices=dict.fromkeys(CURRENCIES, Decimal(40)), months=2, expires_months=2, meters=("members.active",),
    )  # fmt: skip
    acme, document = world.tenant(), PlanDocument(charges=(FEE, ACTIVE), credits=(block,))
    books.subscribe(acme, starts_on=date(2026, 10, 1), ends_on=date(2027, 1, 1), terms=document)
    for day, count in (("2026-10-05", 9), ("2026-11-05", 5), ("2026-12-05", 3)):
        books.send(acme, *books.active(day, *(f"p{n}" for n in range(count))), now=JANUARY)
    for now in (BOUGHT, NOVEMBER, DECEMBER, JANUARY):
        books.run(now)
    terms = Terms(
        "quarter", "small", "Small", document, "EUR", date(2026, 10, 1), date(2027, 1, 1),
        anchor_on=date(2026, 1, 1),
    )  # fmt: skip

    with books.db.begin(TenantScope(acme.id)) as session:
        figures, taxes = Figures(session, acme, [terms]), taxes_for(session, acme)
        simulated = [one.draft for one in simulate(figures, terms, taxes)]

    billed = [
        [(line.charge_key, line.kind, line.amount.amount_minor) for line in i.lines] for i in books.invoices(acme)
    ]
    assert [[(line.charge_key, line.kind, line.amount_minor) for line in draft.lines] for draft in simulated] == billed
    # 37.80 of October, the last 12.20 of 21.00 in November; blocks go by the anchor of January: one more in November.
    paid = [line for lines in billed for line in lines if line[1] == "prepaid"]
    assert paid[0] == ("active", "prepaid", -3780)
